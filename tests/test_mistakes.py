"""Mistakes at the command line: a line instead of a traceback, with Locust's exit status; and what is no mistake."""

import json
import os
import re
import select
import socket
import subprocess
import sys
import time

import gevent
import pytest

from support import running

pytestmark = pytest.mark.slow

HTTP = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def visit(self):
        self.client.get("/page")
"""
FAST = HTTP.replace("HttpUser", "FastHttpUser")
NOWHERE = ("-H", "http://127.0.0.1:1")


@pytest.fixture
def both(tmp_path):
    """Runs a file on stock and on ours, beside one another unless told `in_turn`; (stock, ours)."""

    def run(text, *arguments, in_turn=False, **more):
        (tmp_path / "file.py").write_text(text)
        options = ["-m", "locust", "-f", "file.py", "--only-summary", *arguments]
        runs = []
        for native in "01":
            runs.append(gevent.spawn(running.run, options, tmp_path, LOCUST_NATIVE=native, **more))
            if in_turn:
                runs[-1].join()
        return [each.get() for each in runs]

    return run


def ours(done):
    """What we say in the log, but for whether the core is on."""
    lines = re.findall(r"/(?:ERROR|WARNING)/locust_native: locust-native: (.*)", done.err)
    return [line for line in lines if "generator" not in line]


@pytest.mark.parametrize("text", [HTTP, FAST], ids=["http", "fast"])
@pytest.mark.parametrize("more", [(), ("--processes", "2")], ids=["alone", "processes"])
def test_no_host(both, text, more, free_port):
    if more:
        more = (*more, "--master-bind-port", str(free_port), "--master-port", str(free_port))
    stock, native = both(text, "--headless", "-t", "3", *more, in_turn=bool(more))
    assert native.code == stock.code
    assert "Traceback" in stock.err
    assert "Traceback" not in native.err
    assert ours(native) == ["Visitor has no host: give --host, or set `host` in the class"]
    assert "You must specify the base host" in native.err


GIVEN_LATER = {
    "in init": """
from locust import events
@events.init.add_listener
def begin(environment, **arguments):
    environment.host = "URL"
""",
    "in test_start": """
from locust import events
@events.test_start.add_listener
def begin(environment, **arguments):
    environment.host = "URL"
""",
    "in __init__": """
class Visitor(Visitor):
    def __init__(self, environment):
        self.host = "URL"
        super().__init__(environment)
""",
    "as a property": """
Visitor.host = property(lambda self: "URL")
""",
}


@pytest.mark.parametrize("kind", [HTTP, FAST], ids=["http", "fast"])
@pytest.mark.parametrize("where", GIVEN_LATER)
def test_a_host_that_the_file_gives_is_one(both, server, kind, where):
    stock, native = both(
        kind + GIVEN_LATER[where].replace("URL", server.url), "--headless", "-t", "2", "--json"
    )
    assert native.code == stock.code == 0, native.err
    assert native.stats["/page"]["num_requests"] > 0
    assert ours(native) == []


def test_users_without_a_client_need_no_host(both):
    text = (
        "from locust import User, task\nclass Other(User):\n"
        "    @task\n    def go(self): self.environment.runner.quit()\n"
    )
    for host in ((), ("-H", "broker:5671")):
        stock, native = both(text, "--headless", "-t", "9", *host)
        assert native.code == stock.code == 0
        assert ours(native) == []


@pytest.mark.parametrize("host", ["nonsense", "http:/127.0.0.1:1", "localhost:1"])
@pytest.mark.parametrize("text", [HTTP, FAST], ids=["http", "fast"])
def test_a_host_that_is_no_url(both, text, host):
    stock, native = both(text, "--headless", "-u", "3", "-r", "100", "-t", "2", "-H", host)
    assert native.code == stock.code == 1
    assert ours(native)[0] == (
        f"host of Visitor: {host!r} does not begin with http:// or https://; requests without a full URL will fail"
    )
    if text == HTTP:
        assert stock.err.count("Traceback") > native.err.count("Traceback") == 1


def test_full_urls_work_whatever_the_host_is(both, server):
    text = HTTP.replace('"/page"', f'"{server.url}/page"')
    stock, native = both(text, "--headless", "-t", "2", "-H", "none", "--json")
    assert native.code == stock.code == 0, native.err
    assert len(ours(native)) == 1


NO_TASK = """
from locust import HttpUser, TaskSet, constant, task

class Idle(HttpUser):
    wait_time = constant(0.05)
