"""Forking while requests are in flight: parent and child both go on, each with connections of its own."""

import json
import re

import pytest

from support import interop, running

pytestmark = pytest.mark.slow

# The child's exit is its own: os._exit would hide a hang.
COMMON = """
import json, os, sys
import locust, gevent
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

def session():
    made = HttpSession(sys.argv[1], EventHook(), None)
    made.trust_env = False
    assert made._native is not None
    return made

# gevent does so only after its first fork, and would wait for ever for a child that was quicker.
gevent.get_hub().loop.install_sigchld()
client = session()
assert client.get("/warm").status_code == 200
assert client.get("/do?header=Set-Cookie:a%3D1").status_code == 200
flying = [gevent.spawn(client.get, f"/do?delay=300&body={n}") for n in range(3)]
gevent.sleep(0.05)
"""


def run(server, tmp_path, text: str) -> running.Run:
    done = running.run(["-c", COMMON + text, server.url], tmp_path, timeout=30)
    assert done.code == 0, done.err
    assert done.err == ""
    return done


@pytest.mark.parametrize("fork", ["os.fork()", "gevent.fork()"])
def test_parent_and_child_go_on(server, tmp_path, fork):
    server.take()
    text = f"""
pid = {fork}
if pid == 0:
    gevent.get_hub()
    texts = [client.get(f"/do?body=child{{n}}").text for n in range(5)]
    assert client.cookies.get_dict() == {{"a": "1"}}, client.cookies
    fresh = session()
    texts.append(fresh.get("/do?body=fresh").text)
    os.write(1, (json.dumps(["child", texts]) + "\\n").encode())
    sys.exit(0)
texts = [client.get(f"/do?body=parent{{n}}").text for n in range(5)]
gevent.joinall(flying)
texts += [greenlet.value.text for greenlet in flying]
_, status = os.waitpid(pid, 0)
texts += [client.get("/do?body=end").text, status]
os.write(1, (json.dumps(["parent", texts]) + "\\n").encode())
"""
    done = run(server, tmp_path, text)
    said = dict(json.loads(line) for line in done.out.splitlines())
    assert said == {
        "child": [*(f"child{n}" for n in range(5)), "fresh"],
        "parent": [*(f"parent{n}" for n in range(5)), "0", "1", "2", "end", 0],
    }
    seen = [(request["connection"], request["head"].partition(" HTTP")[0]) for request in server.take()]
    child = {connection for connection, line in seen if "child" in line or "fresh" in line}
    parent = {connection for connection, line in seen if not ("child" in line or "fresh" in line)}
    assert child
    assert not child & parent  # no connection is shared
    assert len(seen) == 2 + 3 + 6 + 6  # nothing was sent twice


def test_a_child_that_does_nothing_does_not_disturb(server, tmp_path):
    text = """
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    assert client.get("/x").status_code == 200
gevent.joinall(flying)
print([greenlet.value.status_code for greenlet in flying])
"""
    assert run(server, tmp_path, text).out == "[200, 200, 200]\n"


def test_a_child_of_a_child(server, tmp_path):
    text = """
pid = os.fork()
if pid == 0:
    assert client.get("/x").status_code == 200
    inner = os.fork()
    if inner == 0:
        assert client.get("/x").status_code == 200
        sys.exit(0)
    assert client.get("/x").status_code == 200
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(inner, 0)[1]))
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
gevent.joinall(flying)
print(code, client.get("/x").status_code)
"""
    assert run(server, tmp_path, text).out == "0 200\n"


