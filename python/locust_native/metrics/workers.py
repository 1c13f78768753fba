"""The workers of a master while its test runs: which of them were lost, and which run without the native core."""

from __future__ import annotations

import logging
import os
import time
import weakref
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import gevent
import gevent.os
from locust.runners import STATE_MISSING

from .sentences import clock, worker_ended

logger = logging.getLogger("locust_native")

#: The key of our figures in a worker's report. Stock masters pass over it.
KEY = "locust_native"

#: Seconds between two looks at the workers.
_EVERY = 1.0

#: The same in a process and in those that it forks, as `--processes` does.
_FAMILY = uuid4().hex


def report() -> dict[str, Any]:
    """What a worker tells of itself."""
    return {"family": _FAMILY, "pid": os.getpid()}


def children() -> dict[int, int | None]:
    """The processes forked by this one: pid → exit status, below 0 the signal; None while it lives."""
    # gevent's own book of them: a watcher while one lives, (pid, status, time) thereafter.
    book = getattr(gevent.os, "_watched_children", {})
    return {
        pid: os.waitstatus_to_exitcode(entry[1]) if isinstance(entry, tuple) else None
        for pid, entry in book.items()
    }


@dataclass(slots=True)
class _Worker:
    pid: int | None = None
    """Of a process of `--processes`; None: it was started by itself."""
    native: bool | None = None
    """Whether it has the native core; None: it has not reported yet."""
    users: int = 0
    gone: bool = False
    """Its process had ended when last looked at."""


@dataclass(slots=True)
class _Loss:
    client: str
    at: float
    users: int
    ending: str | None
    """How its process has ended; None: it is not heard of any more."""
    then: str
    back: float | None = None

    def __str__(self) -> str:
        users = f"{self.users} user{'' if self.users == 1 else 's'}"
        if self.back is not None:
            return f"worker {self.client} with {users} was not heard of from {clock(self.at)} to {clock(self.back)}"
        if self.ending:
            words = f"{self.ending} ({clock(self.at)}, {users})"
        else:
            words = f"worker {self.client} with {users} has not been heard of since {clock(self.at)}"
        return f"{words}; {self.then}"


class Workers:
    """Those of one environment; empty where it is no master's."""

    def __init__(self) -> None:
        self._workers: dict[str, _Worker] = {}
        self._losses: list[_Loss] = []
        self._awaited: set[str] = set()
        """Those that were there as the test ended, …"""
        self._clients: Any = ()
        """…and those that have not left since: a worker leaves right after its last report."""
        self._runner: Any = None
        self._watch: Any = None

    def heard(self, client: str, native: bool, told: Any) -> None:
        """A worker has reported; ``told``: what `report` says there, if anything."""
        worker = self._workers.setdefault(client, _Worker())
        if worker.native is None and not native:
            logger.warning(
                "locust-native: worker %s runs without the native core: its response times are rounded, and it tells "
                "nothing of phases, generator lag and users' time",
                client,
            )
        worker.native = native
        if isinstance(told, dict) and told.get("family") == _FAMILY:
            worker.pid = told.get("pid")

    def start(self, environment: Any = None, **_: Any) -> None:
        """Watch them, as a test begins."""
        runner = getattr(environment, "runner", None)
        if self._watch is None and hasattr(runner, "clients"):
            self._losses.clear()
            self._awaited.clear()
            self._runner = runner
            self._watch = gevent.spawn(self._keep_looking)

    def stop(self, **_: Any) -> None:
        """The test ends, and they may go; what was seen stays."""
        if self._watch is not None:
            self._watch.kill(block=False)
            self._watch = None
            self._look()
            self._runner = None

    def stopped(self, environment: Any = None, **_: Any) -> None:
        """The test is over; a last report is to come from each that is there."""
        lost = {loss.client for loss in self._losses if loss.back is None}
        self._clients = getattr(getattr(environment, "runner", None), "clients", ())
        self._awaited = {*self._clients} - lost

    def warnings(self, over: bool = False) -> list[str]:
        """What a person has to know of them; ``over``: no more reports can come."""
        known = [worker.native for worker in self._workers.values() if worker.native is not None]
        stock = [client for client, worker in self._workers.items() if worker.native is False]
        said = [str(loss) for loss in self._losses]
        if over:
            said += [
                f"worker {client} sent no last report in time; what it measured since its report before (up to 3 s) is "
                "missing"
                for client in sorted(self._awaited.intersection(self._clients))
            ]
        if stock:
            shown = ", ".join(stock[:3]) + (", …" if len(stock) > 3 else "")
            said.append(
                f"{len(stock)} of {len(known)} workers without the native core ({shown}): nothing is known of their "
                "phases, generator lag and users' time"
            )
        return said

    def _keep_looking(self) -> None:
        while True:
            self._look()
            gevent.sleep(_EVERY)

    def _look(self) -> None:
        over, lost = children(), {loss.client: loss for loss in self._losses if loss.back is None}
        for client, node in list(self._runner.clients.items()):
            worker = self._workers.setdefault(client, _Worker())
            worker.users = node.user_count or worker.users
            code = None if worker.pid is None else over.get(worker.pid)
            if (loss := lost.get(client)) is not None:
                if code is None and loss.ending is None and node.state != STATE_MISSING:
                    loss.back = time.time()
                    logger.warning("locust-native: %s", loss)
            elif code is not None:
                # One that has left of itself is forgotten by Locust as soon as its last word is read.
                if code < 0 or worker.gone:
                    self._lose(client, worker, worker_ended(code))
                worker.gone = True
            elif node.state == STATE_MISSING:
                self._lose(client, worker, None)

    def _lose(self, client: str, worker: _Worker, ending: str | None) -> None:
        loss = _Loss(client, time.time(), worker.users, ending, self._without(client))
        self._losses.append(loss)
        logger.warning("locust-native: %s", loss)

    def _without(self, client: str) -> str:
        """What becomes of the users of a worker that is lost."""
        lost = {loss.client for loss in self._losses if loss.back is None} | {client}
        if all(other in lost for other in self._runner.clients):
            return "no worker is left, and its last figures are missing"
        if self._runner.rebalancing_enabled():
            return "Locust gives its users to other workers, and its last figures are missing"
        later = "for a minute, then Locust gives them to other workers"
        return f"its users are missing ({later}), and so are its last figures"


#: By the events of their environment, of which a distributed runner tells no more when it is made.
_known: weakref.WeakKeyDictionary[Any, Workers] = weakref.WeakKeyDictionary()


def of(events: Any) -> Workers:
    """Those of the environment with these events; watches its tests from the first time it is asked for."""
    known = _known.get(events)
    if known is None:
        known = _known[events] = Workers()
        events.test_start.add_listener(known.start)
        events.test_stopping.add_listener(known.stop)
        events.test_stop.add_listener(known.stopped)
    return known
