"""The exceptions stock Locust's clients raise, made from the kinds of native errors.

Failures are grouped by exception class and text, and locustfiles catch them, so the chains are built
as requests and urllib3 (``HttpUser``) or geventhttpclient (``FastHttpUser``) would have raised them::

    requests.ConnectionError <- MaxRetryError <- NewConnectionError <- ConnectionRefusedError
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import requests.exceptions as rq
import urllib3.exceptions as u3
from geventhttpclient._parser import HTTPParseError
from geventhttpclient.response import HTTPConnectionClosed
from geventhttpclient.useragent import RetriesExceeded, UnsupportedRedirectSchemeError
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_GAI = {
    "Name or service not known": socket.EAI_NONAME,
    "Temporary failure in name resolution": socket.EAI_AGAIN,
    "No address associated with hostname": getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
    "Non-recoverable failure in name resolution": socket.EAI_FAIL,
}


def _chain(*errors: BaseException) -> BaseException:
    """Link the errors, innermost first, as if each had been raised while handling the one before."""
    for inner, outer in pairwise(errors):
        outer.__context__ = inner
    return errors[-1]


def system_error(message: str, code: int | None) -> OSError:
    """The OSError subclass for an error number, with the system's own words."""
    return OSError(code, os.strerror(code)) if code is not None else OSError(message)


def name_error(message: str) -> socket.gaierror:
    """The gaierror for a failed name look-up."""
    for text, code in _GAI.items():
        if text in message:
            return socket.gaierror(code, text)
    return socket.gaierror(socket.EAI_NONAME, message)


def tls_error(message: str) -> ssl.SSLError:
    """The ssl error for a failed handshake, in the words of the native TLS library."""
    if "certificate" in message:
        error = ssl.SSLCertVerificationError(
            1, f"[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {message}"
        )
        error.verify_message = message
        return error
    return ssl.SSLError(1, message)


class _Place:
    """The urllib3 objects that error texts name."""

    def __init__(self, url: str, proxy: str | None = None) -> None:
        parts = urlsplit(url)
        if (
            proxy is not None and parts.scheme == "http"
        ):  # the pool is the proxy's, and asks it for the whole URL
            self.__init__(proxy)  # type: ignore[misc]
            self.target = url
            return
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        self.target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self.pool: Any = (HTTPSConnectionPool if secure else HTTPConnectionPool)(host, port)
        self.connection: Any = (HTTPSConnection if secure else HTTPConnection)(host, port)

    def gave_up(self, reason: Exception) -> u3.MaxRetryError:
        error = u3.MaxRetryError(self.pool, self.target, reason)
        error.__context__ = reason
        return error


_Maker = Callable[[_Place, str, "int | None", Any], BaseException]


