"""What a ``FastHttpUser`` gets: ``FastResponse``, and ``FastContext`` with ``catch_response=True``.

Both stand over a native exchange; everything is made when it is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import cached_property
from types import SimpleNamespace, TracebackType
from typing import Any

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from geventhttpclient.response import HTTPConnectionClosed
from locust.contrib import fasthttp

from ..client import reporting
from ..client.text import encoding_of, text_of
from ..client.timings import Timings
from ..client.timings import for_context as timings_for_context
from ..client.timings import of as timings_of

_stock_request = fasthttp.FastHttpSession.request  # the name will be ours

_CUT_SHORT = ("incomplete", "chunk", "body_broken", "body_timeout")


class _Spent:
    """Stands where geventhttpclient has its socket response, once that has been read to its end."""

    def __init__(self, response: Any) -> None:
        self._response = response

    @property
    def message_complete(self) -> bool:
        error = self._response._exchange.error
        return error is None or error[0] not in _CUT_SHORT

    def get_code(self) -> int:
        return self._response._exchange.status_of(self._response._hop)

    status_code = property(get_code)

    @property
    def status_message(self) -> str:
        return self._response._exchange.reason(self._response._hop)

    @property
    def _headers_index(self) -> Headers:
        return self._response.headers

    def info(self) -> Headers:
        return self._headers_index

    def __getitem__(self, name: str) -> Any:
        return self._headers_index[name]

    def __contains__(self, name: str) -> bool:
        return name in self._headers_index

    def get(self, name: str, default: Any = None) -> Any:
        return self._headers_index.get(name, default)

    def items(self) -> Any:
        return self._headers_index.items()

    headers = property(items)

    @property
    def length(self) -> int | None:
        # The declared length; a chunked response declares none, and len() of it then raises, as stock's does.
        length = self._headers_index.get("content-length")
        return int(length) if isinstance(length, str) else None

    content_length = length

    def get_http_version(self) -> str:
        return "HTTP/{}.{}".format(*divmod(self._response._exchange.version(self._response._hop), 10))

    version = property(get_http_version)

    def read(self, length: int | None = None) -> bytes:
        return b""

    def readline(self, sep: bytes = b"") -> bytes:
        if not self.message_complete:
            raise HTTPConnectionClosed("connection closed.")
        return b""

    def release(self) -> None:
        """Nothing to give back: the connection already is."""

    def __iter__(self) -> Any:
        return iter(())


class Known:
    """Stands for what was sent, where the request is there already."""

    def __init__(self, request: Any) -> None:
        self._request = request

    def request(self, exchange: Any) -> Any:
        return self._request


class _Once:
    """An attribute that is made on first use and may be assigned, as stock's, which are plain ones."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, response: Any, owner: type) -> Any:
        value = response.__dict__[self._name] = self._make(response)
        return value


def _headers(response: Any) -> Headers:
    headers = Headers()
    for name, value in response._exchange.headers(response._hop):
        headers.add(name, value)
    return headers


def _content(response: Any) -> bytes:
    left = response.__dict__.get("_left")
    body = response._exchange.body(response._hop) if left is None else left
    if left is None and response._exchange.decoded(response._hop):
        return body
    return _decoded_by_stock(response, body)


def _decoded_by_stock(response: Any, body: bytes) -> bytes:
    """The body decoded by geventhttpclient, which has the last word where the native client gave up.

    Raises what it raises (zlib.error, brotli.error, ValueError); as with stock's, nothing is left then.
    """
    response.__dict__["_left"] = b""

    class Unread(_Spent):
        def read(self, length: int | None = None) -> bytes:
            return body

    return fasthttp.FastResponse(Unread(response))._content()  # type: ignore[arg-type]


def read_short(response: Any, error: BaseException) -> None:
    """Raise what stock raises whose body cannot be read: this error, unless it refuses the coding before it reads."""

    class Unread(_Spent):
        def read(self, length: int | None = None) -> bytes:
            raise error

    fasthttp.FastResponse(Unread(response))._content()  # type: ignore[arg-type]


#: Where a body is that somebody has asked for before.
_TOUCHED = frozenset(("_cached_content", "_left"))


def _history(response: Any) -> list[Any]:
    # As in stock, all hops share the request, which is the last; and a bad status has no history.
    followed = response._hop == -1 and "error" not in response.__dict__
    return [
        FastResponse(response._exchange, Known(response.request), hop)
        for hop in range(response._exchange.hops - 1 if followed else 0)
    ]


def _sent_request(response: Any) -> str:
    request = response.request
    split = request.url_split
    client = HTTPClient(split.host, port=split.port)
    return client._build_request(request.method, split.quoted_uri, request.payload or b"", request.headers)


