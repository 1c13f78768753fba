"""What users did with their time; and Little's law, counted out: what it lost against requests and waits."""

from __future__ import annotations

import contextlib
import functools
import time
from types import FunctionType, SimpleNamespace
from typing import Any

import gevent
from gevent import get_hub, getcurrent
from gevent.exceptions import InvalidSwitchError
from locust.user.task import TaskSet
from locust.user.users import User

from .. import _core
from ..client import tracebacks, waiting
from . import limits

#: The share of the users' time that may be lost to computing and to lag of the generator before a warning says so.
TOLERATED = 0.05

#: By so much the parts of the users' time may be more than there was of it. Users whose other greenlets ask for
#: something while they wait for their `wait_time` do two things at once: how much of their time that was is not known.
_AT_ONCE = 1.01

#: User-seconds below which nothing is said: not enough to tell.
_TOO_FEW = 1.0

_clock = time.perf_counter

_gevent_sleep = gevent.sleep
_NUMBERS = (int, float)

# Locust's own, taken when this module is first imported, which is before anything is replaced.
_stock_run = User.run
_stock_sleep = TaskSet._sleep


class UserTime:
    """What the users of one test did with their time, in s; and how long the queue of answers for them was.

    Whoever begins takes the clock off a sum, and whoever ends adds it: with the clock for those in between, the sum
    is exact at any moment, and costs two additions.
    """

    __slots__ = (
        "_from_workers",
        "_lived",
        "_overslept",
        "_slept",
        "_spent",
        "_turned",
        "_workers",
        "asleep",
        "users",
    )

    def __init__(self) -> None:
        self.users = self.asleep = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew; of those who live or sleep now, only what is to come counts."""
        now = _clock()
        self._lived, self._slept = -now * self.users, -now * self.asleep
        self._overslept = self._turned = 0.0
        self._spent = _spent()
        self._from_workers = dict.fromkeys(("seconds", *PARTS), 0.0)
        #: By worker: what it said last of how things are; None once it has not said all.
        self._workers: dict[str, dict[str, int] | None] = {}
        if (waiters := waiting.present()) is not None:
            waiters.longest = 0

    def begin(self) -> None:
        """A user starts."""
        self.users += 1
        self._lived -= _clock()
        _core.users_changed(1)

    def end(self) -> None:
        """A user is done."""
        self.users -= 1
        self._lived += _clock()
        _core.users_changed(-1)

    def _own(self) -> dict[str, float]:
        now = _clock()
        asked, late, cpu = (
            max(0.0, spent - before) for spent, before in zip(_spent(), self._spent, strict=True)
        )
        found = {
            "seconds": self._lived + now * self.users,
            "in_requests": asked,
            "waiting": self._slept + now * self.asleep - self._overslept,
            "lag": self._overslept + self._turned + late,
        }
        rest = found["seconds"] - found["in_requests"] - found["waiting"] - found["lag"]
        # What users compute, they compute one after the other in this thread: it is no more than the thread ran, or
        # could have run.
        found["computing"] = max(0.0, min(rest, cpu))
        return found

    def take_report(self) -> dict[str, Any]:
        """What is to be told to a master: the time since the last report, and how things are."""
        report = {**self._own(), **_present()}
        self.reset()
        return report

    def absorb(self, worker: str, report: Any) -> None:
        """Add what a worker tells; nothing, and there are no figures any more, if it does not tell of it all."""
        try:
            more = {name: float(report[name]) for name in self._from_workers}
            present = {name: int(report[name]) for name in _NOBODY}
        except (KeyError, TypeError, ValueError):
            self._workers[worker] = None
            return
        for name, seconds in more.items():
            self._from_workers[name] += seconds
        if self._workers.get(worker, present) is not None:
            self._workers[worker] = present

    def queue(self) -> dict[str, int]:
        """Answers that wait for Python: how many now, and at most, in one process, since the beginning."""
        hubs: list[dict[str, int]] = [_present(), *filter(None, self._workers.values())]
        return {
            "length": sum(waiters["length"] for waiters in hubs),
            "longest": max(waiters["longest"] for waiters in hubs),
        }

    def figures(self, requests: int) -> dict[str, float] | None:
        """Of the users' time in s: how much there was, and which parts it had; `requests`: how many were counted.

        None where nobody knows: there were no users, some were on workers that do not tell, all requests were carried
        out by others than the clients of users, or users did several things at once.
        """
        if None in self._workers.values():
            return None
        found = {name: seconds + self._from_workers[name] for name, seconds in self._own().items()}
        seconds, known = found["seconds"], sum(found[part] for part in PARTS)
        if seconds <= 0 or known > seconds * _AT_ONCE or (requests and not found["in_requests"]):
            return None
        found["seconds"] = max(seconds, known)
        sleeping = found["seconds"] - known
        return {**found, "sleeping": sleeping, "elsewhere": found["computing"] + sleeping}


#: What the time of users is made of, beside what they sleep in tasks: that is the rest.
PARTS = ("in_requests", "waiting", "lag", "computing")

_NOBODY = {"length": 0, "longest": 0}


def _spent() -> tuple[float, float, float]:
    """Of this process since it began, in s: users' time in requests, and for answers; for how long this thread has
    computed, or would have with a processor.
    """
    return *_core.asked(), time.thread_time() + limits.starved()


def _present() -> dict[str, int]:
    """How things are in this thread: the answers that wait."""
    waiters = waiting.present()
    return _NOBODY if waiters is None else {"length": waiters.ready, "longest": waiters.longest}


def of(holder: Any) -> UserTime | None:
    """That of the statistics of a user's environment; None where they are not ours."""
    stats = getattr(getattr(holder, "environment", None), "stats", None)
    found = getattr(stats, "_user_time", None)
    return found if type(found) is UserTime else None


