"""The responses to those requests of a ``FastHttpUser`` that did not end well, and what the event says of them."""

from __future__ import annotations

import time
from typing import Any

from geventhttpclient.useragent import RetriesExceeded, _make_request
from locust.contrib import fasthttp as stock

from .. import _core
from ..client import timings
from . import errors
from .response import BadStatus, FastResponse, Known, read_short

#: Kinds of errors after which there is a response, only its body cannot be read.
IN_BODY = ("decode", "incomplete", "chunk", "body_broken", "body_timeout")

# `ready`, here, is what fast_prepare, or the native fast path, has made of a request.

#: Method, URL, body, header fields and further keywords, as handed to Locust's client.
Call = tuple[Any, str, Any, dict[str, Any], dict[str, Any]]


def refused(error: BaseException, meta: dict[str, Any], call: Call, exchange: Any = None) -> Any:
    """Locust's ErrorResponse, its request made anew, as Locust does it."""
    method, url, payload, fields, kwargs = call
    made = _make_request(
        url,
        method,
        headers=fields,  # type: ignore[arg-type]
        payload=payload,
        params=kwargs.get("params"),
        request_type=stock.FastRequest,
    )
    meta["exception"] = error
    meta["response_length"] = 0
    response: Any = stock.ErrorResponse(made, error)  # type: ignore[arg-type]
    response.timings = timings.of_all(exchange)
    return response


def no_answer(exchange: Any, ready: Any, meta: dict[str, Any], call: Call) -> Any:
    """The response where no answer came; ``exchange`` is None where the native task was lost."""
    error = ("lost", "", None, b"") if exchange is None else exchange.error
    secure = exchange is not None and exchange.url().startswith("https:")
    failed = errors.of_native(error, meta["url"], secure)
    if error[0] != "too_many_redirects":
        _note_request(failed, ready.request(exchange))
    return refused(failed, meta, call, exchange)


def given_up(thrown: BaseException, ready: Any, meta: dict[str, Any], call: Call) -> Any:
    """The response where something was thrown into the waiting greenlet that stock counts as a failure."""
    failed = errors.as_user_agent_says(thrown, meta["url"])
    _note_request(failed, ready.request(None))
    return refused(failed, meta, call)


def _note_request(failed: BaseException, request: Any) -> None:
    met: Any = failed.original if isinstance(failed, RetriesExceeded) else failed  # type: ignore[attr-defined]
    met.request = request


def _of_body(exchange: Any, url: str) -> BaseException:
    return errors.of_native(exchange.error, url, exchange.url().startswith("https:"))


def half_read(exchange: Any, ready: Any, meta: dict[str, Any]) -> FastResponse:
    """The response whose body could not be read, or decoded."""
    response = FastResponse(exchange, ready)
    response.__dict__["_left"] = exchange.body()
    try:
        if exchange.error[0] != "decode":
            read_short(response, _of_body(exchange, meta["url"]))
        meta["response_length"] = len(response.content)
    except stock.FAILURE_EXCEPTIONS as failed:
        meta["exception"] = failed
        meta["response_length"] = 0
    return response


def bad_status(response: FastResponse, meta: dict[str, Any], call: Call) -> Any:
    """The response with a status that counts as a failure.

    geventhttpclient notes the whole conversation on the exception and reads the body for that, as UTF-8 text:
    what goes wrong there takes the place of the bad status, or (what Locust does not expect) leaves the request.
    """
    exchange = response._exchange
    # What is shown is the URL as it was given, not as it was sent.
    url = meta["url"] if exchange.hops == 1 else response.request.url
    error = BadStatus(url, code=response.status_code)  # type: ignore[arg-type]
    error.response = response
    try:
        if exchange.error is not None and exchange.error[0] != "decode":
            read_short(response, _of_body(exchange, meta["url"]))
        response.content.decode("utf-8")
    except Exception as failed:
        failed.__context__ = error
        if isinstance(failed, stock.FAILURE_EXCEPTIONS):
            return refused(failed, meta, call, exchange)
        raise
    response.error = error  # type: ignore[attr-defined]
    meta["exception"] = error
    return response


def judged(
    session: Any,
    exchange: Any,
    thrown: Any,
    ready: Any,
    meta: dict[str, Any],
    call: Call,
    tracker: _core.RequestTracker,
) -> Any:
    """The response, with what the event says of it in ``meta``."""
    if thrown is not None:
        meta["response_length"] = 0
        meta["response_time"] = tracker.age_ms()
        return given_up(thrown, ready, meta, call)
    if session._reporting[1]:
        meta["context"] = {**meta["context"], "timings": timings.for_context(exchange)}
    meta["response_length"] = exchange.length if exchange is not None else 0
    meta["response_time"] = exchange.time_ms if exchange is not None else 0.0
    error = exchange.error if exchange is not None else None
    if error is None and exchange is not None:
        response = FastResponse(exchange, ready)
    elif error is not None and error[0] in IN_BODY:
        if exchange.status not in stock.LocustUserAgent.valid_response_codes:
            response = FastResponse(exchange, ready)
            response.__dict__["_left"] = exchange.body()
        else:
            return half_read(exchange, ready, meta)
    elif error is not None and error[0] == "bad_redirect":
        return _redirected_by_stock(session, exchange, ready, meta, call)
    else:
        return no_answer(exchange, ready, meta, call)
    if exchange.status not in stock.LocustUserAgent.valid_response_codes:
        return bad_status(response, meta, call)
    return response


def _redirected_by_stock(session: Any, exchange: Any, ready: Any, meta: dict[str, Any], call: Call) -> Any:
    """Follow a redirect that only geventhttpclient can read; from there on the hops are its own."""
    started = time.perf_counter()
    request = ready.request(exchange)
    redirect = FastResponse(exchange, Known(request))
    location = redirect.headers["location"]
    if not isinstance(location, str):  # two of them: it follows neither
        return redirect
    agent = session._make_agent(session._native_jar())
    left = agent.max_redirects - exchange.hops
    try:
        request.redirect(redirect.status_code, location)
        # From the fields at hand, not from the defaults: a redirect may have dropped some of those.
        agent.default_headers.clear()
        response: Any = agent.urlopen(
            request.url,
            method=request.method,
            payload=request.payload,
            headers=request.headers,
            max_redirects=left,
        )
        if left == 0 and response.status_code in agent.redirect_response_codes:
            raise RetriesExceeded(meta["url"], f"Redirection limit reached ({agent.max_redirects})")
    except stock.FAILURE_EXCEPTIONS as failed:
        if hasattr(failed, "response"):
            response = failed.response
            response.error = meta["exception"] = failed
        else:
            if isinstance(failed, RetriesExceeded):  # it names where the call began
                failed.url, failed.args = meta["url"], (meta["url"], *failed.args[1:])
            response = refused(failed, meta, call)
    else:
        timings.unknown(response)
        response._history = [*redirect.history, redirect, *response._history]
    try:
        meta["response_length"] = len(response.content or b"")
    except stock.FAILURE_EXCEPTIONS as failed:
        meta["exception"] = failed
    meta["response_time"] += (time.perf_counter() - started) * 1000
    return response
