"""Greenlets that wait for native requests: killed, timed out, joined, many at once, on several threads."""

import contextlib
import gc
import os
import random
import time

import gevent
import gevent.pool
import greenlet as raw
import pytest
from gevent.monkey import get_original

from locust_native.client import waiting
from locust_native.fast_user.session import FastHttpSession
from support import running
from support.backends import do

KINDS = ["http", "fast"]


@pytest.fixture(params=KINDS)
def client(request, native):
    return getattr(native, request.param)()


def queue():
    return waiting.here().queue


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def thread(body):
    """Run `body` in a thread of the system's; returns what waits for its end and raises what it raised."""
    over, failed = get_original("_thread", "allocate_lock")(), []
    over.acquire()

    def run():
        try:
            body()
        except BaseException as error:
            failed.append(error)
        finally:
            over.release()

    get_original("_thread", "start_new_thread")(run, ())

    def join(blocking=True):
        assert over.acquire(blocking, 20) if blocking else over.acquire(False) or not failed
        for error in failed:
            raise error

    return join, over.locked


def test_a_kill_closes_the_connection_and_leaves_nothing(client, native, server):
    others = server.connections()
    greenlet = gevent.spawn(client.get, do(hold=1))
    server.wait(held=1)
    assert queue().in_flight == 1
    greenlet.kill()
    assert greenlet.dead
    assert queue().in_flight == 0
    server.wait(held=0, connections=others)
    assert native.events == []
    assert client.get("/after").status_code == 200


def test_a_gevent_timeout_gives_the_request_up(client, server):
    """It leaves through the call of an HttpUser; to a FastHttpUser it is a failed request, as on stock Locust."""
    others = server.connections()
    fast = isinstance(client, FastHttpSession)
    with contextlib.nullcontext() if fast else pytest.raises(gevent.Timeout), gevent.Timeout(0.05):
        answer = client.get(do(hold=1))
        assert isinstance(answer.error.original, gevent.Timeout)
    assert queue().in_flight == 0
    server.wait(held=0, connections=others)
    assert client.get("/after").status_code == 200


def test_a_kill_before_the_request_is_sent(client, native, server):
    greenlet = gevent.spawn(client.get, "/never")
    greenlet.kill()
    assert server.take() == []
    assert native.events == []


def test_a_kill_right_after_the_answer_came(client, server):
    """The answer waits in the queue when the kill arrives: nobody gets it, nobody else's is disturbed."""
    greenlet = gevent.spawn(client.get, "/x")
    gevent.sleep(0)
    get_original("time", "sleep")(0.1)
    greenlet.kill(block=False)
    answer = client.get(do(body="mine"))
    assert answer.text == "mine"
    greenlet.join()
    assert queue().in_flight == 0


def test_others_join_a_request(client, server):
    greenlet = gevent.spawn(client.get, do(hold=1, body="joined"))
    joined = [gevent.spawn(greenlet.get) for _ in range(5)]
    server.wait(held=1)
    server.release()
    gevent.joinall(joined, timeout=10, raise_error=True)
    assert {waiter.value.text for waiter in joined} == {"joined"}


def test_a_foreign_switch_is_not_taken_for_an_answer(client, server):
    greenlet = gevent.spawn(client.get, do(hold=1, body="real"))
    server.wait(held=1)
    gevent.get_hub().loop.run_callback(greenlet.switch, "not yours")
    gevent.sleep(0.01)
    assert not greenlet.ready()
    server.release()
    assert greenlet.get(timeout=10).text == "real"


def test_a_pool_of_twenty_in_one_user(client, native):
    pool = gevent.pool.Pool(20)
    answers = pool.map(lambda n: client.get(do(body=n, delay=5)).text, range(200))
    assert answers == [str(n) for n in range(200)]
    assert len(native.events) == 200
    assert queue().in_flight == 0


def test_twenty_at_once_are_twenty_connections(native, server):
    client = native.http()
    greenlets = [gevent.spawn(client.get, do(hold=1)) for _ in range(20)]
    server.wait(held=20)
    server.release()
    gevent.joinall(greenlets, timeout=10)
    assert {greenlet.value.status_code for greenlet in greenlets} == {200}
    assert len({request["connection"] for request in server.take()}) == 20