class _Lazy:
    """The attributes of Locust's FastResponse, from one hop of an exchange, made on first use."""

    _exchange: Any
    _sent: Any
    _hop = -1
    encoding: Any = None

    _response = _Once(_Spent)
    _cached_content = _Once(_content)
    headers = _Once(_headers)
    request = _Once(lambda response: response._sent.request(response._exchange))

    @cached_property
    def timings(self) -> Timings:
        """What the time of the request went to, in ms; with its redirects, unless this is one of them."""
        return timings_of(self._exchange, None if self._hop == -1 else self._hop)

    @property
    def content(self) -> bytes:
        return self._cached_content

    @property
    def text(self) -> Any:
        """As stock's, decoded natively where that is plain."""
        own, exchange = self.__dict__, self._exchange
        if self.encoding is None and "headers" not in own:
            self.encoding = encoding_of(exchange, self._hop) or None
        untouched = _TOUCHED.isdisjoint(own) and exchange.decoded(self._hop)
        text = text_of(exchange, self._hop, self.encoding) if untouched else None
        return super().text if text is None else text  # type: ignore[misc]

    @property
    def status_code(self) -> int:
        return self._exchange.status_of(self._hop)


class FastResponse(_Lazy, fasthttp.FastResponse):
    """The response of a ``FastHttpUser``."""

    _request = _Once(lambda response: response.request)
    _elapsed = _Once(lambda response: response._exchange.head_time(response._hop))
    _history = _Once(_history)
    _sent_request = _Once(_sent_request)

    def raise_for_status(self) -> None:
        """As stock's, which raises the exception of a bad status for the second time."""
        error = getattr(self, "error", None)
        if type(error) is BadStatus and error.__traceback__ is None:
            error.__traceback__ = _raised_before()
        super().raise_for_status()  # type: ignore[no-untyped-call]

    def __init__(self, exchange: Any, sent: Any, hop: int = -1) -> None:
        self._exchange = exchange
        self._sent = sent  # has a `request(exchange)`
        if hop != -1:
            self._hop = hop


def _meta(caught: Any) -> dict[str, Any]:
    """The arguments of the ``request`` event of an answer that nobody has judged yet."""
    exchange, tracker = caught._exchange, caught._begun
    context = caught._context or {}
    if caught._session._reporting[1]:
        context = {**context, "timings": timings_for_context(exchange)}
    return {
        "request_type": tracker.method,
        "name": tracker.name,
        "context": context,
        "response": FastResponse(exchange, caught._sent),
        "exception": None,
        "start_time": tracker.start_time,
        "url": caught._called_url,
        "response_length": exchange.length,
        "response_time": exchange.time_ms,
    }


class FastContext(_Lazy, fasthttp.ResponseContextManager):
    """The response of a ``FastHttpUser`` with ``catch_response=True``.

    Stock's has neither ``elapsed`` nor ``history`` (they are lost in copying), so ours has not, either.
    """

    _catch_response = True
    _request_event = _Once(lambda response: response._session.request_event)
    request_meta = _Once(_meta)

    def __init__(
        self, exchange: Any, sent: Any, session: Any, tracker: Any, url: str, context: dict[str, Any] | None
    ) -> None:
        self._exchange = exchange
        self._sent = sent
        self._session = session
        self._begun = tracker
        self._called_url = url
        self._context = context

    @classmethod
    def of(cls, response: FastResponse, session: Any, meta: dict[str, Any], tracker: Any) -> FastContext:
        """Of a response that has been judged: ``meta`` holds the arguments of its event."""
        caught = cls(response._exchange, response._sent, session, tracker, meta["url"], meta["context"])
        caught.__dict__.update(response.__dict__, request_meta=meta)
        return caught

    def _report_request(self) -> None:
        reporting.fire(self._request_event, self.request_meta, self._begun)


class BadStatus(fasthttp.LocustBadStatusCode):
    """Locust's LocustBadStatusCode; what geventhttpclient notes on it for debugging is made when asked for."""

    response: Any

    @property
    def request(self) -> Any:
        return self.response.request

    @property
    def http_log(self) -> str:
        request = self.response.request
        return fasthttp.LocustUserAgent._conversation_str(request.url, self.response, payload=request.payload)


class _Rehearsal(SimpleNamespace):
    raise_for_status = fasthttp.FastResponse.raise_for_status
    _send_request_safe_mode = fasthttp.FastHttpSession._send_request_safe_mode


@functools.cache
def _raised_before() -> TracebackType | None:
    """The traceback that stock's exception of a bad status has when its response is returned."""
    answer = _Rehearsal(status_code=-1, headers={}, content=b"", release=lambda: None)
    try:
        agent: Any = fasthttp.LocustUserAgent(max_retries=0)
        agent._urlopen, agent._conversation_str = (lambda _: answer), (lambda *_, **__: "")
        session = _Rehearsal(
            client=agent, user=None, auth_header=None, request_name=None, _build_url=lambda url: url,
            request_event=SimpleNamespace(fire=lambda **_: None),
        )  # fmt: skip
        _stock_request(session, "GET", "http://localhost/")  # type: ignore[arg-type]
        return answer.error.__traceback__  # type: ignore[no-any-return]
    except Exception:  # a Locust we do not know
        return None


# What a locustfile prints begins with the name and module of the class, and an attribute's absence names it.
for _kind, _shown in (
    (FastResponse, fasthttp.FastResponse),
    (FastContext, fasthttp.ResponseContextManager),
    (BadStatus, fasthttp.LocustBadStatusCode),
):
    _kind.__module__, _kind.__name__, _kind.__qualname__ = fasthttp.__name__, _shown.__name__, _shown.__name__
