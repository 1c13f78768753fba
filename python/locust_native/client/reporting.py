"""Fire ``events.request`` for a finished request, without the event when only Locust's counter listens."""

from __future__ import annotations

from types import CodeType
from typing import Any

from locust.event import EventHook
from locust.runners import Runner

from .. import _core


def _counter_code() -> CodeType | None:
    """The code of the listener by which a Runner counts requests (a closure over the runner)."""
    for constant in Runner.__init__.__code__.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == "on_request":
            return constant if constant.co_freevars == ("self",) else None
    return None


_COUNTER = _counter_code()


_NOBODYS = _core.Record(1)


def record_of(user: Any) -> _core.Record:
    """Where the precise figures of this user's requests are kept, and its time with them is counted; where there is no
    such place, in none that is ever looked at.
    """
    stats = getattr(getattr(user, "environment", None), "stats", None)
    record = getattr(stats, "_precise", None)
    return record.of_user() if type(record) is _core.Record else _NOBODYS


def reporting_of(user: Any) -> tuple[_core.Record, bool]:
    """What a session needs to know of its user for each request, in one: the record in which they begin, and whether
    the timings belong into the event's context.
    """
    return record_of(user), bool(getattr(user, "native_timings", False))


#: The native way to the statistics; none before there are statistics of ours, nor on a Locust whose counter we do not
#: know.
sole_listener: _core.SoleListener | None = None


def listen_with(kind: type, names: dict[str, Any]) -> None:
    """Say which class the statistics are of, and what `locust.stats` holds."""
    global sole_listener
    if _COUNTER is not None:
        sole_listener = _core.SoleListener(EventHook, _COUNTER, kind, names)


def count(event: Any, tracker: _core.RequestTracker, exchange: Any) -> bool:
    """Report a request that went well to the statistics, if nobody else listens; False, and nothing has happened, if
    it is to be fired.
    """
    return sole_listener is not None and sole_listener.count(event, tracker, exchange)


class Told:
    """The request event of one call, in the hands of Locust's own response classes."""

    __slots__ = ("_begun", "_event")

    def __init__(self, event: Any, tracker: _core.RequestTracker) -> None:
        self._event, self._begun = event, tracker

    def fire(self, **meta: Any) -> None:
        fire(self._event, meta, self._begun)


def fire(event: Any, meta: dict[str, Any], tracker: _core.RequestTracker) -> None:
    """Report one request. ``meta`` holds the arguments of the event, ``tracker`` how it began.

    Anyone but the counter among the listeners, or anything unusual, and the event fires as Locust
    fires it; otherwise the sample goes to the statistics directly, which saves the calls in between.
    """
    method, name = meta["request_type"], meta["name"]
    stats = None
    if type(event) is EventHook and "fire" not in event.__dict__:
        handlers = event._handlers
        if len(handlers) == 1:
            code = getattr(handlers[0], "__code__", None)
            if code is _COUNTER and code is not None and type(name) is str:
                stats = handlers[0].__closure__[0].cell_contents.environment.stats
    # Ours has it, and a class of somebody's that is made from ours has not.
    log_end = type(stats).__dict__.get("log_end")
    if log_end is not None and log_end(
        stats, tracker, method, name, meta["response_time"], meta["response_length"]
    ):
        if meta["exception"]:
            stats.log_error(method, name, meta["exception"])
        return
    tracker.finish(method, name)
    try:
        if stats is None:
            event.fire(**meta)
        else:
            stats.log_request(method, name, meta["response_time"], meta["response_length"])
            if meta["exception"]:
                stats.log_error(method, name, meta["exception"])
    finally:
        tracker.reported()
