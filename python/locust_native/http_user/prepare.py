"""Turn the arguments of a request into what the native client takes; pure, no I/O.

The common forms are prepared here; the others by the stock libraries' own preparation code, so that
what goes on the wire is theirs. What only the stock client can do raises ``fallback.Unsupported``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.parse import urlsplit

import requests
from requests import models
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth, _basic_auth_str
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict
from requests.utils import (
    DEFAULT_CA_BUNDLE_PATH,
    default_headers,
    extract_zipped_paths,
    get_auth_from_url,
)
from urllib3 import PoolManager, Retry, Timeout

from .. import _core
from ..client.fallback import Unsupported

DEFAULT_HEADERS = list(default_headers().items())
DEFAULT_HEADERS_DICT = dict(DEFAULT_HEADERS)

#: What http.client takes as a method (RFC 9110, 5.6.2).
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

#: A ``Host`` that all who read one take for the same.
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d+)?")

_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

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


def is_canonical(url: Any) -> bool:
    """Whether the URL needs no preparation: neither requests nor geventhttpclient would change a byte of it."""
    return type(url) is str and _core.is_canonical_url(url)


def prepared_url(url: Any, params: Any) -> str:
    """The URL as requests prepares it.

    Raises requests' MissingSchema, InvalidSchema or InvalidURL as it would.
    """
    prepared = PreparedRequest()
    prepared.prepare_url(url, params)
    text = str(prepared.url)
    if not text.lower().startswith(("http://", "https://")):
        raise StockDecides
    if "%" in text and _STRAY_PERCENT.search(text):
        raise StockDecides  # urllib3 escapes all of such a target once more, on the wire only
    try:
        (urlsplit(text).hostname or "").encode("idna")
    except UnicodeError:  # urllib3 refuses such a host before it opens a socket
        raise StockDecides from None
    return text


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("ascii", "replace")


def merged_headers(session_headers: Any, headers: Any) -> dict[str, tuple[Any, Any]]:
    """Session and request headers merged as requests' ``merge_setting`` does: {lower name: (name, value)}."""
    if headers is not None and not isinstance(headers, Mapping):
        if headers:
            raise StockDecides
        return {}  # e.g. headers="": no session default is merged
    if session_headers is not None and not isinstance(session_headers, Mapping):
        raise StockDecides
    merged: dict[Any, tuple[Any, Any]] = {}
    as_bytes = False
    for mapping in (session_headers, headers):
        if mapping:
            for name, value in mapping.items():
                if type(name) is not str:
                    if not isinstance(name, (str, bytes)):
                        raise StockDecides
                    as_bytes = as_bytes or isinstance(name, bytes)
                merged[name.lower()] = (name, value)
    for key in [key for key, (_, value) in merged.items() if value is None]:
        del merged[key]
    if as_bytes:  # another name than the same one as text, until requests makes text of it
        merged = _native_names(merged)
    for name, value in merged.values():
        _check_header(name, value)
    if "host" in merged and not _HOST.fullmatch(_octets(merged["host"][1])):
        raise StockDecides  # http.cookiejar has a view of its own of such a host
    if "transfer-encoding" in merged:
        raise Unsupported("an explicit Transfer-Encoding header")
    return merged


def _native_names(merged: dict[Any, tuple[Any, Any]]) -> dict[str, tuple[Any, Any]]:
    named: dict[str, tuple[Any, Any]] = {}
    for name, value in merged.values():
        try:
            text = name.decode("ascii") if isinstance(name, bytes) else name
        except UnicodeDecodeError:
            raise StockDecides from None
        named[text.lower()] = (text, value)
    return named


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


_KEPT = 1000  # of what was met before: a locustfile that draws its headers at random must not fill memory
_known_fields: dict[tuple[Any, ...], Any] = {}


