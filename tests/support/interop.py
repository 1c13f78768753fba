"""Masters and workers, stock and native in every combination, against one server that counts for itself.

As a program (`make interop`) it runs the whole matrix, also across network namespaces where it may, prints a table
and exits with 1 if any total differs from the server's. The gate runs a short form: test_interop.py.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from support import running

HERE = Path(__file__).parent
STOCK, NATIVE = "stock", "native"

# Ends a distributed run so many seconds after all users have come, and in good order: a worker that is told to stop
# sends a last report and is ready again. At `--run-time` a master leaves half a second after it has told its workers
# to quit, and what a busy worker reports later is lost, on stock Locust as on ours.
ENDING = """
import gevent
from locust import events
from locust.runners import MasterRunner

@events.init.add_listener
def end_in_good_order(environment, runner, **arguments):
    def end():
        with gevent.Timeout(20, False):
            while runner.user_count < runner.target_user_count:
                gevent.sleep(0.05)
        gevent.sleep(SECONDS)
        workers = set(runner.clients)
        runner.stop()
        with gevent.Timeout(20, False):
            while not workers <= {client.id for client in runner.clients.ready}:
                gevent.sleep(0.05)
        runner.quit()

    if isinstance(runner, MasterRunner):
        environment.events.spawning_complete.add_listener(lambda **arguments: gevent.spawn(end))
"""

# Every name is the path on the server, so that the two tables can be laid side by side.
LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, TaskSet, constant, task

class Visits(TaskSet):
    def on_start(self):
        self.client.get("/start")

    @task(3)
    def page(self):
        self.client.get("/page")
        self.client.post("/form", data={"a": "1"})

    @task
    def missing(self):
        self.client.get("/do/missing?status=404", name="/do/missing")

    @task
    def verdicts(self):
        with self.client.get("/bad", catch_response=True) as response:
            response.failure("not what was asked for")
        with self.client.get("/do/good?status=500", name="/do/good", catch_response=True) as response:
            response.success()

class Visitor(HttpUser):
    tasks = [Visits]
    wait_time = constant(0.01)

class FastVisitor(FastHttpUser):
    tasks = [Visits]
    wait_time = constant(0.01)
"""
FAILING = {"/do/missing", "/bad"}


@dataclass
class Outcome:
    """What one run came to: requests and failures by name on the master's side, requests on the server's."""

    master: str
    workers: Sequence[str]
    place: str = "one machine"
    counted: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    served: dict[str, int] = field(default_factory=dict)
    errors: str = ""
    figures: dict = field(default_factory=dict)
    """What a native master wrote with `--native-json`."""

    @property
    def equal(self) -> bool:
        """Is every total the server's, to the unit, and did just the failing names fail?"""
        failed = {name: number for name, number in self.served.items() if name in FAILING}
        return bool(self.served) and self.counted == self.served and self.failed == failed


