"""Turn the arguments of a ``FastHttpSession`` request into what the native client takes; pure, no I/O.

The common forms are prepared here; the others by geventhttpclient's own code, so that what goes on the
wire is its. What only it can do raises ``fallback.Unsupported``, what it refuses ``prepare.StockDecides``.
"""

from __future__ import annotations

import re
from types import NoneType
from typing import Any
from urllib.parse import urlencode

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from geventhttpclient.useragent import _make_request
from locust.contrib import fasthttp

from .. import _core
from ..client.fallback import Unsupported
from ..http_user import prepare

_BODY_METHODS = ("POST", "PUT", "PATCH")
_VERBS = frozenset(("GET", "OPTIONS", "HEAD", "DELETE", *_BODY_METHODS))

#: Headers that change how a request is framed.
_FRAMING = ("content-length", "transfer-encoding", "expect")

_FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
_TEXT = ("content-type", "text/plain; charset=utf-8")
_OCTETS = ("content-type", "application/octet-stream")
_NO_LENGTH: prepare.Pairs = []
_ZERO_LENGTH: prepare.Pairs = [("Content-Length", "0")]

_KEPT = 1000  # of what was met before: a locustfile that draws URLs or headers at random must not fill memory
_canonical_urls: set[str] = set()

URL_CACHE = _core.UrlCache(_KEPT)

#: The fields of a request for which nothing is asked, as Locust hands them to its client.
FIELDS = {"Accept-Encoding": "gzip, deflate, br"}

_WITH_JSON = {**FIELDS, "Content-Type": "application/json", "Accept": "application/json"}

Head = tuple[list[tuple[str, str]], Any]


class Heads:
    """The header fields of requests met before, for sessions with one set of default headers."""

    def __init__(self, defaults: Headers) -> None:
        self.defaults = defaults
        self.typed = bool(defaults.get("content-type"))
        self._known: dict[tuple[Any, ...], Head] = {}

    def get(self, headers: dict[str, Any], added: tuple[tuple[str, str], ...]) -> Head | None:
        """Fields as pairs and as ``_core.Fields``: the defaults, ``headers``, then those of the body.

        None where there is anything odd about them.
        """
        key = (*headers.items(), *added)
        try:
            head = self._known.get(key)
        except TypeError:  # a list of values
            return None
        if head is None:
            head = self._make(headers, added)
            if head is not None:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[key] = head
        return head

    def sent(self, verb: str, url: str, kind: str, body: bytes) -> FastPrepared:
        """As `simple_request`, without header fields of the call: with a "json" or "form" body, or none."""
        if kind == "json":
            return simple_request(self, verb, url, body.decode(), _WITH_JSON)  # type: ignore[return-value]
        if kind == "form":
            pairs, head = self.get(FIELDS, (_FORM, ("content-length", str(len(body)))))  # type: ignore[misc]
            return FastPrepared(verb, url, pairs, head, _NO_LENGTH, body, body)
        return simple_request(self, verb, url, None, FIELDS)  # type: ignore[return-value]

    def _make(self, headers: dict[str, Any], added: tuple[tuple[str, str], ...]) -> Head | None:
        fields = self.defaults.copy()
        fields.update(headers)
        if any(name in fields for name in _FRAMING):
            return None
        if not all(type(name) is str and type(value) is str for name, value in fields.items()):
            return None
        for name, value in added:
            fields[name] = value
        pairs = list(fields.items())
        return pairs, _core.Fields(pairs)


_heads: dict[tuple[Any, ...], Heads] = {}


def heads(defaults: Any) -> Heads:
    """The ``Heads`` for the ``headers`` of a UserAgent, copied as it copies them."""
    fields = HTTPClient.DEFAULT_HEADERS.copy()
    if defaults:
        fields.update(defaults)
    key = tuple((name, value, type(value)) for name, value in fields.items())
    try:
        found = _heads.get(key)
    except TypeError:  # a value of a kind that geventhttpclient will refuse
        return Heads(fields)
    if found is None:
        if len(_heads) >= _KEPT:
            _heads.clear()
        found = _heads[key] = Heads(fields)
    return found


class FastPrepared:
    """One request, ready for ``_core.Client.submit``; makes ``response.request`` when it is asked for."""

    __slots__ = ("body", "fields", "head", "shown", "tail", "url", "verb", "whole")

    def __init__(
        self,
        verb: str,
        url: str,
        fields: list[tuple[str, Any]],
        head: Any,
        tail: prepare.Pairs,
        body: bytes | None,
        shown: Any = None,
        whole: Any = None,
    ) -> None:
        self.verb = verb
        self.url = url
        self.fields = fields
        self.head = head
        self.tail = tail
        self.body = body
        self.shown = shown  # what `response.request.body` holds
        self.whole = whole  # the FastRequest, where geventhttpclient has made it

    def request(self, exchange: Any) -> Any:
        """The FastRequest taken along the exchange's hops (None: it has none), by geventhttpclient's own rules."""
        request = self.whole
        if request is None:
            headers = Headers(self.fields)
            request = fasthttp.FastRequest(self.url, method=self.verb, headers=headers, payload=self.shown)
        for hop in range(0 if exchange is None else exchange.hops):
            if hop:
                before = {name.lower(): value for name, value in exchange.headers(hop - 1)}
                request.redirect(exchange.status_of(hop - 1), before["location"])
            cookie = exchange.cookie(hop)
            if cookie is not None:
                request.headers.add("Cookie", cookie)
        return request


