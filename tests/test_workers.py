"""Workers that die, or have not the native core: said in the log, the figures and the report of the master."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest

from locust_native.metrics import workers
from support import running

pytestmark = pytest.mark.slow

USERS = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def visit(self):
        self.client.get("/page")
"""

# On the master: kill one worker once all users are there, and end once that has been noticed.
KILLER = (
    USERS
    + """
import os, signal
import gevent, gevent.os
import locust_native
from locust import events
from locust.runners import MasterRunner

@events.init.add_listener
def begin(environment, runner, **arguments):
    if isinstance(runner, MasterRunner):
        gevent.spawn(play, environment, runner)

def play(environment, runner):
    while runner.user_count < 4 or environment.stats.total.num_requests < 4:
        gevent.sleep(0.05)
    os.kill(int(os.environ.get("VICTIM") or next(iter(gevent.os._watched_children))), signal.SIGKILL)
    if locust_native.status().on:
        from locust_native.metrics import workers
        while not workers.of(environment.events).warnings():
            gevent.sleep(0.05)
    else:
        gevent.sleep(1)
    runner.quit()
"""
)
OPTIONS = ["-u", "4", "-r", "100", "-t", "40"]


@pytest.fixture
def worker(tmp_path, free_port):
    """Starts `locust --worker` beside a master on `free_port`; ended with the test."""
    started = []

    def start(native="1", text=USERS):
        (tmp_path / "worker.py").write_text(text)
        process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", "worker.py", "--worker", "--master-port", str(free_port)],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}
            | {"LOCUST_NATIVE": native},
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def master(port, workers=1):
    ports = ["--master-bind-host", "127.0.0.1", "--master-bind-port", str(port)]
    return ["--master", *ports, "--expect-workers", str(workers), "--expect-workers-max-wait", "30"]


def test_a_worker_process_that_is_killed(run_locust, tmp_path, free_port):
    ports = ["--master-bind-port", str(free_port), "--master-port", str(free_port)]
    arguments = [*OPTIONS, "--processes", "2", *ports]
    done = run_locust(KILLER, *arguments, "--native-json", "o.json", "--html", "o.html")
    stock = run_locust(KILLER, *arguments, native="0")
    assert done.code == stock.code == 0, done.err
    figures = json.loads((tmp_path / "o.json").read_text())
    (words,) = (each for each in figures["warnings"] if "worker" in each)
    assert re.fullmatch(
        r"a worker process was killed by signal 9 \(SIGKILL\): out of memory, or somebody killed it "
        r"\(\d\d:\d\d:\d\d, 2 users\); its users are missing \(.*\), and so are its last figures",
        words,
    )
    # At once in the log, and at the end on the console and in the report.
    assert done.err.count(f"WARNING/locust_native: locust-native: {words}\n") == 1
    assert done.err.count(f"Warning: {words}\n") == 1
    assert words in (tmp_path / "o.html").read_text()


def test_a_worker_elsewhere_that_is_killed(run_locust, tmp_path, free_port, worker):
    victim = worker()
    worker()
    arguments = [*OPTIONS, *master(free_port, 2), "--native-json", "o.json"]
    done = run_locust(KILLER, *arguments, VICTIM=str(victim.pid))
    assert done.code == 0, done.err
    (words,) = (
        each for each in json.loads((tmp_path / "o.json").read_text())["warnings"] if "worker" in each
    )
    assert re.match(
        r"worker \S+ with 2 users has not been heard of since \d\d:\d\d:\d\d; its users are", words
    )
    assert done.err.count(words) == 2


def test_a_worker_that_comes_back(run_locust, tmp_path, free_port, worker):
    text = KILLER.replace("SIGKILL", "SIGSTOP").replace(
        "    runner.quit()",
        "    os.kill(int(os.environ['VICTIM']), signal.SIGCONT)\n"
        "    while 'was not heard of' not in workers.of(environment.events).warnings()[0]:\n"
        "        gevent.sleep(0.05)\n"
        "    runner.quit()",
    )
    victim = worker()
    worker()
    done = run_locust(
        text, *OPTIONS, *master(free_port, 2), "--native-json", "o.json", VICTIM=str(victim.pid)
    )
    assert done.code == 0, done.err
    (words,) = (
        each for each in json.loads((tmp_path / "o.json").read_text())["warnings"] if "worker" in each
    )
    assert re.fullmatch(
        r"worker \S+ with 2 users was not heard of from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d", words
    )


