"""All figures of a test of Locust's in one value, as `--native-json` writes them; docs/native-json.md explains each."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import Any

import locust
from locust.runners import MasterRunner
from locust.stats import StatsError

from . import generator, users_time, workers
from .locust_stats import RequestStats
from .summary import summary


def collect(environment: Any, histograms: bool = True, over: bool = False) -> dict[str, Any]:
    """The figures of this environment so far: times in ms, moments in unix seconds, sizes in bytes.

    Without histograms, what only a person will look at is there at once, however many names there are. ``over``: no
    more is to come, also from workers.
    """
    stats = environment.stats
    if not isinstance(stats, RequestStats):
        raise TypeError(f"environment.stats is {type(stats).__name__}, not the statistics of the native core")
    record = stats._precise
    _forget_lost_workers(record, environment.runner)
    watched = generator.of(environment.events)
    figures = summary(
        record, watched.meter, started_at=stats.start_time, histograms=histograms, users=watched.users,
        locust=locust.__version__, stopped_at=watched.stopped_at,
    )  # fmt: skip
    of_users = stats._user_time.figures(figures["total"]["requests"])
    figures["users_time"] = of_users
    name = "master" if isinstance(environment.runner, MasterRunner) else "local"
    figures["generator"]["processes"] = watched.processes(name)
    figures["generator"]["queue"] = stats._user_time.queue()
    figures["warnings"] += filter(None, [users_time.law(of_users, watched.meter.cpu())])
    figures["warnings"] += workers.of(environment.events).warnings(over)
    figures["failures"], figures["failures_left_out"] = _most(_failures(stats), "occurrences")
    figures["exceptions"], figures["exceptions_left_out"] = _most(_exceptions(environment.runner), "count")
    return figures


#: Failures, and exceptions, that are listed: the most frequent ones. A text with a counter in it makes each its own.
LISTED = 1_000


def _most(each: Iterator[dict[str, Any]], often: str) -> tuple[list[dict[str, Any]], dict[str, int] | None]:
    """The most frequent, in the order they came in; and how many rows and occurrences are left out, None if none is."""
    rows = list(each)
    if len(rows) <= LISTED:
        return rows, None
    kept = set(heapq.nlargest(LISTED, range(len(rows)), key=lambda at: rows[at][often]))
    left = sum(row[often] for at, row in enumerate(rows) if at not in kept)
    return [rows[at] for at in sorted(kept)], {"rows": len(rows) - LISTED, "occurrences": left}


def _failures(stats: RequestStats) -> Iterator[dict[str, Any]]:
    for failure in list(stats.errors.values()):
        yield {
            "method": str(failure.method),
            "name": str(failure.name),
            "error": StatsError.parse_error(failure.error),
            "occurrences": failure.occurrences,
        }


def _exceptions(runner: Any) -> Iterator[dict[str, Any]]:
    """What users have let out of their tasks; ``nodes``: in which processes."""
    for exception in list(getattr(runner, "exceptions", {}).values()):
        yield {
            "count": exception["count"],
            "message": str(exception["msg"]),
            "traceback": str(exception["traceback"]),
            "nodes": sorted(map(str, exception["nodes"])),
        }


def _forget_lost_workers(record: Any, runner: Any) -> None:
    clients = getattr(runner, "clients", None)
    if clients is not None:
        for source in record.sources():
            if source not in clients:
                record.forget(source)
