"""What an overloaded generator reports of a server that answers in 10 ms: ours beside stock Locust.

Usage: python benches/overload.py [--rounds 3] [--seconds 10] [--factor 10] [--tasks NAME …] [--write]

The server (timed.py, on one core) answers each request 10 ms after it came. The client, pinned to another core,
runs an unmodified locustfile whose users do not wait, so each of them would send 100 requests a second. First its
capacity is measured (what the server counts at more users than it can serve), then it gets so many users that
they would send ten times as much. What each client reports (stock Locust in its CSV file, ours with --native-json)
stands beside what the server took and beside what clients see that are not overloaded. Needs Linux and two cores.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import rig
from rig import Failed, Server

DELAY = 10.0  # ms the server takes
MANY = 300  # users of whom no client here can serve all
CALM = 10  # connections of wrk, which sees what an idle client sees

TASKS = {
    "parsing": """
from bs4 import BeautifulSoup
from locust import {base}, task

class Shopper({base}):
    @task
    def product(self):
        page = BeautifulSoup(self.client.get("/").text, "html.parser")
        page.find("input", attrs={{"name": "csrfmiddlewaretoken"}})
""",
    "plain": """
from locust import {base}, task

class Shopper({base}):
    @task
    def product(self):
        self.client.get("/")
""",
}
"""Locustfiles: one whose work in Python is the limit, and one that does nothing but send."""

CLIENTS = {
    "HttpUser, stock Locust": ("HttpUser", False),
    "FastHttpUser, stock Locust": ("FastHttpUser", False),
    "HttpUser, locust-native": ("HttpUser", True),
    "FastHttpUser, locust-native": ("FastHttpUser", True),
}

IDLE = ("HttpUser, stock Locust", "HttpUser, locust-native")
"""Those that are also measured with one user."""

COLUMNS = {"median": "50%", "p95": "95%", "p99": "99%", "max": "100%"}
"""Of the table → of Locust's CSV file."""

WRK = """
function done(summary, latency, requests)
  io.write(string.format("times %f %f %f %f\\n", latency:percentile(50) / 1000, latency:percentile(95) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000))
end
"""


@dataclass
class Run:
    """What one client did and reported; times in ms."""

    users: int
    rate: float
    times: dict[str, float]
    figures: dict = field(default_factory=dict)
    served: dict[str, float] = field(default_factory=dict)
    """What the server took by its own clock."""

    @property
    def offered(self) -> float:
        """Requests a second that its users would send if nothing but the server held them up."""
        return self.users * 1000 / DELAY


