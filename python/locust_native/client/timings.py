"""Timings: what the time of a native request went to, for ``response.timings``."""

from __future__ import annotations

import contextlib
from typing import Any, Literal, NamedTuple


class Timings(NamedTuple):
    """What the time of a request went to, redirects included; read on the I/O thread with a monotonic clock.

    Times are in ms, sizes in bytes. None stands for what is not known: a phase that a failed request never
    came to, and all that a SOCKS or https proxy hides. Where a connection was used again, ``dns``, ``connect``
    and ``tls`` are exactly 0.0. The phases follow each other without a gap: their sum is ``total``, which is the
    response time.
    """

    queued: float | None
    """In the native core before anything was done on the network: for its thread, for a free connection
    (``concurrency``), between two redirects."""
    dns: float | None
    """Looking up the name of the server, or of its proxy."""
    connect: float | None
    """Opening the connection; with an http proxy also its tunnel (CONNECT)."""
    tls: float | None
    """The TLS handshake."""
    send: float | None
    """Writing the request, until the system has taken its last byte."""
    wait: float | None
    """From there to the first byte of the answer."""
    download: float | None
    """From there to its last byte; 0.0 where it came in one piece."""
    total: float
    """From handing the request to the core to the last byte of the answer, or to the failure."""
    held: float
    """How long the core itself held the request back before it was sent, to see whether the server closes the
    connection (at the first reuse of one to a server not known to keep any). In no phase and not in ``total``."""
    reused: bool | None
    """Whether no connection had to be opened; None where there was none."""
    handshake: Literal["full", "resumed"] | None
    """The kind of TLS handshake; None without one."""
    bytes_out: int | None
    """Written for the request: line, header and body, before encryption. A proxy's CONNECT does not count."""
    bytes_in: int | None
    """Read of the answer: status line, header and body, decrypted, not yet decompressed."""
    version: str | None
    """HTTP version of the answer ("1.1"), of the last one after redirects; None without an answer."""
    hops: tuple[Timings, ...] = ()
    """The same of each request sent, redirects first; empty in those."""


def of(exchange: Any, hop: int | None = None) -> Timings:
    """The timings of one hop of an exchange, or of all of them together."""
    phases, total, held, reused, handshake, bytes_out, bytes_in, digits = exchange.timings(hop)
    version = None if digits is None else "{}.{}".format(*divmod(digits, 10))
    hops = () if hop is not None else tuple(of(exchange, at) for at in range(exchange.hops))
    return Timings(*phases, total, held, reused, handshake, bytes_out, bytes_in, version, hops)


def shares(row: dict[str, Any]) -> dict[str, float]:
    """The mean time (ms) of a row's measured requests by phase; together they are the mean response time of these.

    A request without a phase spent no time in it. Empty where nothing was measured.
    """
    measured = {phase: spread for phase, spread in (row.get("phases") or {}).items() if spread}
    most = max((spread["count"] for spread in measured.values()), default=0)
    return {phase: spread["mean"] * spread["count"] / most for phase, spread in measured.items()}


def unknown(response: Any) -> Any:
    """The answer of a stock client, which says from now on that nobody knows its timings, nor its redirects'."""
    for answer in (*(getattr(response, "history", None) or ()), response):
        with contextlib.suppress(AttributeError):  # what somebody's mock answers with
            answer.timings = None
    return response


def of_all(exchange: Any) -> Timings | None:
    """The timings of a call; None where its task was lost."""
    return None if exchange is None else of(exchange)


def for_context(exchange: Any) -> dict[str, Any] | None:
    """The same as a flat dictionary that JSON can hold, without the single hops; for the context of an event."""
    if exchange is None:
        return None
    figures = of(exchange)._asdict()
    del figures["hops"]
    return figures