@pytest.mark.parametrize("kind", ["HttpSession", "FastHttpSession"])
@pytest.mark.parametrize("end", ["sys.exit(0)", "del client, idle; gc.collect(); os._exit(0)"])
def test_a_child_that_frees_what_it_inherited_leaves_the_parent_its_connections(server, tmp_path, kind, end):
    """The child's end frees clients it never used; their sockets are still the parent's to be told of."""
    server.take()
    text = f"""
import gc
made = (lambda: HttpSession(sys.argv[1], EventHook(), None)) if {kind!r} == "HttpSession" else (
    lambda: FastHttpSession(sys.argv[1], EventHook(), None, concurrency=10, max_retries=0))
idle = made()
for _ in range(3):
    assert idle.get("/idle").status_code == 200
    pid = os.fork()
    if pid == 0:
        {end}
    assert os.waitpid(pid, 0)[1] == 0
with gevent.Timeout(10):
    print(idle.get("/do/idle?delay=50&body=late").text)
    gevent.joinall(flying)
print([greenlet.value.text for greenlet in flying])
"""
    assert run(server, tmp_path, text).out == "late\n['0', '1', '2']\n"
    seen = [request["connection"] for request in server.take() if "/idle" in request["head"]]
    assert len(seen) == 4
    assert len(set(seen)) == 1  # before the forks and after them


def test_a_greenlet_in_flight_can_be_killed_in_the_child(server, tmp_path):
    text = """
pid = os.fork()
if pid == 0:
    gevent.killall(flying)
    from locust_native.client import waiting
    assert client.get("/x").status_code == 200
    assert waiting.here().queue.in_flight == 0
    sys.exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
gevent.joinall(flying)
print(code, [greenlet.value.text for greenlet in flying])
"""
    assert run(server, tmp_path, text).out == "0 ['0', '1', '2']\n"


def test_forks_under_load_inherit_no_lock(server, tmp_path):
    """Whatever the I/O thread was doing as the child was made, the child has its cookies and makes requests."""
    text = """
gevent.joinall(flying)
client.get("/do?header=Set-Cookie:b%3D2;+Path%3D/")
stop = []
def visit():
    while not stop:
        client.get("/do?header=Set-Cookie:b%3D2;+Path%3D/")
visitors = [gevent.spawn(visit) for _ in range(20)]
for _ in range(40):
    gevent.sleep(0.005)
    pid = os.fork()
    if pid == 0:
        ok = client.cookies.get_dict().get("b") == "2" and client.get("/x").status_code == 200
        os._exit(0 if ok else 1)
    with gevent.Timeout(20):
        while (done := os.waitpid(pid, os.WNOHANG)) == (0, 0):
            gevent.sleep(0.001)
    assert done[1] == 0, done
stop.append(True)
gevent.joinall(visitors, timeout=10, raise_error=True)
print("over")
"""
    assert run(server, tmp_path, text).out == "over\n"


def stats(run: running.Run) -> dict[str, int]:
    """The master's counts: each worker prints an empty list besides."""
    lists = []
    for start in re.finditer(r"\[", run.out):
        try:
            lists.append(json.JSONDecoder().raw_decode(run.out[start.start() :])[0])
        except ValueError:
            continue
    return max(
        ({e["name"]: e["num_requests"] for e in found if isinstance(e, dict)} for found in lists), key=len
    )


@pytest.mark.parametrize("user", ["HttpUser", "FastHttpUser"])
def test_locust_with_processes_counts_what_the_server_counts(server, run_locust, free_port, user):
    text = f"""
import sys
from locust import {user}, constant, task
from locust.clients import HttpSession

host = sys.argv[sys.argv.index("--host") + 1]
shared = HttpSession(host)
assert shared._native is not None
assert shared.get("/import", name="never counted").status_code == 200

class Visitor({user}):
    wait_time = constant(0.02)
    def on_start(self):
        self.client.get("/start")
    @task
    def visit(self):
        self.client.get("/page")
        self.client.post("/form", data={{"a": 1}})
"""
    server.counts()
    done = run_locust(
        text + interop.ENDING.replace("SECONDS", "2"),
        "--processes", "2", "-u", "10", "-r", "10", "--stop-timeout", "5",
        "--master-bind-port", str(free_port), "--master-port", str(free_port),
    )  # fmt: skip
    assert done.code == 0, done.err
    counted = server.counts()
    assert counted.pop("GET /import") == 1
    assert stats(done) == {line.partition(" ")[2]: number for line, number in counted.items()}
    assert counted["GET /start"] == 10
    assert '"num_failures": 0' in done.out
    assert not re.search(r'"num_failures": [1-9]', done.out)
