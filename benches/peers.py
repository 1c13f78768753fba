"""CPU per request: unmodified locustfiles on ours and on stock Locust, and what other generators there are.

Usage: python benches/peers.py [--rounds 3] [--seconds 10] [--only NAME …] [--write]

Server on one core (nginx if installed, else the mock shop), client pinned to another. A client's CPU time
(user and system, all its threads) is read at two moments of its steady state, the requests between them
are counted by the server. The clients take turns, round by round, so that a slow moment of the machine
meets all of them. Needs Linux, two cores and `make bench`'s release build.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import rig
from rig import Cost, Failed, Server

USERS = 50
FOREVER = "600s"  # longer than any measurement; the client is ended when its time is over

JSON = {"id": 7, "name": "hoodie", "sizes": ["S", "M", "L"], "price": 29.9}
FORM = {"quantity": "1", "variant": "3", "email": "somebody@example.com", "note": "a b&c"}
FORM_TEXT = "quantity=1&variant=3&email=somebody%40example.com&note=a+b%26c"

LOCUSTFILE = """
from locust import {base}, task

class Visitor({base}):
    @task
    def step(self):
        self.client.{call}
"""

SHAPES = {
    "GET": 'get("/")',
    "POST json": f'post("/", json={JSON!r})',
    "POST form": f'post("/", data={FORM!r})',
}
TYPES = {"POST json": "application/json", "POST form": "application/x-www-form-urlencoded"}
BODIES = {"POST json": json.dumps(JSON), "POST form": FORM_TEXT}

Start = Callable[[str, str, Path], subprocess.Popen]
"""(shape, URL, folder for its files) → the running client."""


def locust(base: str, native: bool) -> Start:
    def start(shape: str, url: str, place: Path) -> subprocess.Popen:
        file = place / "locustfile.py"
        file.write_text(LOCUSTFILE.format(base=base, call=SHAPES[shape]))
        return rig.locust(file, url, USERS, native, place / "out")

    return start


def wrk(shape: str, url: str, place: Path) -> subprocess.Popen:
    script = place / "post.lua"
    if shape in BODIES:
        script.write_text(
            f'wrk.method = "POST"\nwrk.body = {json.dumps(BODIES[shape])}\n'
            f'wrk.headers["Content-Type"] = "{TYPES[shape]}"\n'
        )
    more = ["-s", script] if shape in BODIES else []
    return rig.pinned(["wrk", "-t1", f"-c{USERS}", f"-d{FOREVER}", *more, f"{url}/"], rig.CLIENT_CORE)


def hey(shape: str, url: str, place: Path) -> subprocess.Popen:
    more = ["-m", "POST", "-T", TYPES[shape], "-d", BODIES[shape]] if shape in BODIES else []
    command = ["hey", "-z", FOREVER, "-c", str(USERS), "-cpus", "1", *more, f"{url}/"]
    return rig.pinned(command, rig.CLIENT_CORE)


def oha(shape: str, url: str, place: Path) -> subprocess.Popen:
    more = ["-m", "POST", "-T", TYPES[shape], "-d", BODIES[shape]] if shape in BODIES else []
    command = ["oha", "-z", FOREVER, "-c", str(USERS), "--no-tui", *more, f"{url}/"]
    return rig.pinned(command, rig.CLIENT_CORE)


def k6(shape: str, url: str, place: Path) -> subprocess.Popen:
    call = f'http.get("{url}/")'
    if shape in BODIES:
        headers = json.dumps({"headers": {"Content-Type": TYPES[shape]}})
        call = f'http.post("{url}/", {json.dumps(BODIES[shape])}, {headers})'
    script = place / "script.js"
    script.write_text(
        f'import http from "k6/http";\nexport const options = {{ vus: {USERS}, duration: "{FOREVER}" }};\n'
        f"export default function () {{ {call}; }}\n"
    )
    return rig.pinned(["k6", "run", "--quiet", "--no-usage-report", script], rig.CLIENT_CORE)


OURS = "HttpUser, locust-native"
CLIENTS: dict[str, tuple[Start, bool | None]] = {
    OURS: (locust("HttpUser", True), True),
    "FastHttpUser, locust-native": (locust("FastHttpUser", True), True),
    "HttpUser, stock Locust": (locust("HttpUser", False), False),
    "FastHttpUser, stock Locust": (locust("FastHttpUser", False), False),
    "wrk": (wrk, None),
    "oha": (oha, None),
    "hey": (hey, None),
    "k6": (k6, None),
}
"""Name → how it is started, and whether it is Locust with (True) or without (False) the native core."""

VERSIONS = {"wrk": ["wrk", "-v"], "oha": ["oha", "--version"], "k6": ["k6", "version"]}


def measure(name: str, shape: str, server: Server, warm: float, seconds: float) -> Cost:
    """One client, once. Raises Failed if it failed requests, or Locust's count is not the server's."""
    start, native = CLIENTS[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        before = server.count()["requests"]
        process = start(shape, server.url, place)
        try:
            cost = rig.watch(process, server.count, warm, seconds)
            if native is not None:
                own = rig.finish_locust(process, place / "out", native)
                counted = server.count()["requests"] - before
                if own["failures"]:
                    raise Failed(f"{own['failures']} of {own['requests']} requests failed")
                # The end cuts users off in the middle of a request; the bench's own look-ups count.
                if not 0 <= counted - own["requests"] <= USERS + 200:
                    raise Failed(f"Locust counted {own['requests']} requests, the server {counted}")
            return cost
        except Failed as reason:
            raise Failed(f"{name}, {shape}: {reason}") from None
        finally:
            rig.stop(process)


def report(results: dict[tuple[str, str], list[Cost]], names: list[str], shapes: list[str]) -> str:
    parts = []
    for shape in shapes:
        ours = results.get((OURS, shape))
        unit = statistics.median(cost.micros for cost in ours) if ours else None
        rows = []
        for name in names:
            costs = results[name, shape]
            middle = statistics.median(cost.micros for cost in costs)
            rows.append(
                [
                    name,
                    rig.spread([cost.micros for cost in costs]),
                    rig.spread([cost.rate for cost in costs], ",.0f"),
                    format(max(cost.peak for cost in costs) / 2**20, ".0f"),
                    f"{middle / unit:.2f}" if unit else "",
                ]
            )
        rows.sort(key=lambda row: float(row[1].split()[0]))
        head = [shape, "CPU µs/request", "requests/s", "peak MiB", "CPU, ours = 1"]
        parts.append(rig.table(head, rows))
    return "\n\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    rig.common_arguments(parser, rounds=3, seconds=10, warm=3)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="clients whose name contains one of these")
    parser.add_argument("--shapes", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    options = parser.parse_args()
    names = [
        name
        for name, (_, native) in CLIENTS.items()
        if (native is not None or shutil.which(name))
        and (not options.only or any(word in name for word in options.only))
    ]
    if not names:
        raise Failed(f"--only {' '.join(options.only)}: no such client here")
    about = rig.machine()
    for name in names:
        if name in VERSIONS:
            about += f"\n- {name}: {rig.first_line(VERSIONS[name])}"
    results: dict[tuple[str, str], list[Cost]] = {}
    with (rig.nginx if shutil.which("nginx") else rig.mock)() as server:
        for turn in range(1, options.rounds + 1):
            for shape in options.shapes:
                for name in names:
                    cost = measure(name, shape, server, options.warm, options.seconds)
                    results.setdefault((name, shape), []).append(cost)
                    print(
                        f"round {turn}  {shape:9}  {name:28} {cost.micros:7.1f} µs/request "
                        f"{cost.rate:9,.0f} requests/s  {cost.peak / 2**20:5.0f} MiB",
                        file=sys.stderr,
                    )
        text = (
            f"{about}\n- server: {server.name}; keep-alive, {USERS} users without waits; median of "
            f"{options.rounds} interleaved rounds of {options.seconds:g} s (least to greatest)\n\n"
            + report(results, names, options.shapes)
        )
    print(text)
    if options.write:
        rig.write("peers", text)


if __name__ == "__main__":
    rig.run(main)
