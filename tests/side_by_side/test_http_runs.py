"""The tables `Tasks and waiting` and `Events and statistics`, and whole `locust` runs: exit status and console."""
# ruff: noqa: E501  tables of odd values, a row a line

from http_sides import Sides  # noqa: F401  isort: skip  first: it lets gevent patch
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from support import observe

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent

ROWS = re.findall(r"^@row\ndef (\w+)", (HERE / "http_row_runs.py").read_text(), re.MULTILINE)


def both(command, cwd, server, **variables):
    """Run a command on stock and on ours at the same time; returns what came of each."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST")}
    started = [
        subprocess.Popen(
            [sys.executable, *command], cwd=cwd, env={**env, "LOCUST_NATIVE": native, **variables}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for native in ("0", "1")
    ]  # fmt: skip
    return [(process, *process.communicate(timeout=60)) for process in started]


@pytest.fixture(scope="module")
def rows(server):
    runs = both([str(HERE / "http_row_runs.py"), server.url], HERE, server)
    stock, ours = (json.loads(out.splitlines()[-1]) for _, out, _ in runs)
    assert (stock["on"], ours["on"]) == (False, True), runs
    return ours["rows"], stock["rows"]


@pytest.mark.parametrize("name", ROWS)
def test_row(rows, name):
    ours, stock = (side[name] for side in rows)
    assert not str(stock).startswith("raised"), stock
    differences = observe.differences((name,), (ours,), (stock,))
    assert not differences, "\n".join(differences)


HEAD = """
from locust import HttpUser, TaskSet, events, task
from locust.exception import StopUser, StopTest
class Visitor(HttpUser):
    @task
    def visit(self):
        self.client.get("/x")
        {task}
        self.environment.runner.quit()
"""

FILES = {
    "all is well": HEAD.format(task="pass"),
    "failures of all kinds": HEAD.format(
        task="""self.client.get("/do?status=404", name="/missing")
        self.client.get("/do?fault=close", name="/closed")
        self.client.get("http://127.0.0.1:1/", name="/refused")
        self.client.get("http://nobody.invalid/", name="/nobody")
        self.client.get("/do?delay=300", name="/slow", timeout=0.05)
        with self.client.get("/x", name="/judged", catch_response=True) as r:
            r.failure("not as it should be")"""
    ),
    "tasks that raise": HEAD.format(
        task="""turn = self.environment.turn = getattr(self.environment, "turn", 0) + 1
        if turn == 1:
            with self.client.get("/w") as r: pass
        if turn == 2:
            self.client.get("http://", name="/invalid")
        if turn == 3:
            self.client.nonsense
        if turn == 4:
            self.client.get("/x", {"a": 1})
        assert turn > 5, "odd" """
    ),
    "listeners that raise": HEAD.format(task="pass")
    + """
@events.request.add_listener
def one(**_): raise ValueError("from a listener")
@events.request.add_listener
def other(name, nonsense): print("say", name)
""",
    "a listener that stops the test": HEAD.format(task="pass")
    + """
@events.request.add_listener
def listen(**_): raise StopTest()
""",
    "an exit code of one's own": HEAD.format(task="pass")
    + """
@events.quitting.add_listener
def judge(environment, **_):
    total = environment.stats.total
    print("say", total.num_requests, total.num_failures, total.fail_ratio, total.get_response_time_percentile(0.95) >= 0)
    environment.process_exit_code = 7
""",
    "no host": HEAD.format(task="pass"),
    "a file that crashes": "import nonsense_that_is_nowhere\n",
}


IN_ONE_LINE = ("no host", "a file that crashes")


def plain(text):
    """Console output without its times, paths of this machine, our own lines, and the width of columns."""
    lines = []
    for line in text.splitlines():
        line = line.removesuffix(" (approximated)")
        if line.startswith(("Requests that succeeded, without", "Connections: ")):
            break  # our tables come last
        if "locust-native" in line:
            continue
        line = re.sub(r"^\[[^]]*\] [^/]+/", "", line)
        line = re.sub(r"line \d+", "line N", line)
        line = re.sub(r"^\d{4}-\d\d-\d\dT\S+ | at 0x[0-9a-f]+", "", line)
        if "|" in line and re.search(r"\d+\(\d", line):  # a row of the statistics: name and counts
            line = line.split("|")[0]
        elif re.match(r"^ *(GET|POST|Aggregated).*( +\d+(\.\d+)?){4}", line):  # a row of the percentiles
            line = " ".join(re.sub(r" \d+(\.\d+)?", "", line).split())
        lines.append(" ".join(re.sub(r"-{2,}", "-", line).split()))
    return lines


@pytest.mark.parametrize("name", FILES)
def test_exit_status_and_console(server, tmp_path, name):
    (tmp_path / "locustfile.py").write_text(FILES[name])
    host = [] if name == "no host" else ["--host", server.url]
    command = ["-m", "locust", "--headless", "--only-summary", "-u", "1", "-t", "10s", *host]
    if name == "no host":
        command[-1] = "2s"
    (stock, out, err), (ours, our_out, our_err) = both(command, tmp_path, server)
    assert ours.returncode == stock.returncode, our_err
    ours_shown, stock_shown = (
        [plain(out), frames_apart(plain(err))] for out, err in ((our_out, our_err), (out, err))
    )
    if name in IN_ONE_LINE:  # stock's traceback is left out, or shortened
        for ours_lines, stock_lines in zip(ours_shown, stock_shown, strict=True):
            more = [line for line in ours_lines if line not in stock_lines]
            assert len(ours_lines) <= len(stock_lines) + 1
            assert all(line.startswith("locust: ") for line in more), more
        return
    differences = observe.differences(("console",), (ours_shown,), (stock_shown,))
    assert not differences, "\n".join(differences)


def frames_apart(lines):
    """Tracebacks without the frames of libraries: ours are other files."""
    shown, skip = [], False
    for line in lines:
        if line.startswith('File "'):
            skip = "site-packages" in line or "/python/" in line or "/lib/" in line
            if skip:
                continue
        elif skip and not re.match(
            r"[\w.]+(Error|Exception|Test|User|URL)\b|Traceback|During|The above|[A-Z]+/", line
        ):
            continue
        else:
            skip = False
        shown.append(line)
    return shown
