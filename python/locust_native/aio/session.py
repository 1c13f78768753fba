"""AsyncSession: the native client awaited, in any event loop of asyncio, without gevent and without Locust."""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Awaitable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, Unpack
from urllib.parse import unquote, urlsplit, urlunsplit

import requests
import urllib3.exceptions as u3
from requests.cookies import RequestsCookieJar, cookiejar_from_dict
from requests.structures import CaseInsensitiveDict
from requests.utils import default_headers

from .. import _core
from ..client import fallback, forking, unverified
from ..client.lazy import Made
from ..client.timings import Timings
from ..client.timings import of_all as timings_of_all
from ..http_user import arguments, errors, jar, prepare
from ..http_user.lazy_response import Lazy, Redirect, content_by_urllib3, prepared_request
from .statistics import Statistics

#: Seconds for which answers may keep a loop at a stretch, as under gevent.
_STRETCH = sys.getswitchinterval()

#: The waiters of each event loop, by the loop's address: a loop keeps its waiters while it reads for them, and so does
#: what is under way there, which keeps the loop. So no two loops have one address here.
_waiters: weakref.WeakValueDictionary[int, _core.AsyncioWaiters] = weakref.WeakValueDictionary()

forking.in_child.append(_waiters.clear)


def _here(event_loop: Any) -> _core.AsyncioWaiters:
    """The waiters of a running event loop."""
    waiters = _waiters.get(id(event_loop))
    if waiters is None:
        waiters = _waiters[id(event_loop)] = _core.AsyncioWaiters(_STRETCH)
        event_loop.add_reader(waiters.queue.fileno(), waiters.on_ready)
    return waiters


class Response(Lazy, requests.Response):
    """A ``requests.Response``; also what the caller says of it, with ``catch_response=True``.

    Without an answer ``status_code`` is 0 and ``error`` the exception; ``raise_for_status`` raises it.
    """

    error: BaseException | None = None
    _unfollowed = False
    _next: Any = None
    #: None: by its status; True: a success; else the failure.
    _verdict: Any = None

    def __init__(self, exchange: Any, session: Any, sent: Any, url: str) -> None:
        self._exchange = exchange
        self._session = session
        self._sent = sent
        self._sent_to = url
        self.status_code = exchange.status

    @property
    def ok(self) -> bool:
        """Whether it was answered, by a status below 400."""
        return self.error is None and self.status_code < 400

    def raise_for_status(self) -> None:
        """Raise the error of a request without an answer, ``requests.HTTPError`` for a status from 400 on."""
        if self.error is not None:
            raise self.error
        super().raise_for_status()

    def success(self) -> None:
        """With ``catch_response=True``, inside the ``async with`` block: count the request as a success."""
        self._verdict = True

    def failure(self, reason: Any) -> None:
        """With ``catch_response=True``: count it as a failure, for this reason (a text or an exception)."""
        self._verdict = reason if isinstance(reason, BaseException) else _Failure(str(reason))

    def __repr__(self) -> str:
        if self.error is None:
            return super().__repr__()
        return f"<Response [0] {type(self.error).__name__}: {self.error}>"


class _Failure(Exception):
    """What a caller has called a failure; shown as its words alone."""

    def __repr__(self) -> str:
        return str(self)


def _unanswered(exchange: Any, future: Any, error: BaseException) -> Response:
    """The response to a request without an answer."""
    response = Response.__new__(Response)
    request = None
    if exchange is not None:
        request = prepared_request(exchange, -1, future.sent)
    answered = exchange.hops - 1 if exchange is not None else 0
    history = [
        Redirect(exchange, hop, future.sent, None) for hop in range(answered) if exchange.answered(hop)
    ]
    response.__dict__.update(
        error=error, status_code=0, url=future.url, reason=None, encoding=None, history=history, request=request,
        headers=CaseInsensitiveDict(), cookies=RequestsCookieJar(), elapsed=None, raw=None, _content=b"",
        timings=timings_of_all(exchange),
    )  # fmt: skip
    return response


if TYPE_CHECKING:

    class Pending(Awaitable[Response], AbstractAsyncContextManager[Response], Protocol):
        """What a request is awaited by."""

    class Arguments(TypedDict, total=False):
        """What the methods of a session take, by name."""

        name: str | None
        catch_response: bool
        params: Any
        json: Any
        headers: Mapping[str, str | None] | None
        cookies: Mapping[str, str] | None
        files: Any
        auth: tuple[str, str] | None
        timeout: float | tuple[float | None, float | None] | None
        allow_redirects: bool
        proxies: Mapping[str, str] | None
        verify: bool | str