@contextlib.contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[str]:
    """The recording server at an address; gives its URL."""
    with subprocess.Popen(
        [sys.executable, HERE / "recording_server.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "WIRE_HOST": host, "LOCUST_NATIVE": "0"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://{host}:{json.loads(process.stdout.readline())[0]}"
        process.stdin.close()


def counts(url: str) -> dict[str, int]:
    """How often each path was asked for since the last look."""
    with urlopen(f"{url}/_control/counts", timeout=10) as answer:
        return {line.partition(" ")[2]: number for line, number in json.load(answer).items()}


def run(
    url: str,
    master: str,
    workers: Sequence[str],
    port: int,
    seconds: float = 1,
    users: int = 8,
    host: str = "127.0.0.1",
    inside: Sequence[str] = (),
) -> Outcome:
    """One master with these workers; `inside` goes before a worker's command, as `ip netns exec …` does."""
    counts(url)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        Path(folder, "locustfile.py").write_text(LOCUSTFILE + ENDING.replace("SECONDS", str(seconds)))

        def locust(kind: str, *options: str, before: Sequence[str] = ()) -> subprocess.Popen:
            env = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST")}
            process = subprocess.Popen(
                [*before, sys.executable, "-m", "locust", "--host", url, "--stop-timeout", "10", *options],
                env={**env, "LOCUST_NATIVE": "1" if kind == NATIVE else "0"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        here = locust(
            master,
            "--master", "--master-bind-host", host, "--master-bind-port", str(port),
            "--expect-workers", str(len(workers)), "--headless", "--json", "--only-summary",
            "-u", str(users), "-r", "100",
            *(["--native-json", "figures.json"] if master == NATIVE else []),
        )  # fmt: skip
        others = [
            locust(kind, "--worker", "--master-host", host, "--master-port", str(port), before=inside)
            for kind in workers
        ]
        out, err = here.communicate(timeout=90)
        said = [process.communicate(timeout=30)[1] for process in others]
        path = Path(folder, "figures.json")
        figures = json.loads(path.read_text()) if path.exists() else {}
    for kind, text in zip([master, *workers], [err, *said], strict=True):
        if f"native core {'on' if kind == NATIVE else 'off'}" not in text:
            raise AssertionError(f"this should have been a {kind} one:\n{text}")
    entries = json.JSONDecoder().raw_decode(out[out.index("[") :])[0]
    return Outcome(
        master,
        workers,
        "one machine" if not inside else "two network namespaces",
        {entry["name"]: entry["num_requests"] for entry in entries},
        {entry["name"]: entry["num_failures"] for entry in entries if entry["num_failures"]},
        counts(url),
        "\n".join([err, *said]),
        figures,
    )


def why_no_namespaces() -> str | None:
    """Why network namespaces cannot be had here; None if they can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "network namespaces need root on Linux"
    name = f"locust{os.getpid()}probe"
    try:
        for action in ("add", "del"):
            done = subprocess.run(["ip", "netns", action, name], capture_output=True, text=True)
            if done.returncode:
                return f"ip netns {action}: {done.stderr.strip()}"
    except FileNotFoundError:
        return "network namespaces need the command `ip` (iproute2)"
    return None


@contextlib.contextmanager
def namespace() -> Iterator[tuple[str, list[str]]]:
    """A network namespace behind a veth pair: our address as seen from it, and what runs a command in it."""
    name, pair = f"locust{os.getpid()}", f"lo{os.getpid()}"
    net = f"10.231.{os.getpid() % 250}"

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True, text=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", f"{pair}a", "type", "veth", "peer", "name", f"{pair}b", "netns", name)
        ip("addr", "add", f"{net}.1/24", "dev", f"{pair}a")
        ip("link", "set", f"{pair}a", "up")
        ip("-n", name, "addr", "add", f"{net}.2/24", "dev", f"{pair}b")
        for device in (f"{pair}b", "lo"):
            ip("-n", name, "link", "set", device, "up")
        yield f"{net}.1", ["ip", "netns", "exec", name]
    finally:
        ip("netns", "del", name)


def main() -> int:
    """Print the matrix; 1 if anything differs."""
    pairs = [(STOCK, STOCK), (NATIVE, NATIVE), (STOCK, NATIVE)]
    outcomes = []
    with serving() as url:
        for master in (STOCK, NATIVE):
            for workers in pairs:
                outcomes.append(run(url, master, workers, running.free_port(), seconds=10, users=20))
    reason = why_no_namespaces()
    if reason is None:
        with namespace() as (host, inside), serving(host) as url:
            for master, workers in ((STOCK, pairs[1]), (NATIVE, pairs[0]), (NATIVE, pairs[1])):
                outcomes.append(run(url, master, workers, running.free_port(host), 10, 20, host, inside))
    print(f"{'master':8} {'workers':16} {'where':24} {'requests':>9} {'server':>9} {'failures':>9}  equal")
    for o in outcomes:
        print(
            f"{o.master:8} {'+'.join(o.workers):16} {o.place:24} {sum(o.counted.values()):9} "
            f"{sum(o.served.values()):9} {sum(o.failed.values()):9}  {'yes' if o.equal else 'NO'}"
        )
        if not o.equal:
            print(f"  master {o.counted}\n  failed {o.failed}\n  server {o.served}")
    if reason is not None:
        print(f"not run across network namespaces: {reason}")
    return 0 if all(o.equal for o in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