def test_a_worker_whose_last_report_comes_too_late(run_locust, tmp_path, free_port, worker):
    busy = "from gevent.monkey import get_original; get_original('time', 'sleep')(20)"
    worker(text=f"{USERS}\n    def on_stop(self):\n        {busy}\n")
    done = run_locust(USERS, "-u", "1", "-t", "2", *master(free_port), "--native-json", "o.json")
    assert done.code == 0, done.err
    (words,) = (
        each for each in json.loads((tmp_path / "o.json").read_text())["warnings"] if "worker" in each
    )
    assert re.fullmatch(
        r"worker \S+ sent no last report in time; what it measured since its report before \(up to 3 s\) is missing",
        words,
    )


def test_workers_that_end_with_the_test_are_not_lost(run_locust, tmp_path, free_port):
    ports = ["--master-bind-port", str(free_port), "--master-port", str(free_port)]
    arguments = ["-u", "4", "-r", "100", "-t", "3", "--processes", "2", *ports]
    done = run_locust(USERS, *arguments, "--native-json", "o.json")
    assert done.code == 0, done.err
    assert not [
        each for each in json.loads((tmp_path / "o.json").read_text())["warnings"] if "worker" in each
    ]


def test_a_worker_without_the_core(run_locust, tmp_path, free_port, worker):
    worker(native="0")
    native = worker()
    done = run_locust(
        USERS, "-u", "2", "-r", "100", "-t", "5", *master(free_port, 2), "--native-json", "o.json"
    )
    assert done.code == 0, done.err
    assert "WARNING/locust_native" not in native.communicate(timeout=20)[1]
    said = re.findall(r"WARNING/locust_native: (.*)", done.err)
    assert [re.sub(r"worker \S+", "worker W", line) for line in said if "without" in line] == [
        "locust-native: worker W runs without the native core: its response times are rounded, and it tells nothing "
        "of phases, generator lag and users' time"
    ]
    warnings = json.loads((tmp_path / "o.json").read_text())["warnings"]
    assert "rounded by workers without the same native core: GET /page" in warnings
    assert any(
        re.match(r"1 of 2 workers without the native core \(\S+\): nothing is known", each)
        for each in warnings
    )


def test_a_master_without_the_core(tmp_path, server, free_port, worker):
    (tmp_path / "file.py").write_text(USERS)
    worker()
    done = running.run(
        ["-m", "locust", "-f", "file.py", "--headless", "--only-summary", "-u", "2", "-r", "100", "-t", "3",
         "--host", server.url, *master(free_port)],
        tmp_path, LOCUST_NATIVE="0",
    )  # fmt: skip
    assert done.code == 0, done.err
    said = [
        re.sub(r"worker \S+", "worker W", line)
        for line in re.findall(r"WARNING/locust_native: (.*)", done.err)
    ]
    assert said == [
        "locust-native: worker W has the native core and this master has not: only its rounded figures are taken"
    ]


def test_a_master_without_locust_native(tmp_path, server, free_port, worker):
    (tmp_path / "file.py").write_text(USERS)
    process = worker()
    plain = """
import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "locust_native" not in type(finder).__module__]
from locust.main import main
assert "locust_native" not in sys.modules
sys.exit(main())
"""
    done = running.run(
        ["-c", plain, "-f", "file.py", "--headless", "--only-summary", "-u", "2", "-r", "1", "-t", "3",
         "--host", server.url, *master(free_port)],
        tmp_path,
    )  # fmt: skip
    assert done.code == 0, done.err
    said = re.findall(r"WARNING/locust_native: (.*)", process.communicate(timeout=20)[1])
    said = [line for line in said if "the generator is the limit" not in line]  # on a busy machine it is
    assert said == [
        "locust-native: the master runs without locust-native: it takes only the rounded figures of this worker"
    ]


@pytest.mark.parametrize(
    ("others", "rebalancing", "then"),
    [
        (
            1,
            False,
            "its users are missing (for a minute, then Locust gives them to other workers), and so are its ",
        ),
        (1, True, "Locust gives its users to other workers, and its "),
        (0, True, "no worker is left, and its "),
    ],
)
def test_what_becomes_of_the_users(others, rebalancing, then):
    nodes = {"w": SimpleNamespace(user_count=1, state="running")}
    nodes |= {f"o{n}": SimpleNamespace(user_count=1, state="running") for n in range(others)}
    runner = SimpleNamespace(clients=nodes, rebalancing_enabled=lambda: rebalancing)
    fleet = workers.Workers()
    fleet.start(SimpleNamespace(runner=runner))
    fleet.stop()
    assert fleet.warnings() == []
    nodes["w"].user_count, nodes["w"].state = 0, "missing"
    fleet.start(SimpleNamespace(runner=runner))
    fleet.stop()
    (words,) = fleet.warnings()
    assert re.fullmatch(
        rf"worker w with 1 user has not been heard of since [\d:]+; {re.escape(then)}last figures(?: are missing)?",
        words,
    )
