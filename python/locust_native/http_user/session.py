"""HttpSession: what the locustfile of an ``HttpUser`` calls as ``self.client``."""

from __future__ import annotations

import functools
from collections import OrderedDict
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
from gevent import getcurrent
from locust import clients as stock
from locust.user.users import User
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.hooks import default_hooks
from requests.utils import default_headers

from .. import _core, bs4_native
from ..client import fallback, instrumentation, reporting, timings, tracebacks, unverified, waiting
from ..client.lazy import Made
from ..metrics import generator
from . import arguments, failures, jar, prepare
from .lazy_response import Redirect
from .response import Response, meta_of

_ABSENT = object()
_BUILD_URL = stock.HttpSession._build_url
_NO_CONTEXT = User.context

#: Attributes of ``requests.Session`` that, once somebody has touched them, take part in preparing requests.
_TOUCHED = frozenset(
    (
        "headers",
        "cookies",
        "auth",
        "proxies",
        "hooks",
        "params",
        "verify",
        "cert",
        "adapters",
        "stream",
        "max_redirects",
    )
)

#: What a request goes through in stock's session, and not in ours: whoever replaces one of these means it.
#: (Not ``request`` and ``_build_url``, which ours goes through, too.)
_STEPS = frozenset(
    (
        "send",
        "get_adapter",
        "prepare_request",
        "merge_environment_settings",
        "resolve_redirects",
        "get_redirect_target",
        "should_strip_auth",
        "rebuild_auth",
        "rebuild_method",
        "rebuild_proxies",
        "_send_request_safe_mode",
    )
)
_TOUCHED |= _STEPS

#: Of those, and of the arguments of a request, the ones that are quickly taken into account.
_COMPLEX = _TOUCHED - {"headers", "cookies", "verify"}
_SIMPLE = frozenset(("allow_redirects", "headers", "verify", "timeout"))


