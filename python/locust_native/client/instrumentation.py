"""Tells whether somebody stands between a stock client and the wire: OpenTelemetry, a mock, a tracer, a patch.

Such code replaces a function, class or constant that native requests never pass, and would be missed without a word.
So the sessions ask before every request, and leave the request to the stock client if anything is replaced.
"""

from __future__ import annotations

import builtins
import enum
import http.client
import json
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import requests
from geventhttpclient.client import HTTPClient
from geventhttpclient.useragent import UserAgent
from locust.clients import LocustHttpAdapter
from locust.contrib import fasthttp
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from .. import _core


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

#: Modules and packages that a request of stock's clients passes through.
_SOCKETS = ("socket", "ssl", "gevent.socket", "gevent._socket3", "gevent.ssl")
_UNDER_HTTP_USER = ("requests", "urllib3", "http.client", "http.cookiejar", "http.cookies", *_SOCKETS)
_UNDER_FAST_USER = ("geventhttpclient", "http.cookiejar", "http.cookies", *_SOCKETS)

#: What these are made of: whatever else a name in them stands for was put there by somebody else.
_MAKERS = (
    frozenset(("requests", "urllib3", "geventhttpclient", "gevent", "greenlet", "locust"))
    | frozenset(("certifi", "idna", "charset_normalizer", "chardet", "brotli", "brotlicffi", "zstandard"))
    | frozenset(("simplejson", "OpenSSL", "cryptography", "socks", "h2"))
    | (sys.stdlib_module_names - {"unittest"})
)

#: No part of a request: where a module logs.
_NO_PART = frozenset(("logger", "log", "_abc_impl"))
#: Limits that are read, not watched.
_READ = frozenset(("_MAXLINE", "_MAXHEADERS"))

#: Of these packages, what no request passes through: each one more would cost every request.
_BESIDE = (
    frozenset(("requests", "requests.__version__", "requests.api", "requests.certs", "requests.compat"))
    | frozenset(("requests.exceptions", "requests.packages", "requests.status_codes"))
    | frozenset(
        ("urllib3", "urllib3._base_connection", "urllib3._version", "urllib3.contrib", "urllib3.exceptions")
    )
    | frozenset(("urllib3.http2", "urllib3.http2.probe", "urllib3.util", "urllib3.util.ssltransport"))
    | frozenset(
        ("geventhttpclient", "geventhttpclient._version", "geventhttpclient.api", "geventhttpclient.auth")
    )
    | frozenset(("geventhttpclient.requests", "gevent.socket", "http.cookies"))
    | frozenset(("urllib3.fields", "urllib3.filepost"))  # which ours calls, too
)
_BESIDE_CLASSES = (
    frozenset(("AuthBase", "BaseAdapter", "HTTPDigestAuth", "HTTPProxyAuth", "LookupDict"))
    | frozenset(("Absent", "CookiePolicy", "FileCookieJar", "LWPCookieJar", "MozillaCookieJar"))
    | frozenset(("ChunksAndContentLength", "DummyConnection", "GzipDecoderState", "HTTPHeaderDictItemView"))
    | frozenset(("PoolKey", "RequestHistory", "_WrappedAndVerifiedSocket", "HTTPSConnection:http.client"))
    | frozenset(
        ("DefaultVerifyPaths", "SSLObject", "_ASN1Object", "_Callback", "_ExpectContinueProbe", "_wrefsocket")
    )
)

_ABSENT = object()


def _modules(roots: Iterable[str]) -> list[ModuleType]:
    """Those of these modules, and of the packages all modules, that are loaded and on the way of a request."""
    found = []
    for name, module in sorted(sys.modules.items()):
        part = any(name == root or name.startswith(f"{root}.") for root in roots)
        if part and name not in _BESIDE and type(module) is ModuleType and module.__name__ == name:
            found.append(module)
    return found


def _classes(modules: Iterable[ModuleType]) -> Iterator[type]:
    """The classes that these modules define; errors of requests and urllib3 are what ours raises, too."""
    for module in modules:
        for value in list(vars(module).values()):
            if (
                isinstance(value, type)
                and value.__module__ == module.__name__
                and (not _is_error(value) or module.__name__.startswith("geventhttpclient."))
                and not issubclass(value, enum.Enum)
                and _BESIDE_CLASSES.isdisjoint((value.__name__, f"{value.__name__}:{module.__name__}"))
                and value.__flags__ & (1 << 9)  # on the heap: nothing of another class can be replaced
            ):
                yield value


def _is_error(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _maker(value: Any) -> str:
    """The module in which a function or class was written, or the class of another object, whatever it calls itself."""
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, FunctionType):
        return str(value.__globals__.get("__name__"))
    return str(getattr(value if isinstance(value, type) else type(value), "__module__", ""))


def _is_made_by_them(value: Any) -> bool:
    maker = _maker(value)
    # What Cython compiles, and the parts of named tuples, have makers of their own.
    return maker.partition(".")[0] in _MAKERS or maker.startswith(("_cython_", "namedtuple_"))


def _takes_part(name: str, value: Any) -> bool:
    """Whether a request may depend on a name; not on how a class describes itself, which typing rewrites."""
    described = (
        name.startswith("__") and not callable(value) and not isinstance(value, (property, staticmethod))
    )
    return name not in _NO_PART and not described


