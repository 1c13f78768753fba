"""Turn the arguments of a request into what the native client takes; pure, no I/O.

The common forms are prepared here; the others by the stock libraries' own preparation code, so that
what goes on the wire is theirs. What only the stock client can do raises ``fallback.Unsupported``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth, _basic_auth_str
from requests.compat import json as complexjson
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, extract_zipped_paths, get_auth_from_url
from urllib3 import Timeout

from . import _core
from .fallback import Unsupported

#: What http.client takes as a method (RFC 9110, 5.6.2).
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

#: A URL that needs no preparation: neither requests nor geventhttpclient would change a byte of it.
PLAIN_URL = re.compile(
    r"https?://(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9])?"
    r"(?::(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?"
    r"/(?!/)(?:(?![./]*/\.)[A-Za-z0-9_~!$&'()*+,;=:@/.-])*(?:\?[A-Za-z0-9_~!$&()*+,;=:@/?.-]+)?"
)
_DOTS = re.compile(r"/\.")

BUNDLE = extract_zipped_paths(DEFAULT_CA_BUNDLE_PATH)

Pairs = list[tuple[Any, Any]]


class StockDecides(Exception):
    """The arguments are ones that requests refuses: its own code shall say so, in its own words."""


_options: dict[tuple[Any, ...], Any] = {}


def options(
    *,
    fast: bool,
    redirects: int | None,
    connect_timeout: float | None,
    read_timeout: float | None,
    bundle: str | None,
    proxy: str | None,
) -> Any:
    """The ``_core.Options`` for these values, made once for each set of them."""
    key = (fast, redirects, connect_timeout, read_timeout, bundle, proxy)
    found = _options.get(key)
    if found is None:
        if len(_options) > 1000:  # a locustfile that draws its timeouts at random
            _options.clear()
        found = _options[key] = _core.Options(
            fast=fast,
            redirects=redirects,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            bundle=bundle,
            proxy=proxy,
        )
    return found


def is_plain(url: Any) -> bool:
    """Whether the URL needs no preparation."""
    return type(url) is str and PLAIN_URL.fullmatch(url) is not None and _DOTS.search(url, 8) is None


def path_of(url: str) -> str:
    """Path and query of a prepared URL, as ``PreparedRequest.path_url`` gives them."""
    start = url.find("/", 8)
    return url[start:].partition("#")[0] if start > 0 else "/"


def prepared_url(url: Any, params: Any) -> str:
    """The URL as requests prepares it.

    Raises requests' MissingSchema, InvalidSchema or InvalidURL as it would.
    """
    prepared = PreparedRequest()
    prepared.prepare_url(url, params)
    text = str(prepared.url)
    if not text.lower().startswith(("http://", "https://")):
        raise StockDecides
    try:
        (urlsplit(text).hostname or "").encode("idna")
    except UnicodeError:  # urllib3 refuses such a host before it opens a socket
        raise StockDecides from None
    return text


def merged_headers(session_headers: Any, headers: Any) -> dict[str, tuple[Any, Any]]:
    """Session and request headers merged as requests' ``merge_setting`` does: {lower name: (name, value)}."""
    if headers is not None and not isinstance(headers, Mapping):
        if headers:
            raise StockDecides
        return {}  # e.g. headers="": no session default is merged
    merged: dict[str, tuple[Any, Any]] = {}
    for mapping in (session_headers, headers):
        if mapping:
            for name, value in mapping.items():
                merged[name.decode("latin-1").lower() if isinstance(name, bytes) else name.lower()] = (
                    name,
                    value,
                )
    for key in [key for key, (_, value) in merged.items() if value is None]:
        del merged[key]
    for name, value in merged.values():
        _check_header(name, value)
    if "transfer-encoding" in merged:
        raise Unsupported("an explicit Transfer-Encoding header")
    return merged


def _check_header(name: Any, value: Any) -> None:
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    if type(text) is not str or (text and (text[0].isspace() or "\n" in text or "\r" in text)):
        raise StockDecides
    if not text.isascii():
        try:
            text.encode("latin-1")
        except UnicodeEncodeError:
            raise StockDecides from None
    if not name or not isinstance(name, (str, bytes)):
        raise StockDecides


def with_defaults(merged: dict[str, tuple[Any, Any]]) -> Pairs:
    """The header fields as they go on the wire: urllib3 adds two where the session's defaults are gone."""
    fields: Pairs = []
    if "accept-encoding" not in merged:
        fields.append(("Accept-Encoding", "identity"))
    if "user-agent" not in merged:
        fields.append(("User-Agent", _URLLIB3_AGENT))
    fields.extend(merged.values())
    return fields


_URLLIB3_AGENT = requests.packages.urllib3.connection._get_default_user_agent()  # type: ignore[attr-defined]


Body = tuple["bytes | None", Pairs, "bytes | str | None"]


