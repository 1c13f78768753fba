"""The ways to run Locust beside its command: as a library, in pytest, one user alone, unpatched; stock and ours."""

import json
import os
import re
import subprocess
import sys

import gevent
import pytest

from locust_native.mock_saleor import MockSaleor
from support import running

pytestmark = pytest.mark.slow

KINDS = [pytest.param("0", id="stock"), pytest.param("1", id="native")]

# A library's own run: an Environment, a LocalRunner, users of both kinds; `check` has the last word.
LIBRARY = """
import sys
import locust, gevent
from locust import FastHttpUser, HttpUser, constant, task
from locust.env import Environment
import locust_native

def visits(base):
    class Visitor(base):
        host = sys.argv[1]
        wait_time = constant(0.01)
        visits = 0

        @task
        def visit(self):
            self.visits += 1
            if self.visits > 5:
                raise locust.exception.StopUser()
            self.client.get("/page")
            self.client.post("/form", data={"a": 1})

    return type(f"{base.__name__}Visitor", (Visitor,), {})

def run(web=None):
    environment = Environment(user_classes=[visits(HttpUser), visits(FastHttpUser)])
    runner = environment.create_local_runner()
    page = environment.create_web_ui("127.0.0.1", web) if web else None
    runner.start(4, spawn_rate=100)
    with gevent.Timeout(20):
        while runner.user_count or environment.stats.total.num_requests < 40:
            gevent.sleep(0.01)
    return environment, runner, page

def numbers(environment):
    return {name: (entry.num_requests, entry.num_failures)
            for (name, _method), entry in sorted(environment.stats.entries.items())}
"""


def python(text, tmp_path, server, native, *arguments, **variables):
    server.counts()
    done = running.run(
        ["-c", text, server.url, *arguments], tmp_path, timeout=60, LOCUST_NATIVE=native, **variables
    )
    assert (done.code, done.err) == (0, ""), done.err
    return done.out, server.counts()


@pytest.mark.parametrize("native", KINDS)
def test_as_a_library(tmp_path, server, native):
    text = """
environment, runner, _ = run()
runner.quit()
print(numbers(environment), locust_native.status().on)
"""
    out, counted = python(LIBRARY + text, tmp_path, server, native)
    assert out == f"{{'/form': (20, 0), '/page': (20, 0)}} {native == '1'}\n"
    assert counted == {"GET /page": 20, "POST /form": 20}


@pytest.mark.parametrize("native", KINDS)
def test_as_a_library_with_a_web_page(tmp_path, server, native, free_port):
    text = """
import requests
environment, runner, page = run(int(sys.argv[2]))
shown = requests.get(f"http://127.0.0.1:{sys.argv[2]}/stats/requests").json()
print({row["name"]: row["num_requests"] for row in shown["stats"]})
runner.quit()
page.stop()
"""
    out, _ = python(LIBRARY + text, tmp_path, server, native, str(free_port))
    assert out == "{'/form': 20, '/page': 20, 'Aggregated': 40}\n"


@pytest.mark.parametrize("native", KINDS)
def test_twice_in_one_process(tmp_path, server, native):
    text = """
for _ in range(2):
    environment, runner, _page = run()
    runner.quit()
    print(environment.stats.total.num_requests)
"""
    out, counted = python(LIBRARY + text, tmp_path, server, native)
    assert out == "40\n40\n"
    assert counted == {"GET /page": 40, "POST /form": 40}


SERVERS = {
    "gevent": """
from gevent.pywsgi import WSGIServer
seen = []
def application(environ, start):
    seen.append(environ["PATH_INFO"])
    environ["wsgi.input"].read()
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]
server = WSGIServer(("127.0.0.1", 0), application, log=None)
server.start()
sys.argv[1] = f"http://127.0.0.1:{server.server_port}"
""",
    "threads": """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import threading
seen = []
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        seen.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    do_POST = do_GET
    def log_message(self, *args): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.argv[1] = f"http://127.0.0.1:{server.server_port}"
""",
}
# Without the patch stock HttpUser keeps the loop for itself, and a gevent server beside it would never answer.
BESIDE = [
    ("gevent", "", "1"),
    ("gevent", "", "0"),
    ("threads", "", "1"),
    ("threads", "", "0"),
    ("threads", "1", "1"),
    ("threads", "1", "0"),
]


