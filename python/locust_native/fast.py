"""FastHttpSession: what the locustfile of a ``FastHttpUser`` calls as ``self.client``."""

from __future__ import annotations

import json as json_module
import os
import ssl
import time
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from geventhttpclient.client import HTTPClient
from geventhttpclient.header import Headers
from geventhttpclient.useragent import RetriesExceeded, _make_request
from locust.contrib import fasthttp as stock

from . import _core, errors, fallback, instrumentation, jar, prepare, report, waiting
from .response import FastContext, FastResponse

_AGENT = list(HTTPClient.DEFAULT_HEADERS.items())
_IN_BODY = ("decode", "incomplete", "chunk", "body_broken", "body_timeout")
_BODY_METHODS = ("POST", "PUT", "PATCH")

#: Headers of a request that change how geventhttpclient writes the others.
_OWN_WAY = ("user-agent", "host", "cookie", "content-length", "transfer-encoding", "expect")


class FastHttpSession(stock.FastHttpSession):
    """Locust's FastHttpSession whose requests the native client sends; falls back as HttpSession does."""

    _native: Any

    def __init__(
        self,
        base_url: str | None,
        request_event: Any,
        user: Any,
        insecure: bool = True,
        client_pool: Any = None,
        ssl_context_factory: Any = None,
        **kwargs: Any,
    ) -> None:
        self.base_url = base_url
        self.request_event = request_event
        self.user = user
        self.request_name: str | None = None
        self._arguments = dict(
            kwargs, insecure=insecure, client_pool=client_pool, ssl_context_factory=ssl_context_factory
        )
        if base_url:
            parts = urlsplit(base_url)
            if parts.username and parts.password:
                self.base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
                self.auth_header = stock._construct_basic_auth_str(
                    unquote(parts.username), unquote(parts.password)
                )
        concurrency = int(kwargs.get("concurrency", 1))
        self._native = _core.Client(concurrency, concurrency)
        try:
            self._options = self._make_options()
        except fallback.Unsupported as reason:
            self._fall_back(str(reason))

    def _make_options(self, redirects: bool = True) -> Any:
        settings = self._arguments
        if settings["client_pool"] is not None:
            raise fallback.Unsupported("client_pool")
        if settings["ssl_context_factory"] is not None:
            raise fallback.Unsupported("ssl_context_factory")
        known = {
            "network_timeout",
            "connection_timeout",
            "max_redirects",
            "max_retries",
            "insecure",
            "concurrency",
            "client_pool",
            "ssl_context_factory",
            "headers",
            "proxy_host",
            "proxy_port",
        }
        if unknown := sorted(set(settings) - known):
            raise fallback.Unsupported(f"FastHttpSession({unknown[0]}=…)")
        if settings.get("max_retries", 3):
            raise fallback.Unsupported("max_retries")
        bundle = None
        if not settings["insecure"]:
            paths = ssl.get_default_verify_paths()
            bundle = next((p for p in (paths.cafile, paths.openssl_cafile) if p and os.path.exists(p)), None)
            if bundle is None:
                raise fallback.Unsupported("insecure = False with a folder of system certificates")
        if settings.get("proxy_host"):
            raise fallback.Unsupported("proxy_host")  # the transport for proxies would add an Accept field
        limit = int(settings.get("max_redirects", 3))
        return prepare.options(
            fast=True,
            redirects=limit if redirects and limit > 0 else None,
            connect_timeout=settings.get("connection_timeout", 5.0),
            read_timeout=settings.get("network_timeout", 5.0),
            bundle=bundle,
            proxy=None,
        )

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if name == "cookiejar" and own.get("_native") is not None:
            value = own[name] = jar.NativeFastCookieJar(self._native)
            return value
        if name == "client" and "_native" in own:
            self._fall_back("FastHttpSession.client touched")
            return own["client"]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _fall_back(self, reason: str) -> None:
        """Become stock Locust's session, with all state as it is."""
        fallback.say(self.user, reason)
        cookies = jar.detach(jar.NativeFastCookieJar(self._native), stock.CookieJar())
        self._native.close()
        self._native = None
        self.cookiejar = cookies
        self.client = stock.LocustUserAgent(cookiejar=cookies, **self._stock_settings())

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: dict[str, Any] | None = None,
        auth: Any = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: dict[str, Any] = {},  # noqa: B006  as in stock
        **kwargs: Any,
    ) -> Any:
        """As Locust's ``FastHttpSession.request``; the response time (ms) is read on the I/O thread."""
        native = self._native
        if native is not None:
            unsupported = "stream=True" if stream else instrumentation.of_geventhttpclient()
            if unsupported is not None:
                self._fall_back(unsupported)
                native = None
        if native is None:
            return super().request(
                method,
                url,
                name,
                data,
                catch_response,
                stream,
                headers,
                auth,
                json,
                allow_redirects,
                context,
                **kwargs,
            )
        if self.request_name and not name:
            name = self.request_name
        built_url = self._build_url(url)
        start_time = time.time()
        if self.user:
            context = {**self.user.context(), **context}

        headers = dict(headers) if headers else {}
        if auth:
            headers["Authorization"] = stock._construct_basic_auth_str(auth[0], auth[1])
        elif self.auth_header:
            headers["Authorization"] = self.auth_header
        if "Accept-Encoding" not in headers and "accept-encoding" not in headers:
            headers["Accept-Encoding"] = "gzip, deflate, br"
        if not data and json is not None:
            data = json_module.dumps(json)
            if "Content-Type" not in headers and "content-type" not in headers:
                headers["Content-Type"] = "application/json"
            if "Accept" not in headers and "accept" not in headers:
                headers["Accept"] = "application/json"

        given = dict(headers)
        try:
            verb, full_url, fields, tail, body, request = self._prepare(
                method, built_url, data, headers, kwargs
            )
            native_fields = _core.Fields(fields)
        except (prepare.StockDecides, ValueError):
            once = self._stock_once()
            return once.request(
                method,
                url,
                name,
                data,
                catch_response,
                stream,
                given,
                None,
                None,
                allow_redirects,
                context,
                **kwargs,
            )
        except fallback.Unsupported as reason:
            self._fall_back(str(reason))
            return super().request(
                method,
                url,
                name,
                data,
                catch_response,
                stream,
                given,
                None,
                None,
                allow_redirects,
                context,
                **kwargs,
            )
        options = self._options if allow_redirects else self._make_options(redirects=False)
        exchange = waiting.here().run(native, verb, full_url, native_fields, tail, body, None, options)

        meta: dict[str, Any] = {
            "request_type": method,
            "name": name or url,
            "context": context,
            "response": None,
            "exception": None,
            "start_time": start_time,
            "url": built_url,
            "response_length": exchange.length if exchange is not None else 0,
            "response_time": exchange.time_ms if exchange is not None else 0.0,
        }
        error = exchange.error if exchange is not None else ("lost", "", None)
        if error is None:
            response: Any = FastResponse(exchange, request)
        else:
            response = self._failed(exchange, error, request, meta, method, built_url, data, given, kwargs)
        if response.status_code not in stock.LocustUserAgent.valid_response_codes and response.status_code:
            bad = stock.LocustBadStatusCode(exchange.url(), code=response.status_code)
            bad.response = response
            response.error = bad
            if meta["exception"] is None:
                meta["exception"] = bad
        meta["response"] = response
        if not catch_response:
            report.fire(self.request_event, meta)
            return response
        if type(response) is FastResponse:
            return FastContext(response, report.fire, self.request_event, meta)
        return stock.ResponseContextManager(response, self.request_event, meta, catch_response)

    def _failed(
        self,
        exchange: Any,
        error: Any,
        request: Any,
        meta: dict[str, Any],
        method: str,
        url: str,
        data: Any,
        headers: dict[str, Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """The response for a request that did not end well natively; sets what the event says of it."""
        if error[0] in _IN_BODY:  # there is a response, only its body cannot be read
            response = FastResponse(exchange, request)
            response.__dict__["_left"] = exchange.body()
            try:
                if error[0] != "decode":
                    raise errors.for_fast(error, url)
                meta["response_length"] = len(response.content)
            except stock.FAILURE_EXCEPTIONS as failed:
                meta["exception"] = failed
                meta["response_length"] = 0
            return response
        made = _make_request(
            url,
            method,
            headers=headers,
            payload=data,
            params=kwargs.get("params"),
            request_type=stock.FastRequest,
        )  # type: ignore[arg-type]
        if error[0] == "bad_redirect":
            started = time.perf_counter()
            response = self._redirected_by_stock(exchange, request, made)
            try:
                meta["response_length"] = len(response.content or b"")
                meta["exception"] = getattr(response, "error", None)
            except stock.FAILURE_EXCEPTIONS as failed:
                meta["exception"] = failed
            meta["response_time"] += (time.perf_counter() - started) * 1000
            return response
        refused = errors.for_fast(error, url)
        meta["exception"] = refused
        meta["response_length"] = 0
        return stock.ErrorResponse(made, refused)  # type: ignore[arg-type]

    def _redirected_by_stock(self, exchange: Any, make_request: Any, made: Any) -> Any:
        """Follow a redirect that only geventhttpclient can read; from there on the hops are its own."""
        request = make_request(exchange)
        odd = FastResponse(exchange, lambda exchange: request)
        try:
            request.redirect(odd.status_code, odd.headers["location"])
        except stock.FAILURE_EXCEPTIONS as failed:
            return stock.ErrorResponse(made, failed)  # type: ignore[arg-type]
        once = self._stock_once()
        left = once.client.max_redirects - exchange.hops
        response = once._send_request_safe_mode(
            request.method, request.url, payload=request.payload, headers=request.headers, max_redirects=left
        )
        if isinstance(response, stock.ErrorResponse):
            response.request = made
            if isinstance(response.error, RetriesExceeded):  # it names where the call began
                response.error = RetriesExceeded(
                    made.url, f"Redirection limit reached ({once.client.max_redirects})"
                )
        else:
            response._history = [*odd.history, odd, *response._history]
        return response

    def _stock_once(self) -> Any:
        """Locust's own session with our state, for one request that only its code can read or refuse."""
        once = stock.FastHttpSession.__new__(stock.FastHttpSession)
        agent = stock.LocustUserAgent(cookiejar=self.cookiejar, **self._stock_settings())
        once.__dict__.update(
            base_url=self.base_url,
            request_event=self.request_event,
            cookiejar=self.cookiejar,
            user=self.user,
            request_name=None,
            client=agent,
            auth_header=None,
        )
        return once

    def _stock_settings(self) -> dict[str, Any]:
        settings = dict(self._arguments)
        if not settings["ssl_context_factory"]:
            settings["ssl_context_factory"] = (
                stock.insecure_ssl_context_factory
                if settings["insecure"]
                else stock.gevent.ssl.create_default_context
            )
        return settings

    def _prepare(
        self, method: str, url: str, data: Any, headers: dict[str, Any], kwargs: dict[str, Any]
    ) -> tuple[Any, ...]:
        """Method, URL, fields before and after the cookies, body, and what makes ``response.request``."""
        verb = method.upper()
        defaults = self._arguments.get("headers")
        plain_body = data is None or data == "" or type(data) in (str, bytes, dict)
        plain_url = prepare.is_plain(url) and ";" not in url  # geventhttpclient loses empty parameters
        if kwargs or defaults or not plain_body or not plain_url or not _all_text(headers):
            return self._prepare_fully(verb, url, data, headers, kwargs)
        fields = [*_AGENT, *headers.items()]
        given = {name.lower() for name in headers}
        if len(given) < len(headers) or not given.isdisjoint(_OWN_WAY):
            return self._prepare_fully(verb, url, data, headers, kwargs)
        tail: prepare.Pairs = []
        body: bytes | None = None
        shown = data  # what `response.request.body` holds
        if data:
            if type(data) is dict:
                if "content-type" not in given:
                    fields.append(("content-type", "application/x-www-form-urlencoded; charset=utf-8"))
                shown = body = (prepare.plain_form(data) or urlencode(data)).encode()
                fields.append(("content-length", str(len(body))))
            elif type(data) is str:
                body = data.encode()
                if "content-type" not in given:
                    shown = body
                    fields.append(("content-type", "text/plain; charset=utf-8"))
                    fields.append(("content-length", str(len(body))))
                else:
                    tail.append(("Content-Length", str(len(body))))
            else:
                body = data
                if "content-type" not in given:
                    fields.append(("content-type", "application/octet-stream"))
                tail.append(("Content-Length", str(len(body))))
        elif verb in _BODY_METHODS:
            tail.append(("Content-Length", "0"))
        return verb, url, fields, tail, body, _Request(verb, url, fields, shown)

    def _prepare_fully(
        self, verb: str, url: str, data: Any, headers: dict[str, Any], kwargs: dict[str, Any]
    ) -> tuple[Any, ...]:
        """The same by geventhttpclient's own code (UserAgent.urlopen and HTTPClient._build_request)."""
        fields = Headers(_AGENT)
        fields.update(self._arguments.get("headers") or {})
        fields.update(headers)
        params, files, rest = None, None, dict(kwargs)
        params, files = rest.pop("params", None), rest.pop("files", None)
        for refused in ("to_string", "debug_stream", "max_retries", "max_redirects"):
            if refused in rest:
                raise fallback.Unsupported(f"{refused}= on a FastHttpSession request")
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
        request = _make_request(
            url,
            verb,
            headers=fields,
            payload=data,
            params=params,
            files=files,
            request_type=stock.FastRequest,
        )
        body = request.payload
        if isinstance(body, str):
            body = body.encode()
        elif isinstance(body, (list, tuple, dict, int, float)):
            raise prepare.StockDecides  # an AttributeError or a TypeError, in geventhttpclient's words
        elif body is not None and type(body) is not bytes:
            raise fallback.Unsupported("a streamed request body (file or generator)")
        if "transfer-encoding" in fields or "expect" in fields:
            raise fallback.Unsupported("an explicit Transfer-Encoding or Expect header")
        tail: prepare.Pairs = []
        if "content-length" not in fields and (body or verb in _BODY_METHODS):
            tail.append(("Content-Length", str(len(body or b""))))
        split = request.url_split
        host = f"[{split.host}]" if ":" in split.host else split.host
        target = getattr(split, "quoted_uri", split.request_uri)
        if split.scheme not in ("http", "https") or not split.host or target.startswith("//"):
            raise prepare.StockDecides
        try:
            split.host.encode("idna")
        except UnicodeError:
            raise prepare.StockDecides from None
        port = f":{split.port}" if split.port else ""
        full_url = f"{split.scheme}://{host}{port}{target if target.startswith('/') else '/' + target}"
        pairs = [(name, str(value)) for name, value in request.headers.items()]
        return verb, full_url, pairs, tail, body, lambda exchange: _as_sent(request, exchange)


def _all_text(headers: dict[str, Any]) -> bool:
    return all(type(name) is str and type(value) is str for name, value in headers.items())


class _Request:
    """Makes ``response.request`` when it is asked for."""

    __slots__ = ("body", "fields", "method", "url")

    def __init__(self, method: str, url: str, fields: list[tuple[str, Any]], body: Any) -> None:
        self.method, self.url, self.fields, self.body = method, url, fields, body

    def __call__(self, exchange: Any) -> Any:
        headers = Headers(self.fields)
        request = stock.FastRequest(self.url, method=self.method, headers=headers, payload=self.body)
        return _as_sent(request, exchange)


def _as_sent(request: Any, exchange: Any) -> Any:
    """Take the request along the exchange's hops, by geventhttpclient's own rules."""
    for hop in range(exchange.hops):
        if hop:
            before = {name.lower(): value for name, value in exchange.headers(hop - 1)}
            request.redirect(exchange.status_of(hop - 1), before["location"])
        cookie = exchange.cookie(hop)
        if cookie is not None:
            request.headers.add("Cookie", cookie)
    return request