def body_of(method: str, data: Any, files: Any, json: Any) -> Body:
    """The encoded body, its header fields as requests' ``prepare_body`` makes them, and the body as
    ``response.request.body`` shows it.
    """
    if not files:
        if not data and json is None:
            return None, [] if method in ("GET", "HEAD") else [("Content-Length", "0")], None
        if not data:
            try:
                body = complexjson.dumps(json, allow_nan=False)
            except ValueError:
                raise StockDecides from None
            return _sized(body.encode(), "application/json")
        if isinstance(data, str):
            return _sized(data, None)
        if type(data) is bytes:
            return _sized(data, None)
        if isinstance(data, (dict, list, tuple)):
            form = plain_form(data) if type(data) is dict else None
            if form is None:
                form = PreparedRequest._encode_params(data)
            if not form:  # e.g. {"a": None}: requests sends an empty chunked body then
                raise StockDecides
            return _sized(form, "application/x-www-form-urlencoded")
        if hasattr(data, "__iter__") or hasattr(data, "read"):
            raise Unsupported("a streamed request body (file or generator)")
    prepared = PreparedRequest()
    prepared.method = method
    prepared.headers = CaseInsensitiveDict()
    prepared.prepare_body(data, files, json)
    body = prepared.body
    if body is not None and not isinstance(body, (str, bytes)):
        raise Unsupported("a streamed request body (file or generator)")
    return body.encode() if isinstance(body, str) else body, list(prepared.headers.items()), body


_PLAIN_VALUES = frozenset((str, int, float))


def plain_form(data: dict[Any, Any]) -> str | None:
    """The form text of a dict of plain texts and numbers, as ``urllib.parse.urlencode`` writes it, natively.

    None for other dicts: those are for the stock libraries, which treat them differently.
    """
    pairs = []
    for name, value in data.items():
        if type(name) is not str or type(value) not in _PLAIN_VALUES:
            return None
        pairs.append((name, value if type(value) is str else str(value)))
    try:
        return _core.encode_form(pairs)
    except UnicodeEncodeError:  # lone surrogates: an error, in urllib's words
        return None


def _sized(body: str | bytes, content_type: str | None) -> Body:
    encoded = body.encode() if isinstance(body, str) else body
    fields: Pairs = [("Content-Length", str(len(encoded)))]
    if content_type is not None:
        fields.append(("Content-Type", content_type))
    return encoded, fields, body


def authorization(auth: Any, url: str) -> str | None:
    """The value of the Authorization header for ``auth``, or for credentials in the URL."""
    if auth is None:
        user, password = get_auth_from_url(url) if "@" in url else ("", "")
        return _basic_auth_str(user, password) if user or password else None
    if isinstance(auth, tuple) and len(auth) == 2:
        return _basic_auth_str(*auth)
    if type(auth) is HTTPBasicAuth:
        return _basic_auth_str(auth.username, auth.password)
    raise Unsupported(f"auth by {type(auth).__name__}")


def place_fields(merged: dict[str, tuple[Any, Any]], later: Pairs) -> Pairs:
    """Overwrite, in ``merged``, the fields that ``later`` has, too, as a dict would; return the rest.

    An explicit Content-Type wins over the one that the body asks for.
    """
    rest: Pairs = []
    for name, value in later:
        key = name.lower()
        if key not in merged:
            rest.append((name, value))
        elif key != "content-type":
            merged[key] = (name, value)
    return rest


def timeouts(timeout: Any) -> tuple[float | None, float | None]:
    """Connect and read timeout in seconds, from a number, a pair, or None."""
    if timeout is None:
        return None, None
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) != 2:
        raise StockDecides
    for value in pair:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise Unsupported("a urllib3 Timeout object") if isinstance(value, Timeout) else StockDecides
        if value is not None and value <= 0:
            raise StockDecides
    return pair


def bundle(verify: Any) -> str | None:
    """The PEM file that ``verify`` stands for; None where any certificate will do."""
    if verify is True:
        return BUNDLE
    if not verify:
        return None
    path = os.fspath(verify)
    if not os.path.exists(path):
        raise StockDecides  # an OSError, in Locust's words
    if os.path.isdir(path):
        raise Unsupported("a folder of CA certificates")
    return path


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """The proxy that requests would choose for this URL."""
    found = requests.utils.select_proxy(url, dict(proxies))
    return requests.utils.prepend_scheme_if_needed(found, "http") if found else None


def cookie_pairs(cookies: Any) -> list[tuple[str, str]] | None:
    """Cookies of one request, from a dict."""
    if not cookies:
        return None
    if isinstance(cookies, dict) and all(type(k) is str and type(v) is str for k, v in cookies.items()):
        return list(cookies.items())
    raise Unsupported("cookies= given as a jar")


def check_adapters(adapters: Iterable[Any]) -> None:
    """Accept the adapters Locust mounts itself, and plain ones without retries of their own."""
    for adapter in adapters:
        kind = type(adapter)
        plain = (
            kind is HTTPAdapter and adapter.max_retries.total in (0, False) and not adapter.max_retries.status
        )
        if not plain and (kind.__module__, kind.__name__) != ("locust.clients", "LocustHttpAdapter"):
            raise Unsupported(f"an adapter mounted on the client ({kind.__name__})")