def known(heads: Heads) -> tuple[Any, Any, bool] | None:
    """What there is to know of the fields for the native fast path: those of a request without any of its own and of
    one with JSON, and whether the defaults describe a body. None where there is anything odd about them.
    """
    try:
        bare, with_json = heads.get(FIELDS, ()), heads.get(_WITH_JSON, ())
    except ValueError:  # the request will say so
        return None
    return (bare[1], with_json[1], heads.typed) if bare and with_json else None


def simple_request(
    heads: Heads, verb: str, url: str, data: Any, headers: dict[str, Any]
) -> FastPrepared | None:
    """The request, if it has a common form."""
    if url not in _canonical_urls:
        if not prepare.is_canonical(url) or ";" in url:  # geventhttpclient loses empty parameters
            return None
        if len(_canonical_urls) >= _KEPT:
            _canonical_urls.clear()
        _canonical_urls.add(url)
    if verb not in _VERBS:
        return None
    tail = _NO_LENGTH
    body: bytes | None = None
    shown = data
    added: tuple[tuple[str, str], ...] = ()
    kind = type(data)
    if data:
        typed = heads.typed
        for name, value in headers.items():
            if type(name) is str and name.lower() == "content-type":
                if not value:  # counts as none, but holds its place
                    return None
                typed = True
        if kind is dict:
            shown = body = (_core.encode_form(data) or urlencode(data)).encode()
            length = ("content-length", str(len(body)))
            added = (length,) if typed else (_FORM, length)
        elif kind is str:
            body = data.encode()
            if typed:
                tail = [("Content-Length", str(len(body)))]
            else:
                shown = body
                added = (_TEXT, ("content-length", str(len(body))))
        elif kind is bytes:
            body = data
            added = () if typed else (_OCTETS,)
            tail = [("Content-Length", str(len(body)))]
        else:
            return None
    elif kind not in (NoneType, str, bytes, dict):
        return None
    elif verb in _BODY_METHODS:
        tail = _ZERO_LENGTH
    head = heads.get(headers, added)
    if head is None:
        return None
    return FastPrepared(verb, url, head[0], head[1], tail, body, shown)


def fully(
    defaults: Headers, verb: str, url: str, data: Any, headers: dict[str, Any], kwargs: dict[str, Any]
) -> FastPrepared:
    """Any request, by geventhttpclient's own code (UserAgent.urlopen and HTTPClient._build_request)."""
    if "payload" in kwargs:
        raise prepare.StockDecides  # a TypeError
    rest = dict(kwargs)
    params, files = rest.pop("params", None), rest.pop("files", None)
    for refused in ("to_string", "debug_stream", "max_retries", "max_redirects"):
        if refused in rest:
            raise Unsupported(f"{refused}= on a FastHttpSession request")
    if not prepare.TOKEN.fullmatch(verb) or verb == "CONNECT":
        raise prepare.StockDecides
    fields = defaults.copy()
    fields.update(headers)
    if "transfer-encoding" in fields or "expect" in fields:
        raise Unsupported("an explicit Transfer-Encoding or Expect header")
    if not all(type(name) is str for name, _ in fields.items()):
        raise prepare.StockDecides
    if rest:
        # Unknown keywords are no error in geventhttpclient: they become parameters.
        if verb == "POST":
            if data is None:
                data = rest
            elif isinstance(data, dict):
                data.update(rest)
        elif params is None:
            params = rest
        elif isinstance(params, dict):
            params.update(rest)
    if files:  # can be read but once: what is wrong with the rest must be known before
        _core.Fields([(name, str(value)) for name, value in fields.items()])
        _native_url(fasthttp.FastRequest(url, params=params).url_split)
    request = _make_request(
        url,
        verb,
        headers=fields,
        payload=data,
        params=params,
        files=files,
        request_type=fasthttp.FastRequest,
    )
    body = request.payload
    if isinstance(body, str):
        body = body.encode()
    elif isinstance(body, (list, tuple, dict, int, float)):
        raise prepare.StockDecides  # an AttributeError or a TypeError, in geventhttpclient's words
    elif body is not None and type(body) is not bytes:
        raise Unsupported("a streamed request body (file or generator)")
    tail = _NO_LENGTH
    if "content-length" not in fields and (body or verb in _BODY_METHODS):
        tail = [("Content-Length", str(len(body or b"")))]
    pairs = [(name, str(value)) for name, value in fields.items()]
    native_url = _native_url(request.url_split)
    return FastPrepared(verb, native_url, pairs, _core.Fields(pairs), tail, body, whole=request)


#: What the native client takes for a host; others are for geventhttpclient to look up or to refuse.
_HOST = re.compile(r"[!-~]+")


def _native_url(split: Any) -> str:
    """The URL whose parts geventhttpclient would send to and ask for."""
    host, port = split.host, split.port
    target = getattr(split, "quoted_uri", split.request_uri)
    if split.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host):
        raise prepare.StockDecides
    if target.startswith("//") or "#" in target:  # refused; a `#` that parameters have brought is sent
        raise prepare.StockDecides
    try:
        host.encode("idna")
    except UnicodeError:
        raise prepare.StockDecides from None
    if port in (80, 443) and (port == 443) != (split.scheme == "https"):
        raise Unsupported(
            "a URL with the standard port of the other scheme"
        )  # no port in its Host field then
    place = f"[{host}]" if ":" in host else host
    slash = "" if target.startswith("/") else "/"
    return f"{split.scheme}://{place}{f':{port}' if port else ''}{slash}{target}"
