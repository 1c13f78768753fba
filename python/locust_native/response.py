"""Responses over a native exchange: everything is made when it is asked for.

``Response`` is what an ``HttpUser`` gets, a ``requests.Response`` and Locust's ResponseContextManager;
``FastResponse`` and ``FastContext`` are the two a ``FastHttpUser`` gets.
"""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO
from typing import Any

import requests
from geventhttpclient.header import Headers
from locust.clients import ResponseContextManager
from locust.contrib import fasthttp
from requests.cookies import RequestsCookieJar
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPHeaderDict, HTTPResponse

_NOT_BODY = ("content-length", "content-type", "transfer-encoding")


class Sent:
    """What was handed to the native client, for ``response.request``."""

    __slots__ = ("body", "head", "tail")

    def __init__(
        self, head: list[tuple[Any, Any]], tail: list[tuple[Any, Any]], body: bytes | str | None
    ) -> None:
        self.head = head
        self.tail = tail
        self.body = body

    def headers(self, exchange: Any, hop: int) -> list[tuple[Any, Any]]:
        """The header fields sent with one hop, Host left out as requests does."""
        cookie = exchange.cookie(hop)
        jar = [("Cookie", cookie)] if cookie is not None else []
        fields = [*self.head, *self.tail, *jar] if hop % exchange.hops else [*self.head, *jar, *self.tail]
        bodiless, unauthorized = exchange.bodiless(hop), exchange.unauthorized(hop)
        return [
            (name, value)
            for name, value in fields
            if not (bodiless and name.lower() in _NOT_BODY)
            and not (unauthorized and name.lower() == "authorization")
        ]


def prepared_request(exchange: Any, hop: int, sent: Sent) -> PreparedRequest:
    """The ``PreparedRequest`` of one hop."""
    request = PreparedRequest()
    request.method = exchange.method(hop)
    request.url = exchange.url(hop)
    request.headers = CaseInsensitiveDict(sent.headers(exchange, hop))
    request.body = None if exchange.bodiless(hop) else sent.body
    request._cookies = RequestsCookieJar()
    request.hooks = {"response": []}
    return request


class _Lazy:
    """The attributes of ``requests.Response``, made from a hop of an exchange on first use."""

    _hop = -1
    _content_consumed = True

    def __getattr__(self, name: str) -> Any:
        make = _MAKERS.get(name)
        if make is None or "_exchange" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = self.__dict__[name] = make(self)
        return value


def _headers(response: Any) -> CaseInsensitiveDict[str]:
    # Repeated fields are joined as urllib3 joins them.
    joined: CaseInsensitiveDict[str] = CaseInsensitiveDict()
    for name, value in response._exchange.headers(response._hop):
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _cookies(response: Any) -> RequestsCookieJar:
    jar = RequestsCookieJar()
    answer = _Message(response._exchange.headers(response._hop))
    jar.extract_cookies(answer, requests.cookies.MockRequest(response.request))  # type: ignore[arg-type]
    return jar


class _Message:
    """A response as http.cookiejar wants to see it."""

    def __init__(self, headers: list[tuple[str, str]]) -> None:
        self._headers = headers

    def info(self) -> _Message:
        return self

    def get_all(self, name: str, default: Any = None) -> Any:
        return [value for key, value in self._headers if key.lower() == name.lower()] or default


def _history(response: Any) -> list[requests.Response]:
    exchange = response._exchange
    last = exchange.hops - 1 if response._hop == -1 else response._hop
    return [Redirect(exchange, hop, response._sent, response._session) for hop in range(last)]


def _raw(response: Any) -> HTTPResponse:
    exchange, hop = response._exchange, response._hop
    headers = HTTPHeaderDict()
    for name, value in exchange.headers(hop):
        headers.add(name, value)
    return HTTPResponse(
        body=BytesIO(b""),  # read to its end, as stock's is
        headers=headers,
        status=response.status_code,
        version=exchange.version(hop),
        reason=exchange.reason(hop),
        preload_content=False,
        decode_content=False,
    )


def content_by_urllib3(exchange: Any) -> bytes:
    """The last body decoded by urllib3, which has the last word where the native decoder gave up.

    Raises urllib3's DecodeError.
    """
    headers = HTTPHeaderDict(exchange.headers())
    raw = HTTPResponse(
        body=BytesIO(exchange.body()), headers=headers, status=exchange.status, preload_content=False
    )
    return b"".join(raw.stream(requests.models.CONTENT_CHUNK_SIZE, decode_content=True))


def _next(response: Any) -> PreparedRequest | None:
    if not response._unfollowed or not response.is_redirect:
        return None
    return next(response._session.resolve_redirects(response, response.request, yield_requests=True), None)


_MAKERS: dict[str, Any] = {
    "_content": lambda r: r._exchange.body(r._hop),
    "_next": _next,
    "headers": _headers,
    "url": lambda r: r._exchange.url(r._hop),
    "encoding": lambda r: get_encoding_from_headers(r.headers),
    "history": _history,
    "reason": lambda r: r._exchange.reason(r._hop),
    "cookies": _cookies,
    "elapsed": lambda r: timedelta(seconds=r._exchange.head_time(r._hop)),
    "request": lambda r: prepared_request(r._exchange, r._hop, r._sent),
    "raw": _raw,
    "connection": lambda r: r._session.get_adapter(r.url),
}


