"""The generator's own lateness: measured apart from the server's, flagged, and said aloud."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from gevent.monkey import get_original

from locust_native import _core
from locust_native.metrics import users_time as closed_loop
from support import running
from support.backends import do

pytestmark = pytest.mark.slow

block = get_original("time", "sleep")
select = get_original("select", "select")


@pytest.fixture
def meter():
    made = _core.Lateness()
    made.reset()
    return made


def figures(meter):
    """Whose lateness -> count, greatest in ms."""
    return {who: (spread["count"], spread["max"]) for who, spread in meter.figures().items()}


def test_p12_a_blocked_loop_shows_as_long_as_it_was_and_limits_nobody_who_did_not_wait_for_it(native, meter):
    native.http().get("/x")
    meter.reset()
    running.until(lambda: figures(meter)["hub"][0] > 10)
    meter.reset()
    started = time.perf_counter()
    block(0.5)
    blocked = (time.perf_counter() - started) * 1000
    before = figures(meter)["hub"][0]
    running.until(lambda: figures(meter)["hub"][0] > before)
    known = (time.perf_counter() - started) * 1000
    _, late = figures(meter)["hub"]
    assert blocked - 15 <= late <= known
    hiccups = [hiccup for _, lag, hiccup, _ in meter.seconds() if lag is None and hiccup is not None]
    assert max(hiccups) == pytest.approx(late, rel=0.01)
    assert not meter.limited()


@pytest.mark.parametrize("fast", [False, True])
def test_p11_waiting_for_python_is_lag_and_no_response_time(backend, meter, fast):
    client = backend.fast() if fast else backend.http()
    client.get("/x")
    meter.reset()
    # The answer is there after 20 ms, while nobody in Python can take it.
    waiting = gevent.spawn(client.get, do(delay=20))
    gevent.sleep(0.005)
    block(1)
    waiting.join()
    took = backend.events[-1]["response_time"]
    lag = figures(meter)["lag"]
    if backend.kind == "stock":
        assert took >= 990
        assert lag == (0, None)
    else:
        assert 20 <= took < 500
        assert lag[0] == 1
        assert lag[1] >= 500
        assert meter.limited()


HOLDS = """
import asyncio, sys

async def main(count):
    held = []
    async def serve(reader, writer):
        await reader.readuntil(b"\\r\\n\\r\\n")
        held.append(writer)
        if len(held) == count:
            print("held", flush=True)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=count)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for writer in held:
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    print("sent", flush=True)
    await asyncio.sleep(30)

asyncio.run(main(1_000))
"""


def test_p11_python_blocked_for_100_ms_with_1000_requests_in_flight_limits_the_second(native, meter):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as server:
        try:
            host = f"http://127.0.0.1:{int(server.stdout.readline())}"
            clients = [native.fast(host) if i % 2 else native.http(host) for i in range(1_000)]
            asking = [gevent.spawn(client.get, "/") for client in clients]
            assert server.stdout.readline() == b"held\n"
            meter.reset()
            os.write(server.stdin.fileno(), b"go\n")
            while not select([server.stdout], [], [], 10)[0]:
                pass
            block(0.1)
            gevent.joinall(asking)
        finally:
            server.kill()
    assert figures(meter)["lag"][0] == 1_000
    assert figures(meter)["lag"][1] >= 100
    assert meter.limited()


def test_a_second_in_which_nothing_ended_because_the_loop_was_blocked_is_limited(native, meter):
    client = native.http()
    client.get("/x")
    meter.reset()
    begun = time.time()
    waiting = gevent.spawn(client.get, do(delay=20))
    gevent.sleep(0.005)
    block(2.5)
    waiting.join()
    ((first, last),) = meter.limited()
    assert first <= begun + 0.5
    assert last - first >= 2
    whole = [second for second, lag, _, limited in meter.seconds() if lag is None and limited]
    assert len(whole) >= 2


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_a_user_whose_turn_comes_late_limits_its_second(meter, monkeypatch, seconds):
    """Though no answer waited, and the loop came when it was asked."""
    times = closed_loop.UserTime()
    stats = SimpleNamespace(_user_time=times)
    task_set = SimpleNamespace(_user=SimpleNamespace(environment=SimpleNamespace(stats=stats)))
    for late in (0.005, 0.075, 1.5):
        meter.reset()
        now = iter((1.0, 1.0 + seconds + late))
        with monkeypatch.context() as patch:
            patch.setattr(closed_loop, "_clock", lambda now=now: next(now))
            closed_loop.sleep(task_set, seconds)
        assert bool(meter.limited()) == (late > 1)
    assert figures(meter)["lag"] == (0, None)


def test_quiet_generator_is_not_flagged(native, meter):
    client = native.http()
    meter.reset()
    for _ in range(20):
        client.get("/x")
    assert figures(meter)["lag"][0] == 20
    most = max(lag for _, lag, _, _ in meter.seconds() if lag is not None)
    assert most == pytest.approx(figures(meter)["lag"][1], rel=0.001)
    assert most > 50 or not meter.limited()  # a busy machine may be the limit at times


def test_a_reset_forgets(native, meter):
    native.http().get("/x")
    assert figures(meter)["lag"][0] == 1
    meter.reset()
    # The I/O thread may have had its turn since; answers and this thread's loop have not.
    assert (figures(meter)["lag"], figures(meter)["hub"]) == ((0, None), (0, None))


LOCUSTFILE = """
import locust, time
from gevent.monkey import get_original
block = get_original("time", "sleep")