class HttpSession(_core.HttpSession, arguments.Preparing, stock.HttpSession):  # type: ignore[misc]
    """A ``requests.Session`` whose requests the native client sends.

    The attributes of the session are made when they are first touched, so that a user who touches none
    costs little. Whatever the native client cannot do turns the session, for good, into stock Locust's:
    same object, same cookies and headers, one log line per reason.
    """

    auth: Any = None
    verify: Any = True
    cert: Any = None
    stream = False
    trust_env = True
    max_redirects = requests.models.DEFAULT_REDIRECT_LIMIT
    request_name: str | None

    headers: Any = Made(lambda session: default_headers())
    cookies: Any = Made(lambda session: jar.NativeCookieJar(session._native))
    proxies: Any = Made(lambda session: {})
    hooks: Any = Made(lambda session: default_hooks())
    params: Any = Made(lambda session: {})
    adapters: Any = Made(lambda session: _mounted(session))

    #: The native client; None once the session has fallen back.
    _native: Any
    _report = staticmethod(reporting.fire)
    _count = staticmethod(reporting.count)

    def __init__(
        self,
        base_url: Any,
        request_event: Any = None,
        user: Any = None,
        *args: Any,
        pool_manager: Any = None,
        **kwargs: Any,
    ) -> None:
        self.base_url = base_url
        if request_event is None and user is None:  # HttpSession(base_url), as before Locust 1.0
            import locust

            request_event = locust.events.request
        self.request_event = request_event
        self.user = user
        self.request_name = None
        self._native = _core.Client(arguments.KEEP)
        generator.notice(user)
        self._reporting = reporting.reporting_of(user)
        if args or kwargs:
            requests.Session.__init__(self, *args, **kwargs)  # a TypeError, in Python's words
        parts = urlsplit(base_url or "")
        if parts.username and parts.password:
            self.base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            self.auth = HTTPBasicAuth(unquote(parts.username), unquote(parts.password))
        if pool_manager is not None:
            self._pool_manager = pool_manager
            self._fall_back("pool_manager")
        elif type(self) is not HttpSession:
            kinds = type(self).__mro__[: type(self).__mro__.index(HttpSession)]
            overridden = _STEPS.intersection(name for kind in kinds for name in vars(kind))
            if overridden:
                self._fall_back(f"{type(self).__name__} overrides {', '.join(sorted(overridden))}")
        elif reporting.sole_listener is not None and not self._reporting[1]:
            self._open(_session_class(), _core.own_names(self), self._native, self._reporting[0], user)

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        """The session's own names, with all that a ``requests.Session`` has; from then on they count as touched."""
        own: dict[str, Any] = _core.own_names(self)
        for name in requests.Session.__attrs__:
            if name not in own and (value := getattr(self, name, _ABSENT)) is not _ABSENT:
                own[name] = value
        return own

    def _request(
        self,
        method: Any,
        url: Any,
        name: str | None = None,
        catch_response: bool = False,
        context: dict[str, Any] = {},  # noqa: B006  as in stock
        *,
        data: Any = None,
        json: Any = None,
        **kwargs: Any,
    ) -> Any:
        """The slow path of `request`."""
        if self.request_name and not name:
            name = self.request_name
        self.explicit_name = name
        started = None
        if self._native is not None:
            waiters = waiting.here()
            try:
                token, *started = self._start(waiters, method, url, name, data, json, kwargs)
            except fallback.Unsupported as reason:
                self._fall_back(str(reason))
            except prepare.StockDecides:
                pass
            except Exception:
                # Nothing has been sent, and stock says the same in its own traceback; if it reads the same.
                if any(hasattr(value, "__next__") for value in (data, json, *kwargs.values())):
                    raise
        if started is None:
            if self._reporting[1]:
                context = {**context, "timings": None}
            return super(arguments.Preparing, self).request(
                method, url, name, catch_response, context, data=data, json=json, **kwargs
            )
        exchange = waiters.wait(token, started[0])
        tracker, full_url, sent, options = started
        if options in prepare.UNVERIFIED and exchange is not None:
            unverified.warn(exchange)
        return self._ended(exchange, tracker, full_url, sent, url, name, catch_response, context, kwargs)

    def _ended(
        self,
        exchange: Any,
        tracker: _core.RequestTracker,
        full_url: str,
        sent: _core.PreparedRequest,
        url: Any,
        name: Any,
        catch_response: bool,
        context: dict[str, Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """What a call returns whose request has come to its end."""
        if user := self.user:
            if self._reporting[1]:
                context = {**user.context(), **context, "timings": timings.for_context(exchange)}
            elif context or getattr(user.context, "__func__", None) is not _NO_CONTEXT:
                context = {**user.context(), **context}
            else:
                context = {}
        follows = kwargs.get("allow_redirects", True)
        if (
            exchange is not None
            and self._native is not None
            and (follows or exchange.status < 300)
            and (
                exchange.went_well
                if catch_response
                else reporting.count(self.request_event, tracker, exchange)
            )
        ):
            return Response(exchange, self, tracker, sent, full_url, context, catch_response, not follows)
        if self._native is None and exchange is not None:
            self._take_over_cookies(exchange, sent)
        meta = meta_of(exchange, tracker, full_url, context)
        call = failures.Call(self, sent, url, name, meta, catch_response, kwargs, tracker)
        return self._finish(call, exchange)

    def _finish(self, call: failures.Call, exchange: Any) -> Any:
        """Judge and report what is not simply to be counted; what ``request`` returns."""
        if exchange is None or exchange.error is not None:
            return failures.failed(call, exchange)
        response = failures.answer(call, exchange)
        if response._unfollowed and 300 <= response.status_code < 400:
            redirect = failures.looked_ahead(self, response)
            if redirect is not None:
                return failures.judged(call, redirect)
        if not call.catch_response:
            if response.status_code < 400:
                reporting.fire(self.request_event, call.meta, call.tracker)
            else:
                response.__exit__(None, None, None)
        return response

    #: The slow paths of `get` and `post`.
    _get, _post = stock.HttpSession.get, stock.HttpSession.post
    _left = tracebacks.left

    def _send_request_safe_mode(self, method: Any, url: Any, **kwargs: Any) -> Any:
        """Stock's client answers."""
        with self._reporting[0].asking():
            return timings.unknown(super()._send_request_safe_mode(method, url, **kwargs))

    def _start(
        self,
        waiters: _core.GreenletWaiters,
        method: Any,
        url: Any,
        name: Any,
        data: Any,
        json: Any,
        kwargs: dict[str, Any],
    ) -> tuple[int, _core.RequestTracker, str, _core.PreparedRequest, Any]:
        """Send a request: its token, its entry in the record, its whole URL, what goes out, and how."""
        kind = type(self)
        if not instrumentation.GUARD.holds(kind) and (instrumented := instrumentation.of_requests(kind)):
            raise fallback.Unsupported(instrumented)
        record = self._reporting[0]
        if not self.trust_env and kind._build_url is _BUILD_URL and _SIMPLE.issuperset(kwargs):
            take = kwargs.get
            merged = self._build_head(
                take("headers"), take("verify"), take("timeout"), take("allow_redirects", True)
            )
            body = prepare.simple_body(method, data, json)
            # A body's own fields would have to be placed among those given.
            if merged and body and not (body[2] and merged[2]):
                octets, of_type, tail, shown = body
                head, fields, _, options = merged
                started = arguments.URL_CACHE.start(
                    self._native, waiters.queue, record, head, options, method, self.base_url, url, name, octets,
                    of_type
                )  # fmt: skip
                if started is not None:
                    return *started, _core.PreparedRequest(fields, tail, shown), options
        verb, full_url, head, fields, tail, octets, shown, cookies, options = self._prepare(
            method, url, data, json, kwargs
        )
        tracker = record.begin(method, name or prepare.path_of(full_url))
        token = self._native.submit(waiters.queue, verb, full_url, head, tail, octets, cookies, options)
        return (
            token,
            tracker,
            full_url,
            _core.PreparedRequest(fields, tail, shown, kwargs.get("cookies")),
            options,
        )

    def _build_head(
        self, headers: Any, verify: Any, timeout: Any, follow: Any
    ) -> tuple[Any, Any, bool, Any] | None:
        """What `prepare.build_head` says of a request with no arguments but these, and how to send it.

        None if that takes more than a look.
        """
        own = _core.own_names(self)
        if not _COMPLEX.isdisjoint(own):
            return None
        build_head = prepare.build_head(own.get("headers", prepare.DEFAULT_HEADERS_DICT), headers)
        options = self._simple_options(verify, timeout, follow)
        if not build_head or not options:
            return None
        if "cookies" in own:
            arguments.check_cookies(own["cookies"])
        return *build_head, options

    def _check_touched(self, own: dict[str, Any], take: Any) -> None:
        """Only the stock client has hooks and adapters."""
        if take("hooks") or any((own.get("hooks") or {}).values()):
            raise fallback.Unsupported("response hooks")
        if not _STEPS.isdisjoint(own):
            raise fallback.Unsupported(f"client.{min(_STEPS.intersection(own))} replaced")
        if "adapters" in own:
            prepare.check_adapters(own["adapters"].values())

    def _fall_back(self, reason: str) -> None:
        """Become stock Locust's session, with all state as it is."""
        fallback.say(self.user, reason)
        if type(self.cookies) is jar.NativeCookieJar:
            self.cookies.detach()
        self._native.close()
        self._native = None

    def _take_over_cookies(self, exchange: Any, sent: _core.PreparedRequest) -> None:
        """Those of an answer to a request that was under way while another greenlet made the session fall back."""
        for hop in range(exchange.hops):
            if exchange.answered(hop):
                self.cookies.update(Redirect(exchange, hop, sent, self).cookies)

    def close(self) -> None:
        """Close the idle connections of both clients."""
        if self._native is not None:
            self._native.close()
        if "adapters" in _core.own_names(self):
            super().close()


def _mounted(session: Any) -> OrderedDict[str, HTTPAdapter]:
    adapter = stock.LocustHttpAdapter
    pool_manager = _core.own_names(session).get("_pool_manager")
    return OrderedDict((prefix, adapter(pool_manager=pool_manager)) for prefix in ("https://", "http://"))


# The reader of pages has the same floor as the responses.
Response.html = property(bs4_native.of)  # type: ignore[attr-defined]

#: `user`, `base_url` and the rest of what `__init__`, `HttpUser` and `request` put into a session's `__dict__`.
_ATTRIBUTES = 8

# The names of the methods in whose place they are called; Python's words for arguments that do not fit have them.
HttpSession._request.__qualname__ = "HttpSession.request"
HttpSession._get.__qualname__ = "HttpSession.get"


@functools.cache
def _session_class() -> _core.HttpSessionClass:
    """How sessions send what needs little preparation, as long as nobody has touched more of them than that."""
    session_class = _core.SessionClass(
        HttpSession, arguments.URL_CACHE,
        instrumentation.guard(_build_url=_BUILD_URL, request=_core.HttpSession.request),
        instrumentation.json_guard(), Response, waiting.here, getcurrent, _NO_CONTEXT,
        reporting.sole_listener,  # type: ignore[arg-type]
    )  # fmt: skip
    return _core.HttpSessionClass(
        session_class, arguments.requests_rules(_ATTRIBUTES, timeout=False), unverified.warn
    )
