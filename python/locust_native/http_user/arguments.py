"""What a session with the rules of requests makes of the arguments of a request: what goes out, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import requests
from requests.sessions import merge_setting
from requests.structures import CaseInsensitiveDict
from requests.utils import get_netrc_auth

from .. import _core
from ..client.fallback import Unsupported
from . import jar, prepare

KEEP = 10  # idle connections of a urllib3 pool (requests.adapters.DEFAULT_POOLSIZE)

#: Arguments that ``request`` itself gives a meaning; others are a TypeError in requests.
KNOWN = frozenset(
    (
        "params",
        "headers",
        "cookies",
        "files",
        "auth",
        "timeout",
        "allow_redirects",
        "proxies",
        "hooks",
        "stream",
        "verify",
        "cert",
    )
)

LIMIT = requests.models.DEFAULT_REDIRECT_LIMIT


def plain_options(redirects: int | None, bundle: str | None = prepare.BUNDLE) -> Any:
    """How requests are carried out of which no more was said than that."""
    return prepare.options(
        fast=False, redirects=redirects, connect_timeout=None, read_timeout=None, bundle=bundle, proxy=None
    )


FOLLOW = plain_options(LIMIT)
STAY = plain_options(None)


def check_cookies(cookies: Any) -> None:
    reason = jar.unsupported(cookies)
    if reason is not None:
        raise Unsupported(reason)
    if cookies.unsendable:
        raise prepare.StockDecides


def requests_rules(touched: Iterable[str], timeout: bool) -> _core.RequestsRules:
    """How sessions send what needs little preparation; ``touched``: names among a session's own that Python has to look
    at, ``timeout``: whether a session's own counts.
    """
    return _core.RequestsRules(
        headers=prepare.DEFAULT_HEADERS,
        fields=_core.Fields(prepare.DEFAULT_HEADERS),
        headers_class=CaseInsensitiveDict,
        url_cache=_core.UrlCache(1000),
        verified=(FOLLOW, STAY),
        unverified=(plain_options(LIMIT, None), plain_options(None, None)),
        touched=sorted(touched),
        timeout=timeout,
        check_cookies=check_cookies,
    )


class Preparing:
    """The preparation of requests, by what a session and a call of it were given."""

    base_url: Any
    auth: Any
    verify: Any
    cert: Any
    stream: Any
    trust_env: bool
    max_redirects: Any
    cookies: Any

    _build_url: Any

    _check_touched: Any
    """Raises Unsupported for what the native client does not do: ``(own attributes, get of the call's arguments)``."""

    def _simple_options(self, verify: Any, timeout: Any, follow: Any) -> Any:
        if verify is None:
            verify = self.verify
        if verify is not True and verify is not False:
            return None
        if timeout is None and verify and self.max_redirects == LIMIT:
            return FOLLOW if follow else STAY
        connect, read = prepare.timeouts(timeout)
        return prepare.options(
            fast=False,
            redirects=self._limit() if follow else None,
            connect_timeout=connect,
            read_timeout=read,
            bundle=prepare.BUNDLE if verify else None,
            proxy=None,
        )

    def _prepare(
        self, method: Any, url: str, data: Any, json: Any, kwargs: dict[str, Any]
    ) -> _core.PreparedRequest:
        """The request of a call, by the rules of requests.

        Raises Unsupported for what the native client does not do, StockDecides for what requests would refuse.
        """
        if type(method) is not str:
            raise prepare.StockDecides
        verb = method if method.isupper() else method.upper()
        if not prepare.TOKEN.fullmatch(verb):
            raise prepare.StockDecides
        url = self._build_url(url)
        take = kwargs.get
        if not KNOWN.issuperset(kwargs):
            raise prepare.StockDecides
        if take("stream") or self.stream:
            raise Unsupported("stream=True")
        if take("cert") or self.cert:
            raise Unsupported("a TLS client certificate")
        own = _core.own_names(self)
        self._check_touched(own, take)
        if "cookies" in own:
            check_cookies(own["cookies"])
        given_url, params = url, take("params")
        if "params" in own:
            params = merge_setting(params or {}, own["params"])
        if params or not prepare.is_canonical(url):
            url = prepare.prepared_url(url, params)
        merged = prepare.merged_headers(own.get("headers", prepare.DEFAULT_HEADERS_DICT), take("headers"))
        body, later, shown = prepare.body_of(verb, data, take("files"), json)
        auth = take("auth")
        proxies, verify = take("proxies") or {}, take("verify")
        if not isinstance(proxies, Mapping):
            raise prepare.StockDecides
        if self.trust_env:
            if not auth and not self.auth:
                auth = get_netrc_auth(given_url)
            settings = self.merge_environment_settings(url, dict(proxies), False, verify, None)
            proxies, verify = settings["proxies"], settings["verify"]
        else:
            proxies = {**(own.get("proxies") or {}), **proxies}
            verify = self.verify if verify is None else verify
        credentials = prepare.authorization(merge_setting(auth, self.auth), url)
        if credentials is not None:
            later.append(("Authorization", credentials))
        tail = prepare.place_fields(merged, later)
        fields, shown_fields = prepare.with_defaults(merged), list(merged.values())
        proxy = prepare.proxy_for(url, proxies) if proxies else None
        if proxy is not None and "accept" not in merged and not proxy.startswith("http://"):
            raise Unsupported("a proxy and no Accept header")  # the transport for such proxies would add one
        connect, read = prepare.timeouts(take("timeout"))
        options = prepare.options(
            fast=False,
            redirects=self._limit() if take("allow_redirects", True) else None,
            connect_timeout=connect,
            read_timeout=read,
            bundle=prepare.bundle(verify),
            proxy=proxy,
        )
        if "adapters" in own:
            self.get_adapter(url)  # type: ignore[attr-defined]  # InvalidSchema where somebody has taken them away
        extra = None
        if take("cookies") is not None:
            extra = prepare.cookie_pairs(kwargs["cookies"], self.cookies)
            if extra and not all(jar.sendable(*pair) for pair in extra):
                raise prepare.StockDecides
        return _core.PreparedRequest(
            verb, url, fields=prepare.native_fields(fields), head=shown_fields, tail=tail, body=body, shown=shown,
            cookies=extra, given=take("cookies"), options=options,
        )  # fmt: skip

    def _limit(self) -> int:
        limit = self.max_redirects
        if type(limit) is not int or not 0 <= limit < 1 << 31:
            raise prepare.StockDecides
        return limit