def test_a_fast_user_has_ten_at_once(native, server):
    client = native.fast()
    greenlets = [gevent.spawn(client.get, do(hold=1)) for _ in range(25)]
    for held, answered in ((10, 10), (10, 20), (5, 25)):
        server.wait(held=held)
        server.release()
        assert len(gevent.wait(greenlets, count=answered, timeout=10)) == answered
    assert {greenlet.value.status_code for greenlet in greenlets} == {200}
    assert len({request["connection"] for request in server.take()}) == 10


def test_a_killed_request_frees_its_place(native, server):
    client = native.fast()
    greenlets = [gevent.spawn(client.get, f"/do/{n}?hold=1") for n in range(12)]
    server.wait(held=10)
    held = {int(request["head"].split("?")[0].rpartition("/")[2]) for request in server.take()}
    waits, last = set(range(12)) - held
    gevent.killall([greenlets[n] for n in (waits, *list(held)[:3])])
    server.wait(held=8)
    server.release()
    gevent.joinall(greenlets, timeout=10)
    assert sum(getattr(greenlet.value, "status_code", 0) == 200 for greenlet in greenlets) == 8
    (request,) = server.take()  # the other one that waited never went out
    assert request["head"].startswith(f"GET /do/{last}?")


def test_cookies_of_greenlets_of_one_user_are_shared(native, server):
    client = native.http()
    gevent.joinall(
        [gevent.spawn(client.get, do(header=f"Set-Cookie:c{n}={n}; Path=/")) for n in range(20)],
        raise_error=True,
    )
    server.take()
    client.get("/")
    (request,) = server.take()
    line = next(line for line in request["head"].split("\r\n") if line.startswith("Cookie:"))
    assert sorted(line[8:].split("; ")) == sorted(f"c{n}={n}" for n in range(20))


def test_a_second_thread_has_a_queue_of_its_own(client, server):
    waiters, other = waiting.here(), []

    def body():
        assert client.get(do(hold=1, body="other")).text == "other"
        other.append(waiting.here())
        gevent.get_hub().destroy()

    join, running_still = thread(body)
    server.wait(held=1)
    assert [client.get(do(body=n)).text for n in range(20)] == [str(n) for n in range(20)]
    assert running_still()
    server.release()
    join()
    assert other[0] is not waiters
    assert waiting.here() is waiters


@pytest.mark.parametrize("destroyed", [True, False])
def test_threads_that_end_leave_no_descriptor(client, server, destroyed):
    def idle():
        gevent.sleep(0.001)  # gevent has a loop of its own in each thread, and keeps it unless told otherwise
        if destroyed:
            gevent.get_hub().destroy()

    def visit():
        assert client.get("/x").status_code == 200
        idle()

    left = []
    client.get("/warm")
    for body in (idle, visit):
        gc.collect()  # what other tests have left
        before = descriptors()
        for _ in range(20):
            thread(body)[0]()
        gc.collect()
        left.append(descriptors() - before)
    without, with_requests = left
    assert with_requests <= without + 2  # the last thread may still be ending
    assert not destroyed or with_requests <= 2


def test_a_thread_that_ends_with_requests_under_way(client, native, server):
    others, before = server.connections(), descriptors()
    hubs = []

    def body():
        gevent.spawn(client.get, do(hold=1))
        gevent.spawn(client.get, do(hold=1))
        gevent.sleep(0)
        gevent.sleep(0.001)
        hubs.append(waiting.here())
        server.wait(held=2)
        gevent.get_hub().destroy()

    thread(body)[0]()
    server.wait(held=0, connections=others)
    assert hubs[0].queue is None
    assert native.events == []
    assert client.get("/after").status_code == 200
    assert descriptors() <= before + 2


