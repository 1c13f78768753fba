"""Tables: figures as pandas DataFrames, times in ms, rates per second; docs/results.md lists the columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from .needs import needed
from .rows import PHASES, checked_percents, named, percentiles

PERCENTS = (50, 75, 90, 95, 99, 99.9)
#: Beyond so many seconds only those are shown in which something happened: a worker's clock may be years off.
MOST_SECONDS = 1_000_000
#: Of a second: in the figures, and in the table.
_TIMES = {"p50": "p50", "p95": "p95", "p99": "p99", "max": "max", "lag_max": "lag_max"}


def duration(figures: dict[str, Any]) -> float:
    """From the beginning of the statistics to the stop of the test, in s; longer where requests finished after it.

    Where the figures do not say when it stopped: to the end of the last second in which a request finished, and without
    requests until the figures were taken.
    """
    if (stopped := figures.get("stopped_at")) is not None and figures.get("started_at") is not None:
        last = max((second["at"] for second in figures["seconds"]), default=stopped)
        if (lasted := max(stopped, last) - figures["started_at"]) > 0:
            return float(lasted)
    started, taken = figures.get("started_at"), figures.get("taken_at")
    moments = [second["at"] for second in figures["seconds"]]
    end = max(second["at"] + second.get("width", 1) for second in figures["seconds"]) if moments else taken
    if end is not None and taken is not None and taken > end - 1:
        end = min(end, taken)  # the last second may not have been over
    if end is not None and started is not None and end > started:
        return end - started
    return float(max(moments) + 1 - min(moments)) if moments else 0.0  # a worker's clock is not the master's


def label(percent: float) -> str:
    """The column of a percentile: p50, p99.9."""
    return f"p{named(percent)}"


def requests_table(figures: dict[str, Any], percents: Iterable[float] = PERCENTS) -> Any:
    """One row per (method, name), sorted by name, then method, as a DataFrame; sums over it are the totals."""
    pandas = needed("pandas", "a table of requests")
    percents = checked_percents(percents)
    seconds = duration(figures)
    records = [_request(row, percents, seconds) for row in figures["rows"]]
    table = pandas.DataFrame.from_records(records, columns=_columns(percents))
    return table.astype(_kinds(percents))


def total_row(figures: dict[str, Any], percents: Iterable[float] = PERCENTS) -> Any:
    """The same of all requests together, as a Series."""
    pandas = needed("pandas", "the total")
    percents = checked_percents(percents)
    record = _request(figures["total"], percents, duration(figures))
    return pandas.Series(record, name="total", dtype=object)


def percentiles_table(figures: dict[str, Any], percents: Iterable[float]) -> Any:
    """Any percentiles (0 to 100), in ms: one row per (method, name), which is the index, one column each."""
    pandas = needed("pandas", "a table of percentiles")
    percents = checked_percents(percents)
    rows = figures["rows"]
    index = pandas.MultiIndex.from_tuples(
        [(row["method"], row["name"]) for row in rows], names=["method", "name"]
    )
    times = [percentiles(row, percents) for row in rows]
    return pandas.DataFrame(times, index=index, columns=[label(each) for each in percents], dtype=float)


def timeline_table(figures: dict[str, Any]) -> Any:
    """One row per second, from the first to the last; the index is the number of the second, from 0.

    Seconds in which no request finished have zeros for what is counted and NaN for times. If first and last are
    further apart than `MOST_SECONDS`, only the seconds of the figures are there. Of a long test the older rows are
    ``width`` s long, and rates are means over them.
    """
    pandas = needed("pandas", "the timeline")
    known = {second["at"]: second for second in figures["seconds"]}
    widths = {at: second.get("width", 1) for at, second in known.items()}
    first, moments = _moments(figures, sorted(known))
    covered = {at + n for at, width in widths.items() for n in range(1, width)}
    moments = [at for at in moments if at in known or at not in covered]
    empty: dict[str, Any] = {}
    each = [known.get(at, empty) for at in moments]
    columns: dict[str, Any] = {
        "at": pandas.to_datetime(pandas.Series(moments, dtype="int64"), unit="s", utc=True, errors="coerce"),
        "users": pandas.array([second.get("users") for second in each], dtype="Float64").to_numpy(
            float, math.nan
        ),
        "width": [widths.get(at, 1) for at in moments],
        "requests_per_s": [second.get("requests", 0) / second.get("width", 1) for second in each],
        "failures_per_s": [second.get("failures", 0) / second.get("width", 1) for second in each],
    }
    for field, column in _TIMES.items():
        columns[column] = [_number(second.get(field)) for second in each]
    columns["limited"] = [bool(second.get("limited")) for second in each]
    table = pandas.DataFrame(columns)
    table.index = pandas.Index([at - first for at in moments], name="second", dtype="int64")
    kinds: dict[str, Any] = dict.fromkeys(_TIMES.values(), float)
    return table.astype({**kinds, "width": "int64", "limited": bool})


def times_over_time(figures: dict[str, Any]) -> tuple[int, Any]:
    """p50, p95 and p99 (ms) over time, as a chart is to show them, and of how many seconds each point is.

    Of `series`: percentiles of all requests of a point together, of which a typical one has enough; of figures without,
    those of single seconds. The index is the middle of the point in s since the first second; where there were no
    requests, there is a row of NaN.
    """
    pandas = needed("pandas", "the timeline")
    series = figures.get("series") or {}
    width, points = int(series.get("width") or 1), series.get("points")
    if points is None:
        width, points = 1, [second for second in figures["seconds"] if second.get("requests")]
    first, _ = _moments(figures, sorted(second["at"] for second in figures["seconds"]))
    middles, rows, end = [], [], None
    for point in points:
        if end is not None and point["at"] > end:
            middles.append((end + point["at"]) / 2 - first)
            rows.append([math.nan] * 3)
        wide = point.get("width", width)
        middles.append(point["at"] + wide / 2 - first)
        rows.append([_number(point.get(column)) for column in ("p50", "p95", "p99")])
        end = point["at"] + wide
    return width, pandas.DataFrame(rows, index=middles, columns=["p50", "p95", "p99"], dtype=float)


def phases_table(figures: dict[str, Any]) -> Any:
    """What the time went to: one row per (method, name, phase) that was met, times in ms.

    ``table.pivot(index=["method", "name"], columns="phase", values="p95")`` puts the phases side by side.
    """
    pandas = needed("pandas", "the table of phases")
    records = []
    for row in figures["rows"]:
        for phase in PHASES:
            spread = (row.get("phases") or {}).get(phase)
            if spread:
                times = percentiles({**spread, "requests": spread["count"]}, (50, 95, 99))
                known = [row["method"], row["name"], phase, spread["count"], _number(spread.get("mean"))]
                records.append([*known, *map(_number, times), _number(spread.get("max"))])
    columns = ["method", "name", "phase", "count", "mean", "p50", "p95", "p99", "max"]
    table = pandas.DataFrame.from_records(records, columns=columns)
    return table.astype({"count": "int64", **dict.fromkeys(columns[4:], float)})


def failures_table(figures: dict[str, Any]) -> Any:
    """What failed: method, name, error, occurrences, as Locust groups them; the most frequent first."""
    return _listed(figures, "failures", ["method", "name", "error"], "occurrences")


def exceptions_table(figures: dict[str, Any]) -> Any:
    """What the tasks raised: count, message, traceback, nodes (where); the most frequent first."""
    return _listed(figures, "exceptions", ["message", "traceback", "nodes"], "count")


def _listed(figures: dict[str, Any], field: str, texts: Sequence[str], number: str) -> Any:
    pandas = needed("pandas", f"the table of {field}")
    found = sorted(figures.get(field) or [], key=lambda each: -each.get(number, 0))
    columns = [*texts, number] if field == "failures" else [number, *texts]
    records = [[each.get(column, 0 if column == number else "") for column in columns] for each in found]
    return pandas.DataFrame.from_records(records, columns=columns).astype({number: "int64"})


def _moments(figures: dict[str, Any], known: list[int]) -> tuple[int, Sequence[int]]:
    """The first second of a run, and all that the timeline shows."""
    if not known:
        return 0, []
    first, started = known[0], figures.get("started_at")
    if (
        started is not None and first - 3600 <= started < first
    ):  # nothing finished at first; clocks may differ
        first = math.floor(started)
    return first, known if known[-1] - first >= MOST_SECONDS else range(first, known[-1] + 1)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _columns(percents: Sequence[float]) -> list[str]:
    counts = ["method", "name", "requests", "failures", "failure_share", "requests_per_s", "failures_per_s"]
    times = ["mean", "min", *map(label, percents), "max"]
    return [*counts, *times, "without_time", "cut_off", "bytes_out", "bytes_in"]


def _kinds(percents: Sequence[float]) -> dict[str, Any]:
    whole = {"requests", "failures", "without_time", "cut_off", "bytes_out", "bytes_in"}
    return {
        column: "int64" if column in whole else float
        for column in _columns(percents)
        if column not in ("method", "name")
    }


def _request(row: dict[str, Any], percents: Sequence[float], seconds: float) -> dict[str, Any]:
    requests, failures = row["requests"], row["failures"]
    times = percentiles(row, percents)
    sent = row.get("bytes") or {}
    return {
        "method": row["method"],
        "name": row["name"],
        "requests": requests,
        "failures": failures,
        "failure_share": failures / requests if requests else math.nan,
        "requests_per_s": requests / seconds if seconds else math.nan,
        "failures_per_s": failures / seconds if seconds else math.nan,
        "mean": _number(row.get("mean")),
        "min": _number(row.get("min")),
        **{label(percent): _number(time) for percent, time in zip(percents, times, strict=True)},
        "max": _number(row.get("max")),
        "without_time": row.get("without_time", 0),
        "cut_off": (row.get("ends") or {}).get("cut_off", 0),
        "bytes_out": sent.get("out", 0),
        "bytes_in": sent.get("in", 0),
    }
