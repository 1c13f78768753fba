"""Run `locust`, or any Python text, in a process of its own, and take apart what came of it."""

import contextlib
import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace


class Run(SimpleNamespace):
    """What came of a process: `code`, `out`, `err`, and `stats`, the `--json` entries by name."""

    @property
    def said(self) -> list[str]:
        """What the locustfile printed, line by line, as `say: ...`."""
        return [line[5:] for line in self.out.splitlines() if line.startswith("say: ")]

    @property
    def stats(self) -> dict[str, dict]:
        starts = [found.start() for found in re.finditer(r"^\[", self.out, re.MULTILINE)]
        assert starts, f"no statistics in {self.out}\n{self.err}"
        tables = [
            json.JSONDecoder().raw_decode(self.out[start:])[0] for start in starts
        ]  # workers print an empty one
        return {entry["name"]: entry for table in tables for entry in table}


def run(arguments: list[str], cwd: Path, timeout: float = 60, **variables: str) -> Run:
    """`python <arguments>` in `cwd`, without any LOCUST_… setting but those given; `timeout` in seconds."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd, env={**env, "PYTHONUNBUFFERED": "1", **variables}, capture_output=True, text=True,
        timeout=timeout, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Run(code=done.returncode, out=done.stdout, err=done.stderr)


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port of `host` that is not in use, below those that the system hands out by itself."""
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port


def processes(count: int) -> list[str]:
    """The options for a master with so many workers on a port of their own; none for no workers."""
    if not count:
        return []
    port = str(free_port())
    return ["--processes", str(count), "--master-bind-port", port, "--master-port", port]


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition, while other greenlets run. Fails after so many seconds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)
