"""Answers as ``requests.Response``, over a native exchange: everything is made when it is asked for."""

from __future__ import annotations

import json as json_module
from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from http.cookiejar import CookieJar
from io import BytesIO
from typing import Any

import requests
from requests import models
from requests.cookies import RequestsCookieJar, cookiejar_from_dict, merge_cookies
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3 import HTTPHeaderDict, HTTPResponse

from .. import _core
from ..client.text import UTF8, encoding_of, text_of
from ..client.timings import Timings
from ..client.timings import of as timings_of

_LOADS = json_module.loads

_NOT_BODY = ("content-length", "content-type", "transfer-encoding")


def sent_fields(sent: _core.PreparedRequest, exchange: Any, hop: int) -> list[tuple[Any, Any]]:
    """The header fields sent with one hop, Host left out as requests does."""
    cookie = exchange.cookie(hop)
    jar = [("Cookie", cookie)] if cookie is not None else []
    if hop % exchange.hops:  # requests takes an explicit Cookie field off when it follows a redirect
        own = [(name, value) for name, value in sent.head if name.lower() != "cookie"]
        fields = [*own, *sent.tail, *jar]
    else:
        fields = [*sent.head, *jar, *sent.tail]
    bodiless, unauthorized = exchange.bodiless(hop), exchange.unauthorized(hop)
    return [
        (name, value)
        for name, value in fields
        if not (bodiless and name.lower() in _NOT_BODY)
        and not (unauthorized and name.lower() == "authorization")
    ]


def merged_jar(session: Any, sent: _core.PreparedRequest) -> RequestsCookieJar:
    """The session's cookies and those of the call, as requests keeps them beside a request."""
    given = sent.cookies or {}
    if not isinstance(given, CookieJar):
        given = cookiejar_from_dict(given)
    return merge_cookies(merge_cookies(RequestsCookieJar(), session.cookies), given)


def prepared_request(exchange: Any, hop: int, sent: _core.PreparedRequest) -> models.PreparedRequest:
    """The ``PreparedRequest`` of one hop."""
    request = models.PreparedRequest()
    request.method = exchange.method(hop)
    request.url = exchange.url(hop)
    request.headers = CaseInsensitiveDict(sent_fields(sent, exchange, hop))
    request.body = None if exchange.bodiless(hop) else sent.body
    request._cookies = RequestsCookieJar()
    request.hooks = {"response": []}
    return request


class Answered:
    """An attribute that is made on first use, and may be assigned and deleted, as requests' plain ones."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, response: Any, owner: type) -> Any:
        if response is None or "_exchange" not in response.__dict__:
            whose = (
                f"type object {owner.__name__!r}"
                if response is None
                else f"{type(response).__name__!r} object"
            )
            raise AttributeError(f"{whose} has no attribute {self._name!r}", name=self._name, obj=response)
        value = response.__dict__[self._name] = self._make(response)
        return value


def _headers(response: Any) -> CaseInsensitiveDict[str]:
    # Repeated fields are joined by urllib3, under the name the first one has.
    headers = HTTPHeaderDict()
    for name, value in response._exchange.headers(response._hop):
        headers.add(name, value)
    return CaseInsensitiveDict(headers)


def _encoding(response: Any) -> str | None:
    if "headers" not in response.__dict__ and (found := encoding_of(response._exchange, response._hop)):
        return found
    return get_encoding_from_headers(response.headers)


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
    body = BytesIO(response.content)
    raw = HTTPResponse(
        body=body,
        headers=headers,
        status=exchange.status_of(hop),
        version=exchange.version(hop),
        reason=exchange.reason(hop),
        preload_content=False,
        decode_content=False,
    )
    raw.read()  # to its end, as stock's is
    body.close()
    return raw


def content_by_urllib3(exchange: Any) -> bytes:
    """The last body decoded by urllib3, which has the last word where the native decoder gave up.

    Raises urllib3's DecodeError.
    """
    headers = HTTPHeaderDict(exchange.headers())
    raw = HTTPResponse(
        body=BytesIO(exchange.body()), headers=headers, status=exchange.status, preload_content=False
    )
    return b"".join(raw.stream(requests.models.CONTENT_CHUNK_SIZE, decode_content=True))


def _next(response: Any) -> models.PreparedRequest | None:
    if not response._unfollowed:
        return None
    # As the server answered, whatever has been done to the response since.
    answered = Redirect(response._exchange, response._exchange.hops - 1, response._sent, response._session)
    if not answered.is_redirect:
        return None
    answered.request._cookies = merged_jar(response._session, response._sent)
    return next(response._session.resolve_redirects(answered, answered.request, yield_requests=True), None)


class Lazy:
    """The attributes of ``requests.Response``, made from a hop of an exchange on first use."""

    _exchange: Any
    _hop = -1
    _content_consumed = True

    @cached_property
    def timings(self) -> Timings:
        """What the time of the request went to, in ms; with its redirects, unless this is one of them."""
        return timings_of(self._exchange, None if self._hop == -1 else self._hop)

    @property
    def text(self) -> Any:
        """As ``requests.Response.text``, decoded natively where that is plain."""
        untouched = "_content" not in self.__dict__
        text = text_of(self._exchange, self._hop, self.encoding) if untouched else None
        return super().text if text is None else text  # type: ignore[misc]

    def json(self, **kwargs: Any) -> Any:
        """As ``requests.Response.json``, by a native reader where it reads the same."""
        content: Any = self.content  # type: ignore[attr-defined]
        if (
            content
            and not kwargs
            and requests.models.complexjson is json_module  # type: ignore[attr-defined]
            and json_module.loads is _LOADS
            and ((len(content) > 3) if self.encoding is None else str(self.encoding).lower() in UTF8)
        ):
            try:
                return _core.loads_json(content)
            except ValueError:  # of what is wrong with it, Python speaks
                pass
        return super().json(**kwargs)  # type: ignore[misc]

    _content: Any = Answered(lambda r: r._exchange.body(r._hop))
    _next: Any = Answered(_next)
    headers: Any = Answered(_headers)
    url: Any = Answered(lambda r: r._exchange.url(r._hop))
    encoding: Any = Answered(_encoding)
    history: Any = Answered(_history)
    reason: Any = Answered(lambda r: r._exchange.reason(r._hop))
    cookies: Any = Answered(_cookies)
    elapsed: Any = Answered(lambda r: timedelta(seconds=r._exchange.head_time(r._hop)))
    request: Any = Answered(lambda r: prepared_request(r._exchange, r._hop, r._sent))
    raw: Any = Answered(_raw)
    connection: Any = Answered(lambda r: r._session.get_adapter(r.url))


class Redirect(Lazy, requests.Response):
    """A response on the way, in ``response.history``."""

    _unfollowed = False

    @property
    def _next(self) -> models.PreparedRequest | None:
        # requests looks ahead from all hops but the first, which is not sent by the redirecting loop.
        follows = 0 < self._hop < self._exchange.hops - 1
        return prepared_request(self._exchange, self._hop + 1, self._sent) if follows else None

    @_next.setter
    def _next(self, request: models.PreparedRequest | None) -> None:
        pass  # by requests.Response.__init__ and the redirecting loop

    def __init__(self, exchange: Any, hop: int, sent: _core.PreparedRequest, session: Any) -> None:
        self._exchange = exchange
        self._hop = hop
        self._sent = sent
        self._session = session
        self.status_code = exchange.status_of(hop)
