"""Little's law (P13): what users did with their time, and the warning where it went elsewhere."""

import json
import math
import re
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from locust.event import Events

from locust_native.metrics import users_time as closed_loop
from locust_native.metrics.locust_stats import RequestStats
from support import running
from support.backends import do

pytestmark = pytest.mark.slow

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

PARTS = ("in_requests", "waiting", "lag", "computing", "sleeping")


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
def test_p13_users_time_is_response_and_wait_and_what_they_slept(figures, sleeps):
    found, done = figures(LOCUSTFILE.replace("ELSEWHERE", str(sleeps)), "-u", "9")
    times = found["users_time"]
    lived, waited, responses = map(float, done.said[0].split())
    assert found["total"]["requests"] == 90
    # All of it is what the locustfile saw by itself...
    assert times["seconds"] == pytest.approx(lived, rel=0.01)
    assert times["waiting"] == pytest.approx(waited, rel=0.01)
    assert times["in_requests"] == pytest.approx(responses, rel=0.01)
    assert math.isclose(times["seconds"], sum(times[part] for part in PARTS), rel_tol=1e-9)
    assert math.isclose(times["elsewhere"], times["computing"] + times["sleeping"])
    # ...and what is left is what the tasks slept; a busy machine adds to it, of which its lag is told apart.
    slept = 90 * sleeps
    assert -0.02 < (times["elsewhere"] - slept) / times["seconds"] < 0.1
    # Sleeping is no reason for a warning.
    lost = (times["lag"] + times["computing"]) / times["seconds"]
    assert bool(warned(found)) == (lost > 0.05)
    said = re.search(r"Users' time: (.*)", done.err)[1]
    assert "in requests" in said
    assert "sleeping in tasks" in said
    for warning in warned(found):
        assert f"Warning: {warning}" in done.err


TASKS = """
import time
import gevent, gevent.event, gevent.pool
from locust import FastHttpUser, HttpUser, constant, events, task

never = gevent.event.Event()

class Visitor(KIND):
    wait_time = constant(0.1)

    @task
    def go(self):
        self.client.get("/x")
        TASK
"""

#: What a task does beside its request -> the part of the users' time that it is, and its share.
DOES = {
    "time.sleep(0.4)": ("sleeping", 0.8),
    "gevent.sleep(0.4)": ("sleeping", 0.8),
    "never.wait(0.4)": ("sleeping", 0.8),
    "gevent.spawn(time.sleep, 0.4).join()": ("sleeping", 0.8),
    "gevent.sleep(3600)": ("sleeping", 0.95),
    # In parallel: the user's time counts once.
    "gevent.pool.Pool(4).map(self.client.get, ['/do?delay=400'] * 4)": ("in_requests", 0.8),
    # Fired by hand: no time of the user's.
    "events.request.fire(request_type='X', name='x', response_time=99_999, response_length=0)": ("waiting", 0.95),
    "[events.request.fire(request_type='X', name='x', response_time=9_999, response_length=0) for _ in range(9)]":
        ("waiting", 0.95),
}  # fmt: skip


@pytest.mark.parametrize("does", DOES, ids=lambda does: does.partition("(")[0] + str(len(does)))
def test_what_tasks_sleep_and_ask_in_parallel_is_told_for_what_it_is(figures, does):
    text = TASKS.replace("KIND", "Visits, HttpUser").replace("TASK", does)
    text = text.replace("class Visitor", "class Visits:\n    fixed_count = 10\n\nclass Visitor", 1)
    text += "\nclass FastVisitor(Visits, FastHttpUser):\n    wait_time, tasks = Visitor.wait_time, Visitor.tasks\n"
    found, _ = figures(text, "-u", "20", "-t", "3")
    times, (part, share) = found["users_time"], DOES[does]
    assert min(times.values()) >= 0
    assert math.isclose(times["seconds"], sum(times[part] for part in PARTS), rel_tol=1e-9)
    busy = (times["lag"] + times["computing"]) / times["seconds"]
    # Of what the task itself decides: how long its requests take is for the server to say.
    known = times["seconds"] if part == "in_requests" else times["waiting"] + times["sleeping"]
    assert times[part] / known == pytest.approx(share, abs=0.06 + busy)
    assert bool(warned(found)) == (busy > 0.05)


