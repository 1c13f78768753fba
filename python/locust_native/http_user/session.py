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

#: Of a session's own, all that takes part in preparing requests, beside what the native side looks at itself
#: (``headers``, ``cookies``, ``verify``).
_FOR_PYTHON = _STEPS | {
    "auth",
    "proxies",
    "hooks",
    "params",
    "cert",
    "adapters",
    "stream",
    "max_redirects",
    "_build_url",
    "_request",
    "_prepare",
    "_context",
    "_judge",
}


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
        record, timed = self._reporting
        self._open(
            _session_class(reporting.sole_listener), _core.own_names(self), self._native, record, user, timed
        )
        if pool_manager is not None:
            self._pool_manager = pool_manager
            self._fall_back("pool_manager")
        elif type(self) is not HttpSession:
            kinds = type(self).__mro__[: type(self).__mro__.index(HttpSession)]
            overridden = _STEPS.intersection(name for kind in kinds for name in vars(kind))
            if overridden:
                self._fall_back(f"{type(self).__name__} overrides {', '.join(sorted(overridden))}")

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
        """The slow path of `request`: prepared in Python, or by stock's client."""
        if self.request_name and not name:
            name = self.request_name
        self.explicit_name = name
        prepared = None
        if self._native is not None:
            try:
                prepared = self._prepare_unless_replaced(method, url, data, json, kwargs)
            except fallback.Unsupported as reason:
                self._fall_back(str(reason))
            except prepare.StockDecides:
                pass
            except Exception:
                # Nothing has been sent, and stock says the same in its own traceback; if it reads the same.
                if any(hasattr(value, "__next__") for value in (data, json, *kwargs.values())):
                    raise
        if prepared is not None:
            return self._send(prepared, method, url, name, catch_response, context, kwargs)
        if self._reporting[1]:
            context = {**context, "timings": None}
        return super(arguments.Preparing, self).request(
            method, url, name, catch_response, context, data=data, json=json, **kwargs
        )

    def _prepare_unless_replaced(
        self, method: Any, url: Any, data: Any, json: Any, kwargs: dict[str, Any]
    ) -> _core.PreparedRequest:
        kind = type(self)
        if not instrumentation.GUARD.holds(kind) and (instrumented := instrumentation.of_requests(kind)):
            raise fallback.Unsupported(instrumented)
        return self._prepare(method, url, data, json, kwargs)

    def _context(self, context: dict[str, Any], exchange: Any) -> dict[str, Any]:
        """The context of the event: the user's, the call's, and the timings, where the user asks for them."""
        user = self.user
        if not user:
            return context
        if self._reporting[1]:
            return {**user.context(), **context, "timings": timings.for_context(exchange)}
        return {**user.context(), **context}

    def _judge(
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
        """Judge and report what is not simply to be counted; what ``request`` returns."""
        if self._native is None and exchange is not None:
            self._take_over_cookies(exchange, sent)
        meta = meta_of(exchange, tracker, full_url, context)
        call = failures.Call(self, sent, url, name, meta, catch_response, kwargs, tracker)
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

# The names of the methods in whose place they are called; Python's words for arguments that do not fit have them.
HttpSession._request.__qualname__ = "HttpSession.request"
HttpSession._get.__qualname__ = "HttpSession.get"


@functools.cache
def _session_class(listener: _core.SoleListener | None) -> _core.HttpSessionClass:
    """What all sessions have in common whose requests may be counted by this."""
    steps = {name: getattr(HttpSession, name) for name in sorted(_STEPS)}
    hooks = {name: getattr(HttpSession, name) for name in ("_build_url", "_prepare", "__getattribute__")}
    shared = _core.SessionClass(
        steps=instrumentation.guard(**steps, **hooks),
        json=instrumentation.json_guard(),
        request=_core.HttpSession.request,
        context=_NO_CONTEXT,
        response=Response,
        caught=Response,
        waiters=waiting.here,
        getcurrent=getcurrent,
        sole_listener=listener,
    )
    return _core.HttpSessionClass(
        shared, arguments.requests_rules(_FOR_PYTHON, timeout=False), unverified.warn
    )
