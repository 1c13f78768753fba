"""The exceptions of requests, made from the kinds of native errors.

Failures are grouped by exception class and text, and locustfiles catch them, so the chains are built
as requests and urllib3 would have raised them::

    requests.ConnectionError <- MaxRetryError <- NewConnectionError <- ConnectionRefusedError
"""

from __future__ import annotations

import http.client
import os
import socket
import zlib
from collections.abc import Callable
from io import BytesIO
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import requests.exceptions as rq
import urllib3.exceptions as u3
import urllib3.response as u3_response
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from ..client.tls_errors import tls_error

_GAI = {
    "Name or service not known": socket.EAI_NONAME,
    "Temporary failure in name resolution": socket.EAI_AGAIN,
    "No address associated with hostname": getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
    "Non-recoverable failure in name resolution": socket.EAI_FAIL,
}


#: urllib3's limit for the line that gives a chunk's size, in bytes; older ones have none.
_MAX_CHUNK_LINE = getattr(u3_response, "_MAX_CHUNK_LINE_LENGTH", 1 << 20)


def chain(*errors: BaseException) -> BaseException:
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


class _Place:
    """The urllib3 objects that error texts name, and the bytes that were not understood."""

    seen = b""
    proxied = False

    def __init__(self, url: str, proxy: str | None = None) -> None:
        parts = urlsplit(url)
        if proxy is not None and parts.scheme == "http":
            self.__init__(proxy)  # type: ignore[misc]  # the pool is the proxy's, and asks it for the whole URL
            self.target = url
            self.proxied = True
            return
        secure = parts.scheme == "https"
        host, port = parts.hostname or "", parts.port or (443 if secure else 80)
        self.target = parts.path + (f"?{parts.query}" if parts.query else "") or "/"
        self.pool: Any = (HTTPSConnectionPool if secure else HTTPConnectionPool)(host, port)
        if proxy is not None:
            self.proxied = True
            host, port = urlsplit(proxy).hostname or "", urlsplit(proxy).port or 80
        self.connection: Any = (HTTPSConnection if secure else HTTPConnection)(host, port)

    def gave_up(self, reason: Exception) -> u3.MaxRetryError:
        error = u3.MaxRetryError(self.pool, self.target, reason)
        error.__context__ = reason
        return error


_Maker = Callable[[_Place, str, "int | None", Any], BaseException]


