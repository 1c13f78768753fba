"""The part of the figures that a browser shows, small enough to be fetched every few seconds."""

from __future__ import annotations

import heapq
from typing import Any

ROWS = 500  # what Locust's own tables stop at
_LEFT_OUT = ("histogram", "failed", "cut_off_age", "phases")


def view(figures: dict[str, Any], run: float | None = None, since: float | None = None) -> dict[str, Any]:
    """The figures without histograms, with at most `ROWS` rows: those with the most requests.

    A page that has the run that began at `run` already gets the seconds from `since` on only; `whole` tells.
    """
    whole = since is None or run != figures["started_at"]
    rows, seconds = figures["rows"], figures["seconds"]
    shown = list(range(len(rows)))
    if len(rows) > ROWS:
        shown = sorted(heapq.nlargest(ROWS, shown, key=lambda place: rows[place]["requests"]))
    return {
        **{key: value for key, value in figures.items() if key not in ("failures", "exceptions")},
        "total": _brief(figures["total"]),
        "rows": [_brief(rows[place]) for place in shown],
        "rows_left_out": len(rows) - len(shown),
        "seconds": seconds if whole else [second for second in seconds if second["at"] >= since],
        "whole": whole,
    }


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the mean of each phase, and of its failures and of what was cut off only the ends."""
    kept = {key: value for key, value in row.items() if key not in _LEFT_OUT}
    for name in ("failed", "cut_off_age"):
        spread = row.get(name)
        kept[name] = spread and {
            "count": spread["count"],
            "max": spread["max"],
            "p50": (spread["percentiles"] or {}).get("50"),
        }
    kept["phases"] = {
        phase: spread and {"count": spread["count"], "mean": spread["mean"]}
        for phase, spread in (row.get("phases") or {}).items()
    }
    return kept
