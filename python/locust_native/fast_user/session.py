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
            self._open_short_way()
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

    def _open_short_way(self) -> None:
        """Have plain requests sent without a Python frame, where that is the same."""
        record, timed = self._reporting
        if type(self) is FastHttpSession and reporting.sole_listener is not None and not timed:
            known = fast_prepare.known(self._heads)
            if known is not None:
                session_class, good = _session_class()
                self._open(
                    session_class, self.__dict__, self._native, record, self.user, good, self._heads, *known
                )

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
        """The slow path of `request`."""
        sender: Any = super(_core.FastHttpSession, self)
        native = self._native
        if native is not None:
            try:
                built_url = self._build_url(url)
                payload, fields = self._body_and_headers(data, headers, auth, json)
                if stream:
                    raise fallback.Unsupported("stream=True")
                ready = self._prepare(method, built_url, payload, fields, kwargs)
                if self.user:
                    context = {**self.user.context(), **context}
            except fallback.Unsupported as reason:
                self._fall_back(str(reason))
            except Exception:  # nothing has been sent, and stock says the same, in its own traceback
                sender = self._stock_once()
            except BaseException:
                self._leave(allow_redirects)
                raise
            else:
                waiters = waiting.here()
                options = self._options if allow_redirects else self._unfollowed
                record, timed = self._reporting
                shown_name = name or self.request_name or url
                token, tracker = _send(native, waiters, record, ready, options, method, shown_name)
                exchange: Any = None
                thrown: Any = None
                try:
                    exchange = waiters.wait(token, tracker)
                    if not catch_response and not timed and self._is_counted(exchange, tracker):
                        return FastResponse(exchange, ready)
                except (
                    stock.FAILURE_EXCEPTIONS
                ) as given_up:  # a gevent.Timeout: to stock a failure like others
                    thrown = given_up
                except BaseException:
                    self._leave(allow_redirects)
                    raise
                call = (method, built_url, payload, dict(fields), kwargs)
                return self._finish(
                    exchange, thrown, tracker, ready, call, catch_response, allow_redirects, context
                )
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

    def _is_counted(self, exchange: Any, tracker: _core.RequestTracker) -> bool:
        """Whether that was all there is to do about the answer."""
        return (
            exchange is not None
            and exchange.went_well
            and exchange.status in stock.LocustUserAgent.valid_response_codes
            and reporting.count(self.request_event, tracker, exchange)
        )

    def _ended(
        self,
        exchange: Any,
        thrown: BaseException | None,
        tracker: _core.RequestTracker,
        ready: _core.FastPreparedRequest,
        catch_response: bool,
        allow_redirects: bool,
        data: Any,
        json: Any,
    ) -> Any:
        """What a call returns whose plain request has come to its end, or was left by an exception."""
        if thrown is not None and not isinstance(thrown, stock.FAILURE_EXCEPTIONS):
            self._leave(allow_redirects)
            raise thrown
        payload, fields = self._body_and_headers(data, None, None, json)
        call = (ready.verb, ready.url, payload, fields, {})
        return self._finish(exchange, thrown, tracker, ready, call, catch_response, allow_redirects, {})

    def _finish(
        self,
        exchange: Any,
        thrown: Any,
        tracker: _core.RequestTracker,
        ready: Any,
        call: failures.Call,
        catch_response: bool,
        allow_redirects: bool,
        context: dict[str, Any],
    ) -> Any:
        """Judge and report what is not simply to be counted; what ``request`` returns."""
        method, url, *_ = call
        meta: dict[str, Any] = {
            "request_type": method,
            "name": tracker.name,
            "context": context,
            "response": None,
            "exception": None,
            "start_time": tracker.start_time,
            "url": url,
        }
        try:
            response = failures.judged(self, exchange, thrown, ready, meta, call, tracker)
        except BaseException:
            self._leave(allow_redirects)
            raise
        meta["response"] = response
        if not catch_response:
            reporting.fire(self.request_event, meta, tracker)
            return response
        if type(response) is FastResponse:
            return FastContext(response, reporting.fire, self.request_event, meta, tracker)
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
        self, method: Any, url: str, data: Any, fields: dict[str, Any], kwargs: dict[str, Any]
    ) -> fast_prepare.FastPrepared:
        instrumented = instrumentation.of_geventhttpclient()
        if instrumented is not None:
            raise fallback.Unsupported(instrumented)
        if type(method) is not str:
            raise prepare.StockDecides
        verb = method.upper()
        ready = None if kwargs else fast_prepare.simple_request(self._heads, verb, url, data, fields)
        return ready or fast_prepare.fully(self._heads.defaults, verb, url, data, fields, kwargs)


def _send(
    native: _core.Client,
    waiters: _core.GreenletWaiters,
    record: _core.Record,
    ready: fast_prepare.FastPrepared,
    options: Any,
    method: str,
    name: Any,
) -> tuple[int, _core.RequestTracker]:
    """Start a request: its token, and its entry in the record under the method and name given."""
    if name and method == ready.verb:
        body, of_type = ready.body, None
        if ready.tail:  # it holds a Content-Length, and nothing else
            body, of_type = body or b"", ""
        started = fast_prepare.URL_CACHE.start(
            native, waiters.queue, record, ready.head, options, method, "", ready.url, name, body, of_type
        )
        if started is not None:
            return started[0], started[1]
    tracker = record.begin(method, name)
    token = native.submit(
        waiters.queue, ready.verb, ready.url, ready.head, ready.tail, ready.body, None, options
    )
    return token, tracker


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
def _session_class() -> tuple[_core.SessionClass, list[int]]:
    """How sessions send what needs no preparation, and the status codes that are no failure."""
    session_class = _core.SessionClass(
        FastHttpSession,
        fast_prepare.URL_CACHE,
        instrumentation.fast_guard(
            _build_url=_Stock._build_url, auth_header=None, request=_core.FastHttpSession.request
        ),
        instrumentation.json_guard(),
        FastResponse,
        waiting.here,
        getcurrent,
        _NO_CONTEXT,
        reporting.sole_listener,  # type: ignore[arg-type]
    )
    codes = stock.LocustUserAgent.valid_response_codes
    return session_class, [code for code in codes if type(code) is int and 0 < code < 1000]
