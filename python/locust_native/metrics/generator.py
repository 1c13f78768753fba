"""Watch whether the generator itself, and not the server, is what limits a running test, and say so in the log."""

from __future__ import annotations

import logging
import time
import weakref
from typing import Any

import gevent
import psutil
from locust.event import Events
from locust.runners import STATE_CLEANUP, STATE_RUNNING, STATE_SPAWNING

from .. import _core
from . import clocks, limits
from .sentences import too_many_names

logger = logging.getLogger("locust_native")

#: A stretch begins with the second bad second within three, and ends after at most six good ones.
_CALM = 3

_LIMIT = (
    "locust-native: the generator is the limit %s: answers and users waited up to %.0f ms for Python. Response times "
    "leave that out, but fewer requests are sent than the users would send: %s"
)

#: Seconds whose users are kept.
_SECONDS = 100_000

_UNDER_WAY = (STATE_SPAWNING, STATE_RUNNING, STATE_CLEANUP)


class Generator:
    """How late the processes are that send the requests of one environment."""

    def __init__(self) -> None:
        self.meter = _core.Lateness()
        self.users: dict[int, int] = {}
        """How many there were in each unix second of the test; of the first 100,000."""
        self.stopped_at: float | None = None
        """When the test was over, in unix s; None while it runs."""
        self._watch: Any = None
        self._runner: Any = None
        #: Clock and CPU time of this process as the test began; what it has used, once the test is over.
        self._began: tuple[float, float] | None = None
        self._used: dict[str, float] = {}
        self._workers: dict[str, dict[str, float]] = {}
        self.clocks = clocks.Clocks()
        """Those of the workers, if these are a master's."""

    def start(self, environment: Any = None, **_: Any) -> None:
        """Begin anew, with the test."""
        if not self._watch:
            self.meter.reset()
            self.users.clear()
            self._workers.clear()
            self.stopped_at = None
            self._began = time.perf_counter(), time.process_time()
            self._runner = getattr(environment, "runner", None)
            self._watch = gevent.spawn(self._look)

    def stop(self, **_: Any) -> None:
        """Stop watching; the figures stay."""
        if self._watch is not None:
            self.stopped_at = time.time()
            last = next(reversed(self.users), None)
            if last != int(time.time()):  # they have been stopped by now, and were there in this second
                self._count(0 if last is None else self.users[last])
            self._used, self._began = self.used(), None
            self._runner = None
            self._watch.kill(block=False)
            self._watch = None

    def used(self) -> dict[str, float]:
        """Of this process: ``cpu``, the share of a core it has used since the test began, and ``rss``, in bytes."""
        if self._began is None:
            return self._used
        clock, cpu = self._began
        passed = time.perf_counter() - clock
        return {
            "cpu": (time.process_time() - cpu) / passed if passed > 0 else 0.0,
            "rss": psutil.Process().memory_info().rss,
        }

    def absorb(self, worker: str, used: Any) -> None:
        """Keep what a worker says of its own use; nothing, if it says nothing."""
        try:
            told = {"cpu": float(used["cpu"]), "rss": int(used["rss"])}
        except (KeyError, TypeError, ValueError):
            return
        self._workers[worker] = told

    def processes(self, name: str) -> list[dict[str, Any]]:
        """What this process, under this name, and its workers use; ``clock_ahead``: of the master's, in whole s."""
        each = {name: self.used(), **self._workers}
        return [
            {"node": node, **used, "clock_ahead": self.clocks.ahead(node)}
            for node, used in each.items()
            if used
        ]

    def _count(self, least: int = 0) -> None:
        """The users of this second, and of those since the last look."""
        now, count = int(time.time()), getattr(self._runner, "user_count", None)
        if isinstance(count, int) and len(self.users) < _SECONDS:
            first = max(next(reversed(self.users), now) + 1, now - _CALM)
            self.users.update(dict.fromkeys(range(min(first, now), now + 1), max(count, least)))

    def _look(self) -> None:
        first, bad, said = int(time.time()), 0, False
        hinted, seen, starved = False, first, (time.perf_counter(), limits.starved())
        while True:
            self._count()
            gevent.sleep(1)
            before, starved = starved, (time.perf_counter(), limits.starved())
            _core.starved(max(0.0, starved[1] - before[1]), starved[0] - before[0])
            for second, lag, hiccup, limited in self.meter.seconds(seen)[:-1]:
                seen = second + 1
                bad = min(bad + 2, 2 * _CALM) if limited else max(bad - 1, 0)
                if bad == 2 and limited:
                    first = second
                if bad > 2 and not said:
                    stretches, late = self.meter.limited(first), max(lag or 0.0, hiccup or 0.0)
                    why = limits.advice(self.meter.cpu(first, limited=True))
                    logger.warning(_LIMIT, limits.moments(stretches), late, why)
                    said = True
                elif not bad and said:
                    logger.info("locust-native: the generator is no longer the limit")
                    said = False
            if not hinted and (others := self._other_names()):
                logger.warning("locust-native: %s", too_many_names(others))
                hinted = True

    def _other_names(self) -> dict[str, Any] | None:
        """Requests whose names have no row of their own; None while all have."""
        record = getattr(getattr(self._runner, "stats", None), "_precise", None)
        return record.overflowed() if record is not None else None


#: By the events of their environment, of which a distributed runner tells no more when it is made.
_known: weakref.WeakKeyDictionary[Any, Generator] = weakref.WeakKeyDictionary()


def of(events: Any) -> Generator:
    """The one of the environment with these events; watches its tests from the first time it is asked for."""
    known = _known.get(events)
    if known is None:
        known = _known[events] = Generator()
        events.test_start.add_listener(known.start)
        events.test_stop.add_listener(known.stop)
    return known


def notice(user: Any) -> None:
    """A session has been made for this user: the tests of its environment are watched."""
    environment = getattr(user, "environment", None)
    events = getattr(environment, "events", None)
    if type(events) is Events and events not in _known:
        known = of(events)
        if getattr(environment.runner, "state", None) in _UNDER_WAY:
            known.start(environment)
