"""The event hooks of before 1.0, fed from today's, and `+=` for both."""

import inspect
from collections.abc import Callable
from typing import Any

import locust
from locust.event import EventHook
from locust.exception import LocustError
from locust.runners import MasterRunner

Arguments = dict[str, Any]


def accepting(handler: Callable) -> Callable[[Arguments], Arguments]:
    """Which of an event's arguments this listener takes: all, or those it names."""
    try:
        parameters = inspect.signature(handler).parameters.values()
    except (TypeError, ValueError):  # a builtin without a signature
        return lambda arguments: arguments
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return lambda arguments: arguments
    names = {p.name for p in parameters}
    return lambda arguments: {name: value for name, value in arguments.items() if name in names}


# --- today's arguments → the old ones, or None where the old event would not have fired -------------------


def success(arguments: Arguments) -> Arguments | None:
    """A request without an exception, as `request_success` described it; the time in whole ms."""
    return None if arguments.get("exception") else _request(arguments, without=("exception",))


def failure(arguments: Arguments) -> Arguments | None:
    """A request with an exception, as `request_failure` described it; the time in whole ms."""
    return _request(arguments, without=()) if arguments.get("exception") else None


def _request(arguments: Arguments, without: tuple[str, ...]) -> Arguments:
    newer = ("response", "context", "start_time", "url", *without)
    old = {name: value for name, value in arguments.items() if name not in newer}
    if isinstance(old.get("response_time"), float):
        old["response_time"] = int(old["response_time"])
    return old


def error(arguments: Arguments) -> Arguments:
    """`user_instance` by its old name."""
    return {"locust_instance" if name == "user_instance" else name: v for name, v in arguments.items()}


def same(arguments: Arguments) -> Arguments:
    """Nothing but the event's name has changed."""
    return arguments


def on_master(arguments: Arguments) -> Arguments | None:
    """Nothing, where the node is a master."""
    return {} if isinstance(arguments["environment"].runner, MasterRunner) else None


def off_master(arguments: Arguments) -> Arguments | None:
    """Nothing, where the node runs users itself."""
    return None if isinstance(arguments["environment"].runner, MasterRunner) else {}


# --- the other way, for events a file fires itself ---------------------------------------------------------


def fired_success(arguments: Arguments) -> Arguments:
    """Counted by today's `request`, as Locust's own listener on `request_success` once did."""
    return {"response_length": 0, "context": {}, **arguments, "exception": None}


def fired_failure(arguments: Arguments) -> Arguments:
    """As `fired_success`; without an exception it would count as a success today."""
    exception = arguments.get("exception") or LocustError("request_failure fired without an exception")
    return {"response_length": 0, "context": {}, **arguments, "exception": exception}


def fired_error(arguments: Arguments) -> Arguments:
    """`locust_instance` by its new name."""
    return {"user_instance" if name == "locust_instance" else name: v for name, v in arguments.items()}


# --- hooks ------------------------------------------------------------------------------------------------


class OldHook:
    """An event of before 1.0. Every listener is a listener of today's event; without any, there is none."""

    def __init__(
        self,
        today: str,
        to_old: Callable[[Arguments], Arguments | None],
        to_today: Callable[[Arguments], Arguments] | None = None,
    ) -> None:
        self._today, self._to_old, self._to_today = today, to_old, to_today
        self._listeners: list[tuple[Callable, Callable]] = []

    @property
    def today(self) -> EventHook:
        return getattr(locust.events, self._today)

    def add_listener(self, handler: Callable) -> Callable:
        """Listen; the handler gets the arguments it names, or all if it takes `**kwargs`."""
        accepted, to_old = accepting(handler), self._to_old

        def listener(**arguments: Any) -> None:
            old = to_old(arguments)
            if old is not None:
                handler(**accepted(old))

        self.today.add_listener(listener)
        self._listeners.append((handler, listener))
        return handler

    def remove_listener(self, handler: Callable) -> None:
        """Stop listening. Raises ValueError if the handler does not listen."""
        for pair in self._listeners:
            if pair[0] == handler:
                self._listeners.remove(pair)
                self.today.remove_listener(pair[1])
                return
        raise ValueError(f"{handler!r} does not listen to this event")

    def __iadd__(self, handler: Callable) -> "OldHook":
        self.add_listener(handler)
        return self

    def __isub__(self, handler: Callable) -> "OldHook":
        self.remove_listener(handler)
        return self

    def fire(self, **arguments: Any) -> None:
        """Fire by hand: through today's event if that says the same, else to our listeners alone."""
        if self._to_today is not None:
            self.today.fire(**self._to_today(arguments))
            return
        for handler, _listener in self._listeners.copy():
            handler(**accepting(handler)(arguments))


HOOKS = {
    "request_success": OldHook("request", success, fired_success),
    "request_failure": OldHook("request", failure, fired_failure),
    "locust_error": OldHook("user_error", error, fired_error),
    "slave_report": OldHook("worker_report", same, same),
    "hatch_complete": OldHook("spawning_complete", same, same),
    "locust_start_hatching": OldHook("test_start", off_master),
    "locust_stop_hatching": OldHook("test_stop", off_master),
    "master_start_hatching": OldHook("test_start", on_master),
    "master_stop_hatching": OldHook("test_stop", on_master),
}
"""What `locust.events` had until 0.14 and has no more; `quitting` and `report_to_master` it still has."""


# --- `+=` on today's hooks --------------------------------------------------------------------------------


def add(self: EventHook, handler: Callable) -> EventHook:
    """`events.quitting += f`, where f may take fewer arguments than today's event has."""
    accepted = accepting(handler)

    def listener(**arguments: Any) -> None:
        handler(**accepted(arguments))

    listener.handler = handler
    self.add_listener(listener)
    return self


def remove(self: EventHook, handler: Callable) -> EventHook:
    """`events.quitting -= f`. Raises ValueError if f does not listen."""
    for listener in self._handlers:
        if getattr(listener, "handler", None) == handler:
            handler = listener
            break
    self.remove_listener(handler)
    return self