class Redirect(_Lazy, requests.Response):
    """A response on the way, in ``response.history``."""

    _unfollowed = False

    @property
    def _next(self) -> PreparedRequest | None:
        # requests looks ahead from all hops but the first, which is not sent by the redirecting loop.
        follows = 0 < self._hop < self._exchange.hops - 1
        return prepared_request(self._exchange, self._hop + 1, self._sent) if follows else None

    @_next.setter
    def _next(self, request: PreparedRequest | None) -> None:
        pass  # by requests.Response.__init__ and the redirecting loop

    def __init__(self, exchange: Any, hop: int, sent: Sent, session: Any) -> None:
        self._exchange = exchange
        self._hop = hop
        self._sent = sent
        self._session = session
        self.status_code = exchange.status_of(hop)


class Response(_Lazy, ResponseContextManager):
    """The response of an ``HttpUser``; also the context manager of ``catch_response=True``."""

    _entered = False
    _manual_result = None

    def __init__(
        self,
        exchange: Any,
        sent: Sent,
        session: Any,
        unfollowed: bool,
        meta: dict[str, Any],
        catch_response: bool,
    ) -> None:
        self._exchange = exchange
        self._sent = sent
        self._session = session
        self._unfollowed = unfollowed
        self.status_code = exchange.status
        self._request_event = session.request_event
        self._catch_response = catch_response
        self.request_meta = meta
        meta["response"] = self

    def _report_request(self, exc: Any = None) -> None:
        self._session._report(self._request_event, self.request_meta)


class _Spent:
    """Stands where geventhttpclient has its socket response, once that has been read to its end."""

    def __init__(self, response: Any) -> None:
        self._response = response

    @property
    def message_complete(self) -> bool:
        error = self._response._exchange.error
        return error is None or error[0] == "decode"

    def get_code(self) -> int:
        return self._response._exchange.status_of(self._response._hop)

    @property
    def _headers_index(self) -> Headers:
        return self._response.headers

    @property
    def length(self) -> int | None:
        # The declared length; a chunked response declares none, and len() of it then raises, as stock's does.
        length = self._headers_index.get("content-length")
        return int(length) if isinstance(length, str) else None

    @property
    def version(self) -> str:
        return "HTTP/1.0" if self._response._exchange.version(self._response._hop) == 10 else "HTTP/1.1"

    def read(self, length: int | None = None) -> bytes:
        return b""

    def readline(self, sep: bytes = b"") -> bytes:
        return b""

    def release(self) -> None:
        """Nothing to give back: the connection already is."""

    def __iter__(self) -> Any:
        return iter(())


class _LazyFast:
    """The attributes of Locust's FastResponse, from one hop of an exchange, made on first use."""

    _exchange: Any
    _make_request: Any
    _hop = -1
    encoding: Any = None

    @property
    def _response(self) -> _Spent:
        return _Spent(self)

    @property
    def headers(self) -> Headers:
        headers = self.__dict__.get("headers")
        if headers is None:
            headers = Headers()
            for name, value in self._exchange.headers(self._hop):
                headers.add(name, value)
            self.__dict__["headers"] = headers
        return headers

    @property
    def content(self) -> bytes:
        content = self.__dict__.get("_content_bytes")
        if content is None:
            left = self.__dict__.get("_left")
            content = self._exchange.body(self._hop) if left is None else self._decoded_by_stock(left)
            self.__dict__["_content_bytes"] = content
        return content

    def _decoded_by_stock(self, body: bytes) -> bytes:
        """The body decoded by geventhttpclient, which has the last word where the native client gave up.

        Raises what it raises (zlib.error, brotli.error, ValueError); as with stock's, nothing is left then.
        """
        self.__dict__["_left"] = b""

        class Unread(_Spent):
            def read(self, length: int | None = None) -> bytes:
                return body

        return fasthttp.FastResponse(Unread(self))._content()  # type: ignore[arg-type]

    @property
    def status_code(self) -> int:
        return self._exchange.status_of(self._hop)

    @property
    def request(self) -> Any:
        request = self.__dict__.get("request")
        if request is None:
            request = self.__dict__["request"] = self._make_request(self._exchange)
        return request


class FastResponse(_LazyFast, fasthttp.FastResponse):
    """The response of a ``FastHttpUser``."""

    def __init__(self, exchange: Any, make_request: Any, hop: int = -1) -> None:
        self._exchange = exchange
        self._make_request = make_request
        self._hop = hop

    _request = _LazyFast.request

    @property
    def elapsed(self) -> timedelta:
        return timedelta(seconds=self._exchange.head_time(self._hop))

    @property
    def history(self) -> list[Any]:
        # As in stock, all hops share the request, which is the last.
        hops = range(self._exchange.hops - 1) if self._hop == -1 else ()
        return [FastResponse(self._exchange, lambda exchange: self.request, hop) for hop in hops]


class FastContext(_LazyFast, fasthttp.ResponseContextManager):
    """The response of a ``FastHttpUser`` with ``catch_response=True``.

    Stock's has neither ``elapsed`` nor ``history`` (they are lost in copying), so ours has not, either.
    """

    def __init__(self, response: FastResponse, report: Any, event: Any, meta: dict[str, Any]) -> None:
        self.__dict__.update(response.__dict__)
        self._report = report
        self._request_event = event
        self.request_meta = meta
        self._catch_response = True

    def _report_request(self) -> None:
        self._report(self._request_event, self.request_meta)


# What a locustfile prints begins with the name of the class, and an attribute's absence names it.
Response.__name__ = FastContext.__name__ = "ResponseContextManager"
Redirect.__name__ = "Response"
