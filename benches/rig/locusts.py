"""Locust runs of a bench: started on the client's core, ended, and asked what they counted."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .processes import CLIENT_CORE, Cores, Failed, pinned, stop


def locust(
    file: Path,
    url: str,
    users: int,
    native: bool,
    output: Path,
    spawn_rate: float = 0,
    *,
    python: str | Path = sys.executable,
    cores: Cores = CLIENT_CORE,
    more: Sequence[str | Path] = (),
    **environment: str,
) -> subprocess.Popen:
    """A headless `locust -f file`, of this installation or of another Python's, on the client's core."""
    command = [python, "-m", "locust", "-f", file, "--headless", "--json", "--only-summary"]
    command += ["-u", str(users), "-r", f"{spawn_rate or users:g}", "--host", url, *more]
    return pinned(command, cores, output, {**environment, "LOCUST_NATIVE": "1" if native else "0"})


def check_core(text: str, native: bool) -> None:
    """Raises Failed if, by what Locust said, the core was on where it should be off, or the reverse."""
    if native != bool(re.search(r"native core on$", text, re.M)):
        raise Failed(f"the native core was {'off' if native else 'on'}: {text[:500]}")


def finish_locust(
    process: subprocess.Popen, output: Path, native: bool, patience: float = 30
) -> dict[str, int]:
    """End the run, which may take so many seconds; its own count of requests and failures.

    Raises Failed if the core was on where it should be off, or the reverse.
    """
    stop(process, patience)
    text = output.read_text(errors="replace")
    check_core(text, native)
    start = re.search(r"^\[(?=$|\{|\s*\n)", text, re.M)
    if start is None:
        raise Failed(f"no summary: {text[-500:]}")
    entries, _ = json.JSONDecoder().raw_decode(text[start.start() :])
    return {
        "requests": sum(entry["num_requests"] for entry in entries),
        "failures": sum(entry["num_failures"] for entry in entries),
    }
