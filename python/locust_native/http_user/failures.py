"""The responses to requests of an ``HttpUser`` that did not end well natively, or that stock has to finish."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple

import requests
import urllib3.exceptions as u3
from locust import clients as stock

from .. import _core
from ..client import reporting, timings, tls_errors, tracebacks
from . import errors, prepare
from .lazy_response import Redirect, content_by_urllib3, merged_jar, prepared_request
from .response import Response

#: What Locust lets out of ``request``; other errors of requests become a response of status 0.
_LEAVES_THE_CALL = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
)

#: A ``Location`` at which nobody stumbles.
_PLAIN_LOCATION = re.compile(
    r"(?:https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[1-9]\d{0,3})?)?/(?:[\w~.-]+/?)*(?:\?[\w=&.~%+-]*)?",
    re.ASCII,
)


#: Kinds of native errors that stock meets as it reads the body.
_IN_BODY = ("incomplete", "chunk", "chunk_cut", "body_broken", "body_timeout")


class Call(NamedTuple):
    """One call of ``HttpSession.request``, as it was made and as it went out."""

    session: Any
    sent: _core.PreparedRequest
    url: Any
    name: str | None
    meta: dict[str, Any]
    catch_response: bool
    kwargs: dict[str, Any]
    tracker: Any


def failed(call: Call, exchange: Any) -> Any:
    """Report a request that did not end well natively, as stock would have: it may still be a success."""
    session, sent, kwargs = call.session, call.sent, call.kwargs
    error = exchange.error if exchange is not None else ("lost", "", None, b"")
    if error[0] == "decode":
        return _decoded_by_urllib3(call, exchange)
    if error[0] == "incomplete":  # urllib3 decodes what has come, before it misses the rest
        try:
            content_by_urllib3(exchange)
        except u3.DecodeError as undecoded:
            return judged(call, _undecodable(undecoded, exchange))
        except u3.HTTPError:
            pass
    # Of a handshake that rustls gives up nothing has been sent: OpenSSL takes some of these peers, and has words
    # of its own for others. A connection that broke is no such case.
    only_rustls = error[0] == "tls" and error[2] is None and not tls_errors.is_final(error[1])
    if error[0] == "bad_redirect" or only_rustls:
        started = time.perf_counter()
        response = _continued_by_stock(call, exchange)
        call.meta["response_time"] += (time.perf_counter() - started) * 1000
        if only_rustls and response.status_code and session._native is not None:
            session._fall_back(f"a TLS handshake that only OpenSSL completes ({error[1]})")
        return judged(call, response)
    request = prepared_request(exchange, -1, sent) if exchange is not None else None
    place = exchange.url() if exchange is not None else call.meta["url"]
    timeout = prepare.timeouts(kwargs.get("timeout"))
    proxy = _proxy_of(call, place) if error[0] in errors.OF_PROXIES else None
    raised: Any = errors.of_native(error, place, request, timeout, proxy)
    if not isinstance(raised, requests.exceptions.RequestException):
        raise raised
    if error[0] == "too_many_redirects":
        raised.response = Redirect(exchange, exchange.hops - 1, sent, session)
    if raised.__traceback__ is None and exchange is not None and exchange.hops == 1:
        raised.__traceback__ = _raised_before(raised, error[0] in _IN_BODY)
    return judged(call, _error_response(raised, exchange))


def answer(call: Call, exchange: Any) -> Response:
    """The response to a call, over what the native client was answered."""
    meta = call.meta
    unfollowed = not call.kwargs.get("allow_redirects", True)
    response = Response(
        exchange,
        call.session,
        call.tracker,
        call.sent,
        meta["url"],
        meta["context"],
        call.catch_response,
        unfollowed,
    )
    response.request_meta = meta
    meta["response"] = response
    return response


def _error_response(raised: Any, exchange: Any) -> Any:
    response: Any = stock.ResponseContextManager(raised)
    response.timings = timings.of_all(exchange)
    return response


def _undecodable(error: u3.DecodeError, exchange: Any) -> Any:
    undecoded = requests.exceptions.ContentDecodingError(error)
    undecoded.__context__ = error
    return _error_response(undecoded, exchange)


def _decoded_by_urllib3(call: Call, exchange: Any) -> Any:
    try:
        content = content_by_urllib3(exchange)
    except u3.DecodeError as error:
        return judged(call, _undecodable(error, exchange))
    call.meta["response_length"] = len(content)
    response = answer(call, exchange)
    response.__dict__["_content"] = content
    if not call.catch_response:
        response.__exit__(None, None, None)
    return response


def looked_ahead(session: Any, response: Any) -> Any:
    """What stock returns instead of a redirect that is not to be followed, since it looks where that leads
    nevertheless; None for the response itself.
    """
    location = response.headers.get("location")
    if location is None or (session.max_redirects and _PLAIN_LOCATION.fullmatch(location)):
        return None
    try:
        response.next  # noqa: B018  makes it
    except _LEAVES_THE_CALL:
        raise
    except requests.exceptions.RequestException as error:
        return _error_response(error, response._exchange)
    return None


def judged(call: Call, response: Any) -> Any:
    """Report a response that requests has made."""
    meta = call.meta
    if response.status_code == 0:
        # Stock's name and URL are those of the request that failed; where there is none, the call's.
        request = response.request
        meta["url"] = request.url if request is not None else call.session._build_url(call.url)
        meta["name"] = call.name or (request.path_url if request is not None else str(call.url))
    meta["response_length"] = len(response.content or b"")
    meta["response"] = response
    response = stock.ResponseContextManager.wrap_response(
        response, reporting.Told(call.session.request_event, call.tracker), meta, call.catch_response
    )
    if not call.catch_response:
        response.__exit__(None, None, None)
    return response


def _settings(call: Call, url: str) -> Any:
    kwargs = call.kwargs
    proxies = dict(kwargs.get("proxies") or {})
    return call.session.merge_environment_settings(
        url, proxies, False, kwargs.get("verify"), kwargs.get("cert")
    )


def _proxy_of(call: Call, url: str) -> str | None:
    return prepare.proxy_for(url, _settings(call, url)["proxies"])


def _continued_by_stock(call: Call, exchange: Any) -> Any:
    """Go on from the last answer, or from the start: a redirect that only requests knows how to read, or
    a handshake that rustls gave up. From there on the hops are requests' own.
    """
    session, sent = call.session, call.sent
    at = exchange.hops - 1
    while at >= 0 and not exchange.answered(at):
        at -= 1
    request = prepared_request(exchange, max(at, 0), sent)
    request._cookies = merged_jar(session, sent)
    settings = _settings(call, str(request.url))
    timeout = call.kwargs.get("timeout")
    try:
        if at < 0:
            follow = call.kwargs.get("allow_redirects", True)
            return session.send(request, timeout=timeout, allow_redirects=follow, **settings)
        redirect = Redirect(exchange, at, sent, session)
        redirect.request = request
        before = redirect.history
        followed = list(session.resolve_redirects(redirect, request, timeout=timeout, **settings))
    except _LEAVES_THE_CALL:
        raise
    except requests.exceptions.RequestException as error:
        return stock.ResponseContextManager(error)
    *between, last = followed
    redirect.history = before
    last.history = [*before, redirect, *between]
    return last


# Stock's tracebacks: `raise_for_status` raises an exception for the second time, and some leave the call.


class _Rehearsal(stock.HttpSession):  # Locust's own: the name will be ours
    def __init__(self) -> None:
        super().__init__("http://localhost", SimpleNamespace(fire=lambda **_: None), None)
        self.trust_env, self.explicit_name = False, None
        self.adapter: Any = self.get_adapter("http://localhost/")


_met_before: dict[tuple[Any, ...], TracebackType | None] = {}


def _raised_before(raised: BaseException, in_body: bool) -> TracebackType | None:
    """The traceback that stock's exception has when its response is returned."""
    met = raised.__context__
    kind = type(raised), type(met), type(getattr(met, "reason", None)), in_body
    if kind not in _met_before:
        _met_before[kind] = _rehearsed(met, in_body) if isinstance(met, (u3.HTTPError, OSError)) else None
    return _met_before[kind]