class AsyncSession(_core.AsyncSession, arguments.Preparing):
    """One user's HTTP client for asyncio: the engine, cookies, redirects, phases and statistics of an ``HttpUser``.

    >>> async with AsyncSession("http://localhost:8000") as s:          # doctest: +SKIP
    ...     response = await s.get("/", name="home")
    ...     response.status_code, response.timings.wait

    A session has its own cookies and connections, as a browser has; make one for each simulated user, and give them one
    ``Statistics`` to share. ``get``, ``post``, ``put``, ``patch``, ``delete``, ``head``, ``options`` and ``request``
    take the arguments of requests (``params``, ``data``, ``json``, ``headers``, ``cookies``, ``files``, ``auth``,
    ``timeout`` in s, ``allow_redirects``, ``proxies``, ``verify``), and Locust's ``name`` and ``catch_response``. The
    request is sent when the method is called. What it returns is awaited for the response, or given to
    ``asyncio.gather``, ``create_task``, ``wait_for`` and the like, as a coroutine is. Cancelling the task that awaits
    it, or a time-out around it, gives the request up and closes its connection.

    As under Locust a request that gets no answer is no exception but a response with ``status_code`` 0 and the
    exception as its ``error``; it and any status from 400 on count as failures. With ``catch_response=True`` the caller
    judges, in an ``async with`` block::

        async with s.get("/", catch_response=True) as response:
            if "welcome" not in response.text:
                response.failure("no welcome")

    An exception that leaves the block counts as a failure, and goes on.

    base_url     goes before URLs that are paths
    headers      sent with each request, in place of or beside requests' own defaults
    cookies      a dict of cookies to begin with
    auth         (user, password) for HTTP basic authentication
    verify       whether the server's certificate is checked; or the path of a PEM file of accepted ones
    timeout      s to connect, and s of silence while reading; or a pair of both; None is no limit
    proxies      {"http": URL, "https": URL}; the environment is not asked
    statistics   where the requests are counted; None makes a new `Statistics`

    What only requests itself can do (``stream``, ``hooks``, ``cert``, callable ``auth``, streamed bodies) raises
    NotImplementedError; what requests would refuse, its exception (``requests.exceptions.InvalidURL``, say).
    """

    auth: Any = None
    cert: Any = None
    stream = False
    trust_env = False
    verify: Any = True
    timeout: Any = None
    max_redirects = arguments.LIMIT

    headers: Any = Made(lambda session: default_headers())
    cookies: Any = Made(lambda session: jar.NativeCookieJar(session._native))
    proxies: Any = Made(lambda session: {})
    params: Any = Made(lambda session: {})

    def __init__(
        self,
        base_url: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        cookies: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        verify: bool | str = True,
        timeout: float | tuple[float | None, float | None] | None = None,
        proxies: Mapping[str, str] | None = None,
        statistics: Statistics | None = None,
    ) -> None:
        parts = urlsplit(base_url)
        if parts.username and parts.password:
            base_url = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
            auth = auth or (unquote(parts.username), unquote(parts.password))
        self.base_url = base_url
        self.statistics = Statistics() if statistics is None else statistics
        if auth is not None:
            self.auth = auth
        self._native = _core.Client(arguments.KEEP)
        if headers:
            self.headers.update(headers)
        if cookies:
            self.cookies.update(cookiejar_from_dict(dict(cookies)))
        if verify is not True:
            self.verify = verify
        if timeout is not None:
            prepare_timeouts(timeout)
            self.timeout = timeout
        if proxies:
            self.proxies.update(proxies)
        self._open(_session_class(), self.__dict__, self._native, self.statistics.record)

    if TYPE_CHECKING:
        # Whoever says more of the arguments than the base does narrows them.
        def request(
            self, method: str, url: str, *, data: Any = None, **more: Unpack[Arguments]
        ) -> Pending: ...  # type: ignore[override]
        def get(self, url: str, *, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def post(self, url: str, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def put(self, url: str, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def patch(self, url: str, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def delete(self, url: str, *, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def head(self, url: str, *, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]
        def options(self, url: str, *, data: Any = None, **more: Unpack[Arguments]) -> Pending: ...  # type: ignore[override]

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the idle connections; the session may go on and open new ones."""
        self._native.close()

    def _build_url(self, path: str) -> str:
        return path if path.lower().startswith(("http://", "https://")) else f"{self.base_url}{path}"

    def _simple_options(self, verify: Any, timeout: Any, follow: Any) -> Any:
        return super()._simple_options(verify, self.timeout if timeout is None else timeout, follow)

    def _check_touched(self, own: dict[str, Any], take: Any) -> None:
        if take("hooks"):
            raise fallback.Unsupported("response hooks")

    def _request(
        self,
        method: str,
        url: str,
        *,
        name: str | None = None,
        catch_response: bool = False,
        data: Any = None,
        json: Any = None,
        **kwargs: Any,
    ) -> _core.RequestFuture:
        """The slow path of `request`."""
        if unknown := kwargs.keys() - arguments.KNOWN:
            raise TypeError(f"AsyncSession.request() got an unexpected keyword argument {min(unknown)!r}")
        if kwargs.get("timeout") is None:
            kwargs["timeout"] = self.timeout
        try:
            prepared = self._prepare(method, url, data, json, kwargs)
        except fallback.Unsupported as reason:
            raise NotImplementedError(f"AsyncSession cannot do this natively: {reason}") from None
        except prepare.StockDecides:
            raise _refused_by_requests(method, self._build_url(url), data, json, kwargs) from None
        return self._submit(prepared, method.upper(), name, catch_response)

    def _judge(self, exchange: Any, future: _core.RequestFuture) -> Response:
        """The response to a request that did not simply go well; it is counted, unless the caller is to judge it."""
        if future.unverified and exchange is not None:
            unverified.warn(exchange)
        error = ("lost", "", None, b"") if exchange is None else exchange.error
        if error is None:
            response = Response(exchange, self, future.sent, future.url)
        elif error[0] == "decode":
            response = _decoded_by_urllib3(exchange, self, future)
        else:
            response = _unanswered(exchange, future, _raised(error, exchange, future, self))
        if not future.catch_response:
            self._count(future, response, exchange, _verdict_of(response, future))
        return response

    def _judged(self, future: _core.RequestFuture, raised: BaseException | None) -> None:
        """The caller's block is over."""
        if not future.done() or future.cancelled():
            return
        response = future.result()
        failed = response._verdict
        if isinstance(raised, Exception):
            failed = raised
        elif raised is not None:
            return  # cancelled: nobody has judged it
        elif failed is None:
            failed = _verdict_of(response, future)
        self._count(future, response, response.__dict__.get("_exchange"), None if failed is True else failed)

    def _count(self, future: _core.RequestFuture, response: Response, exchange: Any, failed: Any) -> None:
        taken = response.timings
        ms = exchange.time_ms if exchange is not None else None
        if ms is None and isinstance(taken, Timings):
            ms = taken.total
        self.statistics.count(future.tracker, ms, failed)


def prepare_timeouts(timeout: Any) -> None:
    """ValueError for what is no time limit."""
    try:
        prepare.timeouts(timeout)
    except (prepare.StockDecides, fallback.Unsupported):
        raise ValueError(
            f"timeout: {timeout!r} is neither a number of seconds above 0 nor a pair of those"
        ) from None


#: Under these, as Locust looks at them, lies what is to be told.
_WRAPPINGS = (requests.ConnectionError, u3.ProtocolError, u3.MaxRetryError, u3.NewConnectionError)


def _verdict_of(response: Response, future: _core.RequestFuture) -> BaseException | None:
    """Why a response is a failure, in the form by which Locust groups them; None if it is none."""
    if response.ok:
        return None
    failed: Any = response.error
    while isinstance(failed, _WRAPPINGS) and failed.__context__:
        failed = failed.__context__
    if failed is not None:
        return failed
    url = response.url
    response.url = str(future.tracker.name)  # the text would be another one for each URL of a name
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        return error
    finally:
        response.url = url
    return None


def _raised(error: Any, exchange: Any, future: _core.RequestFuture, session: AsyncSession) -> BaseException:
    request = prepared_request(exchange, -1, future.sent) if exchange is not None else None
    place = exchange.url() if exchange is not None else future.url
    proxies = session.__dict__.get("proxies") or {}
    proxy = prepare.proxy_for(place, proxies) if proxies and error[0] in errors.OF_PROXIES else None
    return errors.of_native(error, place, request, prepare.timeouts(session.timeout), proxy)


def _decoded_by_urllib3(exchange: Any, session: AsyncSession, future: _core.RequestFuture) -> Response:
    try:
        content = content_by_urllib3(exchange)
    except u3.DecodeError as error:
        undecoded = requests.exceptions.ContentDecodingError(error)
        undecoded.__context__ = error
        return _unanswered(exchange, future, undecoded)
    response = Response(exchange, session, future.sent, future.url)
    response.__dict__["_content"] = content
    return response


def _refused_by_requests(method: Any, url: Any, data: Any, json: Any, kwargs: dict[str, Any]) -> Exception:
    """The exception of requests for what it would not send."""
    take = kwargs.get
    try:
        requests.Request(
            method,
            url,
            take("headers"),
            take("files"),
            data,
            take("params"),
            take("auth"),
            take("cookies"),
            None,
            json,
        ).prepare()
        prepare_timeouts(take("timeout"))
        if isinstance(take("verify"), str):
            open(str(take("verify"))).close()  # the OSError names it
    except Exception as error:
        return error
    return NotImplementedError(f"AsyncSession cannot send this natively: {method} {url}")


#: Of a session's own, all that takes part in preparing requests, beside what the native side looks at itself
#: (``headers``, ``cookies``, ``verify``, ``timeout``).
_FOR_PYTHON = frozenset(
    (
        "auth",
        "proxies",
        "params",
        "cert",
        "stream",
        "trust_env",
        "max_redirects",
        "_build_url",
        "_request",
        "_prepare",
    )
)


@functools.cache
def _session_class() -> _core.AsyncSessionClass:
    """What all sessions have in common."""
    return _core.AsyncSessionClass(arguments.requests_rules(_FOR_PYTHON, timeout=True), Response, _here)