def _dns(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = name_error(message)
    failed = u3.NameResolutionError(place.connection.host, place.connection, inner)
    return chain(
        inner, failed, place.gave_up(failed), rq.ConnectionError(place.gave_up(failed), request=request)
    )


def _connect(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = system_error(message, code)
    failed = u3.NewConnectionError(place.connection, f"Failed to establish a new connection: {inner}")
    gave_up = place.gave_up(failed)
    return chain(inner, failed, gave_up, rq.ConnectionError(gave_up, request=request))


def _connect_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    limit = message.partition("=")[2]
    failed = u3.ConnectTimeoutError(
        place.connection, f"Connection to {place.connection.host} timed out. (connect timeout={limit})"
    )
    if place.proxied:
        return _unable(place, failed, request, TimeoutError("timed out"))
    gave_up = place.gave_up(failed)
    timeout = rq.ConnectTimeout(gave_up, request=request)
    return chain(TimeoutError("timed out"), failed, gave_up, timeout)


def _read_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    limit = message.partition("=")[2]
    inner = u3.ReadTimeoutError(place.pool, place.target, f"Read timed out. (read timeout={limit})")
    return chain(TimeoutError("timed out"), inner, rq.ReadTimeout(inner, request=request))


def _tls(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    if code is not None:  # the connection broke, not the handshake
        return _broken(place, message, code, request)
    inner = tls_error(message)
    failed = u3.SSLError(inner)
    gave_up = place.gave_up(failed)
    return chain(inner, failed, gave_up, rq.SSLError(gave_up, request=request))


def _proxy(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    if code is None:
        inner: OSError = name_error(message)
        failed: Exception = u3.NameResolutionError(place.connection.host, place.connection, inner)  # type: ignore[arg-type]
        return _unable(place, failed, request, inner)
    inner = system_error(message, code)
    failed = u3.NewConnectionError(place.connection, f"Failed to establish a new connection: {inner}")
    return _unable(place, failed, request, inner)


def _tunnel(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _unable(place, OSError(message), request)


def _unable(place: _Place, failed: Exception, request: Any, *inner: Exception) -> BaseException:
    refused = u3.ProxyError("Unable to connect to proxy", failed)
    gave_up = place.gave_up(refused)
    return chain(*inner, failed, gave_up, rq.ProxyError(gave_up, request=request))


def _aborted(inner: Exception, request: Any) -> BaseException:
    failed = u3.ProtocolError("Connection aborted.", inner)
    return chain(inner, failed, rq.ConnectionError(failed, request=request))


def _closed(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(http.client.RemoteDisconnected(message), request)


def _broken(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(system_error(message, code), request)


class Recorded:
    """A socket that gives what was received once more, for the stock parsers to judge."""

    def __init__(self, received: bytes) -> None:
        self._left = BytesIO(received)

    def makefile(self, mode: str) -> BytesIO:
        return self._left

    def recv(self, size: int) -> bytes:
        return self._left.read(size)

    def close(self) -> None:
        """Nothing to close."""


def _judged_by_http_client(received: bytes) -> Exception:
    try:
        http.client.HTTPResponse(Recorded(received)).begin()  # type: ignore[arg-type]
    except (http.client.HTTPException, OSError) as error:
        error.__traceback__ = None
        return error
    return http.client.BadStatusLine(received[:100].decode("latin-1"))


def _protocol(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return _aborted(_judged_by_http_client(place.seen), request)


# What goes wrong in a body reaches requests from outside `send`: it knows no request there.


def _body_broken(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = system_error(message, code)
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return chain(inner, failed, rq.ChunkedEncodingError(failed))


def _body_timeout(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = u3.ReadTimeoutError(place.pool, None, "Read timed out.")  # type: ignore[arg-type]
    return chain(TimeoutError("timed out"), inner, rq.ConnectionError(inner))


def _incomplete(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    numbers = _numbers(message)
    if not numbers:  # between two chunks
        ended = u3.ProtocolError(message)
        ended.__context__ = _no_number(b"")
        return chain(ended, rq.ChunkedEncodingError(ended))
    inner = u3.IncompleteRead(*numbers)
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return chain(inner, failed, rq.ChunkedEncodingError(failed))


def _chunk_cut(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    read, missing = _numbers(message)
    inner = http.client.IncompleteRead(bytes(read), missing)
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return chain(inner, failed, rq.ChunkedEncodingError(failed))


def _chunk(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    seen = place.seen
    if len(seen) > _MAX_CHUNK_LINE:
        failed = u3.ProtocolError(message)
        return chain(failed, rq.ChunkedEncodingError(failed))
    line = seen.split(b";", 1)[0]
    if (
        unreadable := _no_number(line)
    ) is None:  # below zero, which urllib3 hands on to the file that it reads from
        if int(line, 16) == -1:  # all there is, and then the end of the chunk
            return _chunk_cut(place, "IncompleteRead(0 bytes read, 2 more expected)", code, request)
        return ValueError("read length must be non-negative or -1")
    inner = u3.InvalidChunkLength(u3_response.HTTPResponse(b""), line)
    inner.expected = None
    inner.__context__ = unreadable
    failed = u3.ProtocolError(f"Connection broken: {inner!r}", inner)
    return chain(inner, failed, rq.ChunkedEncodingError(failed))


def _no_number(line: bytes) -> ValueError | None:
    """What Python says of a chunk size that is none."""
    try:
        int(line, 16)
    except ValueError as error:
        error.__traceback__ = None
        return error
    return None


def _numbers(message: str) -> list[int]:
    return [int(word) for word in message.replace("(", " ").split() if word.isdigit()]


def _lengths(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    inner = u3.InvalidHeader(f"Content-Length contained multiple unmatching values ({message})")
    return chain(inner, rq.InvalidHeader(inner, request=request))


def _decode(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    coding, _, words = message.partition(": ")
    failed = u3.DecodeError(
        f"Received response with content-encoding: {coding}, but failed to decode it.", zlib.error(words)
    )
    return chain(failed, rq.ContentDecodingError(failed))


def _too_many(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.TooManyRedirects(message, request=request)


def _bad_redirect(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.InvalidSchema(message, request=request)


def _lost(place: _Place, message: str, code: int | None, request: Any) -> BaseException:
    return rq.ConnectionError("the native request was lost", request=request)


#: The kinds that are told otherwise where there is a proxy.
OF_PROXIES = frozenset(("proxy", "tunnel", "connect_timeout", "read_timeout"))

#: How each kind of native error (``_core.ERROR_KINDS``) looks to an ``HttpUser``.
KINDS: dict[str, _Maker] = {
    "dns": _dns,
    "connect": _connect,
    "connect_timeout": _connect_timeout,
    "tls": _tls,
    "proxy": _proxy,
    "tunnel": _tunnel,
    "closed": _closed,
    "broken": _broken,
    "protocol": _protocol,
    "incomplete": _incomplete,
    "chunk": _chunk,
    "chunk_cut": _chunk_cut,
    "lengths": _lengths,
    "decode": _decode,
    "body_broken": _body_broken,
    "read_timeout": _read_timeout,
    "body_timeout": _body_timeout,
    "too_many_redirects": _too_many,
    "bad_redirect": _bad_redirect,
    "lost": _lost,
}


def of_native(
    error: tuple[str, str, int | None, bytes],
    url: str,
    request: Any,
    timeout: tuple[Any, Any] = (None, None),
    proxy: str | None = None,
) -> BaseException:
    """The requests exception for a native error ``(kind, message, errno, bytes seen)`` at ``url``.

    ``timeout``: the connect and read timeout as the caller gave them, since the text shows them so.
    """
    kind, message, code, seen = error
    if kind in ("connect_timeout", "read_timeout"):
        message = f"={timeout[kind == 'read_timeout']}"
    place = _Place(url, proxy)
    place.seen = seen
    return KINDS[kind](place, message, code, request)