def native_fields(fields: Pairs) -> Any:
    """The native form of the fields, which a session rarely varies."""
    key = tuple(fields)
    known = _known_fields.get(key)
    if known is None:
        try:
            known = _core.Fields(fields)
        except ValueError:
            raise StockDecides from None
        if len(_known_fields) >= _KEPT:
            _known_fields.clear()
        _known_fields[key] = known
    return known


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
                # by the name under which people replace it, with orjson, say
                body = models.complexjson.dumps(json, allow_nan=False)  # type: ignore[attr-defined]
            except ValueError:
                raise StockDecides from None
            return _sized(body if isinstance(body, bytes) else body.encode(), "application/json")
        if isinstance(data, str):
            return _sized(data, None)
        if type(data) is bytes:
            return _sized(data, None)
        if isinstance(data, (dict, list, tuple)):
            form = _core.encode_form(data) if type(data) is dict else None
            if form is None:
                form = PreparedRequest._encode_params(data)
            if not form:  # e.g. {"a": None}: requests sends an empty chunked body then
                raise StockDecides
            return _sized(form, "application/x-www-form-urlencoded")
        if not isinstance(data, Mapping) and (hasattr(data, "__iter__") or hasattr(data, "read")):
            raise Unsupported("a streamed request body (file or generator)")
    prepared = PreparedRequest()
    prepared.method = method
    prepared.headers = CaseInsensitiveDict()
    prepared.prepare_body(data or {}, files, json)  # as Session.request passes it on
    body = prepared.body
    if body is not None and not isinstance(body, (str, bytes)):
        raise Unsupported("a streamed request body (file or generator)")
    return body.encode() if isinstance(body, str) else body, list(prepared.headers.items()), body


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
    if not auth:
        return None
    if isinstance(auth, tuple) and len(auth) == 2:
        return _basic_auth_str(*auth)
    if type(auth) is HTTPBasicAuth:
        return _basic_auth_str(auth.username, auth.password)
    if not callable(auth):
        raise StockDecides  # a TypeError, in Python's words
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
    if not isinstance(verify, (str, os.PathLike)):
        raise StockDecides
    path = str(os.fspath(verify))
    if not os.path.exists(path):
        raise StockDecides  # an OSError, in Locust's words
    if os.path.isdir(path):
        raise Unsupported("a folder of CA certificates")
    return path


def proxy_for(url: str, proxies: Mapping[str, str]) -> str | None:
    """The proxy that requests would choose for this URL."""
    found = requests.utils.select_proxy(url, dict(proxies))
    return requests.utils.prepend_scheme_if_needed(found, "http") if found else None


def cookie_pairs(cookies: Any, own: CookieJar | None) -> list[tuple[str, str]] | None:
    """Cookies of one request, from a dict, or from a jar of what a dict could hold and ``own`` holds anyway."""
    if cookies is None or (not cookies and not isinstance(cookies, CookieJar)):
        return None
    pairs = []
    if isinstance(cookies, dict):
        for name, value in cookies.items():
            if type(name) is not str or type(value) is not str:
                raise Unsupported("cookies= with names or values that are no texts")
            pairs.append((name, value))
        return _placed(pairs, own)
    if not isinstance(cookies, CookieJar):
        raise StockDecides
    held = {(c.domain, c.path, c.name): c for c in own} if own is not None else {}
    for cookie in cookies:
        same = held.get((cookie.domain, cookie.path, cookie.name))
        if same is not None and _alike(cookie, same):
            continue
        bare = (
            cookie.domain, cookie.path, cookie.secure, cookie.expires, cookie.port, cookie.version, cookie.rfc2109
        ) == _BARE  # fmt: skip
        if not bare or type(cookie.value) is not str:
            raise Unsupported("cookies= given as a jar")
        pairs.append((cookie.name, cookie.value))
    return _placed(pairs, own)


_BARE = ("", "/", False, None, None, 0, False)


def _placed(pairs: list[tuple[str, str]], own: CookieJar | None) -> list[tuple[str, str]] | None:
    """The pairs, which the native jar sends after all its own cookies, if that is where requests has them, too."""
    domains = [cookie.domain for cookie in own] if own is not None and pairs else []
    if "" in domains:  # set by hand: among those, and in place of their namesakes, go these
        names = {cookie.name for cookie in own or () if cookie.domain == ""}
        if domains[-1] != "" or any(name in names for name, _ in pairs):
            raise StockDecides
    return pairs or None


def _alike(one: Cookie, other: Cookie) -> bool:
    return (one.value, one.secure, one.expires) == (other.value, other.secure, other.expires)


#: Methods that an adapter's ``send`` goes through.
_ADAPTER_METHODS = frozenset(name for name, value in vars(HTTPAdapter).items() if callable(value))
_POOL_SIZES = {"maxsize", "block"}


def check_adapters(adapters: Iterable[Any]) -> None:
    """Accept the adapters Locust mounts itself, and plain ones that change nothing but pool sizes."""
    from locust.clients import LocustHttpAdapter  # late: without adapters there may be no Locust

    for adapter in adapters:
        if type(adapter) is not HTTPAdapter and type(adapter) is not LocustHttpAdapter:
            raise Unsupported(f"an adapter mounted on the client ({type(adapter).__name__})")
        retries = adapter.max_retries
        if type(retries) is not Retry or retries.total not in (0, False) or retries.status:
            raise Unsupported("an adapter with retries")
        if retries.status_forcelist:
            raise Unsupported("an adapter with retries")
        if adapter._pool_block:
            raise Unsupported("an adapter with pool_block=True")
        manager = adapter.poolmanager
        if type(manager) is not PoolManager or not _POOL_SIZES.issuperset(manager.connection_pool_kw):
            raise Unsupported("an adapter with connection settings of its own")
        if not _ADAPTER_METHODS.isdisjoint(vars(adapter)):
            raise Unsupported("an adapter with a method replaced")
