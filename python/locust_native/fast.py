"""FastHttpSession: what the locustfile of a ``FastHttpUser`` calls as ``self.client``."""

from __future__ import annotations

import json as json_module
import os
import time
from functools import wraps
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from geventhttpclient.connectionpool import SSLConnectionPool
from geventhttpclient.useragent import RetriesExceeded
from locust.contrib import fasthttp as stock
from locust.user.users import User

from . import (
    _core,
    fallback,
    fast_failures,
    fast_prepare,
    generator,
    html,
    instrumentation,
    jar,
    prepare,
    report,
    timings,
    waiting,
)
from .fast_response import FastContext, FastResponse
from .made import Made

_FIELDS = fast_prepare.FIELDS

_NO_CONTEXT = User.context

_INTACT = instrumentation.fast_intact(_build_url=stock.FastHttpSession._build_url)

_Stock: Any = stock.FastHttpSession  # whose name in Locust will be ours

#: What FastHttpSession and UserAgent take; other settings are for the stock classes to refuse or to honour.
_SETTINGS = {
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


class FastHttpSession(_Stock):
    """Locust's FastHttpSession whose requests the native client sends; falls back as HttpSession does."""

    _native: Any

    cookiejar = Made(lambda session: None if session._native is None else session._native_jar())
    client = Made(lambda session: session._give_client())

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
        if base_url:
            parts = urlsplit(base_url)
            if parts.username and parts.password:
                self.base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
                self.auth_header = stock._construct_basic_auth_str(
                    unquote(parts.username), unquote(parts.password)
                )
        self._arguments = dict(
            kwargs, insecure=insecure, client_pool=client_pool, ssl_context_factory=ssl_context_factory
        )
        self._heads = fast_prepare.heads(kwargs.get("headers"))
        self._reporting = report.reporting_of(user)
        try:
            size = self._take_settings()
            self._native = _core.Client(size, size)
            generator.notice(user)
        except fallback.Unsupported as reason:
            self._native = None
            self._fall_back(str(reason))

    def _take_settings(self) -> int:
        """Make the options of all requests; returns how many may be under way at once."""
        settings = self._arguments
        odd = instrumentation.of_locust_user_agent()
        if odd is not None:
            raise fallback.Unsupported(odd)
        if type(self)._send_request_safe_mode is not FastHttpSession._send_request_safe_mode:
            raise fallback.Unsupported("a session class that overrides _send_request_safe_mode")
        for name in ("client_pool", "ssl_context_factory"):
            if settings[name] is not None:
                raise fallback.Unsupported(name)
        if unknown := sorted(set(settings) - _SETTINGS):
            raise fallback.Unsupported(f"FastHttpSession({unknown[0]}=…)")
        limit = int(settings.get("max_redirects", 3))
        if int(settings.get("max_retries", 3)):
            raise fallback.Unsupported("max_retries")
        if settings.get("proxy_host"):
            raise fallback.Unsupported("proxy_host")  # the transport for proxies would add an Accept field
        seconds = [settings.get(name, 5.0) for name in ("connection_timeout", "network_timeout")]
        for value in seconds:
            if value is not None and not (isinstance(value, (int, float)) and value > 0):
                raise fallback.Unsupported(f"a timeout of {value!r}")
        size = settings.get("concurrency", 1)
        if type(size) is not int or size < 1:
            raise fallback.Unsupported(f"concurrency = {size!r}")
        if limit < 0:
            raise fallback.Unsupported("max_redirects below 0")
        bundle = None if settings["insecure"] else SSLConnectionPool.default_options["ca_certs"]
        if bundle is not None and not os.path.isfile(bundle):
            raise fallback.Unsupported("insecure = False without a bundle of certificates")
        self._unfollowed, self._options = (
            prepare.options(
                fast=True,
                redirects=redirects,
                connect_timeout=seconds[0],
                read_timeout=seconds[1],
                bundle=bundle,
                proxy=None,
            )
            for redirects in (None, limit or None)
        )
        return size

    def _native_jar(self) -> Any:
        """The jar over the native one, whatever a locustfile has put in its place."""
        own = self.__dict__
        if "_jar" not in own:
            own["_jar"] = jar.NativeFastCookieJar(self._native)
        return own["_jar"]

    def _fall_back(self, reason: str) -> None:
        """Become stock Locust's session, with all state as it is."""
        fallback.say(self.user, reason)
        native = self._native
        if native is None:
            self._jar = stock.CookieJar()
        else:
            self._native_jar().detach()
            self._native = None
            native.close()
        self.__dict__.setdefault("cookiejar", self._jar)
        self.client = self._make_agent(self._jar)

    def _give_client(self) -> Any:
        """Stock's client, which somebody wants to have in their hands."""
        self._fall_back("FastHttpSession.client touched")
        return self.__dict__["client"]

    def _make_agent(self, cookies: Any) -> Any:
        settings = dict(self._arguments)
        if not settings["ssl_context_factory"]:
            settings["ssl_context_factory"] = (
                stock.insecure_ssl_context_factory
                if settings["insecure"]
                else stock.gevent.ssl.create_default_context
            )
        agent = stock.LocustUserAgent(cookiejar=cookies, **settings)
        if self.__dict__.get("_options", 0) is self.__dict__.get("_unfollowed", 1):
            agent.redirect_response_codes = frozenset()  # type: ignore[misc]
        return agent

    def _stock_once(self) -> Any:
        """Locust's own session with our state, for one request that only its code can read or refuse."""
        once = _Once.__new__(_Once)
        once.__dict__.update(
            base_url=self.base_url,
            request_event=self.request_event,
            cookiejar=self._native_jar(),
            user=self.user,
            request_name=self.request_name,
            client=self._make_agent(self._native_jar()),
            auth_header=self.auth_header,
        )
        return once

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
        sender: Any = super()
        native = self._native
        if native is not None:
            room = waiting.here()
            options = self._options if allow_redirects else self._unfollowed
            record, timed = self._reporting
            started = None
            user = self.user
            own_context = user and getattr(user.context, "__func__", None) is not _NO_CONTEXT
            if (
                data is None
                and json is None
                and not (headers or auth or self.auth_header or stream or kwargs)
                and _INTACT.holds(type(self))
                and (bare := self._heads.bare(method))
                and type(url) is str
                and url
                and ";" not in url  # geventhttpclient loses empty parameters
                and (not own_context or prepare.is_plain(self._build_url(url)))
            ):
                payload, fields = None, _FIELDS
                head, octets, of_type = bare
                if user:
                    context = {**user.context(), **context} if own_context else {**context}
                started = fast_prepare.URLS.start(
                    native, room.queue, record, head, options, method, self.base_url, url,
                    name or self.request_name or url, octets, of_type,
                )  # fmt: skip
            if started is not None:
                token, begun, built_url = started
            else:
                built_url = self._build_url(url)
                payload, fields = self._dressed(data, headers, auth, json)
            try:
                if started is not None:
                    ready: Any = fast_prepare.Bare(self._heads, method, built_url)
                elif stream:
                    raise fallback.Unsupported("stream=True")
                else:
                    ready = self._prepare(method, built_url, payload, fields, kwargs)
            except fallback.Unsupported as reason:
                self._fall_back(str(reason))
            except (prepare.StockDecides, ValueError, *stock.FAILURE_EXCEPTIONS):
                sender = self._stock_once()
            except BaseException:
                self._leave(allow_redirects)
                raise
            else:
                if started is None:
                    if user:
                        context = {**user.context(), **context} if own_context else {**context}
                    shown_name = name or self.request_name or url
                    token, begun = _send(native, room, record, ready, options, method, shown_name)
                exchange: Any = None
                thrown: Any = None
                try:
                    exchange = room.wait(token, begun)
                    if (
                        exchange is not None
                        and exchange.went_well
                        and not catch_response
                        and not timed
                        and exchange.status in stock.LocustUserAgent.valid_response_codes
                        and report.count(self.request_event, begun, exchange)
                    ):
                        return FastResponse(exchange, ready.request)
                except (
                    stock.FAILURE_EXCEPTIONS
                ) as given_up:  # a gevent.Timeout: to stock a failure like others
                    thrown = given_up
                except BaseException:
                    self._leave(allow_redirects)
                    raise
                meta: dict[str, Any] = {
                    "request_type": method,
                    "name": begun.name,
                    "context": context,
                    "response": None,
                    "exception": None,
                    "start_time": begun.start_time,
                    "url": built_url,
                }
                call = (method, built_url, payload, dict(fields), kwargs)
                try:
                    response = self._judge(exchange, thrown, ready, meta, call, begun, timed)
                except BaseException:
                    self._leave(allow_redirects)
                    raise
                meta["response"] = response
                if not catch_response:
                    report.fire(self.request_event, meta, begun)
                    return response
                if type(response) is FastResponse:
                    return FastContext(response, report.fire, self.request_event, meta, begun)
                told: Any = report.Told(self.request_event, begun)
                return stock.ResponseContextManager(response, told, meta, catch_response)
        if self._reporting[1]:
            context = {**context, "timings": None}
        try:
            return sender.request(
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
        except BaseException:
            if self._native is not None and not sender.client.redirect_response_codes:
                self._leave(allow_redirects)
            raise

    @wraps(_Stock._send_request_safe_mode)  # Python's words for arguments that do not fit name it
    def _send_request_safe_mode(self, method: str, url: str, **kwargs: Any) -> Any:
        """Stock's client answers."""
        return timings.unknown(super()._send_request_safe_mode(method, url, **kwargs))

    def _leave(self, allow_redirects: bool) -> None:
        """Stock's session never follows again once an exception has left a request with allow_redirects=False."""
        if not allow_redirects:
            self._options = self._unfollowed

    def _dressed(self, data: Any, headers: Any, auth: Any, json: Any) -> tuple[Any, dict[str, Any]]:
        """Body and header fields as Locust hands them to its client."""
        fields = dict(headers) if headers else {}
        if auth:
            fields["Authorization"] = stock._construct_basic_auth_str(auth[0], auth[1])
        elif self.auth_header:
            fields["Authorization"] = self.auth_header
        if "Accept-Encoding" not in fields and "accept-encoding" not in fields:
            fields["Accept-Encoding"] = "gzip, deflate, br"
        if not data and json is not None:
            data = json_module.dumps(json)
            if "Content-Type" not in fields and "content-type" not in fields:
                fields["Content-Type"] = "application/json"
            if "Accept" not in fields and "accept" not in fields:
                fields["Accept"] = "application/json"
        return data, fields

    def _prepare(
        self, method: Any, url: str, data: Any, fields: dict[str, Any], kwargs: dict[str, Any]
    ) -> fast_prepare.Prepared:
        instrumented = instrumentation.of_geventhttpclient()
        if instrumented is not None:
            raise fallback.Unsupported(instrumented)
        if type(method) is not str:
            raise prepare.StockDecides
        verb = method.upper()
        ready = None if kwargs else fast_prepare.plain(self._heads, verb, url, data, fields)
        return ready or fast_prepare.fully(self._heads.defaults, verb, url, data, fields, kwargs)

    def _judge(
        self,
        exchange: Any,
        thrown: Any,
        ready: fast_prepare.Prepared,
        meta: dict[str, Any],
        call: fast_failures.Call,
        begun: _core.Begun,
        timed: bool,
    ) -> Any:
        """The response, with what the event says of it in ``meta``."""
        if thrown is not None:
            meta["response_length"] = 0
            meta["response_time"] = begun.age_ms()
            return fast_failures.given_up(thrown, ready, meta, call)
        if timed:
            meta["context"] = {**meta["context"], "timings": timings.for_context(exchange)}
        meta["response_length"] = exchange.length if exchange is not None else 0
        meta["response_time"] = exchange.time_ms if exchange is not None else 0.0
        error = exchange.error if exchange is not None else None
        if error is None and exchange is not None:
            response = FastResponse(exchange, ready.request)
        elif error is not None and error[0] in fast_failures.IN_BODY:
            if exchange.status not in stock.LocustUserAgent.valid_response_codes:
                response = FastResponse(exchange, ready.request)
                response.__dict__["_left"] = exchange.body()
            else:
                return fast_failures.half_read(exchange, ready, meta)
        elif error is not None and error[0] == "bad_redirect":
            return self._redirected_by_stock(exchange, ready, meta, call)
        else:
            return fast_failures.no_answer(exchange, ready, meta, call)
        if exchange.status not in stock.LocustUserAgent.valid_response_codes:
            return fast_failures.bad_status(response, meta, call)
        return response

    def _redirected_by_stock(
        self, exchange: Any, ready: fast_prepare.Prepared, meta: dict[str, Any], call: fast_failures.Call
    ) -> Any:
        """Follow a redirect that only geventhttpclient can read; from there on the hops are its own."""
        started = time.perf_counter()
        request = ready.request(exchange)
        odd = FastResponse(exchange, lambda exchange: request)
        location = odd.headers["location"]
        if not isinstance(location, str):  # two of them: it follows neither
            return odd
        agent = self._make_agent(self._native_jar())
        left = agent.max_redirects - exchange.hops
        try:
            request.redirect(odd.status_code, location)
            # From the fields at hand, not from the defaults: a redirect may have dropped some of those.
            agent.default_headers.clear()
            response: Any = agent.urlopen(
                request.url,
                method=request.method,
                payload=request.payload,
                headers=request.headers,
                max_redirects=left,
            )
            if left == 0 and response.status_code in agent.redirect_response_codes:
                raise RetriesExceeded(meta["url"], f"Redirection limit reached ({agent.max_redirects})")
        except stock.FAILURE_EXCEPTIONS as failed:
            if hasattr(failed, "response"):
                response = failed.response
                response.error = meta["exception"] = failed
            else:
                if isinstance(failed, RetriesExceeded):  # it names where the call began
                    failed.url, failed.args = meta["url"], (meta["url"], *failed.args[1:])
                response = fast_failures.refused(failed, meta, call)
        else:
            timings.unknown(response)
            response._history = [*odd.history, odd, *response._history]
        try:
            meta["response_length"] = len(response.content or b"")
        except stock.FAILURE_EXCEPTIONS as failed:
            meta["exception"] = failed
        meta["response_time"] += (time.perf_counter() - started) * 1000
        return response


def _send(
    native: _core.Client,
    room: waiting.Waiting,
    record: _core.Record,
    ready: fast_prepare.Prepared,
    options: Any,
    method: str,
    name: Any,
) -> tuple[int, _core.Begun]:
    """Start a request: its token, and its entry in the record under the method and name given."""
    if name and method == ready.verb:
        body, of_type = ready.body, None
        if ready.tail:  # it holds a Content-Length, and nothing else
            body, of_type = body or b"", ""
        started = fast_prepare.URLS.start(
            native, room.queue, record, ready.head, options, method, "", ready.url, name, body, of_type
        )
        if started is not None:
            return started[0], started[1]
    begun = record.begin(method, name)
    token = native.submit(
        room.queue, ready.verb, ready.url, ready.head, ready.tail, ready.body, None, options
    )
    return token, begun


class _Once(_Stock):
    """Locust's own session, for one request."""

    @wraps(_Stock._send_request_safe_mode)  # Python's words for arguments that do not fit name it
    def _send_request_safe_mode(self, method: str, url: str, **kwargs: Any) -> Any:
        return timings.unknown(super()._send_request_safe_mode(method, url, **kwargs))


# The reader of pages has the same floor as the responses.
FastResponse.html = FastContext.html = property(html.of)  # type: ignore[attr-defined]

# What Python says of arguments that do not fit begins with this.
FastHttpSession.request.__module__ = stock.__name__
