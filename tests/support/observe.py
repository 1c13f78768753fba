"""What one can see of a response, an event, a request on the wire: as plain values, to be compared."""

import re
from typing import Any

import requests

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_BOUNDARY = re.compile(r"boundary=([0-9a-f]{32})")
_FIRST_LINE = re.compile(r"--([0-9a-f]{32})(?:--)?\r\n")


def tried(ask: Any) -> Any:
    """The value of `ask()`, or the error it raises, as a value."""
    try:
        return ask()
    except Exception as raised:
        return error(raised)


def error(raised: BaseException | None, chain: bool = False) -> Any:
    """Class and text of an exception; on request of those that it came from, too."""
    if raised is None:
        return None
    shown: Any = (
        type(raised).__module__,
        type(raised).__name__,
        _ADDRESS.sub("", str(raised)),
        _ADDRESS.sub("", repr(raised)),
    )
    return (shown, error(raised.__context__, chain)) if chain else shown


def fields(pairs: Any) -> list[tuple[str, Any]]:
    """Header fields in their order, names as they are spelt."""
    shown = []
    for name, value in pairs:
        name = name.decode() if isinstance(name, bytes) else name
        if isinstance(value, str):
            value = _BOUNDARY.sub("boundary=*", value)
        shown.append((name, value))
    return shown


def _unbound(body: Any) -> Any:
    """A body, the random boundary of a multipart body made the same."""
    if body is not None and not isinstance(body, str | bytes | dict | list):
        return type(body).__name__
    text = body.decode("latin-1") if isinstance(body, bytes) else body
    found = _FIRST_LINE.match(text) if isinstance(text, str) else None
    return body if found is None else text.replace(found[1], "*" * 32)


def wire(recorded: list[dict]) -> list[tuple]:
    """Requests as they came: connection (counted from 0), request line, fields, body."""
    numbers: dict[int, int] = {}
    shown = []
    for request in recorded:
        line, *rest = request["head"].rstrip("\r\n").split("\r\n")
        pairs = [(name, value) for name, _, value in (field.partition(":") for field in rest)]
        at = numbers.setdefault(request["connection"], len(numbers))
        shown.append((at, line, fields(pairs), _unbound(request["body"])))
    return shown