@pytest.mark.parametrize("users", ["10", "50"])
def test_the_funnel_ends_without_a_warning(tmp_path, users):
    """Its visitors take their time over forms, in their tasks."""
    figures = tmp_path / "figures.json"
    file = Path(__file__).parents[1] / "locustfiles" / "funnel.py"
    command = ["-m", "locust", "-f", str(file), "--headless", "-u", users, "-r", "50", "-t", "6"]
    done = running.run([*command, "--native-json", str(figures)], tmp_path)
    assert done.code == 0, done.err
    found = json.loads(figures.read_text())
    times = found["users_time"]
    assert times["in_requests"] > 0
    # What is left then is what a busy machine did.
    lost = (times["lag"] + times["computing"]) / times["seconds"]
    limited = found["generator"]["limited"]
    assert not limited or "another program had the processor" in found["generator"]["advice"]
    assert not found["warnings"] or lost > 0.05 or limited
    assert ("Warning" in done.err) == bool(found["warnings"])


def test_what_tasks_compute_is_warned_of(figures):
    burn = "end = time.thread_time() + 0.03\n        while time.thread_time() < end: pass"
    text = TASKS.replace("KIND", "HttpUser").replace("TASK", burn).replace("constant(0.1)", "constant(0.02)")
    found, _ = figures(text, "-u", "1", "-t", "3")
    times = found["users_time"]
    assert times["computing"] >= found["total"]["requests"] * 0.028
    assert (
        times["sleeping"] / times["seconds"] < 0.1 or times["computing"] / times["seconds"] < 0.4
    )  # a busy machine
    lost = (times["lag"] + times["computing"]) / times["seconds"]
    assert bool(warned(found)) == (lost > 0.05)
    for warning in warned(found):
        assert "most of it computing" in warning or "most of it lag" in warning


def test_users_time_is_not_told_where_users_do_two_things_at_once(figures):
    asks = "gevent.spawn(self.client.get, '/do?delay=3000')"
    text = TASKS.replace("KIND", "HttpUser").replace("TASK", asks).replace("constant(0.1)", "constant(1)")
    found, done = figures(text, "-u", "2", "-t", "3")
    assert found["users_time"] is None
    assert not warned(found)
    assert "Users' time" not in done.err


def test_users_time_is_not_told_where_no_request_is_one_of_our_clients(figures):
    text = TASKS.replace("KIND", "HttpUser").replace("TASK", "pass")
    text = text.replace(
        'self.client.get("/x")',
        "time.sleep(0.1); events.request.fire(request_type='X', name='x', response_time=100, response_length=0)",
    )
    found, _ = figures(text, "-u", "2", "-t", "2")
    assert found["total"]["requests"] > 0
    assert found["users_time"] is None


@pytest.mark.parametrize("kind", ["HttpUser", "FastHttpUser"])
def test_requests_of_stocks_client_are_time_in_requests(figures, kind):
    text = TASKS.replace("KIND", kind).replace("TASK", "pass").replace('"/x"', '"/do?delay=400", stream=True')
    found, done = figures(text, "-u", "2", "-t", "3")
    assert "runs on Locust's own client" in done.err
    times = found["users_time"]
    # Besides, users do nothing but wait for 0.1 s before each but the first.
    assert times["in_requests"] / times["seconds"] >= 0.7
    assert times["waiting"] >= 0.09 * (found["total"]["requests"] - 2)


