"""Workers whose clocks are wrong: their figures stand where the master's clock says."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from locust_native.metrics import clocks
from support import running

pytestmark = pytest.mark.slow

LOCUSTFILE = """
import time
import gevent
from locust import FastHttpUser, constant, events, runners, task

runners.WORKER_REPORT_INTERVAL = 0.5

class Visitor(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def go(self):
        self.client.get("/do?status=500" if time.time() % 1 < 0.1 else "/x")

@events.test_start.add_listener
def begin(environment, **arguments):
    if isinstance(environment.runner, runners.MasterRunner):
        def look():
            while True:
                gevent.sleep(0.25)
                total = environment.stats.total
                if total.num_requests > 50:
                    seen = [total.current_rps, total.get_current_response_time_percentile(0.5)]
                    print("now:", *seen, flush=True)
        gevent.spawn(look)

@events.test_stop.add_listener
def end(environment, **arguments):
    if isinstance(environment.runner, runners.MasterRunner):
        gevent.sleep(1)
        total = environment.stats.total
        errors = environment.stats.errors.values()
        print("say:", total.num_requests, total.total_rps, total.start_time, total.last_request_timestamp)
        print("say:", min(e.first_seen for e in errors), max(e.last_seen for e in errors))
"""


@pytest.fixture(scope="module")
def ahead(tmp_path_factory) -> str:
    """What shifts the wall clock of a process."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("no C compiler to shift a clock with")
    library = tmp_path_factory.mktemp("ahead") / "ahead.so"
    source = Path(__file__).with_name("support") / "shift_clock.c"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return str(library)


@pytest.mark.parametrize("seconds", [200, -200])
def test_a_worker_whose_clock_is_wrong_is_lined_up_and_said(server, tmp_path, ahead, seconds):
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    port = str(running.free_port())
    env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}

    def start(*arguments, **variables):
        return subprocess.Popen(
            [sys.executable, "-m", "locust", "--host", server.url, *arguments],
            cwd=tmp_path, env={**env, **variables}, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    worker = ["--worker", "--master-port", port]
    processes = [
        start("--master", "--headless", "--expect-workers", "2", "--master-bind-port", port, "-u", "8", "-r", "8",
              "-t", "5", "--native-json", "figures.json"),
        start(*worker),
        start(*worker, LD_PRELOAD=ahead, AHEAD=str(seconds)),
    ]  # fmt: skip
    try:
        begun = time.time()
        out, err = processes[0].communicate(timeout=90)
        ended = time.time()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert "Traceback" not in err, err
    said = [line for line in err.splitlines() if "the clock of worker" in line]
    where = "200 s ahead of" if seconds > 0 else "200 s behind"
    assert len(said) == 1, err
    assert f"is {where} the master's, its figures are shifted by that" in said[0]
    found = json.loads((tmp_path / "figures.json").read_text())
    at = [second["at"] for second in found["seconds"]]
    # One timeline, in which both are.
    assert begun - 2 <= at[0] <= at[-1] <= ended + 2
    assert sum(second["requests"] for second in found["seconds"]) == found["total"]["requests"] > 100
    steady = [second for second in found["seconds"][1:-1] if second["users"] == 8]
    assert steady
    assert sorted(process["clock_ahead"] for process in found["generator"]["processes"]) == sorted(
        [0, 0, seconds]
    )
    assert not found["total"]["coarse"]
    # And so are Locust's own figures.
    first, second = [line[5:] for line in out.splitlines() if line.startswith("say: ")]
    requests, rate, start_time, last = map(float, first.split())
    assert 100 < requests <= found["total"]["requests"]  # the last report is still to come
    assert begun - 2 <= start_time <= last <= ended + 2
    assert rate > requests / (ended - begun + 4)
    assert all(begun - 2 <= float(moment) <= ended + 2 for moment in second.split())
    now = [line.split()[1:] for line in out.splitlines() if line.startswith("now: ")]
    assert any(float(rps) > 30 and median != "None" for rps, median in now), now


def seen(*ahead: float) -> list[int]:
    clock, shifts = clocks._Clock(), []
    for each in ahead:
        clock.saw(each)
        shifts.append(clock.shift)
    return shifts


def test_a_clock_is_shifted_by_the_same_until_it_is_certain_that_it_was_wrong():
    assert seen(0.2, -0.9, 0.99) == [0, 0, 0]
    assert seen(199.7, 200.4, 200.49, 200.2) == [200] * 4
    # The first report was 5 s under way.
    assert seen(195.1, 200.1, 199.9) == [195, 200, 200]
    # Somebody puts it right: forwards at once, back once no report of before is remembered.
    assert seen(0.0, 60.0) == [0, 60]
    assert seen(*[60.0] * 3, *[0.0] * 30)[::8] == [60, 60, 60, 0, 0]


@pytest.mark.parametrize(
    ("last", "requests", "said"),
    [
        (201.0, 5, "201 s ahead of the master's, or more"),
        (0.5, 5, None),
        (-5.0, 5, None),
        (-250.0, 5, "249 s behind the master's, or more"),
        (-250.0, 0, None),
    ],
)
def test_of_a_worker_without_the_core_only_that_its_clock_is_wrong_is_said(
    monkeypatch, caplog, last, requests, said
):
    now = 1_000_000.0
    monkeypatch.setattr(clocks, "stock", SimpleNamespace(time=SimpleNamespace(time=lambda: now)))
    known = clocks.Clocks()

    def report(moment, count):
        total = {"num_requests": count, "last_request_timestamp": moment}
        return {"stats": [], "stats_total": total, "errors": {}}

    known.align("w", None, report(None, 0))
    now += 1
    data = report(now + last, requests)
    kept = json.loads(json.dumps(data))
    for told in (None, 5, [], ["x", 1.0], [1.0], [float("nan"), now], [now, float("inf")], [now, -1]):
        assert known.align("w", told, data) == 0
    assert data == kept
    told = [record.message for record in caplog.records]
    assert len(told) == (1 if said else 0)
    assert not said or said in told[0]
