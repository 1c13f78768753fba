"""What the benches share: pinned processes, what they cost while a server counts, and the page of results."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from locust_native import _core

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benches" / "RESULTS.md"
EXPLAINED = ROOT / "docs" / "measurement.md"
MOCK = ROOT / "target" / "release" / "mock-saleor"

_allowed = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = _allowed[0], _allowed[-1]
"""The bench itself stays with the server, so that the client's core is the client's alone."""


class Failed(Exception):
    """A measurement that would be no measurement; the argument is the line to show."""


def pinned(
    command: Sequence[str | Path],
    core: int,
    output: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> subprocess.Popen:
    """Start a process that may run on one core only."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "SALEOR"))}
    log = output.open("wb") if output is not None else None
    process = subprocess.Popen(
        [str(word) for word in command],
        env={**kept, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout if stdout is not None else log or subprocess.DEVNULL,
        stderr=subprocess.STDOUT if log else subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )
    if log is not None:
        log.close()
    return process


def stop(process: subprocess.Popen, seconds: float = 30) -> int:
    """End a process and give its exit status."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


@dataclass(frozen=True)
class Cost:
    """What a process used between two moments, and what the server counted meanwhile."""

    cpu: float
    """Seconds, user and system, all threads."""
    wall: float
    """Seconds."""
    counted: Mapping[str, int]
    peak: int
    """Most memory ever resident, in bytes (VmHWM)."""
    resident: int
    """Memory resident at the second moment, in bytes."""

    @property
    def micros(self) -> float:
        """CPU µs per request."""
        return self.cpu / self.counted["requests"] * 1e6

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.counted["requests"] / self.wall


def watch(
    process: subprocess.Popen, count: Callable[[], dict[str, int]], warm: float, seconds: float
) -> Cost:
    """The cost of `seconds`, which begin `warm` seconds after the server's first request."""
    before = count()["requests"]
    patience = time.monotonic() + 60
    while count()["requests"] <= before + 20:  # a count may itself be a request
        if process.poll() is not None:
            raise Failed(f"ended with status {process.returncode} before its first request")
        if time.monotonic() > patience:
            raise Failed("no request within 60 s")
        time.sleep(0.1)
    time.sleep(warm)
    asked = psutil.Process(process.pid)

    def look() -> tuple[float, float, dict[str, int]]:
        times = asked.cpu_times()
        return times.user + times.system, time.monotonic(), count()

    cpu, began, counts = look()
    time.sleep(seconds)
    if process.poll() is not None:
        raise Failed(f"ended with status {process.returncode} while it was measured")
    cpu_after, ended, counts_after = look()
    counted = {name: counts_after[name] - counts[name] for name in counts}
    if counted["requests"] < 10:
        raise Failed(f"only {counted['requests']} requests in {seconds:g} s")
    return Cost(cpu_after - cpu, ended - began, counted, memory(process, "VmHWM"), memory(process, "VmRSS"))


def memory(process: subprocess.Popen, field: str) -> int:
    """One of the memory figures in /proc/<pid>/status, in bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0


# --- locust -----------------------------------------------------------------------------------------------


def locust(
    file: Path,
    url: str,
    users: int,
    native: bool,
    output: Path,
    spawn_rate: float = 0,
    *,
    python: str | Path = sys.executable,
    more: Sequence[str | Path] = (),
    **environment: str,
) -> subprocess.Popen:
    """A headless `locust -f file`, of this installation or of another Python's, on the client's core."""
    command = [python, "-m", "locust", "-f", file, "--headless", "--json", "--only-summary"]
    command += ["-u", str(users), "-r", f"{spawn_rate or users:g}", "--host", url, *more]
    return pinned(command, CLIENT_CORE, output, {**environment, "LOCUST_NATIVE": "1" if native else "0"})


def finish_locust(process: subprocess.Popen, output: Path, native: bool) -> dict[str, int]:
    """End the run; its own count of requests and failures.

    Raises Failed if the core was on where it should be off, or the reverse.
    """
    stop(process)
    text = output.read_text(errors="replace")
    if native != bool(re.search(r"native core on$", text, re.M)):
        raise Failed(f"the native core was {'off' if native else 'on'}: {text[:500]}")
    start = re.search(r"^\[(?=$|\{|\s*\n)", text, re.M)
    if start is None:
        raise Failed(f"no summary: {text[-500:]}")
    entries, _ = json.JSONDecoder().raw_decode(text[start.start() :])
    return {
        "requests": sum(entry["num_requests"] for entry in entries),
        "failures": sum(entry["num_failures"] for entry in entries),
    }


# --- servers ----------------------------------------------------------------------------------------------

BODY = "x" * 1024

NGINX = """
daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/error.log;
events {{ worker_connections 20000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; default_type text/plain;
  client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
  uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    location / {{ return 200 "{body}"; }}
    location = /status {{ stub_status; }}
  }}
}}
"""


@dataclass(frozen=True)
class Server:
    """A server on its own core that counts what it answers."""

    name: str
    url: str
    count: Callable[[], dict[str, int]]


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


@contextlib.contextmanager
def nginx() -> Iterator[Server]:
    """nginx, one process, answering everything with 1 KiB from memory."""
    import socket

    with tempfile.TemporaryDirectory() as place:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        configuration = Path(place, "nginx.conf")
        configuration.write_text(NGINX.format(place=place, port=port, body=BODY))
        process = pinned([shutil.which("nginx") or "nginx", "-c", configuration, "-p", place], SERVER_CORE)
        url = f"http://127.0.0.1:{port}"

        def count() -> dict[str, int]:
            numbers = fetch(f"{url}/status").split("handled requests")[1].split()
            return {"requests": int(numbers[2])}

        try:
            wait_for(count, process, "nginx")
            yield Server("nginx, 1 KiB from memory", url, count)
        finally:
            stop(process)


@contextlib.contextmanager
def mock(*options: str) -> Iterator[Server]:
    """The mock shop's binary."""
    if not MOCK.exists():
        raise Failed(
            f"{MOCK.relative_to(ROOT)} is not there: "
            "cargo build --release --no-default-features --bin mock-saleor"
        )
    process = pinned([MOCK, "--port", "0", *options], SERVER_CORE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        address = re.search(r"http://[\d.]+:\d+", line)
        if address is None:
            raise Failed(f"the mock shop did not start: {line!r}")

        def count() -> dict[str, int]:
            seen = json.loads(fetch(f"{address[0]}/__mock__/seen"))
            return {
                "requests": seen["requests"],
                # Every task of the funnel begins at the home page.
                "tasks": sum(seen["routes"].get("GET /", {}).values()),
                "orders": seen["orders"],
            }

        yield Server("the mock shop", address[0], count)
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def timed(milliseconds: float) -> Iterator[tuple[Server, Callable[[], list[list[float]]]]]:
    """timed.py, which answers after so many ms; and what asks it for its own [ms, requests]."""
    command = [sys.executable, ROOT / "benches" / "timed.py", f"{milliseconds:g}"]
    process = pinned(command, SERVER_CORE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        if not url.startswith("http://"):
            raise Failed("timed.py did not start")

        def seen() -> dict:
            return json.loads(fetch(f"{url}/seen"))

        yield (
            Server(f"timed.py, {milliseconds:g} ms", url, lambda: {"requests": seen()["requests"]}),
            lambda: seen()["times"],
        )
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


def wait_for(ready: Callable[[], object], process: subprocess.Popen, name: str) -> None:
    """Return when `ready` no longer raises OSError. Raises Failed if the process ends or never gets ready."""
    patience = time.monotonic() + 10
    while True:
        try:
            ready()
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > patience:
                raise Failed(f"{name} did not start: {error}") from None
            time.sleep(0.05)


# --- results ----------------------------------------------------------------------------------------------


def spread(values: Sequence[float], form: str = ".1f") -> str:
    """Median and, where there are several, least and greatest."""
    middle = format(statistics.median(values), form)
    if len(values) < 2:
        return middle
    return f"{middle} ({format(min(values), form)} to {format(max(values), form)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well in a terminal."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = (
        "|"
        + "|".join(
            "-" * (width + 2) if at == 0 else "-" * (width + 1) + ":" for at, width in enumerate(widths)
        )
        + "|"
    )
    return "\n".join([line(head), rule, *map(line, rows)])


def machine() -> str:
    """Machine, versions, date and commit: what a number means nothing without."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    total = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    commit = first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"])
    names = ("locust", "gevent", "requests", "geventhttpclient", "beautifulsoup4", "faker")
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)
    lines = [
        f"{cpu[1] if cpu else platform.processor()}, {os.cpu_count()} cores, {total:.0f} GiB; "
        f"Linux {platform.release()}; server on core {SERVER_CORE}, client on core {CLIENT_CORE}; "
        f"load average before: {load:.1f}",
        f"Python {platform.python_version()}, {packages}",
        f"locust-native {importlib.metadata.version('locust-native')} at {commit}; "
        f"{first_line(['rustc', '--version'])}",
        f"{datetime.date.today().isoformat()}; `python {' '.join(map(str, command_line()))}`",
    ]
    return "\n".join(f"- {line}" for line in lines)


def command_line() -> list[str]:
    script = Path(sys.argv[0]).resolve()
    shown = script.relative_to(ROOT) if script.is_relative_to(ROOT) else script.name
    return [str(shown), *sys.argv[1:]]


def first_line(command: Sequence[str]) -> str:
    """The first line a command prints; what it is called where it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return command[0]
    return next(iter((done.stdout or done.stderr).splitlines()), command[0]).strip()


def write(section: str, text: str, page: Path = RESULTS) -> None:
    """Replace one section of a page, from its `<!-- name -->` to its `<!-- /name -->`."""
    begin, end = f"<!-- {section} -->", f"<!-- /{section} -->"
    before = page.read_text()
    if begin not in before or end not in before:
        raise Failed(f"{page.relative_to(ROOT)} has no place for {section}: it needs {begin} and {end}")
    head, tail = before.split(begin)[0], before.split(end)[1]
    page.write_text(f"{head}{begin}\n{text}\n{end}{tail}")
    print(f"\nwritten to {page.relative_to(ROOT)}")


def publish(section: str, about: str, table: str, into_files: bool) -> None:
    """Print a result; with --write, put it into RESULTS.md, and the table alone into the page that explains it."""
    text = f"{about}\n\n{table}"
    print(text)
    if into_files:
        write(section, text)
        write(section, table, EXPLAINED)


def run(main: Callable[[], None]) -> None:
    """Run a bench; what went wrong is one line and status 1."""
    try:
        if not _core.OPTIMISED:
            message = "the extension is a debug build: `maturin develop --release` makes one worth measuring"
            if "--write" in sys.argv:
                raise Failed(message)
            print(message, file=sys.stderr)
        main()
    except Failed as reason:
        sys.exit(f"{Path(sys.argv[0]).name}: {reason}")


def common_arguments(parser: argparse.ArgumentParser, rounds: int, seconds: float, warm: float) -> None:
    parser.add_argument(
        "--rounds", type=int, default=rounds, help=f"times each is measured (default {rounds})"
    )
    parser.add_argument(
        "--seconds", type=float, default=seconds, help=f"length of one measurement (default {seconds:g})"
    )
    parser.add_argument(
        "--warm", type=float, default=warm, help=f"seconds before it begins (default {warm:g})"
    )
    parser.add_argument("--write", action="store_true", help="put the table into benches/RESULTS.md")
