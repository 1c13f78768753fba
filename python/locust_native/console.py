"""What Locust's own tables do not show, on the console as a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .client.timings import shares
from .metrics.percentiles import shown
from .metrics.users_time import in_words

_PERCENTILES = ("50", "95", "99")


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The lines; times in ms. No number of Locust's tables is repeated."""
    total = figures["total"]
    yield from _exceptional(figures)
    ends, connections = total["ends"], total["connections"]
    yield (
        f"Connections: {connections['new']:,} new, {connections['reused']:,} times one was used again. "
        f"Requests cut off as their users stopped: {ends['cut_off']:,}"
        + (f"; answered and never reported: {ends['unreported']:,}" if ends["unreported"] else "")
    )
    parts = shares(total)
    if parts:
        mean = sum(parts.values())
        words = ", ".join(f"{phase} {_time(ms)}" for phase, ms in parts.items())
        yield f"Of {_time(mean)} ms a request took on average: {words}"
    held = total.get("held")
    if held and held["count"]:
        yield (
            f"Before that, {held['count']:,} were held back by the core for {_time(held['mean'])} ms on average, "
            "to see whether the server closes the connection; that is in no response time"
        )
    lag = figures["generator"]["lag"]
    if lag["count"]:
        yield (
            f"Generator lag (answer complete to user resumed, ms): mean {_time(lag['mean'])}, "
            f"99% {_time(lag['percentiles']['99'])}, max {_time(lag['max'])}"
        )
    if figures.get("users_time"):
        yield f"Users' time: {in_words(figures['users_time'])}"
    for warning in figures["warnings"]:
        yield f"Warning: {warning}"


def _exceptional(figures: dict[str, Any]) -> Iterator[str]:
    """The rows that have failures: their successes alone. Those with times rounded by a worker are marked."""
    rows = [row for row in (*figures["rows"], figures["total"]) if row["failures"] or row["coarse"]]
    if not rows:
        return
    width = min(max([len(_name(row)) for row in rows] + [20]), 80)
    coarse = any(row["coarse"] for row in rows)
    yield "Requests that succeeded, without the failures (ms)" + (
        "; ~ times of failures, too, some rounded by a worker without the same native core" if coarse else ""
    )
    titles = [*(f"{percent}%" for percent in _PERCENTILES), "max"]
    yield f"{'Name':{width}} {'# reqs':>9} " + " ".join(f"{title:>8}" for title in titles)
    yield "-" * width + "|" + "-" * 10 + ("|" + "-" * 8) * len(titles)
    for row in rows:
        spread = row["succeeded"]
        percentiles = spread["percentiles"] or {}
        times = [*(percentiles.get(percent) for percent in _PERCENTILES), spread["max"]]
        mark = "~" if row["coarse"] else " "
        yield f"{_name(row)[:width]:{width}} {row['ends']['succeeded']:>8}{mark} " + " ".join(
            f"{_time(time):>8}" for time in times
        )
    yield ""


def _name(row: dict[str, Any]) -> str:
    return f"{row['method']} {row['name']}".strip()


def _time(ms: float | None) -> str:
    return "-" if ms is None else str(shown(ms))
