"""Percentiles from the precise record where Locust's own would be rounded to two digits, and how they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import locust.stats as stock


def shown(ms: float) -> int | float:
    """A time (ms) to three significant digits, but never coarser than 1 ms; whole numbers as int."""
    digits = 2 if abs(ms) < 10 else 1 if abs(ms) < 100 else 0
    rounded = round(ms, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def percentiles(entry: Any, shares: Sequence[float]) -> list[float] | None:
    """The times (ms) within which these shares (0 to 1) of an entry's requests finished.

    None where the record does not hold exactly the requests of this entry: one that somebody has filled or
    changed by hand, or that stands in no statistics.
    """
    record = _record_of(entry)
    if record is None:
        return None
    which = () if entry is entry.stats.total else (entry.method, entry.name)
    found = record.times(shares, *which)
    if found is None:
        return None
    count, total, least, greatest, times = found
    fields = entry.__dict__  # settled once, where each field would be
    if count != fields["num_requests"] - fields["num_none_requests"]:
        return None
    # The record has nanoseconds; the entry, sums of floats.
    near = 1e-6 * count + 1e-9 * total
    try:
        same = (
            abs(fields["total_response_time"] - total) <= near
            and abs(fields["min_response_time"] - least) <= 1e-6
            and abs(fields["max_response_time"] - greatest) <= 1e-6
        )
    except (OverflowError, TypeError):  # what Locust's fields may hold knows no bounds
        return None
    return times if same else None


def current_percentile(entry: Any, share: float) -> float | None:
    """The same of the last seconds (`locust.stats.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW`), exactly; of all
    requests together only. None where the record cannot tell.
    """
    if entry is not entry.stats.total or percentiles(entry, [share]) is None:
        return None
    found = _record_of(entry).latest(stock.CURRENT_RESPONSE_TIME_PERCENTILE_WINDOW, [share])
    return found[0] if found else None


def _record_of(entry: Any) -> Any:
    stats = entry.stats
    record = getattr(stats, "_precise", None)
    if record is None:
        return None
    here = entry is stats.total or stats.entries.get((entry.name, entry.method)) is entry
    return record if here else None


def in_line(line: str, entry: Any) -> str:
    """Locust's line of the console's table, times below 100 ms with their decimals."""
    values = (
        entry.avg_response_time,
        entry.min_response_time or 0,
        entry.max_response_time,
        entry.median_response_time or 0,
    )
    old, new = ("|{:>7} {:>7} {:>7}{:>7} |".format(*map(form, values)) for form in (int, _cell))
    at = line.rfind(old)
    return line if at < 0 else line[:at] + new + line[at + len(old) :]


def in_percentiles(line: str, entry: Any) -> str:
    """Locust's line of the console's table of percentiles, likewise."""
    values = [entry.get_response_time_percentile(share) for share in stock.PERCENTILES_TO_REPORT]
    old, new = (_percentiles_of_line(map(form, values), entry.num_requests) for form in (int, _cell))
    return line.removesuffix(old) + new if line.endswith(old) else line


def _percentiles_of_line(cells: Iterable[Any], requests: int) -> str:
    first, *rest = cells
    return f"{first:>8} " + " ".join([f"{cell:>6}" for cell in rest]) + f" {requests:>6}"


def _cell(ms: float) -> str:
    """Decimals only where they are the point: below 10 ms, and in few characters."""
    return str(shown(ms)) if ms < 9.995 else str(round(ms))


def percentile_fields(self: Any, stats_entry: Any, use_current: bool = False) -> list[Any]:
    """`StatsCSV._percentile_fields`, without cutting off what is below a millisecond."""
    if not stats_entry.num_requests:
        return self.percentiles_na
    shares = self.percentiles_to_report
    if use_current and stats_entry.use_response_times_cache:
        values = [stats_entry.get_current_response_time_percentile(share) for share in shares]
    elif hasattr(stats_entry, "_percentiles"):
        values = stats_entry._percentiles(shares)
    else:
        values = [stats_entry.get_response_time_percentile(share) for share in shares]
    return [_field(value or 0) for value in values]


def _field(ms: float) -> int | float:
    return shown(ms) if ms < 10 else int(ms)