def test_p13_users_of_all_processes_count(figures):
    text = LOCUSTFILE.replace("ELSEWHERE", "0").replace("fixed_count = 3", "fixed_count = 2")
    text = text.replace("if not user.left", "if False").replace("< 90 or runner.user_count", "< 40")
    text += "locust.runners.WORKER_REPORT_INTERVAL = 0.2\n"
    found, _ = figures(text, "-u", "6", *running.processes(2))
    times, total = found["users_time"], found["total"]
    assert times is not None, found["warnings"]
    asked = total["requests"] + total["ends"]["cut_off"]
    assert asked >= 40
    assert times["in_requests"] >= asked * 0.05
    assert math.isclose(times["seconds"], sum(times[part] for part in PARTS), rel_tol=1e-9)
    assert -0.02 < times["elsewhere"] / times["seconds"] < 0.1
    assert found["generator"]["queue"]["longest"] <= 6


def of(seconds, in_requests, waiting, lag, computing):
    sleeping = seconds - in_requests - waiting - lag - computing
    parts = dict(zip(PARTS, (in_requests, waiting, lag, computing, sleeping), strict=True))
    return {"seconds": seconds, **parts, "elsewhere": computing + sleeping}


def test_p13_the_warning_says_what_it_can_mean():
    assert closed_loop.law(None) is None
    assert closed_loop.law(of(100, 30, 40, 1, 4)) is None
    assert closed_loop.law(of(100, 30, 0, 0, 0)) is None
    assert closed_loop.law(of(100, 0, 40, 30, 30)) is None
    own = closed_loop.law(of(100, 30, 40, 5, 15))
    assert own.startswith(
        "20% of the users' time was neither in requests nor in wait_time nor slept, most of it computing"
    )
    assert "--processes" not in own
    lag = of(100, 30, 40, 25, 0)
    for cpu, said in (
        (None, "--processes"),
        ((0.9, 0.1, 0), "--processes"),
        ((0.4, 0.1, 0.3), "another program had the processor (this process used 40% of a core)"),
        ((0.4, 0.1, 0), "would make"),
    ):
        warning = closed_loop.law(lag, cpu)
        assert warning.startswith("25% of the users' time was neither")
        assert "most of it lag of the generator" in warning
        assert said in warning
    assert warning.endswith("would make")


def test_shares_of_the_users_time_in_words():
    found = of(100, 3, 36, 1, 2)
    said = "58% sleeping in tasks, 36% wait_time, 3% in requests, 2% computing, 1% waiting for the generator"
    assert closed_loop.in_words(found) == said
    assert "-" not in closed_loop.in_words(of(100, 0, 100, 0, 0))


def test_p13_a_request_under_way_counts_so_far(native, server):
    assert closed_loop.UserTime().figures(0) is None  # no users
    times = closed_loop.UserTime()
    times.begin()
    asking = gevent.spawn(native.http(user=of_ours()).get, do(hold=1))
    server.wait(held=1)
    gevent.sleep(0.02)
    before = times.figures(0)["in_requests"]
    assert before >= 0.02
    server.release()
    asking.join()
    after = times.figures(1)["in_requests"]
    assert after >= before
    gevent.sleep(0.02)
    times.end()
    found = times.figures(1)
    assert found["in_requests"] == after
    assert found["seconds"] >= after + 0.02


def of_ours():
    """A user whose requests are counted."""
    events, stats = Events(), RequestStats()
    environment = SimpleNamespace(events=events, stats=stats, runner=None)
    return SimpleNamespace(environment=environment, context=dict)


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


def test_p13_a_worker_that_does_not_tell_leaves_no_figures():
    master, worker = closed_loop.UserTime(), closed_loop.UserTime()
    worker.begin()
    assert master.figures(0) is None
    master.absorb("one", worker.take_report())
    assert master.figures(0)["seconds"] > 0
    master.absorb("other", None)
    assert master.figures(0) is None
    master.absorb("other", worker.take_report())
    assert master.figures(0) is None  # of its time before nobody knows
    master.reset()
    master.absorb("other", worker.take_report())
    assert master.figures(0)["seconds"] > 0


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