def _rehearsed(met: BaseException, in_body: bool) -> TracebackType | None:
    def meets(*_: Any, **__: Any) -> Iterator[bytes]:
        raise met

    try:
        session = _Rehearsal()
        if in_body:
            answered = requests.Response()
            answered.raw = SimpleNamespace(stream=meets)
            session.adapter.send = lambda *_, **__: answered
        else:
            pool = SimpleNamespace(urlopen=meets)
            session.adapter.get_connection_with_tls_context = lambda *_, **__: pool
        failed: Any = session._send_request_safe_mode("GET", "http://localhost/")  # type: ignore[no-untyped-call]
        return failed.error.__traceback__  # type: ignore[no-any-return]
    except Exception:  # a Locust or requests we do not know
        return None
    finally:
        met.__traceback__ = None


def _stock_goes_on(entry: Any) -> tracebacks.Entries:
    """How stock comes to the redirect, or the request, that it is given to go on with."""

    def redirects(*_: Any, **__: Any) -> Iterator[Any]:
        yield tracebacks.fails()

    session: Any = _Rehearsal()
    if entry.tb_frame.f_locals.get("at", -1) < 0:
        session.send = tracebacks.fails
    else:
        session.resolve_redirects = redirects
        session.adapter.send = lambda *_, **__: requests.Response()
    return tracebacks.rehearsed(session.request, "GET", "http://localhost/")


tracebacks.stands_for(_continued_by_stock, _stock_goes_on)
