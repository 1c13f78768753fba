"""Statistics: what sessions share that are not Locust's, and the same figures of it."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import _core
from ..metrics.summary import summary

if TYPE_CHECKING:
    import pandas

    from ..results import Run

#: How late this process is: of all its statistics together.
_meter = _core.Lateness()

#: Different failures that are kept apart; the text of an error may hold anything.
_ROOM = 10_000
_OTHERS = "(other errors)"


class Statistics:
    """Counts requests as `--native-json` does: precise percentiles per name, per second, phases, failures.

    Sessions of several threads and event loops may share one. `requests`, `timeline`, `failures` and the others are
    those of a `Run`, so far; `run()` is all of it at this moment, to be saved, plotted or compared. How late Python was
    to take answers is of the whole process.
    """

    def __init__(self) -> None:
        self.record = _core.Record()
        self.started_at = time.time()
        self._failures: Counter[tuple[str, str, str]] = Counter()

    def count(self, tracker: _core.RequestTracker, response_time: float | None, failed: Any) -> None:
        """A request is over, after so many ms; ``failed``: the failure, if it was one."""
        tracker.ended(response_time, failed is not None)
        if failed is not None:
            key = str(tracker.method), str(tracker.name), repr(failed)
            if key not in self._failures and len(self._failures) >= _ROOM:
                key = *key[:2], _OTHERS
            self._failures[key] += 1

    def reset(self) -> None:
        """Begin anew; requests under way stay counted as that."""
        self.record.reset()
        self._failures.clear()
        self.started_at = time.time()

    def figures(self) -> dict[str, Any]:
        """The figures so far, as `--native-json` writes them: times in ms, moments in unix s."""
        figures = summary(self.record, _meter, started_at=self.started_at, since=int(self.started_at))
        figures["failures"] = [
            {"method": method, "name": name, "error": error, "occurrences": count}
            for (method, name, error), count in self._failures.items()
        ]
        return figures

    def run(self) -> Run:
        """All of it at this moment, as a `Run`."""
        from ..results import Run

        return Run(self.figures())

    @property
    def requests(self) -> pandas.DataFrame:
        """One row per (method, name); times in ms."""
        return self.run().requests

    @property
    def timeline(self) -> pandas.DataFrame:
        """One row per second."""
        return self.run().timeline

    @property
    def failures(self) -> pandas.DataFrame:
        """One row per method, name and error."""
        return self.run().failures

    def __repr__(self) -> str:
        from ..results import troubles

        figures = self.figures()
        total = figures["total"]
        failed = troubles.failures(figures)
        said = f"\u26a0 {failed}" if failed else f"{total['requests']:,} requests, 0 failures"
        return f"<Statistics: {said}>"

    def _repr_html_(self) -> str:
        return self.run()._repr_html_()