"""


def test_a_user_without_a_task(both, tmp_path):
    stock, native = both(
        NO_TASK, "--headless", "-u", "3", "-r", "100", "-t", "2", *NOWHERE, "--native-json", "x.json"
    )
    assert native.code == stock.code == 1
    assert stock.err.count("Traceback") > native.err.count("Traceback") == 1
    assert ours(native) == ["Idle has no task: mark its methods with @task, or set `tasks`"]
    (exception,) = json.loads((tmp_path / "x.json").read_text())["exceptions"]
    assert exception["count"] > 1
    assert exception["message"].startswith("No tasks defined on Idle.")


def test_a_task_set_without_a_task_is_logged_once(both):
    text = NO_TASK + "\nclass Empty(TaskSet): pass\nIdle.tasks = [Empty]\n"
    stock, native = both(text, "--headless", "-u", "3", "-r", "100", "-t", "2", *NOWHERE)
    assert native.code == stock.code == 1
    assert native.err.count("Traceback") == 1


def test_tags_that_fit_nothing(both):
    stock, native = both(HTTP, "--headless", "-t", "2", *NOWHERE, "--tags", "none")
    assert native.code == stock.code == 1
    assert native.err.count("Traceback") == 1
    assert ours(native) == ["Visitor has no task left by --tags and --exclude-tags"]


@pytest.mark.parametrize(
    "where", ["on_start(self):", "__init__(self, environment):\n        super().__init__(environment)"]
)
def test_tasks_that_a_user_gives_itself_are_tasks(both, server, where):
    text = f"{NO_TASK}    def {where}\n        self.tasks = [lambda user: user.client.get('/page')]\n"
    stock, native = both(text, "--headless", "-t", "2", "-H", server.url, "--json")
    assert native.code == stock.code == 0, native.err
    assert native.stats["/page"]["num_requests"] > 0
    assert ours(native) == []


def test_exceptions_of_the_file_s_own_are_all_logged(both):
    text = HTTP.replace('self.client.get("/page")', 'raise ValueError("mine")')
    _, native = both(text, "--headless", "-t", "2", *NOWHERE)
    assert native.err.count("ValueError: mine") > 1


@pytest.mark.parametrize(
    ("option", "path", "named"),
    [
        ("--html", "folder", "folder"),
        ("--html", "file/x_{u}.html", "file/x_{u}.html"),
        ("--html", "file/x.html", "file/x.html"),
        ("--json-file", "file/x", "file/x.json"),
        ("--csv", "file/x", "file"),
        ("--csv", "folder/none/x", None),
    ],
)
def test_files_that_cannot_be_written(both, tmp_path, option, path, named):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    stock, native = both(HTTP, "--headless", "-t", "1" if named else "4", *NOWHERE, option, path)
    assert native.code == stock.code == 1
    if named is None:  # Locust makes folders
        assert "cannot write" not in native.err
        return
    assert "Traceback" in stock.err
    assert "Traceback" not in native.err
    (line,) = (line for line in native.err.splitlines() if line.startswith("locust: "))
    assert re.fullmatch(rf"locust: {option}: cannot write {re.escape(named)}: .*; name another file", line)
    assert "Ramping" not in native.err


@pytest.mark.parametrize(("option", "path"), [("--html", "/dev/full"), ("--json-file", "full")])
def test_a_disk_that_is_full_at_the_end(both, tmp_path, option, path):
    (tmp_path / "full.json").symlink_to("/dev/full")
    stock, native = both(HTTP, "--headless", "-t", "1", *NOWHERE, option, path)
    assert native.code == stock.code == 1
    assert "Traceback" in stock.err
    assert "Traceback" not in native.err
    words = f"locust: {option}: cannot write {path}: No space left on device; name another file"
    assert native.err.splitlines()[-1] == words


def test_a_report_that_can_be_written_is(both, server, tmp_path):
    stock, native = both(
        HTTP, "--headless", "-u", "2", "-t", "1", "-H", server.url, "--html", "new/{u}.html", in_turn=True
    )
    assert native.code == stock.code == 0
    assert "native-figures" in (tmp_path / "new/2.html").read_text()


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
def test_a_port_that_is_none_or_taken(both, address):
    with socket.socket() as taken:
        taken.bind((address, 0))
        taken.listen()
        port = taken.getsockname()[1]
        reasons = {
            "99999": "is no port; the last one is 65535",
            str(
                port
            ): "the web page cannot be there: Address already in use; give another port, or --web-host",
        }
        for number, reason in reasons.items():
            stock, native = both(HTTP, "--web-port", number)
            assert native.code == stock.code == 2
            assert "Traceback" not in native.err
            assert native.err.splitlines()[-1] == f"locust: --web-port {number}: {reason}"


def test_less_than_no_users(both):
    stock, native = both(HTTP, "--headless", "-t", "1", "-u", "-3", *NOWHERE)
    assert native.code == stock.code == 2
    assert "Traceback" not in native.err
    assert native.err.splitlines()[-1] == "locust: --users -3: there cannot be fewer than 0"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "x = 1\nimport nothing_of_the_kind\n",
            "2: ModuleNotFoundError: No module named 'nothing_of_the_kind'",
        ),
        ("def f():\n    return 1 / 0\n\nf()\n", "2: ZeroDivisionError: division by zero"),
        ("import json\njson.loads('no')\n", "2: JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
    ],
)
def test_an_exception_while_the_file_is_loaded(both, tmp_path, text, line):
    stock, native = both(text, "--headless")
    assert native.code == stock.code == 1
    assert (
        native.err.splitlines()[-1] == f"locust: {tmp_path}/file.py:{line}; the locustfile cannot be imported"
    )
    # The traceback is that of the file, without the way that led there.
    assert native.err.startswith(f'Traceback (most recent call last):\n  File "{tmp_path}/file.py"')
    assert stock.err.splitlines()[-1] in native.err


def test_no_user_class_names_the_file(both):
    stock, native = both("x = 1\n", "--headless")
    assert native.code == stock.code == 1
    assert "No User class found! Define one in file.py that is not abstract" in native.err


def test_a_worker_says_that_it_waits_for_a_master(tmp_path, free_port):
    (tmp_path / "file.py").write_text(HTTP)
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", "file.py", "--worker", "--master-port", str(free_port)],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0,
        env={key: value for key, value in os.environ.items() if not key.startswith("LOCUST")},
    )  # fmt: skip
    said, end = b"", time.monotonic() + 30
    try:
        while b"no answer yet" not in said and time.monotonic() < end:
            if select.select([process.stderr], [], [], 1)[0]:
                said += os.read(process.stderr.fileno(), 1 << 16)
    finally:
        process.kill()
        process.communicate()
    assert (
        f"no answer yet from a master at 127.0.0.1:{free_port} (--master-host, --master-port)"
        in said.decode()
    )