def test_two_hundred_kills_at_random_moments(native, server):
    clients = [getattr(native, kind)() for kind in KINDS for _ in range(5)]
    for client in clients:
        client.get("/warm")
    others, before = server.connections() - len(clients), descriptors()
    dice = random.Random(7)
    lived = 0
    for round_ in range(200):
        client = dice.choice(clients)
        greenlet = gevent.spawn(client.post, do(delay=dice.choice([0, 0, 1, 3]), body=round_), data="x")
        gevent.sleep(dice.choice([0, 0.0002, 0.001, 0.002, 0.004]))
        greenlet.kill()
        lived += not isinstance(greenlet.value, gevent.GreenletExit)
        answer = client.get(do(body=f"after {round_}"))
        assert answer.text == f"after {round_}"
    assert 0 < lived < 200
    assert queue().in_flight == 0
    for client in clients:
        client._native.close()
    server.wait(connections=others, held=0)
    assert descriptors() <= before - len(clients)
    reported = len(native.events)
    assert reported == len(clients) + lived + 200


def test_response_time_is_the_server_s_while_python_is_blocked(native):
    """P11: the generator's own lateness is not the server's."""
    client = native.http()
    gevent.joinall([gevent.spawn(client.get, do(delay=10)) for _ in range(20)])
    native.events.clear()
    greenlets = [gevent.spawn(client.get, do(delay=10)) for _ in range(20)]
    gevent.sleep(0)
    gevent.sleep(0)
    get_original("time", "sleep")(1)  # the Python thread hears of no answer meanwhile
    gevent.joinall(greenlets)
    times = [event["response_time"] for event in native.events]
    assert len(times) == 20
    assert all(10 <= took < 500 for took in times), times


def test_the_hub_ends_when_nobody_waits(server, tmp_path):
    """With nothing else to watch, a request in the main greenlet waits, and afterwards the loop has an end."""
    text = """
import sys
import locust, gevent
from locust.clients import HttpSession
from locust.event import EventHook

client = HttpSession(sys.argv[1], EventHook(), None)
print(client.get("/do?delay=50").status_code, client._native is not None)
print(gevent.wait(timeout=20))
greenlet = gevent.spawn(client.get, "/do?delay=50")
print(gevent.wait(timeout=20), greenlet.value.status_code)
print(gevent.get_hub().join(timeout=20))
print(client.get("/").status_code)
"""
    done = running.run(["-c", text, server.url], tmp_path, timeout=30)
    assert (done.code, done.err) == (0, "")
    assert done.out == "200 True\nTrue\nTrue 200\nTrue\n200\n"


def test_what_a_raw_greenlet_raises_stops_nobody(client, monkeypatch, server):
    hub, raised = gevent.get_hub(), []
    monkeypatch.setattr(hub, "print_exception", lambda context, kind, value, tb: raised.append(str(value)))

    def fail():
        client.get(do(hold=1))
        raise ValueError("mine")

    greenlets = [gevent.spawn(client.get, do(hold=1, body="ok")) for _ in range(5)]
    for run in (fail, fail):
        hub.loop.run_callback(raw.greenlet(run, hub).switch)
    server.wait(held=7)
    server.release()
    gevent.joinall(greenlets, timeout=10)
    assert [greenlet.value.text for greenlet in greenlets] == ["ok"] * 5
    while len(raised) < 2:
        gevent.sleep(0.001)
    assert raised == ["mine", "mine"]
    assert client.get("/after").status_code == 200


def test_timers_have_their_turn_between_answers(native):
    """Greenlets that burn the processor do not keep the hub until all of them have had their answer."""
    client, since, most = native.http(), [0], [0]

    def visit():
        client.get(do(delay=20))
        since[0] += 1
        most[0] = max(most[0], since[0])
        until = time.perf_counter() + waiting._STRETCH
        while time.perf_counter() < until:
            pass

    def tick():
        since[0] = 0

    timer = gevent.get_hub().loop.timer(0.0001, 0.0001)
    timer.start(tick)
    greenlets = [gevent.spawn(visit) for _ in range(40)]
    gevent.sleep(0)
    get_original("time", "sleep")(0.3)  # all answers are there before the first is delivered
    gevent.joinall(greenlets, timeout=20, raise_error=True)
    timer.stop()
    timer.close()
    assert most[0] <= 4, f"{most[0]} answers in a row"
