"""Runs one body on stock Locust's HttpSession and on ours, and compares all a locustfile can observe of it."""

from support.backends import Backend, Server  # isort: skip  first of all: it lets gevent patch what others import
import re
from collections.abc import Callable
from typing import Any

import pytest
import requests

from support import observe

_ADDRESS = re.compile(r"(?: object)? at 0x[0-9a-f]+")


def error(raised: BaseException | None, depth: int = 8) -> Any:
    """An exception with its class, texts, arguments, request, response, and all it was raised in."""
    if raised is None or depth == 0:
        return None
    shown: dict[str, Any] = {
        "class": f"{type(raised).__module__}.{type(raised).__qualname__}",
        "str": _ADDRESS.sub("", str(raised)),
        "repr": _ADDRESS.sub("", repr(raised)),
        "args": [
            error(argument, depth - 1) if isinstance(argument, BaseException) else _plain(argument)
            for argument in raised.args
        ],
        "errno": getattr(raised, "errno", None),
    }
    if isinstance(raised, requests.RequestException):
        shown["request"] = None if raised.request is None else (raised.request.method, raised.request.url)
        shown["response"] = None if raised.response is None else raised.response.status_code
    shown["context"] = error(raised.__context__, depth - 1)
    return shown


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else _ADDRESS.sub("", repr(value))


def tried(ask: Callable[[], Any]) -> Any:
    """The value of `ask()`, or all of the error it raises."""
    try:
        return ask()
    except Exception as raised:
        return ("raised", error(raised))


def response(answer: Any) -> dict[str, Any]:
    """A response with its names in the case they have."""
    shown = observe.response(answer)
    if answer.status_code:
        hops = [*answer.history, answer]
        shown["names"] = [list(hop.headers) for hop in hops]
        shown["names sent"] = [list(hop.request.headers) for hop in hops]
    shown["error"] = error(getattr(answer, "error", None))
    return shown


def event(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a request event, the exception in full, times for presence and sanity."""
    shown = observe.event(arguments)
    shown["exception"] = error(arguments["exception"])
    shown["sane"] = (0 <= arguments["response_time"] < 60_000, 1e9 < arguments["start_time"] < 1e10)
    return shown


def wire(recorded: list[dict], connections: bool) -> list[tuple]:
    """Requests byte by byte, and on which connection (counted from 0) each came."""
    numbers: dict[int, int] = {}
    return [
        (
            numbers.setdefault(request["connection"], len(numbers)) if connections else None,
            request["head"].split("\r\n"),
            request["body"],
        )
        for request in recorded
    ]


class Sides:
    """Compares a body on both sides against one server."""

    def __init__(self, server: Server) -> None:
        self.server = server

    def __call__(
        self,
        body: Callable[[Any], Any],
        *,
        falls_back: bool | None = False,
        connections: bool = True,
        **arguments: Any,
    ) -> tuple[Any, list[dict], list[tuple]]:
        """Fail on any difference in value, events or bytes on the wire; return ours.

        `falls_back`: whether ours is expected to become Locust's client on the way; None: either.
        `connections`: whether requests must share connections as stock's do.
        """
        outcomes = []
        for kind in ("stock", "native"):
            self.server.take()
            backend = Backend(kind, self.server.url)
            client = backend.http(**arguments)
            value = tried(lambda client=client: body(client))
            if kind == "native" and falls_back is not None:
                assert (client._native is None) == falls_back, "fell back" if not falls_back else "stayed"
            events = [event(arguments) for arguments in backend.events]
            outcomes.append((value, events, wire(self.server.take(), connections)))
            backend.close()
        stock, ours = outcomes
        differences = observe.differences(("value", "events", "wire"), ours, stock)
        if differences:
            pytest.fail("\n".join(found[:400] for found in differences[:12]), pytrace=False)
        return ours


def get(*arguments: Any, method: str = "get", **keywords: Any) -> Callable[[Any], Any]:
    """A body that makes one request and looks at the response from all sides."""
    return lambda client: response(getattr(client, method)(*arguments, **keywords))
