"""Tells whether somebody stands between a stock client and the wire: OpenTelemetry, a mock, a tracer.

Such code replaces a function that native requests never pass, and would miss them without a word. So the
sessions ask before every request, and leave the request to the stock client if anybody is there.
"""

from __future__ import annotations

import http.client
import json
import socket
from types import FunctionType
from typing import Any

import requests
from geventhttpclient.client import HTTPClient
from geventhttpclient.useragent import UserAgent
from locust.clients import LocustHttpAdapter
from locust.contrib import fasthttp
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.util import connection

from . import _core


def _own(owner: type, name: str) -> Any:
    """The function of that name, if the library that defines the class wrote it; else what nothing equals."""
    found = vars(owner).get(name)
    if isinstance(found, FunctionType) and found.__globals__.get("__name__") == owner.__module__:
        return found
    return object()


_SESSION_SEND = _own(requests.Session, "send")
_SESSION_REQUEST = _own(requests.Session, "request")
_GET_ADAPTER = _own(requests.Session, "get_adapter")
_ADAPTER_SEND = _own(HTTPAdapter, "send")
_URLOPEN = _own(HTTPConnectionPool, "urlopen")
_DUMPS = json.dumps
_FAST_URLOPEN = _own(UserAgent, "urlopen")
_FAST_REQUEST = _own(HTTPClient, "request")


_PlainConnection = http.client.HTTPConnection

#: The plain functions, classes and numbers below requests and urllib3, by their place, as their makers wrote them.
_LOWER: tuple[tuple[Any, str], ...] = (
    (socket, "socket"),
    (socket, "getaddrinfo"),
    (connection, "create_connection"),
    (connection, "allowed_gai_family"),
    (HTTPConnectionPool, "ConnectionCls"),  # vcrpy
    (HTTPConnection, "_new_conn"),
    (HTTPConnection, "request"),
    (_PlainConnection, "getresponse"),  # every tracer of http.client
    (HTTPConnection, "debuglevel"),
)


def _made_by(value: Any) -> str:
    """The module a function or class was written in, whatever it calls itself."""
    if isinstance(value, FunctionType):
        return str(value.__globals__.get("__name__"))
    return value.__module__ if isinstance(value, type) else ""


def _is_own(owner: Any, value: Any) -> bool:
    """Whether the library itself, or gevent's monkey patching, put the value there."""
    maker = _made_by(value)
    if owner is socket:
        return maker == "socket" or maker.startswith("gevent.")
    return value == 0 or maker.startswith(("urllib3.", "http.client"))


def _seen() -> list[Any]:
    found = (getattr(owner, name, None) for owner, name in _LOWER)
    return [
        value if _is_own(owner, value) else object() for (owner, _), value in zip(_LOWER, found, strict=True)
    ]


_OWN = _seen()


def of_requests(kind: type[requests.Session] = requests.Session) -> str | None:
    """What is replaced on the way of a request of ``HttpSession``, in words; None if nothing is."""
    if not (
        kind.send is _SESSION_SEND
        and LocustHttpAdapter.send is _ADAPTER_SEND
        and requests.Session.request is _SESSION_REQUEST
        and kind.get_adapter is _GET_ADAPTER
        and HTTPConnectionPool.urlopen is _URLOPEN
    ):
        return (
            "requests or urllib3 is instrumented (its send, request, get_adapter or urlopen is not its own)"
        )
    if all(getattr(owner, name, None) is own for (owner, name), own in zip(_LOWER, _OWN, strict=True)):
        return None
    return _replaced_below()


def intact(**more: Any) -> _core.Intact:
    """All that `of_requests` looks at, which has the words, and further attributes of the session's class."""
    return _core.Intact(
        [("send", _SESSION_SEND), ("get_adapter", _GET_ADAPTER), *more.items()],
        [
            (LocustHttpAdapter, "send", _ADAPTER_SEND),
            (requests.Session, "request", _SESSION_REQUEST),
            (HTTPConnectionPool, "urlopen", _URLOPEN),
            *((owner, name, value) for (owner, name), value in zip(_LOWER, _OWN, strict=True)),
        ],
    )


def intact_json() -> _core.Intact:
    """The functions by which requests makes JSON of what it is given."""
    return _core.Intact([], [(requests.models, "complexjson", json), (json, "dumps", _DUMPS)])  # type: ignore[list-item]


#: Asked natively before every request.
INTACT = intact()


def _replaced_below() -> str | None:
    """What lies below urllib3 and is neither its maker's nor gevent's, in words."""
    names = [
        f"{owner.__name__}.{name}" for owner, name in _LOWER if not _is_own(owner, getattr(owner, name, None))
    ]
    return f"{' and '.join(names)} replaced below requests" if names else None


def of_geventhttpclient() -> str | None:
    """The same for ``FastHttpSession``."""
    if UserAgent.urlopen is _FAST_URLOPEN and HTTPClient.request is _FAST_REQUEST:
        return None
    return "geventhttpclient is instrumented (its urlopen or request is not its own)"


def fast_intact(**more: Any) -> _core.Intact:
    """All that `of_geventhttpclient` looks at, which has the words, and further attributes of the session's class."""
    agent = fasthttp.LocustUserAgent
    return _core.Intact(
        [*more.items()],
        [
            (UserAgent, "urlopen", _FAST_URLOPEN),
            (HTTPClient, "request", _FAST_REQUEST),
            (fasthttp, "LocustUserAgent", agent),
            (agent, "valid_response_codes", agent.valid_response_codes),
        ],
    )


def _agent_parts() -> tuple[Any, ...]:
    agent = fasthttp.LocustUserAgent
    return (
        agent,
        agent._urlopen,
        agent._verify_status,
        agent._handle_error,
        agent.redirect_response_codes,
        agent.response_type,
        agent.request_type,
    )


_AGENT_PARTS = _agent_parts()


def of_locust_user_agent() -> str | None:
    """Whether a locustfile has put something of its own into what ``FastHttpSession`` sends with, in words."""
    for now, then in zip(_agent_parts(), _AGENT_PARTS, strict=True):
        if now is not then:
            return "LocustUserAgent is not Locust's own (the class, or a part of it, is replaced)"
    if not fasthttp.LocustUserAgent.redirect_response_codes <= fasthttp.LocustUserAgent.valid_response_codes:
        return "LocustUserAgent.valid_response_codes is without the redirects"
    return None
