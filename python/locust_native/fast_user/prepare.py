"""Turn the arguments of a ``FastHttpSession`` request into what the native client takes; pure, no I/O.

The common forms are prepared here; the others by geventhttpclient's own code, so that what goes on the
wire is its. What only it can do raises ``fallback.Unsupported``, what it refuses ``prepare.StockDecides``.
"""

from __future__ import annotations

import re
from typing import Any

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from geventhttpclient.useragent import _make_request
from locust.contrib import fasthttp

from .. import _core
from ..client.fallback import Unsupported
from ..http_user import prepare

_BODY_METHODS = ("POST", "PUT", "PATCH")
_KEPT = 1000  # of what was met before: a locustfile that draws URLs or headers at random must not fill memory

#: Headers that change how a request is framed.
_FRAMING = ("content-length", "transfer-encoding", "expect")

#: Of a session's own, all that takes part in preparing requests, beside what the native side looks at itself.
_FOR_PYTHON = ("_build_url", "_request", "_prepare", "_judge", "_send_request_safe_mode")

_URL_CACHE = _core.UrlCache(_KEPT)


class Heads:
    """One set of default header fields, and how sessions with them send what needs little preparation."""

    def __init__(self, defaults: Headers) -> None:
        self.defaults = defaults
        self.rules = self._native_rules()

    def _native_rules(self) -> _core.GeventRules | None:
        """None where there is anything about them that the native side does not know."""
        pairs = list(self.defaults.items())
        if not all(type(name) is str and type(value) is str for name, value in pairs):
            return None
        if any(name in self.defaults for name in _FRAMING):
            return None
        if not all(name.isascii() and value.isascii() for name, value in pairs):
            return None
        try:
            return _core.GeventRules(defaults=pairs, url_cache=_URL_CACHE, touched=list(_FOR_PYTHON))
        except ValueError:  # the request will say so
            return None


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


def request_of(sent: _core.FastPreparedRequest, exchange: Any) -> Any:
    """The FastRequest taken along the exchange's hops (None: it has none), by geventhttpclient's own rules."""
    request = sent.made
    if request is None:
        headers = Headers(sent.fields)
        request = fasthttp.FastRequest(sent.url, method=sent.verb, headers=headers, payload=sent.payload)
    for hop in range(0 if exchange is None else exchange.hops):
        if hop:
            before = {name.lower(): value for name, value in exchange.headers(hop - 1)}
            request.redirect(exchange.status_of(hop - 1), before["location"])
        cookie = exchange.cookie(hop)
        if cookie is not None:
            request.headers.add("Cookie", cookie)
    return request


def prepared(
    defaults: Headers,
    verb: str,
    url: str,
    data: Any,
    headers: dict[str, Any],
    kwargs: dict[str, Any],
    options: _core.Options,
) -> _core.FastPreparedRequest:
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
    tail: prepare.Pairs = []
    if "content-length" not in fields and (body or verb in _BODY_METHODS):
        tail = [("Content-Length", str(len(body or b"")))]
    pairs = [(name, str(value)) for name, value in fields.items()]
    native_url = _native_url(request.url_split)
    return _core.FastPreparedRequest(
        verb,
        native_url,
        pairs=pairs,
        fields=_core.Fields(pairs),
        tail=tail,
        body=body,
        made=request,
        options=options,
    )


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