def locust(name: str, task: str, server: Server, users: int, warm: float, seconds: float) -> Run:
    base, native = CLIENTS[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        file = place / "locustfile.py"
        file.write_text(TASKS[task].format(base=base))
        written = ["--native-json", place / "figures.json"] if native else ["--csv", place / "run"]
        process = rig.locust(file, server.url, users, native, place / "out", more=["--reset-stats", *written])
        try:
            cost = rig.watch(process, server.count, warm, seconds)
            own = rig.finish_locust(process, place / "out", native)
        except Failed as reason:
            raise Failed(f"{name}, {task}: {reason}") from None
        finally:
            rig.stop(process)
        if own["failures"]:
            raise Failed(f"{name}, {task}: {own['failures']} of {own['requests']} requests failed")
        if native:
            figures = json.loads((place / "figures.json").read_text())
            return Run(users, cost.rate, precise_times(figures["total"]), figures)
        with (place / "run_stats.csv").open() as rows:
            total = next(row for row in csv.DictReader(rows) if row["Name"] == "Aggregated")
        return Run(users, cost.rate, {shown: float(total[column]) for shown, column in COLUMNS.items()})


def precise_times(total: dict) -> dict[str, float]:
    """The table's columns of a --native-json file; in the CSV file they are whole ms from 10 ms on."""
    shares = total["percentiles"]
    return {"median": shares["50"], "p95": shares["95"], "p99": shares["99"], "max": total["max"]}


def wrk(server: Server, seconds: float) -> Run:
    """A client in C that is not overloaded."""
    with tempfile.TemporaryDirectory() as folder:
        script, output = Path(folder, "done.lua"), Path(folder, "out")
        script.write_text(WRK)
        before = server.count()["requests"]
        command = ["wrk", "-t1", f"-c{CALM}", f"-d{seconds:g}s", "-s", script, f"{server.url}/"]
        process = rig.pinned(command, rig.CLIENT_CORE, output)
        process.wait(seconds + 30)
        rate = (server.count()["requests"] - before) / seconds
        line = next((line for line in output.read_text().splitlines() if line.startswith("times ")), None)
        if line is None:
            raise Failed(f"wrk: {output.read_text()[-300:]}")
        return Run(CALM, rate, dict(zip(COLUMNS, map(float, line.split()[1:]), strict=True)))


def server_times(times: list[list[float]]) -> dict[str, float]:
    """The server's own [ms, requests] as the table's columns."""
    total = sum(count for _, count in times)
    shares = {"median": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    found: dict[str, float] = {}
    passed = 0
    for ms, count in times:
        passed += count
        for column, share in shares.items():
            if column not in found and passed >= share * total:
                found[column] = ms
    return found


def middle(values: list[float]) -> str:
    return format(statistics.median(values), ",.0f")


def time(values: list[float]) -> str:
    value = statistics.median(values)
    return format(value, ".0f" if value >= 100 else ".1f")


def seconds_limited(runs: list[Run]) -> str:
    """In how many of all seconds the generator was said to be the limit."""
    shares = [run.figures["generator"]["limited_share"] for run in runs if run.figures]
    if not shares:
        return "-"
    if all(share == 1 for share in shares):
        return "all"
    return f"{statistics.median(shares):.0%}"


def lag(runs: list[Run], share: str) -> str:
    lags = [run.figures["generator"]["lag"]["percentiles"][share] for run in runs if run.figures]
    return time(lags) if lags else "-"


def row(name: str, runs: list[Run]) -> list[str]:
    offered, rate = middle([run.offered for run in runs]), middle([run.rate for run in runs])
    factor = statistics.median(run.offered / run.rate for run in runs)
    return [
        name,
        middle([run.users for run in runs]),
        f"{offered} / {rate} = {factor:.1f}",
        *(time([run.times[column] for run in runs]) for column in COLUMNS),
        lag(runs, "50"),
        lag(runs, "99"),
        seconds_limited(runs),
        " / ".join(time([run.served[column] for run in runs]) for column in ("median", "p99")),
    ]


def inner(run: Run) -> str:
    """For whoever watches: what is inside the times that the native core gives."""
    if not run.figures:
        return ""
    phases, generator = run.figures["total"]["phases"], run.figures["generator"]
    queued, wait = (phases[name]["percentiles"]["99"] for name in ("queued", "wait"))
    late, io = generator["lag"]["percentiles"]["50"], generator["hiccups"]["io"]["percentiles"]["99"]
    return f"  (p99 queued {queued:.1f}, wait {wait:.1f}, I/O thread late {io:.1f}; lag {late:.1f})"


HEAD = [
    "users",
    "requests/s offered / sent",
    *COLUMNS,
    "lag median",
    "lag p99",
    "seconds flagged",
    "server's median / p99",
]


def measure(options: argparse.Namespace) -> str:
    results: dict[tuple[str, str], list[Run]] = {}

    def keep(label: str, task: str, start: Callable[[Server], Run]) -> None:
        with rig.timed(DELAY) as (server, times):
            run = start(server)
            run.served = server_times(times())
        results.setdefault((task, label), []).append(run)
        shown = " ".join(f"{name} {value:.1f}" for name, value in run.times.items())
        shown += f", server's p99 {run.served['p99']:.1f}{inner(run)}"
        print(f"{task:8} {label:40} {run.users:5} users {run.rate:8,.0f}/s  {shown}", file=sys.stderr)

    def client(name: str, task: str, users: int, seconds: float) -> Callable[[Server], Run]:
        return lambda server: locust(name, task, server, users, options.warm, seconds)

    for task in options.tasks:
        users = {}
        for name in CLIENTS:
            with rig.timed(DELAY) as (server, _):
                capacity = client(name, task, options.many, options.seconds)(server).rate
            users[name] = max(2, round(options.factor * capacity * DELAY / 1000))
        for _ in range(options.rounds):
            if shutil.which("wrk"):
                keep(
                    f"not overloaded: wrk, {CALM} connections",
                    task,
                    lambda server: wrk(server, options.seconds),
                )
            for name in IDLE:
                keep(f"not overloaded: one {name}", task, client(name, task, 1, options.seconds))
            for name in CLIENTS:
                keep(name, task, client(name, task, users[name], options.seconds))
    return "\n\n".join(table(task, results) for task in options.tasks)


def table(task: str, results: dict[tuple[str, str], list[Run]]) -> str:
    rows = [row(label, runs) for (of, label), runs in results.items() if of == task]
    return rig.table([f"{task}: ms reported", *HEAD], rows)


def main() -> None:
    parser = rig.arguments(__doc__, rounds=3, seconds=10.0, warm=3.0)
    parser.add_argument(
        "--factor", type=float, default=10, help="how many times too many requests (default 10)"
    )
    parser.add_argument(
        "--many", type=int, default=MANY, help=f"users to measure capacity with (default {MANY})"
    )
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    options = rig.parsed(parser)
    about = (
        f"{rig.machine()}\n- server: timed.py, each answer {DELAY:g} ms after its request came; users without waits; "
        f"medians of {options.rounds} interleaved rounds of {options.seconds:g} s, times in ms"
    )
    rig.publish("overload", about, measure(options), options.write)


if __name__ == "__main__":
    rig.run(main)
