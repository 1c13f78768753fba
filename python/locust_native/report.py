"""Fire ``events.request`` for a finished request, by the short way when only Locust's counter listens."""

from __future__ import annotations

from types import CodeType
from typing import Any

from locust.event import EventHook
from locust.runners import Runner


def _counter_code() -> CodeType | None:
    """The code of the listener by which a Runner counts requests (a closure over the runner)."""
    for constant in Runner.__init__.__code__.co_consts:
        if isinstance(constant, CodeType) and constant.co_name == "on_request":
            return constant if constant.co_freevars == ("self",) else None
    return None


_COUNTER = _counter_code()


def fire(event: Any, meta: dict[str, Any]) -> None:
    """Report one request. ``meta`` holds the arguments of the event.

    Anyone but the counter among the listeners, or anything unusual, and the event fires as Locust
    fires it; otherwise the sample goes to the statistics directly, which saves the calls in between.
    """
    if type(event) is EventHook and "fire" not in event.__dict__:
        handlers = event._handlers
        if len(handlers) == 1:
            code = getattr(handlers[0], "__code__", None)
            if code is _COUNTER and code is not None and type(meta["name"]) is str:
                stats = handlers[0].__closure__[0].cell_contents.environment.stats
                method, name = meta["request_type"], meta["name"]
                stats.log_request(method, name, meta["response_time"], meta["response_length"])
                if meta["exception"]:
                    stats.log_error(method, name, meta["exception"])
                return
    event.fire(**meta)