class Person(locust.HttpUser):
    wait_time = locust.constant(0.05)

    @locust.task
    def go(self):
        self.client.get("/x")
        block(0.08)
"""


def test_the_log_says_it_once(server, tmp_path: Path):
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    done = running.run(
        ["-m", "locust", "--headless", "-u", "3", "-r", "9", "-t", "4", "--host", server.url], tmp_path
    )
    assert done.code == 0, done.err
    assert done.err.count("the generator is the limit") == 1, done.err
    said = re.search(
        r"the generator is the limit (at|from) [^:]+:\d\d:\d\d.*: another program had the processor"
        r".* \(this process used \d+% of a core\)$",
        done.err,
        re.MULTILINE,
    )
    assert said, done.err


EDGES = """
import sys
import time
import locust
from gevent.monkey import get_original
block = get_original("time", "sleep")

class Person(locust.HttpUser):
    wait_time = locust.constant(0.1)

    @locust.task
    def go(self):
        self.client.get("/x")

@locust.events.test_start.add_listener
def begin(**arguments):
    block(1.2)
    sys.stdout.write(f"say: {time.time()}\\n")  # in one piece: other processes write there, too

@locust.events.test_stop.add_listener
def end(**arguments):
    sys.stdout.write(f"say: {time.time()}\\n")  # in one piece: other processes write there, too
    block(1.2)
    time.sleep(0.1)
    block(1.2)
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_nothing_is_limited_before_the_first_request_and_after_the_stop(run_locust, tmp_path, workers):
    more = running.processes(workers)
    done = run_locust(
        EDGES, "-u", "2", "-r", "9", "-t", "3", "--native-json", "figures.json", "--csv", "x", *more
    )
    assert done.code == 0, done.err
    found = json.loads((tmp_path / "figures.json").read_text())
    moments = [float(said) for said in done.said]
    begun, stopped = min(moments), max(moments)
    for stretch in found["generator"]["limited"]:
        assert begun - 1 < stretch["from"] <= stretch["to"] <= stopped
    # A busy machine makes real lateness; there is none without it.
    quiet = all((second["lag_max"] or 0) < 50 for second in found["seconds"])
    assert not quiet or not found["generator"]["limited"]


@pytest.mark.parametrize("workers", [0, 2])
def test_every_process_tells_what_it_used(run_locust, tmp_path, workers):
    text = EDGES.replace("block(1.2)", "pass").replace("    time.sleep(0.1)\n", "")
    text += "import locust.runners\nlocust.runners.WORKER_REPORT_INTERVAL = 0.2\n"
    more = running.processes(workers)
    done = run_locust(text, "-u", "2", "-r", "9", "-t", "2", "--native-json", "figures.json", *more)
    assert done.code == 0, done.err
    each = json.loads((tmp_path / "figures.json").read_text())["generator"]["processes"]
    assert [process["node"] for process in each][:1] == (["master"] if workers else ["local"])
    assert len({process["node"] for process in each}) == workers + 1
    for process in each:
        assert 0 < process["cpu"] < 4
        assert 1 << 20 < process["rss"] < 1 << 30