@pytest.mark.parametrize(("kind", "unpatched", "native"), BESIDE)
def test_beside_a_server_in_the_same_process(tmp_path, server, kind, unpatched, native):
    """Threads are greenlets where Locust has patched them, and real threads under LOCUST_SKIP_MONKEY_PATCH."""
    first, second = LIBRARY.split("def visits", 1)
    text = """
environment, runner, _ = run()
runner.quit()
print(numbers(environment), len(seen))
"""
    program = f"{first}{SERVERS[kind]}\ndef visits{second}{text}"
    out, _ = python(program, tmp_path, server, native, LOCUST_SKIP_MONKEY_PATCH=unpatched)
    assert out == "{'/form': (20, 0), '/page': (20, 0)} 40\n"


def test_unpatched_native_users_do_not_wait_for_one_another(tmp_path, server):
    """Stock HttpUsers block the process without the patch; ours wait in the hub, patched or not."""
    text = """
import sys
import locust, gevent, socket
from locust.clients import HttpSession
from locust.event import EventHook
assert socket.socket.__module__ == "socket"
client = HttpSession(sys.argv[1], EventHook(), None)
greenlets = [gevent.spawn(client.get, "/do?hold=1") for _ in range(5)]
gevent.sleep(0.05)
held = gevent.spawn(client.get, "/x").get(timeout=20).status_code
print(held, [greenlet.ready() for greenlet in greenlets])
gevent.killall(greenlets)
"""
    out, _ = python(text, tmp_path, server, "1", LOCUST_SKIP_MONKEY_PATCH="1")
    assert out == "200 [False, False, False, False, False]\n"


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_run_single_user_prints_what_stock_prints(tmp_path, server, user):
    (tmp_path / "single.py").write_text(
        f"""
import locust_native
from locust import {user}, events, run_single_user, task
from locust.exception import StopUser

@events.test_start.add_listener
def started(environment, **kw):
    print("started", type(environment.stats).__name__)

class Visitor({user}):
    host = "{server.url}"

    @task
    def visit(self):
        self.client.get("/page")
        self.client.get("/do/missing?status=404", name="missing", context={{"who": "me"}})
        with self.client.get("/caught", catch_response=True) as response:
            response.failure("no")
        raise StopUser()

if __name__ == "__main__":
    run_single_user(Visitor, include_length=True, include_context=True)
    print(locust_native.status().on)
"""
    )
    shown = []
    for native in "01":
        server.counts()
        done = running.run(["single.py"], tmp_path, LOCUST_NATIVE=native)
        assert (done.code, done.err) == (0, ""), done.err
        assert server.counts() == {"GET /page": 1, "GET /do/missing": 1, "GET /caught": 1}
        *lines, on = done.out.splitlines()
        assert on == str(native == "1")
        shown.append([re.sub(r"\t\d+ +", "\t* ", line) for line in lines])
    assert shown[0] == shown[1]
    assert len(shown[0]) == 6


IN_PYTEST = """
import locust  # before anything that imports ssl: gevent patches it
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gevent
import locust_native
import pytest
from locust import HttpUser, constant, task
from locust.env import Environment

@pytest.fixture
def url():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")
        def log_message(self, *args): pass
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()

@pytest.mark.parametrize("round", [1, 2])
def test_load(url, round):
    class Visitor(HttpUser):
        host = url
        wait_time = constant(0.01)
        @task
        def visit(self):
            assert self.client.get("/").text == "ok"
    environment = Environment(user_classes=[Visitor])
    runner = environment.create_local_runner()
    runner.start(3, spawn_rate=100)
    with gevent.Timeout(30):
        while environment.stats.total.num_requests <= 3:
            gevent.sleep(0.01)
    runner.quit()
    assert environment.stats.total.num_failures == 0
    assert locust_native.status().on is NATIVE
"""


