"""How far the clocks of workers are ahead of the master's, and their reports as if they were not."""

from __future__ import annotations

import logging
from collections import deque
from typing import Any

import locust.stats as stock

from .. import _core

logger = logging.getLogger("locust_native")

#: Up to this, in s, a clock is taken for the master's own.
_EXACT = 1.0

#: So many reports are remembered of a worker: in one of them, the way to the master was short.
_REMEMBERED = 20

#: For how many s a worker without the core may keep a request from its report before its clock is said to be behind.
_LATE = 10.0

#: The end of the year 9999; clocks that are beyond are none.
_END_OF_TIME = 253_402_300_800

#: The clocks in a report: the one that Locust counts by, and the core's, which is the wall clock of when the process
#: began and the monotonic clock since.
_READ = (lambda: stock.time.time(), lambda: _core.unix_time())


def read() -> list[float]:
    """Both clocks of this process, in s since 1970."""
    return [clock() for clock in _READ]


class _Clock:
    """One clock of a worker."""

    __slots__ = ("_seen", "shift")

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=_REMEMBERED)
        self.shift = 0
        """By how many whole s its moments are too late."""

    def saw(self, ahead: float) -> None:
        """It was so many s ahead when a report came; and by as much more as the report was under way."""
        self._seen.append(ahead)
        best = max(self._seen)
        # Once taken it stays, so that no second is in two parts, unless it was taken from a report that came late.
        if abs(best - self.shift) > _EXACT:
            self.shift = round(best) if abs(best) > _EXACT else 0


class Clocks:
    """Those of the workers of one master."""

    def __init__(self) -> None:
        self._workers: dict[str, tuple[_Clock, _Clock]] = {}
        self._said: dict[str, int] = {}
        #: Of workers without the core, when their last report came.
        self._heard: dict[str, float] = {}

    def ahead(self, worker: str) -> int:
        """By how many s the wall clock of a worker is ahead, where its figures are shifted by it."""
        known = self._workers.get(worker)
        return known[0].shift if known else 0

    def align(self, worker: str, told: Any, data: dict[str, Any]) -> int:
        """Shift the moments in Locust's part of a report; ``told``: what the worker's clocks were.

        By how many s those in our part, which has the core's, are to be shifted.
        """
        try:
            wall, core = (_moment(clock) - here() for clock, here in zip(told, _READ, strict=True))
        except (TypeError, ValueError):
            self._bound(worker, data)
            return 0
        known = self._workers.setdefault(worker, (_Clock(), _Clock()))
        for clock, seen in zip(known, (wall, core), strict=True):
            clock.saw(seen)
        shift = known[0].shift
        if shift:
            _shift(data, shift)
        self._say(worker, shift, "its figures are shifted by that")
        return known[1].shift

    def _bound(self, worker: str, data: dict[str, Any]) -> None:
        """What the moments in it say of the clock of a worker that does not tell."""
        now = stock.time.time()
        before = self._heard.get(worker)
        self._heard[worker] = now
        last = data["stats_total"]["last_request_timestamp"] if data["stats_total"]["num_requests"] else None
        if last is None:
            return
        if last - now > _EXACT:
            ahead = int(last - now)
        elif before is not None and before - last > _LATE:
            ahead = -int(before - last)
        else:
            return
        self._say(
            worker, ahead, "or more, and it does not tell by how much: its figures are at the wrong times"
        )

    def _say(self, worker: str, ahead: int, then: str) -> None:
        said = self._said.get(worker, 0)
        if abs(ahead - said) > _EXACT:
            self._said[worker] = ahead
            where = "ahead of" if ahead > 0 else "behind"
            logger.warning(
                "locust-native: the clock of worker %s is %d s %s the master's, %s",
                worker,
                abs(ahead),
                where,
                then,
            )


def _moment(told: Any) -> float:
    moment = float(told)
    if not 0 <= moment < _END_OF_TIME:
        raise ValueError(told)
    return moment


def _shift(data: dict[str, Any], shift: int) -> None:
    for entry in [*data["stats"], data["stats_total"]]:
        for name in ("num_reqs_per_sec", "num_fail_per_sec"):
            entry[name] = {second - shift: count for second, count in entry[name].items()}
        _shift_moments(entry, ("start_time", "last_request_timestamp"), shift)
    for error in data["errors"].values():
        _shift_moments(error, ("first_seen", "last_seen"), shift)


def _shift_moments(fields: dict[str, Any], names: tuple[str, ...], shift: int) -> None:
    for name in names:
        if fields.get(name):
            fields[name] -= shift
