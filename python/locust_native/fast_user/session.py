"""FastHttpSession: what the locustfile of a ``FastHttpUser`` calls as ``self.client``."""

from __future__ import annotations

import functools
import json as json_module
import os
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from gevent import getcurrent
from geventhttpclient.connectionpool import SSLConnectionPool
from locust.contrib import fasthttp as stock
from locust.user.users import User

from .. import _core, bs4_native
from ..client import fallback, instrumentation, reporting, timings, tracebacks, waiting
from ..client.lazy import Made
from ..http_user import jar, prepare
from ..metrics import generator
from . import failures
from . import prepare as fast_prepare
from .response import FastContext, FastResponse

_NO_CONTEXT = User.context
_DUMPS = json_module.dumps

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


_arguments: list[dict[str, Any]] = [{}]


def _kept(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same arguments, which the users of a class mostly share, in one dictionary for all."""
    (last,) = _arguments
    if len(last) != len(arguments) or any(last.get(name, last) is not arguments[name] for name in arguments):
        _arguments[0] = arguments
    return _arguments[0]


class FastHttpSession(_core.FastHttpSession, _Stock):
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
        self._arguments = _kept(
            dict(kwargs, insecure=insecure, client_pool=client_pool, ssl_context_factory=ssl_context_factory)
        )
        self._heads = fast_prepare.heads(kwargs.get("headers"))
        self._reporting = reporting.reporting_of(user)
        try:
            size = self._take_settings()
            self._native = _core.Client(size, size)
            generator.notice(user)
            self._open_natively()
        except fallback.Unsupported as reason:
            self._native = None
            self._fall_back(str(reason))

    def _take_settings(self) -> int:
        """Make the options of all requests; returns how many may be under way at once."""
        settings = self._arguments
        unsupported = instrumentation.of_locust_user_agent()
        if unsupported is not None:
            raise fallback.Unsupported(unsupported)
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

    def _open_natively(self) -> None:
        record, timed = self._reporting
        shared, good = _session_class(reporting.sole_listener)
        rules = self._heads.rules
        self._open(shared, self.__dict__, self._native, record, self.user, timed, rules, good)

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
            _reporting=self._reporting,
        )
        return once

    def _request(
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
        """The slow path of `request`: prepared in Python, or by stock's client."""
        sender: Any = super(_core.FastHttpSession, self)
        prepared = None
        if self._native is not None:
            try:
                built_url = self._build_url(url)
                payload, fields = self._body_and_headers(data, headers, auth, json)
                if stream:
                    raise fallback.Unsupported("stream=True")
                options = self._options if allow_redirects else self._unfollowed
                prepared = self._prepare(method, built_url, payload, fields, kwargs, options)
                if self.user:
                    context = {**self.user.context(), **context}
            except fallback.Unsupported as reason:
                self._fall_back(str(reason))
            except Exception:  # nothing has been sent, and stock says the same, in its own traceback
                sender, prepared = self._stock_once(), None
            except BaseException:
                self._leave(allow_redirects)
                raise
        if prepared is not None:
            call = (method, built_url, payload, dict(fields), kwargs)
            shown_name = name or self.request_name or url
            return self._send(prepared, method, shown_name, call, catch_response, allow_redirects, context)
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

    #: The slow paths of `get` and `post`.
    _get, _post = _Stock.get, _Stock.post
    _left = tracebacks.left

    def _call_of(self, sent: _core.FastPreparedRequest, data: Any, headers: Any, json: Any) -> failures.Call:
        """What stock's client would have been given for a request that was prepared natively."""
        payload, fields = self._body_and_headers(data, headers, None, json)
        return sent.verb, sent.url, payload, fields, {}

    def _judge(
        self,
        exchange: Any,
        thrown: BaseException | None,
        tracker: _core.RequestTracker,
        sent: _core.FastPreparedRequest,
        call: failures.Call,
        catch_response: bool,
        allow_redirects: bool,
        context: dict[str, Any] | None,
    ) -> Any:
        """Judge and report what is not simply to be counted, or was left by an exception; what ``request`` returns."""
        if thrown is not None and not isinstance(thrown, stock.FAILURE_EXCEPTIONS):
            self._leave(allow_redirects)
            raise thrown
        method, url, *_ = call
        meta: dict[str, Any] = {
            "request_type": method,
            "name": tracker.name,
            "context": {} if context is None else context,
            "response": None,
            "exception": None,
            "start_time": tracker.start_time,
            "url": url,
        }
        try:
            response = failures.judged(self, exchange, thrown, sent, meta, call, tracker)
        except BaseException:
            self._leave(allow_redirects)
            raise
        meta["response"] = response
        if not catch_response:
            reporting.fire(self.request_event, meta, tracker)
            return response
        if type(response) is FastResponse:
            return FastContext.of(response, self, meta, tracker)
        told: Any = reporting.Told(self.request_event, tracker)
        return stock.ResponseContextManager(response, told, meta, catch_response)

    @functools.wraps(_Stock._send_request_safe_mode)  # Python's words for arguments that do not fit name it
    def _send_request_safe_mode(self, method: str, url: str, **kwargs: Any) -> Any:
        """Stock's client answers."""
        with self._reporting[0].asking():
            return timings.unknown(super()._send_request_safe_mode(method, url, **kwargs))

    def _leave(self, allow_redirects: bool) -> None:
        """Stock's session never follows again once an exception has left a request with allow_redirects=False."""
        if not allow_redirects:
            self._options = self._unfollowed

    def _body_and_headers(self, data: Any, headers: Any, auth: Any, json: Any) -> tuple[Any, dict[str, Any]]:
        """Body and header fields as Locust hands them to its client."""
        fields = dict(headers) if headers else {}
        if auth:
            fields["Authorization"] = stock._construct_basic_auth_str(auth[0], auth[1])
        elif self.auth_header:
            fields["Authorization"] = self.auth_header
        if "Accept-Encoding" not in fields and "accept-encoding" not in fields:
            fields["Accept-Encoding"] = "gzip, deflate, br"
        if not data and json is not None:
            dumps, text = json_module.dumps, None
            if dumps is _DUMPS:
                text = _core.dump_json(json, nan=True)
            data = dumps(json) if text is None else text
            if "Content-Type" not in fields and "content-type" not in fields:
                fields["Content-Type"] = "application/json"
            if "Accept" not in fields and "accept" not in fields:
                fields["Accept"] = "application/json"
        return data, fields

    def _prepare(
        self,
        method: Any,
        url: str,
        data: Any,
        fields: dict[str, Any],
        kwargs: dict[str, Any],
        options: _core.Options,
    ) -> _core.FastPreparedRequest:
        instrumented = instrumentation.of_geventhttpclient()
        if instrumented is not None:
            raise fallback.Unsupported(instrumented)
        if type(method) is not str:
            raise prepare.StockDecides
        return fast_prepare.prepared(self._heads.defaults, method.upper(), url, data, fields, kwargs, options)


class _Once(_Stock):
    """Locust's own session, for one request."""

    _reporting: tuple[_core.Record, bool]

    @functools.wraps(_Stock._send_request_safe_mode)  # Python's words for arguments that do not fit name it
    def _send_request_safe_mode(self, method: str, url: str, **kwargs: Any) -> Any:
        with self._reporting[0].asking():
            return timings.unknown(super()._send_request_safe_mode(method, url, **kwargs))


# The reader of pages has the same floor as the responses.
FastResponse.html = FastContext.html = property(bs4_native.of)  # type: ignore[attr-defined]

# What Python says of arguments that do not fit begins with this.
FastHttpSession._request.__module__ = stock.__name__
FastHttpSession._request.__qualname__ = "FastHttpSession.request"


@functools.cache
def _session_class(listener: _core.SoleListener | None) -> tuple[_core.SessionClass, list[int]]:
    """What sessions have in common whose requests may be counted by this; the status codes that are no failure."""
    hooks = ("_build_url", "_prepare", "_send_request_safe_mode", "__getattribute__")
    shared = _core.SessionClass(
        steps=instrumentation.fast_guard(
            auth_header=None, **{name: getattr(FastHttpSession, name) for name in hooks}
        ),
        json=instrumentation.json_guard(),
        request=_core.FastHttpSession.request,
        context=_NO_CONTEXT,
        response=FastResponse,
        caught=FastContext,
        waiters=waiting.here,
        getcurrent=getcurrent,
        sole_listener=listener,
    )
    codes = stock.LocustUserAgent.valid_response_codes
    return shared, [code for code in codes if type(code) is int and 0 < code < 1000]