@pytest.mark.parametrize("native", KINDS)
def test_inside_pytest(tmp_path, native):
    (tmp_path / "test_load.py").write_text(IN_PYTEST.replace("NATIVE", str(native == "1")))
    done = running.run(["-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path, LOCUST_NATIVE=native)
    assert done.code == 0, done.out + done.err
    assert "2 passed" in done.out


PYTEST_FILE = """
def test_plain(session):
    response = session.get("/page")
    response.raise_for_status()
    assert response.status_code == 200

def test_fast(fastsession):
    with fastsession.get("/do/missing?status=404", name="missing", catch_response=True) as response:
        response.failure("as expected")
        # raise_for_status would raise it again
"""


@pytest.mark.parametrize("native", KINDS)
def test_a_pytest_locustfile_under_locust(tmp_path, server, native):
    (tmp_path / "test_visits.py").write_text(PYTEST_FILE)
    server.counts()
    done = running.run(
        ["-m", "locust", "-f", "test_visits.py", "--headless", "--json", "--only-summary", "-u", "4", "-r", "10",
         "-t", "1s", "--stop-timeout", "5", "--host", server.url],
        tmp_path, LOCUST_NATIVE=native,
    )  # fmt: skip
    assert done.code == 1, done.err
    counted = server.counts()
    page, missing = done.stats["/page"], done.stats["missing"]
    assert (page["num_failures"], missing["num_failures"]) == (0, missing["num_requests"])
    # Such users are killed at the end, stop timeout or not: what is under way then is no sample.
    assert 0 <= counted["GET /page"] - page["num_requests"] <= 4
    assert 0 <= counted["GET /do/missing"] - missing["num_requests"] <= 4


@pytest.mark.parametrize("native", KINDS)
def test_a_pytest_locustfile_under_pytest(tmp_path, server, native):
    (tmp_path / "test_visits.py").write_text(PYTEST_FILE)
    server.counts()
    done = running.run(
        ["-m", "pytest", "-q", "-p", "no:cacheprovider", "--host", server.url], tmp_path, LOCUST_NATIVE=native
    )
    assert done.code == 0, done.out + done.err
    assert server.counts() == {"GET /page": 1, "GET /do/missing": 1}


USER = """
import urllib.request
import gevent, gevent.pool
from gevent.monkey import get_original
from locust import HttpUser, FastHttpUser, task
from locust.exception import StopUser

class Visitor(USER):
    @task
    def visit(self):
        client = self.client
        gevent.pool.Pool(4).map(lambda n: client.get("/pool"), range(12))
        group = gevent.pool.Group()
        for _ in range(3):
            group.spawn(client.get, "/group")
        group.join()
        gevent.joinall([gevent.spawn(client.post, "/joined", data="x") for _ in range(3)], raise_error=True)
        late = gevent.spawn(client.get, "/do/killed?hold=1", name="killed")
        urllib.request.urlopen(f"{self.host}/_control/wait?held=1").read()
        late.kill()
        if USER is HttpUser:  # geventhttpclient takes a Timeout of others for its own
            try:
                with gevent.Timeout(1):
                    client.get("/do/timed-out?hold=1", name="timed out")
            except gevent.Timeout:
                client.get("/after-the-timeout")
        client.get("/last")
        self.environment.runner.quit()
        raise StopUser()
"""


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_greenlets_and_pools_inside_a_user(run_locust, server, user):
    seen = []
    for native in "01":
        server.counts()
        done = run_locust(USER.replace("USER", user), "-t", "30s", native=native)
        assert done.code == 0, done.err
        assert "Traceback" not in done.err
        counted = {line.partition(" ")[2]: number for line, number in server.counts().items()}
        assert counted.pop("/do/killed") == 1
        assert counted.pop("/do/timed-out", None) == (1 if user == "HttpUser" else None)
        stats = {name: entry["num_requests"] for name, entry in done.stats.items()}
        assert stats == counted  # what was killed or timed out is no sample
        seen.append(stats)
    assert seen[0] == seen[1]
    assert seen[0]["/pool"] == 12


def test_a_gevent_timeout_around_a_fast_request(same):
    import gevent

    def body(client):
        with gevent.Timeout(0.3):
            return type(client.get("/do?delay=20000", name="timed out").error).__name__

    same(body, fast=True, connections=False)


STOPPED = """
from locust import HttpUser, FastHttpUser, task, events

class Visitor(USER):
    def on_stop(self):
        self.client.get("/stop")

    @task
    def visit(self):
        self.client.get("/page")
        self.client.get("/do/slow?delay=DELAY", name="slow")

@events.test_stop.add_listener
def over(**kw):
    print("say: test_stop")
"""


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
@pytest.mark.parametrize(("delay", "options"), [(30_000, ()), (700, ("--stop-timeout", "10"))])
def test_users_stopped_in_a_request(run_locust, server, user, delay, options):
    """Without --stop-timeout a request under way is given up; with it, it is finished and counted."""
    seen = []
    for native in "01":
        text = STOPPED.replace("USER", user).replace("DELAY", str(delay))
        server.counts()
        done = run_locust(text, "-t", "3s", "-u", "5", "-r", "100", *options, native=native)
        assert (done.code, done.said) == (0, ["test_stop"]), done.err
        counted = server.counts()
        stats = {name: entry["num_requests"] for name, entry in done.stats.items()}
        assert stats.get("slow", 0) == (counted["GET /do/slow"] if options else 0)
        assert stats["/page"] == counted["GET /page"]
        assert counted["GET /stop"] == stats["/stop"] == 5
        seen.append(sorted(stats))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("ending", ["-t", "SIGTERM"])
@pytest.mark.parametrize("patience", ["0", "2"])
@pytest.mark.parametrize("processes", [1, 3])
def test_the_end_of_a_run_loses_no_request(tmp_path, free_port, ending, patience, processes):
    """The server's own count, and where each of its requests is in the figures."""
    (tmp_path / "locustfile.py").write_text(
        "from locust import HttpUser, task\n\n"
        "class Visitor(HttpUser):\n    @task\n    def front(self):\n        self.client.get('/')\n"
    )
    command = [
        sys.executable, "-m", "locust", "--headless", "--only-summary", "-u", "12", "-r", "100", "-s", patience,
        "--native-json", "figures.json",
    ]  # fmt: skip
    if processes > 1:
        port = str(free_port)
        command += ["--processes", str(processes), "--master-bind-port", port, "--master-port", port]
    if ending == "-t":
        command += ["-t", "3s"]
    with MockSaleor(latency=700) as shop:
        with subprocess.Popen(
            [*command, "-H", shop.url], cwd=tmp_path, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env={**os.environ, "LOCUST_NATIVE": "1"},
        ) as run:  # fmt: skip
            if ending == "SIGTERM":
                with gevent.Timeout(30):
                    while shop.seen()["requests"] < 24:
                        gevent.sleep(0.05)
                run.terminate()
            log = run.communicate(timeout=60)[0]
        seen = shop.seen()["requests"]
    total = json.loads((tmp_path / "figures.json").read_text())["total"]
    ends = total["ends"]
    assert (ends["in_flight"], ends["unreported"]) == (0, 0), log
    assert ends["started"] == total["requests"] + ends["cut_off"]
    # One that is cut off may have been on its way to the server.
    assert total["requests"] <= seen <= ends["started"], log
    if patience == "2" and ending == "-t":
        assert ends["cut_off"] == 0
        assert total["requests"] == seen
