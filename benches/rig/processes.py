"""Pinned processes, and what they cost while a server counts."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]
"""The bench itself stays with the server, so that the client's core is the client's alone."""

Cores = int | Iterable[int]


class Failed(Exception):
    """A measurement that would be no measurement; the argument is the line to show."""


def pinned(
    command: Sequence[str | Path],
    core: Cores,
    output: Path | None = None,
    environment: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> subprocess.Popen:
    """Start a process that may run on one core only, or on the ones given."""
    cores = {core} if isinstance(core, int) else set(core)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LOCUST", "SALEOR"))}
    log = output.open("wb") if output is not None else None
    process = subprocess.Popen(
        [str(word) for word in command],
        env={**kept, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout if stdout is not None else log or subprocess.DEVNULL,
        stderr=subprocess.STDOUT if log else subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
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


def tracker(process: subprocess.Popen, count: Callable[[], dict[str, int]], least: int = 20) -> None:
    """Return when so many of the process's requests have reached the server."""
    before = count()["requests"]
    patience = time.monotonic() + 60
    while count()["requests"] < before + least:
        if process.poll() is not None:
            raise Failed(f"ended with status {process.returncode} before its first request")
        if time.monotonic() > patience:
            raise Failed(f"fewer than {least} requests within 60 s")
        time.sleep(0.1)


def watch(
    process: subprocess.Popen,
    count: Callable[[], dict[str, int]],
    warm: float,
    seconds: float,
    least: int = 20,
    fewest: int = 10,
) -> Cost:
    """The cost of `seconds`, which begin `warm` seconds after the server's first requests, `least` of them.

    Raises Failed if there are not even the `fewest` requests in them.
    """
    tracker(process, count, least)
    time.sleep(warm)

    def look() -> tuple[float, float, dict[str, int]]:
        return spent(process), time.monotonic(), count()

    cpu, began, counts = look()
    time.sleep(seconds)
    if process.poll() is not None:
        raise Failed(f"ended with status {process.returncode} while it was measured")
    cpu_after, ended, counts_after = look()
    counted = {name: counts_after[name] - counts[name] for name in counts}
    if counted["requests"] < fewest:
        raise Failed(f"only {counted['requests']} requests in {seconds:g} s")
    return Cost(cpu_after - cpu, ended - began, counted, memory(process, "VmHWM"), memory(process, "VmRSS"))


def spent(process: subprocess.Popen) -> float:
    """CPU seconds a process has used so far, user and system, all its threads."""
    times = psutil.Process(process.pid).cpu_times()
    return times.user + times.system


def by_thread(process: subprocess.Popen) -> dict[str, float]:
    """CPU seconds by thread: "main", and the others by name."""
    found: dict[str, float] = {}
    for thread in psutil.Process(process.pid).threads():
        comm = Path(f"/proc/{process.pid}/task/{thread.id}/comm").read_text().strip()
        name = "main" if thread.id == process.pid else comm
        found[name] = found.get(name, 0) + thread.user_time + thread.system_time
    return found


def memory(process: subprocess.Popen, field: str) -> int:
    """One of the memory figures in /proc/<pid>/status, in bytes."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(), re.M)
    return int(found[1]) * 1024 if found else 0
