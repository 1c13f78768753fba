"""The precise figures as a table on the console, as a run ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..closed_loop import in_words
from ..precise import shown

_SHARES = ("50", "90", "99", "99.9")


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The tables, line by line; times in ms."""
    rows = [*figures["rows"], figures["total"]]
    width = min(max([len(_name(row)) for row in rows] + [20]), 80)
    yield "Response times, precise (ms); ~ some of them rounded by a worker without the native core"
    titles = ["mean", *(f"{share}%" for share in _SHARES), "max", "new conn", "cut off"]
    yield f"{'Name':{width}} {'# reqs':>9} " + " ".join(f"{title:>8}" for title in titles)
    rule = "-" * width + "|" + "-" * 10 + ("|" + "-" * 8) * len(titles)
    yield rule
    for row in rows:
        if row is rows[-1]:
            yield rule
        times = [row["mean"], *(row["percentiles"][share] for share in _SHARES), row["max"]]
        counts = [row["connections"]["new"], row["ends"]["cut_off"]]
        cells = [_time(time) for time in times] + [str(count) for count in counts]
        mark = "~" if row["coarse"] else ""
        yield f"{_name(row)[:width]:{width}} {row['requests']:>8}{mark or ' '} " + " ".join(
            f"{cell:>8}" for cell in cells
        )
    yield ""
    total = figures["total"]
    means = [f"{phase} {_time(spread['mean'])}" for phase, spread in total["phases"].items() if spread]
    if means:
        yield f"Phases, mean (ms): {', '.join(means)}"
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


def _name(row: dict[str, Any]) -> str:
    return f"{row['method']} {row['name']}".strip()


def _time(ms: float | None) -> str:
    return "-" if ms is None else str(shown(ms))
