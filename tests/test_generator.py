"""The generator's own lateness: measured apart from the server's, flagged, and said aloud."""

import time
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from gevent.monkey import get_original

import running
from backends import do
from locust_native import _core, closed_loop

pytestmark = pytest.mark.timed

block = get_original("time", "sleep")


@pytest.fixture
def meter():
    made = _core.Meter()
    made.reset()
    return made


def figures(meter):
    """Whose lateness -> count, greatest in ms."""
    return {who: (spread["count"], spread["max"]) for who, spread in meter.figures().items()}


def test_p12_a_blocked_loop_shows_as_long_as_it_was(native, meter):
    native.http().get("/x")
    meter.reset()
    gevent.sleep(0.05)
    started = time.perf_counter()
    block(0.1)
    blocked = (time.perf_counter() - started) * 1000
    gevent.sleep(0.02)
    count, late = figures(meter)["hub"]
    assert count > 10
    assert blocked - 15 <= late <= blocked + 15
    assert meter.limited()


@pytest.mark.parametrize("fast", [False, True])
def test_p11_waiting_for_python_is_lag_and_no_response_time(backend, meter, fast):
    client = backend.fast() if fast else backend.http()
    client.get("/x")
    meter.reset()
    # The answer is there after 20 ms, while nobody in Python can take it.
    waiting = gevent.spawn(client.get, do(delay=20))
    gevent.sleep(0.005)
    block(0.2)
    waiting.join()
    took = backend.events[-1]["response_time"]
    lag = figures(meter)["lag"]
    if backend.kind == "stock":
        assert took >= 190
        assert lag == (0, None)
    else:
        assert 20 <= took < 120
        assert lag[0] == 1
        assert lag[1] >= 100
        assert meter.limited()


@pytest.mark.parametrize("seconds", [0, 0.001])
def test_a_user_whose_turn_comes_late_flags_its_second(meter, monkeypatch, seconds):
    """Though no answer waited, and the loop came when it was asked."""
    times = closed_loop.UserTime()
    stats = SimpleNamespace(_user_time=times)
    task_set = SimpleNamespace(_user=SimpleNamespace(environment=SimpleNamespace(stats=stats)))
    for late in (0.005, 0.08):
        meter.reset()
        now = iter((1.0, 1.0 + seconds + late))
        with monkeypatch.context() as patch:
            patch.setattr(closed_loop, "_clock", lambda now=now: next(now))
            closed_loop.sleep(task_set, seconds)
        assert max([most for _, most, _ in meter.seconds()], default=0) == pytest.approx(80) or late < 0.01
        assert bool(meter.limited()) == (late > 0.075)
    assert figures(meter)["lag"] == (0, None)


def test_quiet_generator_is_not_flagged(native, meter):
    client = native.http()
    for _ in range(5):  # a busy machine may be the limit at times
        meter.reset()
        for _ in range(20):
            client.get("/x")
        assert figures(meter)["lag"][0] == 20
        if not meter.limited():
            break
    else:
        pytest.fail("flagged each time")


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
