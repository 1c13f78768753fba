"""Little's law, counted out: the time users lived against their requests' and their `wait_time`'s."""

from __future__ import annotations

import functools
import time
from types import FunctionType, SimpleNamespace
from typing import Any

import gevent
from gevent import get_hub, getcurrent
from gevent.exceptions import InvalidSwitchError
from locust.user.task import TaskSet
from locust.user.users import User

from . import _core, tracebacks, waiting

#: The share of the users' time that may be neither in requests nor in `wait_time` before a warning says so.
TOLERATED = 0.05

#: A user that goes on so many seconds after its wait was over tells the meter of the generator's lateness.
_LATE = 0.01

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
        "_answers",
        "_from_workers",
        "_lived",
        "_overslept",
        "_slept",
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
        self._answers = _core.answers_late()
        self._from_workers = dict.fromkeys(("seconds", "waiting", "lag"), 0.0)
        #: By worker: what it said last of how things are; None once it has not said all.
        self._workers: dict[str, dict[str, Any] | None] = {}
        if (room := waiting.present()) is not None:
            room.longest = 0

    def begin(self) -> None:
        """A user starts."""
        self.users += 1
        self._lived -= _clock()

    def end(self) -> None:
        """A user is done."""
        self.users -= 1
        self._lived += _clock()

    def _own(self) -> dict[str, float]:
        now = _clock()
        slept = self._slept + now * self.asleep
        late = max(0.0, _core.answers_late() - self._answers)  # below 0 in a child that forked in between
        return {
            "seconds": self._lived + now * self.users,
            "waiting": slept - self._overslept,
            "lag": self._overslept + self._turned + late,
        }

    def take_report(self) -> dict[str, Any]:
        """What is to be told to a master: the time since the last report, and how things are."""
        report = {**self._own(), **_present()}
        self.reset()
        return report

    def absorb(self, worker: str, report: Any) -> None:
        """Add what a worker tells; nothing, and there are no figures any more, if it does not tell of it all."""
        try:
            more = {name: float(report[name]) for name in self._from_workers}
            present = {name: float(report[name]) for name in _NOBODY}
        except (KeyError, TypeError, ValueError):
            self._workers[worker] = None
            return
        for name, seconds in more.items():
            self._from_workers[name] += seconds
        if self._workers.get(worker, present) is not None:
            self._workers[worker] = present

    def queue(self) -> dict[str, int]:
        """Answers that wait for Python: how many now, and at most, in one process, since the beginning."""
        rooms = [_present(), *filter(None, self._workers.values())]
        return {
            "length": int(sum(room["length"] for room in rooms)),
            "longest": int(max(room["longest"] for room in rooms)),
        }

    def figures(self, total: dict[str, Any]) -> dict[str, float] | None:
        """Of the users' time in s: how much there was, and which parts it had; `total` is the row of all requests.

        None where nobody knows: there were no users, or some were on workers that do not tell.
        """
        if None in self._workers.values():
            return None
        known = {name: seconds + self._from_workers[name] for name, seconds in self._own().items()}
        if known["seconds"] <= 0:
            return None
        under_way = sum(room["under_way"] for room in (_present(), *filter(None, self._workers.values())))
        in_requests = (_sum(total) + _sum(total["cut_off_age"])) / 1000 + under_way
        parts = {"in_requests": in_requests, "waiting": known["waiting"], "lag": known["lag"]}
        return {
            "seconds": known["seconds"],
            **parts,
            "elsewhere": known["seconds"] - sum(parts.values()),
        }


_NOBODY = {"under_way": 0.0, "length": 0, "longest": 0}


def _present() -> dict[str, float]:
    """How things are in this thread: the ages of the requests under way, in s, and the answers that wait."""
    room = waiting.present()
    if room is None:
        return _NOBODY
    return {"under_way": room.queue.ages(), "length": room.ready, "longest": room.longest}


def _sum(spread: dict[str, Any] | None) -> float:
    return spread["mean"] * spread["count"] if spread and spread["count"] else 0.0


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
        if late > _LATE:
            _core.turn_late(late)
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
        if late > _LATE:
            _core.turn_late(late)


def _stock_sleeps(_entry: Any) -> tracebacks.Entries:
    names = {"gevent": SimpleNamespace(sleep=tracebacks.fails)}
    return tracebacks.rehearsed(FunctionType(_stock_sleep.__code__, names), None, 0)


tracebacks.stands_for(sleep, _stock_sleeps)


def law(found: dict[str, float] | None) -> str | None:
    """What is to be said where the users' time is not the sum of response and wait times; None if it nearly is."""
    if found is None or found["seconds"] < _TOO_FEW or not found["in_requests"]:
        return None
    rest = found["lag"] + found["elsewhere"]
    share = rest / found["seconds"]
    if abs(share) <= TOLERATED:
        return None
    if share < 0:
        return (
            f"response times and wait times are {-share:.0%} more than the time of the users: they had several "
            "requests under way at once, or not all requests were made by users"
        )
    lost = f"{share:.0%} of the users' time was neither in requests nor in wait_time"
    fewer = "so there were fewer requests than so many users would make"
    if found["lag"] >= rest / 2:
        return f"{lost}, most of it lag of the generator, {fewer}: use more processes (--processes) or fewer users"
    return (
        f"{lost}, most of it in their own code (tasks that sleep or compute, listeners), {fewer} with these "
        "response and wait times alone"
    )


def in_words(found: dict[str, float]) -> str:
    """The parts of the users' time, greatest first."""
    names = {
        "waiting": "waiting (wait_time)",
        "in_requests": "in requests",
        "lag": "waiting for the generator",
        "elsewhere": "elsewhere",
    }
    shares = sorted(((found[name] / found["seconds"], words) for name, words in names.items()), reverse=True)
    return ", ".join(
        f"{share:.0%} {words}" for share, words in shares if round(share, 2) or words == "elsewhere"
    )
