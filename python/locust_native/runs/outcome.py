"""What has become of a test: its `Run`, or a `RunError` that says why there is none."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..results import Run

#: Lines of the child's that an error shows.
_LINES = 12

_LOG_LINE = re.compile(r"^\[[^\]]*\] \S+/(ERROR|CRITICAL)/\S+: (.*)$")
_ARGPARSE = re.compile(r"^[\w.-]+: error: (.*)$")
_RAISED = re.compile(r"^(?:[\w.]+(?:Error|Exception|Exit|Interrupt)|[A-Z]\w+)(?:: .*)?$")


class RunError(Exception):
    """A test that could not be run, or that was not what it was meant to be; the last lines of its log are shown.

    reason      one line: what happened
    log         all that Locust has printed
    returncode  exit status of the process, below 0 the signal that killed it; None if it never ran
    run         what was measured, if anything was
    """

    def __init__(
        self, reason: str, log: str = "", returncode: int | None = None, run: Run | None = None
    ) -> None:
        self.reason = reason
        self.log = log
        self.returncode = returncode
        self.run = run
        super().__init__(reason)

    def __str__(self) -> str:
        lines = self.log.rstrip().splitlines()[-_LINES:]
        return "\n".join([self.reason, *(f"    {line}" for line in lines)])

    def __reduce__(self) -> Any:
        return type(self), (self.reason, self.log, self.returncode, self.run)


def result(
    returncode: int,
    figures: Path,
    log: str,
    options: dict[str, Any],
    *,
    interrupted: bool,
    lost: int,
    overdue: str | None,
) -> Run:
    """The `Run` of a process that has ended.

    ``figures``: the file that it was to write; ``lost``: how many worker processes went missing; ``overdue``: why it
    had to be killed. Raises RunError where there are no figures, or where no request was ever answered.
    """
    from ..results import Run

    try:
        told = json.loads(figures.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        told = None
    if told is None:
        raise RunError(overdue or _why(returncode, log), log, returncode)
    if lost:
        told["warnings"].append(
            f"{lost} of {options['processes']} worker processes were lost (out of memory, or killed): their users "
            "stopped, and what they had not yet told is not counted"
        )
    if returncode not in (0, 1) and not overdue:
        told["warnings"].append(f"{_ending(returncode)}; see run.log")
    run = Run(told, options=options, log=log, interrupted=interrupted)
    if overdue:
        raise RunError(overdue, log, returncode, run)
    total = told["total"]
    if total["requests"] and total["failures"] == total["requests"] and not total["versions"]:
        failures = sorted(told.get("failures") or [], key=lambda each: -each["occurrences"])
        first = f": {failures[0]['error']}" if failures else ""
        host = options.get("host") or "the host"
        reason = f"none of {total['requests']} requests was answered by {host}{first}"
        if not interrupted:
            raise RunError(reason, log, returncode, run)
        told["warnings"].append(reason)
    return run


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"Locust ended with exit status {returncode}"
    try:
        name = signal.Signals(-returncode).name
    except ValueError:
        name = "unknown"
    by = {signal.SIGKILL: ": out of memory, or somebody killed it", signal.SIGSEGV: ": it crashed"}
    return f"Locust was killed by signal {-returncode} ({name}){by.get(-returncode, '')}"  # type: ignore[call-overload]


def _why(returncode: int, log: str) -> str:
    """What the child says last of why it ended, in one line."""
    lines = [line.rstrip() for line in log.splitlines() if line.strip()]
    if returncode >= 0:
        for line in reversed(lines):
            if found := _LOG_LINE.match(line):
                return f"Locust could not run the test: {found[2]}"
            if found := _ARGPARSE.match(line):
                return f"Locust could not run the test: {found[1]}"
            if line.startswith("locust: "):
                return f"Locust could not run the test: {line.removeprefix('locust: ')}"
            if _RAISED.match(line):
                return f"Locust could not run the test: {line}"
        if lines:
            return f"Locust could not run the test: {lines[-1]}"
    return _ending(returncode)
