"""Little's law (P13): what users did with their time, and the warning where it went elsewhere."""

import json
import math
from decimal import Decimal
from types import SimpleNamespace

import gevent
import pytest

from backends import do
from locust_native import closed_loop

pytestmark = pytest.mark.timed

LOCUSTFILE = """
import random, time
import gevent, locust.runners
from locust import FastHttpUser, HttpLocust, HttpUser, TaskSet, constant_pacing, events, task
from locust.exception import StopUser

known = {"lived": 0.0, "waited": 0.0, "responses": 0.0}
pace = constant_pacing(0.2)

def go(user):
    user = getattr(user, "user", user)
    user.client.get("/do?delay=60", name="/do")
    gevent.sleep(ELSEWHERE)
    user.left -= 1
    if not user.left:
        raise StopUser()

class Lives:
    fixed_count = 3
    left = 10

    def on_start(self):
        self.started = time.perf_counter()

    def on_stop(self):
        known["lived"] += time.perf_counter() - self.started

def waits(seconds):
    known["waited"] += seconds
    return seconds

class Visitor(Lives, HttpUser):
    tasks = [go]

    def wait_time(self):
        return waits(random.uniform(0.05, 0.15))

class Paced(Lives, FastHttpUser):
    tasks = [go]

    def wait_time(self):
        return waits(pace(self))

class Old(Lives, HttpLocust):
    class task_set(TaskSet):
        tasks = [go]

    def wait_function(self):
        return 1000 * waits(random.uniform(0.05, 0.15))

@events.request.add_listener
def listen(response_time, **arguments):
    known["responses"] += response_time / 1000

@events.init.add_listener
def begin(environment, runner, **arguments):
    if isinstance(runner, locust.runners.WorkerRunner):
        return
    def end():
        while environment.stats.num_requests < 90 or runner.user_count:
            gevent.sleep(0.02)
        runner.quit()
    gevent.spawn(end)

@events.quit.add_listener
def tell(**arguments):
    print("say:", known["lived"], known["waited"], known["responses"])
"""

PARTS = ("in_requests", "waiting", "lag", "elsewhere")


@pytest.fixture
def figures(run_locust, tmp_path):
    def run(text, *arguments):
        done = run_locust(text, "--native-json", "figures.json", "-r", "1000", "-t", "40", *arguments)
        assert done.code == 0, done.err
        return json.loads((tmp_path / "figures.json").read_text()), done

    return run


def warned(found):
    return [warning for warning in found["warnings"] if "neither in requests nor in wait_time" in warning]


@pytest.mark.parametrize("sleeps", [0, 0.05])
def test_p13_users_time_is_response_and_wait_or_a_warning_says_what_else(figures, sleeps):
    found, done = figures(LOCUSTFILE.replace("ELSEWHERE", str(sleeps)), "-u", "9")
    times = found["users_time"]
    lived, waited, responses = map(float, done.said[0].split())
    assert found["total"]["requests"] == 90
    # All of it is what the locustfile saw by itself...
    assert times["seconds"] == pytest.approx(lived, rel=0.01)
    assert times["waiting"] == pytest.approx(waited, rel=0.01)
    assert times["in_requests"] == pytest.approx(responses, rel=0.001)
    assert math.isclose(times["seconds"], sum(times[part] for part in PARTS), rel_tol=1e-9)
    # ...and what is left is what the tasks slept; a busy machine adds to it, of which its lag is told apart.
    slept = 90 * sleeps
    assert -0.02 < (times["elsewhere"] - slept) / times["seconds"] < 0.1
    off = (times["seconds"] - times["in_requests"] - times["waiting"]) / times["seconds"]
    assert bool(warned(found)) == (off > 0.05)
    assert off > 0.05 or not sleeps
    assert "Users' time: " in done.err
    for warning in warned(found):
        assert f"Warning: {warning}" in done.err


def test_p13_users_of_all_processes_count(figures):
    text = LOCUSTFILE.replace("ELSEWHERE", "0").replace("fixed_count = 3", "fixed_count = 2")
    text = text.replace("if not user.left", "if False").replace("< 90 or runner.user_count", "< 40")
    text += "locust.runners.WORKER_REPORT_INTERVAL = 0.2\n"
    found, _ = figures(text, "-u", "6", "--processes", "2")
    times, total = found["users_time"], found["total"]
    asked = total["requests"] + total["ends"]["cut_off"]
    assert asked >= 40
    assert times["in_requests"] >= asked * 0.05
    assert math.isclose(times["seconds"], sum(times[part] for part in PARTS), rel_tol=1e-9)
    assert -0.02 < times["elsewhere"] / times["seconds"] < 0.1
    assert found["generator"]["queue"]["longest"] <= 6


def of(seconds, in_requests, waiting, lag):
    elsewhere = seconds - in_requests - waiting - lag
    return dict(zip(("seconds", *PARTS), (seconds, in_requests, waiting, lag, elsewhere), strict=True))


def test_p13_the_warning_says_what_it_can_mean():
    assert closed_loop.law(None) is None
    assert closed_loop.law(of(100, 30, 66, 1)) is None
    assert closed_loop.law(of(100, 30, 74, 0)) is None
    own = closed_loop.law(of(100, 30, 40, 5))
    assert own.startswith(
        "30% of the users' time was neither in requests nor in wait_time, most of it in their own"
    )
    lag = closed_loop.law(of(100, 30, 40, 25))
    assert "most of it lag of the generator" in lag
    assert "--processes" in lag
    many = closed_loop.law(of(100, 90, 40, 0))
    assert many.startswith("response times and wait times are 30% more than the time of the users")


