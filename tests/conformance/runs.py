"""Runs Locust's tests and tells the outcome of each: file by file, and again where a test asks for it."""

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from .plugin.conformance_recorder import RECORD
from .stage import Stage, environment

PREFIX = "locust/test/"
FILE_LIMIT = 600
"""Seconds for one file; the longest takes about 190 on an idle machine."""
TRIES = 3
"""How often a test that differs is run again: some fail now and then on a busy machine, on stock, too."""


@dataclass
class Outcome:
    """What became of a test."""

    outcome: str
    """passed, failed, skipped or xfailed."""
    said: str = ""
    """The first line of the error."""
    again: int = 0
    """At which further run it passed; 0 if the first one decided."""


Outcomes = dict[str, Outcome]


def everything(stage: Stage, native: bool, logs: Path, tell: Callable[[str], None]) -> Outcomes:
    """Every test file once, the shortest first."""
    outcomes: Outcomes = {}
    for path in sorted(stage.tests.glob("test_*.py"), key=lambda path: path.stat().st_size):
        began = time.monotonic()
        found = run(stage, native, path.name, logs)
        outcomes |= found
        passed = sum(one.outcome == "passed" for one in found.values())
        tell(f"{path.name:32} {passed:4} of {len(found):4} passed {time.monotonic() - began:6.0f} s")
    return outcomes


def again(stage: Stage, native: bool, names: Iterable[str], logs: Path, tries: int = TRIES) -> Outcomes:
    """These tests once more, each class of them in a process of its own, until they pass or have had their tries.

    With their class rather than singly: some of the timing tests fail in a process that has done nothing before.
    """
    outcomes: Outcomes = {}
    left = set(names)
    for attempt in range(1, tries + 1):
        for group in sorted({name.rpartition("::")[0] for name in left}):
            found = run(stage, native, group.removeprefix(PREFIX), logs)
            for name in sorted(name for name in left if name.rpartition("::")[0] == group):
                outcomes[name] = found.get(name, Outcome("failed", "did not run"))
                if outcomes[name].outcome != "failed":
                    outcomes[name].again = attempt
                    left.discard(name)
    return outcomes


def run(stage: Stage, native: bool, target: str, logs: Path) -> Outcomes:
    """One pytest process over a file or one class of it; what it had not finished in time is left out."""
    file = target.partition("::")[0]
    logs.mkdir(parents=True, exist_ok=True)
    record = logs / "record.jsonl"
    record.unlink(missing_ok=True)
    variables = environment(stage, native) | {RECORD: str(record)}
    with (logs / f"{file}.log").open("a") as out:
        process = subprocess.Popen(
            [stage.bin / "pytest", stage.tests / target],
            cwd=stage.folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,  # not a new session: it would leave the scheduling group of this one
        )
        try:
            process.wait(FILE_LIMIT)
        except subprocess.TimeoutExpired:
            out.write(f"stopped after {FILE_LIMIT} s\n")
        finally:
            with contextlib.suppress(ProcessLookupError):  # and whatever the tests have left running
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    lines = record.read_text().splitlines() if record.exists() else []
    check_core(lines, native)
    return read(lines, file)


def check_core(lines: Iterable[str], native: bool) -> None:
    """Raise SystemExit unless the core was on, or off, as wanted: nothing else would show it."""
    for entry in map(json.loads, lines):
        if entry.get("core", native) is not native:
            raise SystemExit(f"the tests ran on the wrong side, the native core being {entry['status']}")


def read(lines: Iterable[str], file: str) -> Outcomes:
    """The outcomes in the record of a file, which pytest does not name: it lies outside the folder it runs in.

    A test has a line for each phase that tells something; a failure outweighs all.
    """
    outcomes: Outcomes = {}
    for line in lines:
        entry = json.loads(line)
        if "id" not in entry:
            continue
        name = f"{PREFIX}{file}::{entry['id'].partition('::')[2]}"
        if name not in outcomes or entry["outcome"] == "failed":
            outcomes[name] = Outcome(entry["outcome"], entry["said"])
    return outcomes


def save(outcomes: Outcomes, path: Path) -> None:
    """Keep outcomes for another time."""
    path.write_text(json.dumps({name: asdict(one) for name, one in sorted(outcomes.items())}, indent=1))


def load(path: Path) -> Outcomes:
    """What `save` has kept."""
    return {name: Outcome(**fields) for name, fields in json.loads(path.read_text()).items()}
