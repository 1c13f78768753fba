"""The responses to those requests of a ``FastHttpUser`` that did not end well, and what the event says of them."""

from __future__ import annotations

from typing import Any

from geventhttpclient.useragent import RetriesExceeded, _make_request
from locust.contrib import fasthttp as stock

from . import errors, timings
from .fast_response import BadStatus, FastResponse

#: Kinds of errors after which there is a response, only its body cannot be read.
IN_BODY = ("decode", "incomplete", "chunk", "body_broken", "body_timeout")

# `ready`, here, is what fast_prepare has made of a request.

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
    failed = errors.for_fast(error, meta["url"], secure)
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
    return errors.for_fast(exchange.error, url, exchange.url().startswith("https:"))


def half_read(exchange: Any, ready: Any, meta: dict[str, Any]) -> FastResponse:
    """The response whose body could not be read, or decoded."""
    response = FastResponse(exchange, ready.request)
    response.__dict__["_left"] = exchange.body()
    try:
        if exchange.error[0] != "decode":
            raise _of_body(exchange, meta["url"])
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
            raise _of_body(exchange, meta["url"])
        response.content.decode("utf-8")
    except Exception as failed:
        failed.__context__ = error
        if isinstance(failed, stock.FAILURE_EXCEPTIONS):
            return refused(failed, meta, call, exchange)
        raise
    response.error = error  # type: ignore[attr-defined]
    meta["exception"] = error
    return response