def _dns(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = name_error(message)
    failed = u3.NameResolutionError(place.connection.host, place.connection, inner)
    return _chain(
        inner, failed, place.gave_up(failed), rq.ConnectionError(place.gave_up(failed), request=request)
    )


def _connect(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = system_error(message, code)
    failed = u3.NewConnectionError(place.connection, f"Failed to establish a new connection: {inner}")
    gave_up = place.gave_up(failed)
    return _chain(inner, failed, gave_up, rq.ConnectionError(gave_up, request=request))


def _connect_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    limit = message.partition("=")[2]
    failed = u3.ConnectTimeoutError(
        place.connection, f"Connection to {place.connection.host} timed out. (connect timeout={limit})"
    )
    gave_up = place.gave_up(failed)
    return _chain(failed, gave_up, rq.ConnectTimeout(gave_up, request=request))


def _read_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    limit = message.partition("=")[2]
    inner = u3.ReadTimeoutError(place.pool, place.target, f"Read timed out. (read timeout={limit})")
    return _chain(inner, rq.ReadTimeout(inner, request=request))


def _tls(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = tls_error(message)
    failed = u3.SSLError(inner)
    gave_up = place.gave_up(failed)
    return _chain(inner, failed, gave_up, rq.SSLError(gave_up, request=request))


def _proxy(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = system_error(message, code)
    failed = u3.NewConnectionError(place.connection, f"Failed to establish a new connection: {inner}")
    gave_up = place.gave_up(u3.ProxyError("Unable to connect to proxy", failed))
    return _chain(inner, failed, gave_up, rq.ProxyError(gave_up, request=request))


def _aborted(inner: Exception, request: Any) -> BaseException:
    failed = u3.ProtocolError("Connection aborted.", inner)
    return _chain(inner, failed, rq.ConnectionError(failed, request=request))


def _closed(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(http.client.RemoteDisconnected(message), request)


def _broken(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(system_error(message, code), request)


def _protocol(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(http.client.BadStatusLine(message), request)


# What goes wrong in a body reaches requests from outside `send`: it knows no request there.


def _body_broken(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = system_error(message, code)
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return _chain(inner, failed, rq.ChunkedEncodingError(failed))


def _body_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = u3.ReadTimeoutError(place.pool, None, "Read timed out.")  # type: ignore[arg-type]
    return _chain(inner, rq.ConnectionError(inner))


def _incomplete(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    read, missing = (int(word) for word in message.replace("(", " ").split() if word.isdigit())
    inner = u3.IncompleteRead(read, missing)
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return _chain(inner, failed, rq.ChunkedEncodingError(failed))


def _chunk(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    failed = u3.ProtocolError("Response ended prematurely")
    return _chain(failed, rq.ChunkedEncodingError(failed))


def _decode(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    coding, _, words = message.partition(": ")
    failed = u3.DecodeError(
        f"Received response with content-encoding: {coding}, but failed to decode it.", zlib.error(words)
    )
    return _chain(failed, rq.ContentDecodingError(failed))


def _too_many(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.TooManyRedirects(message, request=request)


def _bad_redirect(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.InvalidSchema(message, request=request)


def _lost(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.ConnectionError("the native request was lost", request=request)


#: How each kind of native error (``_core.ERROR_KINDS``) looks to an ``HttpUser``.
FOR_REQUESTS: dict[str, _Maker] = {
    "dns": _dns,
    "connect": _connect,
    "connect_timeout": _connect_timeout,
    "tls": _tls,
    "proxy": _proxy,
    "closed": _closed,
    "broken": _broken,
    "protocol": _protocol,
    "incomplete": _incomplete,
    "chunk": _chunk,
    "decode": _decode,
    "body_broken": _body_broken,
    "read_timeout": _read_timeout,
    "body_timeout": _body_timeout,
    "too_many_redirects": _too_many,
    "bad_redirect": _bad_redirect,
    "lost": _lost,
}


def for_requests(
    error: tuple[str, str, int | None],
    url: str,
    request: Any,
    timeout: tuple[Any, Any] = (None, None),
    proxy: str | None = None,
) -> BaseException:
    """The requests exception for a native error ``(kind, message, errno)`` at ``url``.

    ``timeout``: the connect and read timeout as the caller gave them, since the text shows them so.
    """
    kind, message, code = error
    if kind == "proxy" and proxy is not None:
        return _proxy(_Place(url, proxy), message, code, request)
    if kind in ("connect_timeout", "read_timeout"):
        message = f"={timeout[kind == 'read_timeout']}"
    return FOR_REQUESTS[kind](_Place(url), message, code, request)


def _timed_out(url: str, message: str, code: int | None) -> BaseException:
    return RetriesExceeded(url, 0, original=TimeoutError("timed out"))


#: How each kind of native error looks to a ``FastHttpUser``: (url, message, errno) -> exception.
FOR_FAST: dict[str, Callable[[str, str, int | None], BaseException]] = {
    "dns": lambda url, message, code: name_error(message),
    "connect": lambda url, message, code: system_error(message, code),
    "connect_timeout": _timed_out,
    "tls": lambda url, message, code: tls_error(message),
    "proxy": lambda url, message, code: system_error(message, code),
    "closed": lambda url, message, code: HTTPConnectionClosed("connection closed."),
    "broken": lambda url, message, code: (
        HTTPConnectionClosed("connection closed.")
        if code == errno.ECONNRESET
        else system_error(message, code)
    ),
    "protocol": lambda url, message, code: HTTPParseError(message),
    "incomplete": lambda url, message, code: HTTPParseError("Incomplete response."),
    "chunk": lambda url, message, code: HTTPParseError("Incomplete response."),
    "decode": lambda url, message, code: zlib.error(message),
    "body_broken": lambda url, message, code: system_error(message, code),
    "read_timeout": _timed_out,
    "body_timeout": lambda url, message, code: TimeoutError("timed out"),
    "too_many_redirects": lambda url, message, code: RetriesExceeded(
        url, f"Redirection limit reached ({''.join(c for c in message if c.isdigit())})"
    ),
    "bad_redirect": lambda url, message, code: UnsupportedRedirectSchemeError(url, message),
    "lost": lambda url, message, code: HTTPConnectionClosed("the native request was lost"),
}


def for_fast(error: tuple[str, str, int | None], url: str) -> BaseException:
    """The exception geventhttpclient would have raised for a native error at ``url``."""
    kind, message, code = error
    return FOR_FAST[kind](url, message, code)
