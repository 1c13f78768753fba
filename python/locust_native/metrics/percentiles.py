"""Precise times in the tables that people read: percentiles, minima, maxima from the record, in place of rounded ones.

Locust's statistics objects answer a locustfile as on stock, rounded to two digits. Only while one of Locust's own
tables is being made (console, CSV, web page, report) do they answer precisely, all times of a row alike.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

import locust.html as stock_html
import locust.stats as stock

# Locust's own, taken when this module is first imported, which is before anything is replaced.
_Entry = stock.StatsEntry
_stock_median = _Entry.median_response_time.fget  # type: ignore[attr-defined]
_stock_percentile = _Entry.get_response_time_percentile
_stock_to_string = _Entry.to_string
_stock_percentile_line = _Entry.percentile
_stock_to_dict = _Entry.to_dict

P = ParamSpec("P")
R = TypeVar("R")


class _Table:
    """A table that is being made: by its entries, the precise times within which shares of their requests finished."""

    def __init__(self, whole_ends: bool) -> None:
        #: Whether minima and maxima are in it unrounded, which no percentile may lie beyond.
        self.whole_ends = whole_ends
        self.entries: dict[int, dict[float, int | float] | None] = {}


_table: ContextVar[_Table | None] = ContextVar("table", default=None)


def shown(ms: float) -> int | float:
    """A time (ms) to three significant digits, but never coarser than 1 ms; whole numbers as int."""
    digits = 2 if abs(ms) < 10 else 1 if abs(ms) < 100 else 0
    rounded = round(ms, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def in_table(make: Callable[P, R], whole_ends: bool = False) -> Callable[P, R]:
    """A function of Locust's that makes a table: the entries it reads are precise meanwhile."""

    @functools.wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> R:
        token = _table.set(_Table(whole_ends))
        try:
            return make(*args, **kwargs)
        finally:
            _table.reset(token)

    return made


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


def _record_of(entry: Any) -> Any:
    stats = entry.stats
    record = getattr(stats, "_precise", None)
    if record is None:
        return None
    here = entry is stats.total or stats.entries.get((entry.name, entry.method)) is entry
    return record if here else None


def _in_table(entry: Any, share: float) -> int | float | None:
    """The precise time for a share of an entry's requests; None outside of tables, and where the record cannot tell."""
    table = _table.get()
    if table is None:
        return None
    times = table.entries.get(id(entry), _UNKNOWN)
    if times is _UNKNOWN or (times is not None and share not in times):
        # Asked once for all that the tables show.
        shares = sorted(
            {
                0.5,
                share,
                *stock.PERCENTILES_TO_REPORT,
                *stock.PERCENTILES_TO_STATISTICS,
                *stock_html.PERCENTILES_FOR_HTML_REPORT,
            }
        )
        found = percentiles(entry, shares)
        times = None
        if found is not None:
            rounded = [shown(ms) for ms in found]
            # The record's nanoseconds may be rounded up where the entry's float is rounded down.
            least, greatest = entry.min_response_time, entry.max_response_time
            if not table.whole_ends:
                least, greatest = shown(least), shown(greatest)
            rounded = [min(max(ms, least), greatest) for ms in rounded]
            times = dict(zip(shares, rounded, strict=True))
        table.entries[id(entry)] = times
    return None if times is None else times[share]


_UNKNOWN: dict[float, int | float] = {}


def _is_precise(entry: Any) -> bool:
    return _in_table(entry, 0.5) is not None


# What stands in place of the methods of Locust's entries.


def _median(self: Any) -> int | float:
    found = _in_table(self, 0.5)
    return _stock_median(self) if found is None else found  # type: ignore[no-any-return]


median_response_time = property(_median, doc=_Entry.median_response_time.__doc__)


@functools.wraps(_stock_percentile)
def get_response_time_percentile(self: Any, percent: float) -> int | float:
    found = _in_table(self, percent)
    return _stock_percentile(self, percent) if found is None else found


@functools.wraps(_stock_to_dict)
def to_dict(self: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """A row of the web page or the report."""
    row: dict[str, Any] = _stock_to_dict(self, *args, **kwargs)
    if _is_precise(self):
        row["min_response_time"] = shown(self.min_response_time)
        row["max_response_time"] = shown(self.max_response_time)
    return row


@functools.wraps(_stock_to_string)
def to_string(self: Any, *args: Any, **kwargs: Any) -> str:
    """A line of the console's table; times below 10 ms with decimals."""
    line = _stock_to_string(self, *args, **kwargs)
    if not _is_precise(self):
        return line
    values = (
        self.avg_response_time,
        self.min_response_time or 0,
        self.max_response_time,
        self.median_response_time or 0,
    )
    old, new = ("|{:>7} {:>7} {:>7}{:>7} |".format(*map(form, values)) for form in (int, _cell))
    at = line.rfind(old)
    return line if at < 0 else line[:at] + new + line[at + len(old) :]


@functools.wraps(_stock_percentile_line)
def percentile(self: Any) -> str:
    """A line of the console's table of percentiles, likewise."""
    line = _stock_percentile_line(self)
    if not _is_precise(self):
        return line
    values = [self.get_response_time_percentile(share) for share in stock.PERCENTILES_TO_REPORT]
    old, new = (_percentiles_of_line(map(form, values), self.num_requests) for form in (int, _cell))
    return line.removesuffix(old) + new if line.endswith(old) else line


def _percentiles_of_line(cells: Iterable[Any], requests: int) -> str:
    first, *rest = cells
    return f"{first:>8} " + " ".join([f"{cell:>6}" for cell in rest]) + f" {requests:>6}"


def _cell(ms: float) -> str:
    """Decimals only where they are the point: below 10 ms, and in few characters."""
    cell = shown(ms)  # first, for all times alike: some cells of a row have been rounded so already
    return str(cell if cell < 10 else round(cell))


# What stands in place of the functions that make Locust's tables.

get_stats_summary = in_table(stock.get_stats_summary)
requests_data_rows = in_table(stock.StatsCSV._requests_data_rows, whole_ends=True)
stats_history_data_rows = in_table(stock.StatsCSVFileWriter._stats_history_data_rows, whole_ends=True)

_stock_percentile_summary = stock.get_percentile_stats_summary
_APPROXIMATED = " (approximated)"


@functools.wraps(_stock_percentile_summary)
@in_table
def get_percentile_stats_summary(stats: Any) -> list[str]:
    """Locust's table of percentiles; its heading calls them approximated only where one is."""
    heading, *lines = _stock_percentile_summary(stats)
    entries = [*stats.entries.values(), stats.total]
    if all(_is_precise(entry) for entry in entries if entry.response_times):
        heading = heading.removesuffix(_APPROXIMATED)
    return [heading, *lines]


@functools.wraps(stock.StatsCSV._percentile_fields)
def percentile_fields(self: Any, stats_entry: Any, use_current: bool = False) -> list[Any]:
    """`StatsCSV._percentile_fields`, with what is below a millisecond."""
    if not stats_entry.num_requests:
        return self.percentiles_na  # type: ignore[no-any-return]
    shares = self.percentiles_to_report
    if use_current and stats_entry.use_response_times_cache:
        # Of the last seconds there is no record of single names: rounded in all rows.
        greatest = stats_entry.max_response_time  # of the row, which a rounded time may be above
        current = [stats_entry.get_current_response_time_percentile(share) or 0 for share in shares]
        return [min(int(value), greatest) for value in current]
    values = [stats_entry.get_response_time_percentile(share) or 0 for share in shares]
    return values if _is_precise(stats_entry) else [int(value) for value in values]