class Due(int):
    """The second at which a cookie expires; Max-Age counts from an answer that came to both sides apart."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int) and abs(self - other) <= 20

    def __ne__(self, other: object) -> bool:  # int has one of its own
        return not self == other

    __hash__ = None  # type: ignore[assignment]


def cookies(jar: Any) -> list[tuple]:
    """The cookies of a jar, in its order, with all they consist of."""
    return [
        (
            c.name,
            c.value,
            c.domain,
            c.domain_specified,
            c.domain_initial_dot,
            c.path,
            c.path_specified,
            bool(c.secure),
            None if c.expires is None else Due(c.expires),
            c.discard,
            c.version,
            dict(c._rest),
        )
        for c in jar
    ]


def prepared(request: Any) -> Any:
    """A `PreparedRequest`."""
    if request is None:
        return None
    pairs = list(request.headers.items())
    return (request.method, request.url, request.path_url, fields(pairs), _unbound(request.body))


def response(r: Any, deep: bool = True) -> dict[str, Any]:
    """The response of an HttpUser."""
    shown = {
        "kinds": [
            kind
            for kind in type(r).__mro__
            if kind in (requests.Response,) or kind.__module__ == "locust.clients"
        ],
        "status_code": r.status_code,
        "ok": tried(lambda: r.ok),
        "bool": tried(lambda: bool(r)),
        "headers": fields(r.headers.items()),
        "cookies": cookies(r.cookies),
        "url": r.url,
        "reason": r.reason,
        "encoding": r.encoding,
        "content": r.content,
        "text": tried(lambda: r.text) if len(r.content or b"") < 200_000 or r.encoding else None,
        "apparent": tried(lambda: r.apparent_encoding) if len(r.content or b"") < 10_000 else None,
        "json": tried(lambda: r.json()) if len(r.content or b"") < 200_000 else None,
        "is_redirect": (r.is_redirect, r.is_permanent_redirect),
        "links": r.links,
        "request": prepared(r.request),
        "raise": tried(r.raise_for_status),
        "elapsed": type(r.elapsed).__name__,
        "chunks": tried(lambda: list(r.iter_content(7 if len(r.content or b"") < 10_000 else 65_536))),
        "lines": tried(lambda: list(r.iter_lines())) if len(r.content or b"") < 200_000 else None,
        "repr": repr(r),
        "error": error(getattr(r, "error", None), chain=True),
    }
    if r.status_code:
        shown["raw"] = (
            r.raw.status,
            r.raw.version,
            r.raw.reason,
            fields(r.raw.headers.items()),
            r.raw.read(),
        )
        shown["next"] = prepared(r.next)
    if deep:
        shown["history"] = [response(hop, deep=False) for hop in r.history]
    return shown


def fast_request(request: Any) -> Any:
    """The `FastRequest` of a response."""
    if request is None:
        return None
    pairs = list(request.headers.items())
    return (request.method, request.url, fields(pairs), _unbound(request.payload), type(request).__name__)


def fast_response(r: Any) -> dict[str, Any]:
    """The response of a FastHttpUser."""
    return {
        "kinds": _kinds(r),
        "status_code": r.status_code,
        "ok": r.ok,
        "len": tried(lambda: len(r)),
        "bool": tried(lambda: bool(r)),
        "headers": None if r.headers is None else fields(r.headers.items()),
        "some header": tried(lambda: r.headers["content-length"]),
        "url": r.url,
        "content": tried(lambda: r.content),
        "text": tried(lambda: r.text) if len(tried(lambda: r.content) or b"") < 200_000 else None,
        "encoding": tried(lambda: r.encoding),
        "json": tried(lambda: repr(r.json())),
        "request": fast_request(r.request),
        "_request": tried(lambda: fast_request(r._request)),
        "raise": tried(r.raise_for_status),
        "elapsed": tried(lambda: type(r.elapsed).__name__),
        "history": tried(
            lambda: [(hop.status_code, fields(hop.headers.items()), hop.content) for hop in r.history]
        ),
        "read": tried(lambda: r.read()),
        "chunks": tried(lambda: list(r.iter_content())),
        "cookies": tried(lambda: r.cookies),
        "reason": tried(lambda: r.reason),
        "stdlib": tried(lambda: (r.status, r.data, r.isclosed(), fields(r.info().items()))),
        "stream": tried(lambda: _stream(r)),
        "in it": tried(lambda: ([*r], r.readline(), r.unzipped())),
        "error": error(getattr(r, "error", None)),
        "about it": _about(getattr(r, "error", None)),
    }


def _stream(r: Any) -> Any:
    s = r.stream
    return (
        s.read(), s.read(5), s.readline(), s.get_code(), s.status_code, s.version, s.get_http_version(),
        s.status_message, s.length, s.content_length, s.message_complete, fields(s.headers), s.get("x", 1),
        "content-length" in s,
    )  # fmt: skip


def _about(failed: Any) -> Any:
    """What geventhttpclient notes on an exception."""
    if failed is None:
        return None
    log = getattr(failed, "http_log", None)
    return {
        "url": getattr(failed, "url", None),
        "code": getattr(failed, "code", None),
        "original": error(getattr(failed, "original", None)),
        "original's request": fast_request(getattr(getattr(failed, "original", None), "request", None)),
        "request": fast_request(getattr(failed, "request", None)),
        "response": tried(lambda: failed.response.status_code),
        "log": None if log is None else _unbound(log),
    }


def event(arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of one `request` event; times as their types, since they differ."""
    times = {
        name: type(arguments[name]).__name__ for name in ("response_time", "start_time") if name in arguments
    }
    answer = arguments["response"]
    return {
        **arguments,
        **times,
        "names in order": list(arguments),
        "response": (
            answer.status_code,
            _kinds(answer),
        ),
        "exception": error(arguments["exception"]),
    }


_STOCK = ("locust.clients", "locust.contrib.fasthttp", "requests.models")


def _kinds(answer: Any) -> list[str]:
    """The classes of Locust and requests that a response is; those of ours that go by a stock name count once."""
    return list(dict.fromkeys(kind.__name__ for kind in type(answer).__mro__ if kind.__module__ in _STOCK))


def differences(names: tuple[str, ...], ours: Any, stock: Any) -> list[str]:
    """Where two values differ, one line for each place."""
    found: list[str] = []
    for name, one, other in zip(names, ours, stock, strict=True):
        _compare(name, one, other, found)
    return found


def _compare(place: str, ours: Any, stock: Any, found: list[str]) -> None:
    if type(ours) is type(stock) is dict and list(ours) == list(stock):
        for name in ours:
            _compare(f"{place}.{name}", ours[name], stock[name], found)
    elif type(ours) is type(stock) and isinstance(ours, list | tuple) and len(ours) == len(stock):
        for at, (one, other) in enumerate(zip(ours, stock, strict=True)):
            _compare(f"{place}[{at}]", one, other, found)
    elif ours != stock:
        found.append(f"{place}: ours {ours!r:.1000} stock {stock!r:.1000}")
