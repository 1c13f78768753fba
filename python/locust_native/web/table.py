"""The precise figures of each name as CSV, times in ms."""

from __future__ import annotations

import csv
import io
from typing import Any

_PERCENTILES = ("50", "75", "90", "95", "99", "99.9", "99.99")
_COLUMNS = (
    "method",
    "name",
    "requests",
    "failures",
    "min",
    "mean",
    *(f"p{each}" for each in _PERCENTILES),
    "max",
)


def requests(figures: dict[str, Any]) -> str:
    """A row of each (method, name), then one of all, which is called Aggregated; nothing where nothing is known."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in (*figures["rows"], figures["total"]):
        percentiles = row["percentiles"] or {}
        writer.writerow(
            [
                row["method"],
                row["name"],
                row["requests"],
                row["failures"],
                row["min"],
                row["mean"],
                *(percentiles.get(each) for each in _PERCENTILES),
                row["max"],
            ]
        )
    return text.getvalue()