def test_p13_a_request_under_way_counts_so_far(native, server):
    asking = gevent.spawn(native.http().get, do(hold=1))
    server.wait(held=1)
    before = closed_loop.UserTime().figures(EMPTY)
    assert before is None  # no users
    times = closed_loop.UserTime()
    times.begin()
    gevent.sleep(0.02)
    assert times.figures(EMPTY)["in_requests"] >= 0.02
    server.release()
    asking.join()
    times.end()
    found = times.figures(EMPTY)
    assert found["in_requests"] == 0
    assert found["seconds"] >= 0.02


@pytest.mark.parametrize("seconds", [0, 0.0, -1, -0.5, 0.002, Decimal("0.002"), True, None, "1"])
def test_a_wait_is_stocks(seconds):
    """Whatever a `wait_time` answers with; and it is accounted for as what it is."""
    times = closed_loop.UserTime()
    stats = SimpleNamespace(_user_time=times)
    task_set = SimpleNamespace(_user=SimpleNamespace(environment=SimpleNamespace(stats=stats)))
    seen = []
    for sleep in (closed_loop._stock_sleep, closed_loop.sleep):
        try:
            with gevent.Timeout(0.1, False):
                seen.append((sleep(task_set, seconds), None))
        except (TypeError, ValueError) as error:
            seen.append((type(error), str(error)))
    assert len(seen) in (0, 2)
    assert seen[:1] == seen[1:]
    assert times.asleep == 0
    known = times._own()
    assert known["lag"] >= 0
    assert 0 <= known["waiting"] <= 0.1 + 1


EMPTY = {"mean": None, "count": 0, "cut_off_age": None}


def test_p13_a_worker_that_does_not_tell_leaves_no_figures():
    master, worker = closed_loop.UserTime(), closed_loop.UserTime()
    worker.begin()
    assert master.figures(EMPTY) is None
    master.absorb("one", worker.take_report())
    assert master.figures(EMPTY)["seconds"] > 0
    master.absorb("other", None)
    assert master.figures(EMPTY) is None
    master.absorb("other", worker.take_report())
    assert master.figures(EMPTY) is None  # of its time before nobody knows
    master.reset()
    master.absorb("other", worker.take_report())
    assert master.figures(EMPTY)["seconds"] > 0


def _task_set():
    stats = SimpleNamespace(_user_time=closed_loop.UserTime())
    return SimpleNamespace(_user=SimpleNamespace(environment=SimpleNamespace(stats=stats)))


@pytest.mark.parametrize("zero", [0, 0.0])
@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
def test_a_user_that_had_a_turn_with_its_request_gives_no_other(native, fast, zero):
    """Once for each request; and only where it waits for nothing."""
    client, turns = (native.fast() if fast else native.http()), []

    def turned(wait):
        turns.clear()
        gevent.spawn(turns.append, "another's")
        closed_loop.sleep(_task_set(), wait)
        return bool(turns)

    closed_loop.sleep(_task_set(), 0)
    assert turned(zero)  # no request before
    client.get("/")
    assert not turned(zero)
    assert turned(zero)  # one request, one turn
    client.get("/")
    assert turned(0.001)
    client.get("/")
    gevent.spawn(client.get, "/").join()  # somebody else's was the last
    assert turned(zero)


def test_a_sleep_that_somebody_has_put_in_place_of_gevents_is_asked(native, monkeypatch):
    slept = []
    native.http().get("/")
    monkeypatch.setattr(gevent, "sleep", slept.append)
    closed_loop.sleep(_task_set(), 0)
    closed_loop.sleep(_task_set(), 0.01)
    assert slept == [0, 0.01]


def test_a_wait_that_somebody_cuts_short_ends_as_gevents_does():
    """A kill, a timeout, a switch from elsewhere: the same as out of `gevent.sleep`, and no timer stays behind."""
    told, active = [], gevent.get_hub().loop.activecnt

    def wait(sleep):
        try:
            sleep(_task_set(), 20)
        except BaseException as error:
            told.append(type(error).__name__)
            raise

    def timed_out(sleep):
        with gevent.Timeout(0.01, False):
            wait(sleep)

    for sleep in (closed_loop._stock_sleep, closed_loop.sleep):
        told.append("next")
        gevent.spawn(timed_out, sleep).join()
        for cut in (lambda user: user.kill(), lambda user: user.switch("not yours")):
            user = gevent.spawn(wait, sleep)
            gevent.sleep(0)
            gevent.get_hub().loop.run_callback(cut, user)
            user.join(timeout=5)
            assert user.dead
    half = len(told) // 2
    assert told[:half] == told[half:] == ["next", "Timeout", "GreenletExit", "InvalidSwitchError"]
    assert gevent.get_hub().loop.activecnt <= active


def test_users_without_a_wait_time_let_all_others_live(native):
    """Timers, other users and kills come through, however quick the answers are."""
    done = [0, 0]

    def live(number, client):
        while True:
            client.get("/")
            done[number] += 1
            closed_loop.sleep(_task_set(), 0)

    users = [gevent.spawn(live, number, native.http()) for number in range(2)]
    with gevent.Timeout(10):
        while min(done) < 50:
            gevent.sleep(0.001)
        assert max(done) < 50 * min(done)
        gevent.killall(users, block=True)
    assert all(user.dead for user in users)
