"""Tells whether somebody stands between a stock client and the wire: OpenTelemetry, a mock, a tracer.

Such code replaces a function that native requests never pass, and would miss them without a word. So the
sessions ask before every request, and leave the request to the stock client if anybody is there.
"""

from __future__ import annotations

from types import FunctionType
from typing import Any

import requests
from geventhttpclient.client import HTTPClient
from geventhttpclient.useragent import UserAgent
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool


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
_FAST_URLOPEN = _own(UserAgent, "urlopen")
_FAST_REQUEST = _own(HTTPClient, "request")


def of_requests() -> str | None:
    """What is replaced on the way of a request of ``HttpSession``, in words; None if nothing is."""
    if (
        requests.Session.send is _SESSION_SEND
        and HTTPAdapter.send is _ADAPTER_SEND
        and requests.Session.request is _SESSION_REQUEST
        and requests.Session.get_adapter is _GET_ADAPTER
        and HTTPConnectionPool.urlopen is _URLOPEN
    ):
        return None
    return "requests or urllib3 is instrumented (its send, request, get_adapter or urlopen is not its own)"


def of_geventhttpclient() -> str | None:
    """The same for ``FastHttpSession``."""
    if UserAgent.urlopen is _FAST_URLOPEN and HTTPClient.request is _FAST_REQUEST:
        return None
    return "geventhttpclient is instrumented (its urlopen or request is not its own)"
