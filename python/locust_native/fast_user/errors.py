"""The exceptions of geventhttpclient, made from the kinds of native errors, as a ``FastHttpUser`` would see them."""

from __future__ import annotations

import errno
import zlib
from collections.abc import Callable

from gevent import Timeout
from geventhttpclient._parser import HTTPParseError
from geventhttpclient.response import HTTPConnectionClosed, HTTPSocketResponse
from geventhttpclient.useragent import RetriesExceeded, UnsupportedRedirectSchemeError

from ..client.tls_errors import tls_error
from ..http_user.errors import Recorded, chain, name_error, system_error


def _timed_out(url: str, message: str, code: int | None, seen: bytes) -> BaseException:
    return TimeoutError("timed out")


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _judged_by_llhttp(received: bytes) -> BaseException:
    try:
        HTTPSocketResponse(Recorded(received)).read()  # type: ignore[arg-type]
    except (HTTPParseError, OSError) as error:
        error.__traceback__ = None
        return error
    return HTTPParseError("Incomplete response.")


#: How each kind of native error looks to a ``FastHttpUser``: (url, message, errno, bytes seen) -> exception.
KINDS: dict[str, Callable[[str, str, int | None, bytes], BaseException]] = {
    "dns": lambda url, message, code, seen: name_error(message),
    "connect": lambda url, message, code, seen: system_error(message, code),
    "connect_timeout": _timed_out,
    "tls": lambda url, message, code, seen: (
        tls_error(message) if code is None else system_error(message, code)
    ),
    "proxy": lambda url, message, code, seen: system_error(message, code),
    "tunnel": lambda url, message, code, seen: system_error(message, code),
    "closed": lambda url, message, code, seen: HTTPConnectionClosed("connection closed."),
    "broken": lambda url, message, code, seen: (
        chain(system_error(message, code), HTTPConnectionClosed("connection closed."))
        if code == errno.ECONNRESET
        else system_error(message, code)
    ),
    "protocol": lambda url, message, code, seen: _judged_by_llhttp(seen),
    "lengths": lambda url, message, code, seen: HTTPParseError(message),
    "incomplete": lambda url, message, code, seen: HTTPParseError("Incomplete response."),
    "chunk": lambda url, message, code, seen: _judged_by_llhttp(_CHUNKED + seen),
    "chunk_cut": lambda url, message, code, seen: HTTPParseError("Incomplete response."),
    "decode": lambda url, message, code, seen: zlib.error(message),
    "body_broken": lambda url, message, code, seen: system_error(message, code),
    "read_timeout": _timed_out,
    "body_timeout": _timed_out,
    "too_many_redirects": lambda url, message, code, seen: RetriesExceeded(
        url, f"Redirection limit reached ({''.join(c for c in message if c.isdigit())})"
    ),
    "bad_redirect": lambda url, message, code, seen: UnsupportedRedirectSchemeError(url, message),
    "lost": lambda url, message, code, seen: HTTPConnectionClosed("the native request was lost"),
}


#: What a UserAgent would try again after, and names RetriesExceeded since it may not.
_TEMPORARY = (errno.ETIMEDOUT, errno.ENOLINK, errno.ENOENT, errno.EPIPE)


def as_user_agent_says(error: BaseException, url: str) -> BaseException:
    """The exception that geventhttpclient's UserAgent makes of one from its HTTPClient."""
    temporary = isinstance(error, (TimeoutError, Timeout)) or (
        isinstance(error, OSError) and error.errno in _TEMPORARY
    )
    return RetriesExceeded(url, 0, original=error) if temporary else error


def of_native(error: tuple[str, str, int | None, bytes], url: str, secure: bool = False) -> BaseException:
    """The exception geventhttpclient would have raised for a native error at ``url``.

    ``secure``: whether the hop that failed went over TLS, where time-outs have words of their own.
    """
    kind, message, code, seen = error
    made = KINDS[kind](url, message, code, seen)
    if secure and kind in ("read_timeout", "body_timeout"):
        made = TimeoutError("The read operation timed out")
    return made if kind in ("body_broken", "body_timeout") else as_user_agent_says(made, url)
