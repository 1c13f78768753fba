"""What has become of a test: its `Run`, or a `RunError` that says why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..metrics.sentences import killed_by

if TYPE_CHECKING:
    from ..results import Run

#: Lines of the supervisor's that an error shows.
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

    def _render_traceback_(self, *_: Any, **__: Any) -> list[str]:
        """What IPython shows: the one line. The way here through our own code says nothing, and `log` has the rest."""
        return [f"{type(self).__name__}: {self.reason}"]

    def __reduce__(self) -> Any:
        return type(self), (self.reason, self.log, self.returncode, self.run)


# How the exceptions of both clients look in Locust's table of failures where no connection came about.
_NO_CONNECTION = re.compile(
    "ConnectionRefused|ConnectTimeout|NameResolution|NewConnection|gaierror|Connection refused|No route to host"
    "|Network is unreachable|Host is down|Name or service not known|nodename nor servname"
    "|failed to establish a new connection|failed to connect",
    re.IGNORECASE,
)


def result(
    returncode: int,
    folder: Path,
    log: str,
    options: dict[str, Any],
    told: dict[str, Any],
    *,
    interrupted: bool,
    overdue: str | None,
) -> Run:
    """The `Run` of a process that has ended.

    ``folder``: where it was to write its figures; ``told``: what `in_locust` knew of it; ``overdue``: why it had to be
    killed. Raises RunError where there are no figures, where the test could not go on, or where no request was ever
    answered; with the `Run`, as far as there is one.
    """
    from ..results import Run, troubles

    try:
        figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        figures = None
    problem = overdue or told.get("problem")
    if not problem and (returncode < 0 or figures is None or "started" not in told):
        problem = _why(returncode, log, told, options)
    if figures is None or "started" not in told:
        raise RunError(str(problem), log, returncode)
    if figures.get("stopped_at") is None and "stopped" in told:
        figures["stopped_at"] = told["stopped"]
    if returncode not in (0, 1) and not problem:
        figures["warnings"].append(f"{_ending(returncode)}; see run.log")
    run = Run(figures, options=options, log=log, interrupted=interrupted)
    if problem:
        raise RunError(problem, log, returncode, run)
    nothing = troubles.nothing_measured(figures)
    unanswered = nothing or _unanswered(figures, options.get("host"), told)
    if unanswered is not None and not interrupted:
        raise RunError(unanswered, log, returncode, run)
    if unanswered is not None and unanswered != nothing:  # of nothing at all, the run itself speaks
        figures["warnings"].append(unanswered)
    return run


def no_connection(errors: Iterable[str]) -> str | None:
    """The first of these errors, if in none of them there was a connection; None else, and where there is no error."""
    first = None
    for error in errors:
        if not _NO_CONNECTION.search(error):
            return None
        first = first or error
    return first


def _unanswered(figures: dict[str, Any], host: str | None, told: dict[str, Any]) -> str | None:
    total = figures["total"]
    if not 0 < total["requests"] == total["failures"] or total["versions"]:
        return None
    failures = sorted(figures["failures"], key=lambda each: -each["occurrences"])
    errors = [failure["error"] for failure in failures]
    if not errors or not (total["connections"]["new"] or no_connection(errors)):
        return None  # of Locust's own client, nothing is known but its errors
    early = "; the test was ended early" if told.get("hopeless") else ""
    return f"none of {total['requests']} requests was answered by {host or 'the host'}: {errors[0]}{early}"


def _ending(returncode: int) -> str:
    if returncode >= 0:
        return f"Locust ended with exit status {returncode}"
    return f"Locust was {killed_by(-returncode)}"


def _why(returncode: int, log: str, told: dict[str, Any], options: dict[str, Any]) -> str:
    """What the supervisor says last of why it ended, in one line."""
    if returncode < 0 and told.get("requests"):
        return f"{_ending(returncode)}, after {told['requests']} requests"
    if "No User class found!" in log:
        return f"no User class in {options.get('locustfile')}: define one that is not abstract"
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