def _content(value: Any) -> Any:
    """A copy of what can be changed without being replaced."""
    return type(value)(value) if type(value) in (list, dict, set) else value


class _Namespaces:
    """Everything in some modules and their classes, as it was when Locust was loaded."""

    def __init__(self, above: str, roots: tuple[str, ...], *more: type) -> None:
        self.above = above
        modules = _modules(roots)
        classes = list(dict.fromkeys((*_classes(modules), *more)))
        self.owners: list[Any] = [*modules, *classes]
        self.before = [
            {
                name: (value, _content(value))
                for name, value in list(vars(owner).items())
                if _takes_part(name, value)
            }
            for owner in self.owners
        ]
        self.foreign = [
            self._named(owner, name)
            for owner, names in zip(self.owners, self.before, strict=True)
            for name, (value, _) in names.items()
            if callable(value) and not _is_error(value) and not _is_made_by_them(value)
        ]
        # A change of a class is one of those made from it, too.
        bases = {base for kind in classes for base in kind.__mro__[1:]}
        leaves = [kind for kind in classes if kind not in bases]
        self.watch = _core.NamespaceWatch(modules, leaves, self.replaced)

    @staticmethod
    def _named(owner: Any, name: str) -> str:
        return (
            f"{owner.__module__}.{owner.__qualname__}.{name}"
            if isinstance(owner, type)
            else f"{owner.__name__}.{name}"
        )

    def replaced(self) -> str | None:
        """What of it is not its maker's any more, in words; None if all is."""
        found = list(self.foreign)
        if self.above == "requests":
            found += _settings()
        for owner, before in zip(self.owners, self.before, strict=True):
            now = vars(owner)
            for name, (value, content) in before.items():
                there = now.get(name, _ABSENT)
                if there is value:
                    if type(value) not in (list, dict, set) or value == content or isinstance(value, dict):
                        continue
                elif name in _READ or self._is_theirs(value, there):
                    continue
                found.append(self._named(owner, name))
            found += [self._named(owner, name) for name in now.keys() - before.keys() if _hides(owner, name)]
        if not found:
            return None
        names = " and ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
        return f"{names} {'is' if len(found) == 1 else 'are'} replaced below {self.above}"

    @staticmethod
    def _is_theirs(before: Any, there: Any) -> bool:
        """Whether the library itself put another function in the place of its own, or gevent did."""
        if _maker(there).startswith("gevent."):
            return True
        both = isinstance(before, (FunctionType, type)) and isinstance(there, (FunctionType, type))
        return both and _maker(there) == _maker(before)


def _hides(owner: Any, name: str) -> bool:
    """Whether a name that is new here stands in front of what a base class, or Python itself, has by this name."""
    if not _takes_part(name, vars(owner)[name]):
        return False
    if not isinstance(owner, type):
        return hasattr(builtins, name)
    below = next((vars(base)[name] for base in owner.__mro__[1:-1] if name in vars(base)), _ABSENT)
    return below is not _ABSENT and below is not vars(owner)[name]


def _settings() -> Iterator[str]:
    """Hands http.client's limits to the native reader; names what it cannot honour, whoever has set it when."""
    longest, most = http.client._MAXLINE, http.client._MAXHEADERS  # type: ignore[attr-defined]
    if type(longest) is int and type(most) is int and longest >= 0 and most >= 0:
        _core.limit_heads(min(longest, sys.maxsize), min(most, sys.maxsize))
    else:
        yield "http.client._MAXLINE or _MAXHEADERS"
    if http.client.HTTPConnection.debuglevel:
        yield "http.client.HTTPConnection.debuglevel"


_HTTP = _Namespaces("requests", _UNDER_HTTP_USER, LocustHttpAdapter)
_FAST = _Namespaces("geventhttpclient", _UNDER_FAST_USER)


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
    return None if _HTTP.watch.is_clean() else _HTTP.replaced()


def guard(**more: Any) -> _core.PatchGuard:
    """All that `of_requests` looks at, which has the words, and further attributes of the session's class."""
    return _core.PatchGuard(
        [("send", _SESSION_SEND), ("get_adapter", _GET_ADAPTER), *more.items()],
        [],
        _HTTP.watch,
    )


def json_guard() -> _core.PatchGuard:
    """The functions by which requests makes JSON of what it is given."""
    return _core.PatchGuard([], [(requests.models, "complexjson", json), (json, "dumps", _DUMPS)])  # type: ignore[list-item]


#: Asked natively before every request.
GUARD = guard()


def of_geventhttpclient() -> str | None:
    """The same for ``FastHttpSession``."""
    if UserAgent.urlopen is not _FAST_URLOPEN or HTTPClient.request is not _FAST_REQUEST:
        return "geventhttpclient is instrumented (its urlopen or request is not its own)"
    return None if _FAST.watch.is_clean() else _FAST.replaced()


def fast_guard(**more: Any) -> _core.PatchGuard:
    """All that `of_geventhttpclient` looks at, which has the words, and further attributes of the session's class."""
    agent = fasthttp.LocustUserAgent
    return _core.PatchGuard(
        [*more.items()],
        [
            (fasthttp, "LocustUserAgent", agent),
            (agent, "valid_response_codes", agent.valid_response_codes),
        ],
        _FAST.watch,
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