@functools.wraps(_stock_run)
def run(self: User) -> None:
    """Stands in place of `User.run`."""
    tracebacks.listen(self.environment.events)
    times = of(self)
    if times is None:
        return _stock_run(self)
    times.begin()
    try:
        return _stock_run(self)
    finally:
        times.end()
        with contextlib.suppress(TypeError):  # somebody's own client may have no names of its own
            match _core.own_names(vars(self).get("client")).get("_reporting"):
                case (_core.Record() as record, _):
                    record.leave()


def _sleep(seconds: float) -> None:
    """As `gevent.sleep`, without the objects and the C stack of its `hub.wait`: nearly all users are in here at any
    moment, and a copy of the stack of each is kept.
    """
    hub, me = get_hub(), getcurrent()
    loop = hub.loop
    timer = loop.timer(seconds)
    try:
        loop.update_now()
        timer.start(me.switch, timer)
        came = hub.switch()
    finally:
        timer.stop()
        timer.close()
    if came is not timer:
        raise InvalidSwitchError(f"Invalid switch into {me}: got {came!r} (expected {timer!r})")


@functools.wraps(_stock_sleep)
def sleep(self: TaskSet, seconds: Any) -> None:
    """Stands in place of `TaskSet._sleep`, by which a user waits for its `wait_time`."""
    try:
        times: UserTime = self._user.environment.stats._user_time  # type: ignore[attr-defined]
    except AttributeError:  # statistics that are not ours
        gevent.sleep(seconds)
        return
    # Others have had their turn while the user's request was under way; another one for nothing would cost half as
    # much as the request does. What gevent would refuse, or somebody has replaced, is gevent's or theirs.
    if (
        type(seconds) in _NUMBERS
        and not seconds
        and gevent.sleep is _gevent_sleep
        and _core.had_a_turn(getcurrent())
    ):
        return
    start = _clock()
    if not seconds:  # a turn of the loop: users without a wait_time do this as often as they ask
        gevent.sleep(seconds)
        late = _clock() - start
        times._turned += late
        _core.turn_came(late)
        return
    times.asleep += 1
    times._slept -= start
    try:
        if type(seconds) in _NUMBERS and seconds > 0 and gevent.sleep is _gevent_sleep:
            _sleep(seconds)
        else:
            gevent.sleep(seconds)
    finally:
        end = _clock()
        times._slept += end
        times.asleep -= 1
    if (late := end - start - max(0.0, float(seconds))) > 0:
        times._overslept += late
        _core.turn_came(late)


def _stock_sleeps(_entry: Any) -> tracebacks.Entries:
    names = {"gevent": SimpleNamespace(sleep=tracebacks.fails)}
    return tracebacks.rehearsed(FunctionType(_stock_sleep.__code__, names), None, 0)


tracebacks.stands_for(sleep, _stock_sleeps)


def law(found: dict[str, float] | None, cpu: tuple[float, float, float] | None = None) -> str | None:
    """What is to be said where users lost time to computing and to the generator; None if they lost next to none.

    ``cpu``: as `limits.advice` takes it.
    """
    if found is None or found["seconds"] < _TOO_FEW or not found["in_requests"]:
        return None
    lost = found["lag"] + found["computing"]
    share = lost / found["seconds"]
    if share <= TOLERATED:
        return None
    said = f"{share:.0%} of the users' time was neither in requests nor in wait_time nor slept"
    fewer = "so there were fewer requests than so many users would make"
    if found["lag"] >= lost / 2:
        cause = limits.cause(cpu)
        return f"{said}, most of it lag of the generator, {fewer}" + (f": {cause}" if cause else "")
    return (
        f"{said}, most of it computing (in tasks, listeners and the client), {fewer} with these response and wait "
        "times alone"
    )


def in_words(found: dict[str, float]) -> str:
    """The parts of the users' time, greatest first."""
    names = {
        "waiting": "wait_time",
        "in_requests": "in requests",
        "sleeping": "sleeping in tasks",
        "computing": "computing",
        "lag": "waiting for the generator",
    }
    shares = sorted(((found[name] / found["seconds"], words) for name, words in names.items()), reverse=True)
    return ", ".join(f"{share:.0%} {words}" for share, words in shares)
