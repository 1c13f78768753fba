"""The part of the figures that a browser shows, small enough to be fetched every few seconds."""

from __future__ import annotations

import heapq
from typing import Any

ROWS = 500  # what Locust's own tables stop at
_NOT_SHOWN = ("failures", "exceptions", "failures_left_out", "exceptions_left_out", "seconds")
_LEFT_OUT = ("histogram", "failed", "succeeded", "cut_off_age", "phases", "held")


def view(figures: dict[str, Any], run: float | None = None, since: float | None = None) -> dict[str, Any]:
    """The figures without histograms and seconds, with at most `ROWS` rows: those with the most requests.

    A page that has the run that began at `run` already gets the points from `since` on only; `whole` tells.
    """
    whole = since is None or run != figures["started_at"]
    rows, series = figures["rows"], figures["series"]
    points = series["points"]
    shown = list(range(len(rows)))
    if len(rows) > ROWS:
        shown = sorted(heapq.nlargest(ROWS, shown, key=lambda place: rows[place]["requests"]))
    return {
        **{key: value for key, value in figures.items() if key not in _NOT_SHOWN},
        "total": _brief(figures["total"]),
        "rows": [_brief(rows[place]) for place in shown],
        "rows_left_out": len(rows) - len(shown),
        "series": {
            "width": series["width"],
            "points": points if whole else [each for each in points if each["at"] + each["width"] > since],
        },
        "whole": whole,
    }


def _brief(row: dict[str, Any]) -> dict[str, Any]:
    """A row with the mean of each phase, and of its failures and of what was cut off only the ends."""
    kept = {key: value for key, value in row.items() if key not in _LEFT_OUT}
    for name in ("failed", "succeeded", "cut_off_age"):
        spread = row.get(name)
        percentiles = (spread and spread["percentiles"]) or {}
        kept[name] = spread and {
            "count": spread["count"],
            "max": spread["max"],
            "p50": percentiles.get("50"),
            "p99": percentiles.get("99"),
        }
    held = row.get("held")
    kept["held"] = held and {"count": held["count"], "mean": held["mean"]}
    kept["phases"] = {
        phase: spread and {"count": spread["count"], "mean": spread["mean"]}
        for phase, spread in (row.get("phases") or {}).items()
    }
    return kept
