"""The words in which a case tells the server how to misbehave, and what a case consists of."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Slow:
    """Bytes in pieces of `size`, `pause` seconds apart."""

    data: bytes
    size: int = 1
    pause: float = 0.0


@dataclass(frozen=True)
class Repeat:
    """The same bytes so many times: what a client that sets itself no limit takes for endless, has an end."""

    data: bytes
    times: int


#: End of the stream, without a warning.
CLOSE = "close"
#: The connection torn down with a reset.
RESET = "reset"
#: Nothing, until the client has gone.
HANG = "hang"
#: What the client still sends is read, until it has sent all that its header announces.
READ = "read"

Step = bytes | Slow | Repeat | str


@dataclass(frozen=True)
class Case:
    """What the server does once it is asked for the case, and how the client asks.

    After the last step the server takes the next request, if the connection is still open. In bytes,
    `{port}` stands for the server's own port and `{free}` for one that nobody listens on.
    """

    steps: tuple[Step, ...]
    method: str = "GET"
    data: bytes | None = None
    warm: bool = False  # whether the connection has served a request before
    apart: bool = False  # whether ours may take another connection where stock takes the one it has
    early: bool = False  # whether the server acts before it has read the body
    timeout: float = 4
    headers: tuple[tuple[str, str], ...] = ()
    arguments: tuple[tuple[str, Any], ...] = ()


def case(*steps: Step, **asked: Any) -> Case:
    """A case of these steps."""
    return Case(steps, **asked)


def head(*lines: bytes, status: bytes = b"HTTP/1.1 200 OK", end: bytes = b"\r\n") -> bytes:
    """A response head."""
    return end.join([status, *lines, b"", b""])


def plain(*lines: bytes, body: bytes = b"ok", **how: Any) -> bytes:
    """A response with these fields and an honest Content-Length."""
    return head(*lines, b"Content-Length: %d" % len(body), **how) + body


def chunked(framed: bytes, *lines: bytes, **how: Any) -> bytes:
    """A response in chunks, framed by the caller."""
    return head(*lines, b"Transfer-Encoding: chunked", **how) + framed


OK = plain()
