"""Back-pressure (P17): a slow listener slows the users; queues stay as short as there are users, and lose nothing."""

import json

import gevent
import pytest
from gevent.monkey import get_original

from locust_native.client import waiting
from support import running
from support.backends import do

block = get_original("time", "sleep")

USERS, EACH, BLOCKS = 6, 5, 0.05

LOCUSTFILE = f"""
import time
from collections import Counter
import gevent
from gevent.monkey import get_original
from locust import FastHttpUser, HttpUser, constant, events
from locust.exception import StopUser
from locust_native.client import waiting

block = get_original("time", "sleep")
heard, moments, lengths = Counter(), [], [0]

def visit(user):
    if user.count == {EACH}:
        raise StopUser()
    user.count += 1
    user.client.get(f"/do/{{type(user).__name__}}-{{id(user)}}-{{user.count}}")

class Visits:
    tasks = [visit]
    wait_time = constant(0)
    fixed_count = {USERS // 2}
    count = 0

class Visitor(Visits, HttpUser):
    pass

class FastVisitor(Visits, FastHttpUser):
    pass

@events.request.add_listener
def slow(name, **arguments):
    waiters = waiting.here()
    lengths.append(waiters.queue.in_flight + waiters.ready)
    heard[name] += 1
    moments.append(time.perf_counter())
    block({BLOCKS})

@events.init.add_listener
def begin(environment, runner, **arguments):
    def end():
        while not heard or runner.user_count:
            gevent.sleep(0.02)
        runner.quit()
    gevent.spawn(end)

@events.quit.add_listener
def tell(**arguments):
    import json
    print("say:", json.dumps([heard, max(lengths), moments[-1] - moments[0]]))
"""


def test_p17_a_slow_listener_slows_the_users_and_misses_nothing(run_locust, server, tmp_path):
    server.counts()
    done = run_locust(LOCUSTFILE, "-u", str(USERS), "-r", "1000", "-t", "40", "--native-json", "figures.json")
    assert done.code == 0, done.err
    heard, longest, took = json.loads(done.said[0])
    found = json.loads((tmp_path / "figures.json").read_text())
    served = {path.partition(" ")[2]: number for path, number in server.counts().items()}
    served = {path: number for path, number in served.items() if path.startswith("/do/")}
    # Every request reaches the listener and the statistics exactly once.
    assert set(served.values()) == {1}
    assert len(served) == USERS * EACH
    assert heard == served
    assert {name: entry["num_requests"] for name, entry in done.stats.items()} == served
    assert {row["name"]: row["requests"] for row in found["rows"]} == served
    ends = found["total"]["ends"]
    assert ends == {**dict.fromkeys(ends, 0), "started": len(served), "succeeded": len(served)}
    # No queue is longer than there are users.
    assert 0 < longest <= USERS
    assert 0 < found["generator"]["queue"]["longest"] <= USERS
    assert found["generator"]["queue"]["length"] == 0
    # The users are as slow as the listener, and it is the generator that is to blame.
    assert took >= (len(served) - 1) * BLOCKS
    lag = found["generator"]["lag"]
    assert lag["max"] >= BLOCKS * 1000
    assert found["total"]["mean"] < lag["mean"]
    assert found["generator"]["limited"]
    warnings = "\n".join(found["warnings"])
    assert "limited by the generator" in warnings
    assert "most of it lag of the generator" in warnings


@pytest.mark.parametrize("fast", [False, True])
def test_p17_requests_that_are_given_up_leave_nothing_behind(native, fast):
    people, waiters = 20, waiting.here()
    waiters.longest = 0
    lengths: list[int] = []

    def impatient():
        client = native.fast() if fast else native.http()
        for _ in range(10):
            with gevent.Timeout(0.004, False):
                client.get(do(delay=3))
            lengths.append(max(waiters.queue.in_flight, waiters.ready))
            block(0.002)  # longer than answers take to come, so that they wait

    gevent.joinall([gevent.spawn(impatient) for _ in range(people)], raise_error=True)
    assert people / 2 < max(lengths) <= people
    assert waiters.longest <= people
    running.until(lambda: (waiters.queue.in_flight, waiters.ready) == (0, 0))
