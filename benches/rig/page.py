"""The pages of results: what a number means nothing without, and where it is written."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil

from .processes import CLIENT_CORE, SERVER_CORE, Failed

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benches" / "RESULTS.md"
EXPLAINED = ROOT / "docs" / "measurement.md"
WRITTEN = [page.relative_to(ROOT) for page in (RESULTS, EXPLAINED)]
"""What benches write, and so is no change of what they measure."""


def machine() -> str:
    """Machine, versions, date and commit: what a number means nothing without."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    total = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    git = ["git", "-C", str(ROOT)]
    changed = subprocess.run(
        [
            *git,
            "status",
            "--porcelain",
            "--untracked-files=no",
            "--",
            ".",
            *(f":!{page}" for page in WRITTEN),
        ],
        capture_output=True,
        check=False,
    )
    commit = first_line([*git, "describe", "--always"]) + ("-dirty" if changed.stdout else "")
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


def show(section: str, *parts: str, into_file: bool) -> None:
    """Print a result; with --write, put it into RESULTS.md."""
    text = "\n\n".join(part for part in parts if part)
    print(text)
    if into_file:
        write(section, text)


def publish(section: str, about: str, table: str, into_files: bool) -> None:
    """Print a result; with --write, put it into RESULTS.md, and the table alone into the page that explains it."""
    text = f"{about}\n\n{table}"
    print(text)
    if into_files:
        write(section, text)
        write(section, table, EXPLAINED)
