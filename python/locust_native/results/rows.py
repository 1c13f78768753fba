"""Rows of the figures: which there are, their histograms, and any percentile of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from .._core import Histogram

FORMAT = "locust-native figures"
#: The newest `version` of the figures that is understood here.
VERSION = 1
PHASES = ("queued", "dns", "connect", "tls", "send", "wait", "download")


def check(figures: Any) -> None:
    """Raise ValueError in one line for what cannot be the figures of docs/native-json.md."""
    if not isinstance(figures, dict):
        raise ValueError(f"figures are a dict, not {type(figures).__name__}")
    if figures.get("format", FORMAT) != FORMAT:
        raise ValueError(f"the figures' format is {figures['format']!r}, expected {FORMAT!r}")
    version = figures.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise ValueError(
            f"the figures' version is {version!r}, this locust-native reads {VERSION}: update it"
        )
    for field, kind in (("total", dict), ("rows", list), ("seconds", list)):
        if not isinstance(figures.get(field), kind):
            raise ValueError(f"the figures have no {field!r} that is a {kind.__name__}")
    for row in [figures["total"], *figures["rows"]]:
        if not isinstance(row, dict) or not {"method", "name", "requests", "failures"} <= row.keys():
            raise ValueError("the figures have a row without method, name, requests or failures")
    for second in figures["seconds"]:
        if not isinstance(second, dict) or not isinstance(second.get("at"), int):
            raise ValueError("the figures have a second that does not say when it was ('at')")


def histogram(row: dict[str, Any]) -> Histogram:
    """All response times of a row; least, mean and greatest are the row's own, exactly.

    Raises ValueError where the figures were taken without histograms.
    """
    text = row.get("histogram")
    if text is None:
        raise ValueError(
            f"no histogram of {title(row)}: the figures were taken without, --native-json writes them"
        )
    if row.get("out_of_range"):  # then these three are of more times than the histogram
        return Histogram.decode(text)
    return Histogram.decode(text, min=row.get("min"), mean=row.get("mean"), max=row.get("max"))


def percentiles(row: dict[str, Any], percents: Sequence[float]) -> list[float | None]:
    """The times (ms) within which these percents (0 to 100) of a row's requests finished; None if it had none.

    Those that the figures name come from there, others from the histogram; None also where there is none of it.
    """
    known = row.get("percentiles") or {}
    found: dict[float, float | None] = {each: known.get(named(each)) for each in percents}
    missing = [each for each, time in found.items() if time is None]
    if missing and row.get("count", row["requests"]) and row.get("histogram") is not None:
        times = histogram(row)
        if times.count:
            found.update(zip(missing, times.percentiles(missing), strict=True))
    return [found[each] for each in percents]


def checked_percents(percents: Iterable[float]) -> list[float]:
    """As a list without repetitions; ValueError for what is no percent."""
    each: list[float] = list(dict.fromkeys(percents))
    for percent in each:
        if isinstance(percent, bool) or not isinstance(percent, (int, float)) or not 0 <= percent <= 100:
            raise ValueError(f"percentiles: {percent!r} is not a number between 0 and 100")
    return each


def named(percent: float) -> str:
    """A percent as the figures name it: 50, 99.9."""
    return f"{percent:.10g}"


def title(row: dict[str, Any]) -> str:
    """What a person calls a row."""
    return f"{row['method']} {row['name']}".strip()


def plain(text: object) -> str:
    """A name on one line, without what would move the cursor or turn the text around."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", str(text)
    )
