"""Run: what came of a test, as tables, plots and files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .._core import Histogram
from . import charts, files, page, rows, tables, troubles

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame, Series


class Run:
    """What came of a test: times in ms, rates per second, moments in seconds.

    >>> run = load("figures.json")                       # doctest: +SKIP
    >>> run.requests[["name", "requests", "p50", "p99"]]  # doctest: +SKIP

    figures      what `--native-json` writes (docs/native-json.md); files written before seconds had `users`, and
                 tests `failures` and `exceptions`, will do
    options      what the test was asked to do: host, users, …; what JSON does not know becomes text
    log          what the test's processes wrote
    interrupted  whether somebody ended it before its time

    The tables (pandas) are made when they are first asked for, and stay the same objects. Without pandas, matplotlib or
    pyarrow, what needs them raises `MissingPackage`, an ImportError that says how to get them.
    Raises ValueError for what are no figures.
    """

    def __init__(
        self,
        figures: dict[str, Any],
        *,
        options: Mapping[str, Any] | None = None,
        log: str = "",
        interrupted: bool = False,
    ) -> None:
        rows.check(figures)
        self.figures = figures
        # As a file would give them back, so that a run is equal to what was saved of it.
        self.options: dict[str, Any] = json.loads(json.dumps(dict(options or {}), default=str))
        self.log = log
        self.interrupted = interrupted

    @cached_property
    def requests(self) -> DataFrame:
        """One row per (method, name), sorted by name: counts, failures, rates, and times in ms (docs/results.md)."""
        return tables.requests_table(self.figures)

    @cached_property
    def total(self) -> Series:
        """All requests together, with the same fields as a row of `requests`."""
        return tables.total_row(self.figures)

    @cached_property
    def timeline(self) -> DataFrame:
        """One row per second, also those without a request: users, requests_per_s, failures_per_s, p50, p95, p99, max,
        lag_max (longest generator lag, ms) and limited (whether the generator was the limit)."""
        return tables.timeline_table(self.figures)

    @cached_property
    def failures(self) -> DataFrame:
        """What failed: method, name, error, occurrences."""
        return tables.failures_table(self.figures)

    @cached_property
    def exceptions(self) -> DataFrame:
        """What the tasks raised: count, message, traceback, nodes."""
        return tables.exceptions_table(self.figures)

    @cached_property
    def phases(self) -> DataFrame:
        """What the time went to, one row per (method, name, phase): count, mean, p50, p95, p99, max in ms."""
        return tables.phases_table(self.figures)

    @property
    def warnings(self) -> list[str]:
        """What a person should know before using these figures, in sentences: exceptions and failures with the most
        frequent texts, then the warnings of the figures."""
        return [*troubles.troubles(self.figures), *(self.figures.get("warnings") or [])]

    @property
    def duration(self) -> float:
        """How long it ran in s, from its start to its stop; rates are per second of that.

        Of figures that do not say when the test stopped: to the end of the last second in which a request finished.
        """
        return tables.duration(self.figures)

    def percentiles(self, percents: Iterable[float]) -> DataFrame:
        """Any percentiles (0 to 100) of each (method, name), in ms; from the histograms.

        Raises ValueError for what is no percent.
        """
        return tables.percentiles_table(self.figures, percents)

    def histogram(self, method: str | None = None, name: str | None = None) -> Histogram:
        """All response times of one (method, name), or without arguments of all requests.

        Raises KeyError for a name that is not in `requests`, ValueError where the figures have no histograms.
        """
        if method is None and name is None:
            return rows.histogram(self.figures["total"])
        if method is None or name is None:
            raise TypeError("give method and name, or neither for all requests")
        for row in self.figures["rows"]:
            if (row["method"], row["name"]) == (method, name):
                return rows.histogram(row)
        raise KeyError(f"no requests named {method} {name}: run.requests has those there are")

    def plot(self) -> Figure:
        """Throughput, percentiles and users over time, as a matplotlib figure.

        A notebook shows it, ``savefig`` writes it to a file. Seconds in which the generator was the limit are shaded.
        """
        return charts.run_figure(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to a file: .json, .json.gz, or .parquet (whose columns are those of `requests`).

        An existing file stays as it was until the new one is complete. Raises ValueError for another suffix, OSError
        where it cannot be written.
        """
        content = {"options": self.options, "log": self.log, "interrupted": self.interrupted}
        files.save(path, {"figures": self.figures, **content})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Run:
        """The run that `save` has written, equal to it; or what a file of `--native-json` tells of one.

        Raises ValueError for a file that is none, is damaged or was written by a newer locust-native, OSError for one
        that cannot be read.
        """
        content = files.load(path)
        return cls(content.pop("figures"), **content)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Run):
            return NotImplemented
        mine, theirs = ((run.figures, run.options, run.log, run.interrupted) for run in (self, other))
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]  # figures can change

    def __repr__(self) -> str:
        return page.run_line(self)

    def _repr_html_(self) -> str:
        return page.run_html(self)


def load(path: str | os.PathLike[str]) -> Run:
    """The run that `Run.save` has written, equal to it; or what a file of `--native-json` tells of one.

    Raises ValueError for a file that is none, is damaged or was written by a newer locust-native, OSError for one that
    cannot be read.
    """
    return Run.load(path)
