"""The Rust extension as Python sees it."""

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any, ClassVar, Literal, SupportsFloat, TypeAlias, final

from typing_extensions import disjoint_base

__all__ = [
    "ERROR_KINDS",
    "OPTIMISED",
    "Asking",
    "AsyncSession",
    "AsyncSessionClass",
    "AsyncioWaiters",
    "Client",
    "Exchange",
    "FastHttpSession",
    "FastPreparedRequest",
    "Fields",
    "GeventRules",
    "GreenletWaiters",
    "Histogram",
    "HttpSession",
    "HttpSessionClass",
    "Lateness",
    "MockSaleor",
    "NamespaceWatch",
    "Options",
    "Page",
    "PatchGuard",
    "Picker",
    "PreparedRequest",
    "Queue",
    "ReadyAwaitable",
    "Record",
    "RequestFuture",
    "RequestTracker",
    "RequestsRules",
    "SessionClass",
    "SoleListener",
    "Stats",
    "UrlCache",
    "__version__",
    "asked",
    "choose_task",
    "decode_utf8",
    "dump_json",
    "encode_form",
    "forget_after_fork",
    "had_a_turn",
    "is_canonical_url",
    "limit_heads",
    "loads_json",
    "own_names",
    "rest_before_fork",
    "resume_after_fork",
    "scan_page",
    "starved",
    "turn_came",
    "unix_time",
    "users_changed",
]

__version__: str

OPTIMISED: bool
"""Whether this is a release build; benches refuse to write down figures of another one."""

ERROR_KINDS: list[str]
"""Every kind of native error; `errors.py` has an exception for each."""

@final
class Picker:
    """Draws indices with the probability of their weights; usable alone.

        picker = Picker([3, 47, 25, 25], seed=1)
        picker.pick()           # 0, 1, 2 or 3
        picker.pick_many(1000)  # a list of so many

    The same weights and seed (0 to 2**64 - 1) give the same draws; without a seed they differ from run
    to run.
    Raises ValueError for no weights, weights that are all zero, negative or not finite.
    """

    def __new__(cls, weights: Sequence[float], seed: int | None = None) -> Picker: ...
    def pick(self) -> int:
        """The next index, from 0 to one below the number of weights."""
    def pick_many(self, count: int) -> list[int]:
        """The next ``count`` indices, as so many calls of ``pick`` would give them.

        Raises OverflowError for a count below 0, MemoryError for one that does not fit.
        """
    @property
    def weights(self) -> list[float]:
        """The weights, as they were given."""
    @property
    def seed(self) -> int | None:
        """What the draws follow from; None without a seed."""
    def _repr_html_(self) -> str:
        """For a notebook: weights and shares."""

@final
class Histogram:
    """How often which time was seen: three significant digits from 1 µs to 1 h, in ms; usable alone.

        times = Histogram([12.5, 13.1, 250])
        times.record(14)
        times.percentiles([50, 99])

    The buckets are HdrHistogram's for a lowest value of 1 ns and three digits: a percentile is within 0.1 % of the
    time itself. Merging loses nothing, whatever the order. Times above 1 h and below 0 count (``out_of_range``), and
    stand in ``min``, ``mean`` and ``max``; only buckets they have none. Two are equal if they tell the same.
    Raises ValueError for a time that is not finite.
    """

    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __new__(cls, times: Iterable[float] | None = None) -> Histogram: ...
    def record(self, ms: float, count: int = 1) -> None:
        """Counts a time in ms, ``count`` times; ValueError for a count below 0."""
    def percentile(self, percent: float) -> float:
        """The time in ms within which ``percent`` (0 to 100) of all were seen.

        The rank is Locust's: with n times in order, number ``int(n * percent / 100)`` counted from 0, or the last.
        0 and 100 are ``min`` and ``max``. Raises ValueError for an empty histogram, or a percent out of range.
        """
    def percentiles(self, percents: Sequence[float]) -> list[float]:
        """The same for several percents, in their order."""
    def merge(self, other: Histogram) -> None:
        """Adds all that another has counted."""
    @property
    def count(self) -> int:
        """How many times were counted."""
    @property
    def min(self) -> float | None:
        """The shortest in ms, exactly; None if there is none."""
    @property
    def max(self) -> float | None:
        """The longest in ms, exactly; None if there is none."""
    @property
    def mean(self) -> float | None:
        """The mean in ms of the times themselves, not of their buckets; None if there is none."""
    @property
    def out_of_range(self) -> int:
        """How many of them were above 1 h or below 0."""
    def buckets(self) -> list[tuple[float, float, int]]:
        """(from, to, count) of each bucket that has any, in order; from (included) and to in ms."""
    def encode(self) -> str:
        """The buckets as base64 of HdrHistogram's compressed V2 format, unit 1 ns, as in --native-json.

        The format has no room for what is exact beside the buckets, nor for what is out of range; pickling keeps both.
        """
    @classmethod
    def decode(
        cls,
        text: str,
        *,
        min: float | None = None,
        mean: float | None = None,
        max: float | None = None,
    ) -> Histogram:
        """What ``encode`` or --native-json has written.

        Each time stands in the middle of its bucket. ``min``, ``mean`` and ``max`` (ms), if they are known exactly,
        take the place of what would follow from that, all three together and where they can be true.
        Raises ValueError for a text that is none, or of another precision.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[type[Histogram], tuple[()], bytes]: ...
    def __setstate__(self, state: bytes, /) -> None: ...
    def _repr_html_(self) -> str:
        """For a notebook: percentiles, and how the times are spread."""

def choose_task(tasks: list[Any], point: float, /) -> Any:
    """Chooses from a list as it is now; a task that stands there n times has the weight n.

    ``point``: a random number from 0 to below 1; the same one and length give the same index. Raises IndexError for
    an empty list.
    """

@final
class Stats:
    """Native counts for one RequestStats, kept in places; place 0 is the total's."""

    def __new__(cls, record: Record) -> Stats: ...
    def record(
        self,
        tracker: RequestTracker | None,
        method: object,
        name: object,
        response_time: object,
        content_length: object,
        now: object,
        /,
    ) -> bool | None:
        """Counts a request (ms, bytes, wall clock in s); with ``tracker``, its end in the record as well: nobody but
        the statistics is told of it.

        Otherwise changes nothing and returns False if the place is not ready for it, None if these are values
        that Python has to count or the request began in another record.
        """
    def place(self, method: str, name: str) -> int:
        """The place at which requests of this method and name are counted."""
    def open(self, place: int, total: object) -> bool:
        """Starts counting at a place from a sum of response times (ms); False if it is no plain number."""
    def close(self, place: int) -> None:
        """Stops counting at a place until it is opened again; what is pending stays."""
    def settle(self, place: int, entry: Any, fields: dict[str, Any]) -> None:
        """Adds what a place has counted to its entry's fields, as `log()` would have done."""
    def clear(self) -> None:
        """Forgets every place but the total's, and all that is pending."""
    @staticmethod
    def bucket(response_time: object) -> int | None:
        """Locust's bucket for a response time in ms; None for what is left to Python."""

@final
class Asking:
    """A request of a user that another client than ours carries out."""

    def __enter__(self) -> None: ...
    def __exit__(self, *_args: object) -> None: ...

@final
class Record:
    """The precise figures of one test: per (method, name), in total, and per second of wall-clock time.

    ``names`` (method, name) pairs get a row of their own; all further ones share the row ("", "(other names)").
    Times are ms, moments unix seconds. The dictionaries are those of --native-json.

    ``log`` (and ``fail``) are told by the statistics. A request that was begun counts as started from then on; one
    that is logged without a beginning as started and finished at once.
    """

    def __new__(cls, names: int = 10_000) -> Record: ...
    def of_user(self) -> Record:
        """The same record, by way of which the requests of one user are counted, and its time with them (`asked`)."""
    def leave(self) -> None:
        """The user is done: what others ask in its name is no time of its."""
    def asking(self) -> Asking:
        """A request of this user begins that another client carries out, and lasts until what this returns is left."""
    def log(
        self,
        method: object,
        name: object,
        response_time: SupportsFloat | None,
        now: float | None = None,
        /,
    ) -> None:
        """Counts a finished request. No time, one that is not finite: counted as a request without a time."""
    def fail(self, method: object, name: object, now: float | None = None, /) -> None:
        """The request logged last under this name has failed; if none was, this is one without a time."""
    def begin(self, method: object, name: object, /) -> RequestTracker:
        """A request has started under this method and name."""
    def times(
        self, shares: Sequence[float], method: str | None = None, name: str | None = None
    ) -> tuple[int, float, float, float, list[float]] | None:
        """Of the requests with a time, of all or of one name: count, sum, least, greatest, and the times within which
        these shares (0 to 1) of them finished, by Locust's rank. None if none had, or any of the record's times were
        rounded by a worker without a record.
        """
    def figures(self, histogram: bool = False) -> dict[str, Any]:
        """Total, rows (by name, then method) and seconds, all of the same moment.

        With ``histogram`` all times as well, as base64 of HdrHistogram's compressed V2 format, unit 1 ns.
        """
    def series(self, width: int | None = None, since: int = ...) -> tuple[int, list[dict[str, Any]]]:
        """The requests of each stretch of ``width`` s in which any finished, as a second of ``figures`` each, with
        percentiles of all their times together; from the stretch on that the unix second ``since`` lies in.

        The width that is used, and the points. Without one, the least with which a typical point has 50 requests,
        and there are at most 3,000. What is long past is kept, and told, in wider stretches.
        """
    def latest(self, seconds: int, shares: Sequence[float]) -> list[float] | None:
        """The times within which these shares of the requests of the last seconds finished, the present included."""
    def overflowed(self) -> dict[str, Any] | None:
        """What went to the row of other names: requests, and the shape that most of their names have.

        The keys are requests, shape, example, of_that_shape. None if nothing did.
        """
    def take_report(self) -> bytes:
        """Everything since the last report, and what is in flight now; counting starts anew."""
    def absorb(self, source: str, report: bytes, ahead: int = 0, /) -> None:
        """Adds the report of another process, whose clock is so many s ahead. ValueError, and nothing counted, if it is
        broken or of another make.
        """
    def absorb_coarse(
        self,
        method: object,
        name: object,
        times: dict[float, int],
        failures: int,
        seconds: dict[int, int],
        *,
        without_time: int = 0,
        failed_seconds: dict[int, int] = ...,
        exact: tuple[float | None, float | None, float | None] | None = None,
    ) -> None:
        """Adds what a worker without a record tells of one name: requests per time in ms, and per second.

        ``exact`` is what it has not rounded: sum, least and greatest of these times.
        """
    def sources(self) -> list[str]:
        """The processes that have requests in flight, by their last reports."""
    def forget(self, source: str, /) -> None:
        """A process is gone, and with it what was in flight there."""
    def reset(self) -> None:
        """Zeros everywhere, but for what is in flight."""
    def clear(self) -> None:
        """Forgets everything."""

@final
class Fields:
    """Header fields in wire order, checked and converted once.

    Names and values are ``str`` (sent as latin-1) or ``bytes``; ValueError for what HTTP does not allow.
    """

    def __new__(cls, fields: Sequence[tuple[str | bytes, str | bytes]]) -> Fields: ...

@final
class Options:
    """How requests are to be carried out; one object serves any number of them.

    redirects        how many to follow; None hands the redirect back
    connect_timeout  seconds to open the connection, TLS included; None is no limit
    read_timeout     seconds of silence while waiting for bytes; None is no limit
    bundle           PEM file of the accepted certificates; None accepts any certificate
    proxy            URL of a proxy; None connects directly
    """

    def __new__(
        cls,
        *,
        fast: bool,
        redirects: int | None,
        connect_timeout: float | None,
        read_timeout: float | None,
        bundle: str | None,
        proxy: str | None,
    ) -> Options: ...

_Cookie: TypeAlias = tuple[
    str, str | None, str, bool, bool, str, bool, bool, int | None, bool, list[tuple[str, str | None]]
]

@final
class Client:
    """One user's HTTP client: its cookies and its kept-alive connections.

    ``keep`` idle connections stay open; at most ``concurrency`` requests are under way, None is no limit.
    """

    def __new__(cls, keep: int, concurrency: int | None = None) -> Client: ...
    def cookie_version(self) -> int:
        """A number that is another one after every change of the cookies."""
    def cookies(self) -> list[_Cookie]:
        """The cookies in the jar's order.

        Each is name, value, domain, domain_specified, domain_initial_dot, path, path_specified, secure,
        expires (s since 1970), discard, rest.
        """
    def replace_cookies(self, cookies: Sequence[_Cookie]) -> int:
        """Puts these cookies in place of all others; returns the new version."""
    def close(self) -> None:
        """Closes the idle connections."""

def is_canonical_url(url: str, /) -> bool:
    """Whether neither requests nor geventhttpclient would change a byte of the URL."""

@final
class UrlCache:
    """The URLs that need no preparation, each taken apart once; up to ``limit`` are kept."""

    def __new__(cls, limit: int, /) -> UrlCache: ...

@final
class SessionClass:
    """What all sessions of one class have in common.

    ``steps``: what must not have been replaced for a request to be prepared natively, ``json``: what besides where it
    carries JSON; ``request``: our method of that name, by which the verbs go; ``context``: ``User.context``;
    ``response``, ``caught``: the classes of what a call returns, without and with ``catch_response``; ``waiters`` gives
    the `GreenletWaiters` of the current hub; ``sole_listener``: None where each request is an event.
    """

    def __new__(
        cls,
        *,
        steps: PatchGuard,
        json: PatchGuard,
        request: Any,
        context: Any,
        response: Any,
        caught: Any,
        waiters: Any,
        getcurrent: Any,
        sole_listener: SoleListener | None,
    ) -> SessionClass: ...

@final
class RequestsRules:
    """How sessions with the rules of requests send what needs little preparation.

    ``headers``: the default ones, ``fields``: as they go out, ``headers_class``: the class of those of a session that
    has its own; ``verified``, ``unverified``: options with and without redirects; ``touched``: names among a
    session's own that Python has to look at, beside ``headers``, ``cookies``, ``verify`` and, if ``timeout``,
    ``timeout``; ``check_cookies``: raises for a jar that is not to be sent from here.
    """

    def __new__(
        cls,
        *,
        headers: list[tuple[str, str]],
        fields: Fields,
        headers_class: type,
        url_cache: UrlCache,
        verified: tuple[Options, Options],
        unverified: tuple[Options, Options],
        touched: Sequence[str],
        timeout: bool,
        check_cookies: Any,
    ) -> RequestsRules: ...

@final
class GeventRules:
    """How sessions with the rules of geventhttpclient send what needs little preparation.

    ``defaults``: their default header fields; ``touched``: names among a session's own that Python has to look at.
    Raises ValueError for fields that the wire cannot carry.
    """

    def __new__(
        cls, *, defaults: Sequence[tuple[str, str]], url_cache: UrlCache, touched: Sequence[str]
    ) -> GeventRules: ...

@final
class HttpSessionClass:
    """The same for an ``HttpSession``; ``warn`` is called with the exchange where any certificate would have done."""

    def __new__(cls, session_class: SessionClass, rules: RequestsRules, warn: Any, /) -> HttpSessionClass: ...

@final
class FastPreparedRequest:
    """A request of a ``FastHttpSession`` that is ready to go out, and what ``response.request`` shows of it.

    ``pairs``, ``fields``: the header fields as they are shown, and as they go out before the jar's; ``tail``: those
    behind it; ``made``: the ``FastRequest`` that geventhttpclient has made. Raises ValueError for a method, URL or
    field that is none.
    """

    def __new__(
        cls,
        verb: str,
        url: str,
        *,
        pairs: list[tuple[str, str]],
        fields: Fields,
        tail: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes | None,
        made: Any,
        options: Options,
    ) -> FastPreparedRequest: ...
    @property
    def verb(self) -> Any: ...
    @property
    def url(self) -> str: ...
    @property
    def fields(self) -> list[tuple[str, str]]: ...
    @property
    def payload(self) -> Any: ...
    @property
    def made(self) -> Any: ...
    def request(self, exchange: Any, /) -> Any:
        """The ``FastRequest`` of the exchange's last hop; of None, as it began."""

@disjoint_base
class FastHttpSession:
    """The base of ``FastHttpSession``.

    Requests on the fast path run no Python; all others are prepared by ``_request``, ``_get`` and ``_post``. What
    came of either and needs more than counting goes to ``_judge``.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> FastHttpSession: ...
    def _open(
        self,
        session_class: SessionClass,
        own: dict[str, Any],
        client: Client,
        record: Record,
        user: Any,
        timed: bool,
        rules: GeventRules | None,
        good: Sequence[int],
        /,
    ) -> None:
        """Opens this session, of which ``own`` is the ``__dict__``.

        ``timed``: whether timings belong into the context of events; ``rules``: None where Python prepares all
        requests; ``good``: the status codes that are no failure. Raises RuntimeError if it is open.
        """
    def _send(
        self,
        prepared: FastPreparedRequest,
        method: Any,
        name: Any,
        call: Any,
        catch_response: Any,
        follow: Any,
        context: Any,
        /,
    ) -> Any:
        """Sends a request that Python has prepared, and waits for what came of it; what the call returns.

        ``call`` is what stock's client would be given.
        """
    def request(
        self,
        method: Any,
        url: Any,
        name: str | None = None,
        data: Any = None,
        catch_response: bool = False,
        stream: bool = False,
        headers: Any = None,
        auth: Any = None,
        json: Any = None,
        allow_redirects: bool = True,
        context: dict[str, Any] = {},
        **kwargs: Any,
    ) -> Any:
        """As ``locust.contrib.fasthttp.FastHttpSession.request``; the response time (ms) is read on the I/O thread."""
    def get(self, url: Any, **kwargs: Any) -> Any:
        """As ``locust.contrib.fasthttp.FastHttpSession.get``."""
    def post(self, url: Any, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """As ``locust.contrib.fasthttp.FastHttpSession.post``."""

@disjoint_base
class HttpSession:
    """The base of ``HttpSession``.

    Requests on the fast path run no Python; all others are prepared by ``_request``, ``_get`` and ``_post``. What
    came of either and needs more than counting goes to ``_judge``.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> HttpSession: ...
    def _open(
        self,
        session_class: HttpSessionClass,
        own: dict[str, Any],
        client: Client,
        record: Record,
        user: Any,
        timed: bool,
        /,
    ) -> None:
        """Opens this session, of which ``own`` is the ``__dict__``.

        ``timed``: whether timings belong into the context of events. Raises RuntimeError if it is open.
        """
    def _send(
        self,
        prepared: PreparedRequest,
        method: Any,
        url: Any,
        name: Any,
        catch_response: Any,
        context: Any,
        kwargs: dict[str, Any],
        /,
    ) -> Any:
        """Sends a request that Python has prepared, and waits for what came of it; what the call returns."""
    def request(
        self,
        method: Any,
        url: Any,
        name: str | None = None,
        catch_response: bool = False,
        context: dict[str, Any] = {},
        *,
        data: Any = None,
        json: Any = None,
        **kwargs: Any,
    ) -> Any:
        """As ``locust.clients.HttpSession.request``; the response time (ms) is read on the I/O thread."""
    def get(self, url: Any, *, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """As ``locust.clients.HttpSession.get``."""
    def post(self, url: Any, data: Any = None, json: Any = None, **kwargs: Any) -> Any:
        """As ``locust.clients.HttpSession.post``."""

@final
class AsyncSessionClass:
    """How sessions of asyncio send what needs no preparation.

    ``response``: the class of what a call comes to; ``here`` gives the `AsyncioWaiters` of an event loop.
    """

    def __new__(cls, rules: RequestsRules, response: Any, here: Any, /) -> AsyncSessionClass: ...

@disjoint_base
class AsyncSession:
    """The base of ``AsyncSession``.

    Requests on the fast path run no Python; all others go by ``_request``. What came of one and needs more than
    counting goes to ``_judge``; what its caller has to judge, to ``_judged``. Each of its methods starts a request,
    and raises RuntimeError outside a running event loop.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> AsyncSession: ...
    def _open(
        self, session_class: AsyncSessionClass, own: dict[str, Any], client: Client, record: Record, /
    ) -> None:
        """Opens this session, of which ``own`` is the ``__dict__``. Raises RuntimeError if it is open."""
    def _submit(
        self, prepared: PreparedRequest, method: Any, name: Any, catch_response: bool, /
    ) -> RequestFuture:
        """Starts a request that Python has prepared. It is called ``name``, or, where that is empty, after its path."""
    def request(self, method: Any, url: Any, **kwargs: Any) -> Any:
        """Starts a request."""
    def get(self, url: Any, **kwargs: Any) -> Any:
        """Starts a GET."""
    def post(self, url: Any, data: Any = None, **kwargs: Any) -> Any:
        """Starts a POST."""
    def put(self, url: Any, data: Any = None, **kwargs: Any) -> Any:
        """Starts a PUT."""
    def patch(self, url: Any, data: Any = None, **kwargs: Any) -> Any:
        """Starts a PATCH."""
    def delete(self, url: Any, **kwargs: Any) -> Any:
        """Starts a DELETE."""
    def options(self, url: Any, **kwargs: Any) -> Any:
        """Starts an OPTIONS."""
    def head(self, url: Any, **kwargs: Any) -> Any:
        """Starts a HEAD; redirects are not followed unless asked for."""

@final
class AsyncioWaiters:
    """The requests of one asyncio event loop that are under way, and where their answers are handed out.

    ``stretch``: for how many s answers may keep the loop before all else has its turn. Raises OSError when the system
    has no descriptor left.
    """

    def __new__(cls, stretch: float, /) -> AsyncioWaiters: ...
    @property
    def queue(self) -> Queue:
        """Where requests are started that are answered here."""
    def on_ready(self) -> None:
        """Hands out all that has been answered: to be called when the queue's descriptor is readable."""

@final
class RequestFuture:
    """A request under way in an event loop: a coroutine to asyncio, and a future to the task that awaits it.

    Awaiting it gives the response, any number of times; ``async with`` does, too.
    """

    _asyncio_future_blocking: bool | None
    @property
    def _loop(self) -> Any: ...
    @property
    def tracker(self) -> RequestTracker:
        """The entry in the record."""
    @property
    def sent(self) -> PreparedRequest:
        """What went out."""
    @property
    def url(self) -> str:
        """The whole URL."""
    @property
    def catch_response(self) -> bool:
        """Whether the caller judges the response."""
    @property
    def unverified(self) -> bool:
        """Whether any certificate would do."""
    def __await__(self) -> RequestFuture: ...
    def __iter__(self) -> RequestFuture: ...
    def __next__(self) -> Any: ...
    async def __aenter__(self) -> Any: ...
    async def __aexit__(self, _kind: Any, error: Any, _trace: Any, /) -> None: ...
    def send(self, _value: Any, /) -> Any:
        """As of a coroutine."""
    def throw(self, kind: Any, value: Any = None, _trace: Any = None, /) -> Any:
        """As of a coroutine: the request is given up, if it is under way."""
    def close(self) -> None:
        """As of a coroutine: the request is given up, if it is under way."""
    def done(self) -> bool:
        """Whether it is over."""
    def cancelled(self) -> bool:
        """Whether it was given up."""
    def cancel(self, msg: Any = None) -> bool:
        """Gives the request up and closes its connection; False if it is over."""
    def result(self) -> Any:
        """The response. Raises InvalidStateError while it is under way, CancelledError if it was given up."""
    def exception(self) -> BaseException | None:
        """None if there is a response. Raises as `result`."""
    def add_done_callback(self, callback: Any, /, *, context: Any = None) -> None:
        """Calls ``callback`` with this, once it is over."""
    def remove_done_callback(self, callback: Any, /) -> int:
        """Calls it no more; how often it would have been."""
    def get_loop(self) -> Any:
        """The event loop that the request was started in."""

@final
class ReadyAwaitable:
    """Something to be awaited that is over."""

    def __await__(self) -> ReadyAwaitable: ...
    def __iter__(self) -> ReadyAwaitable: ...
    def __next__(self) -> Any: ...

@final
class PatchGuard:
    """Attributes and the values they had: (name, value) of a class asked about, (owner, name, value) elsewhere."""

    def __new__(
        cls,
        of_kind: Sequence[tuple[str, Any]],
        elsewhere: Sequence[tuple[Any, str, Any]],
        watch: NamespaceWatch | None = None,
        /,
    ) -> PatchGuard: ...
    def holds(self, kind: type, /) -> bool:
        """Whether all of them are still there, the very same."""

@final
class NamespaceWatch:
    """Modules and classes of which it is asked time and again whether an attribute has changed.

    ``look`` answers with what has changed, in words, or None; it is called only after there was any change at all.
    """

    def __new__(
        cls, modules: Sequence[ModuleType], classes: Sequence[type], look: Callable[[], str | None], /
    ) -> NamespaceWatch: ...
    def is_clean(self) -> bool:
        """Whether ``look`` has answered None since the last change."""

def own_names(object: object, /) -> dict[str, Any]:
    """The names an object has of its own, whatever its class shows as its ``__dict__``. TypeError if it has none."""

def limit_heads(longest_line: int, most_fields: int, /) -> None:
    """Sets how many bytes a line of an answer's header may have, and how many lines there may be, for `HttpUser`."""

@final
class SoleListener:
    """The way to the statistics where nobody but Locust's own counter listens to the ``request`` event.

    ``hook``: the class of the event; ``counter``: the code of the listener; ``kind``: the class of the statistics;
    ``names``: what ``locust.stats`` holds.
    """

    def __new__(cls, hook: type, counter: Any, kind: type, names: dict[str, Any], /) -> SoleListener: ...
    def count(self, event: Any, tracker: RequestTracker, exchange: Exchange, /) -> bool:
        """Counts a request that went well. False, and nothing has happened, if it did not, somebody else listens, or
        anything is unusual."""

@final
class RequestTracker:
    """A request that was started. The record counts exactly one end of it: the one it is told here, or, when nobody
    holds it any more, that it was cut off (no answer yet) or not reported (an answer).
    """

    @property
    def method(self) -> Any:
        """As the call gave it."""
    @property
    def name(self) -> Any:
        """As the call gave it, or the path."""
    @property
    def start_time(self) -> float:
        """By the wall clock, in s since 1970."""
    def answered(self, exchange: Exchange | None, /) -> None:
        """The core has answered, with an error perhaps, and whoever waited for that goes on now; None: its task
        vanished.
        """
    def age_ms(self) -> float:
        """How long ago it began."""
    def ended(self, response_time: float | None, failed: bool, /) -> None:
        """Its whole report, where nobody but the record is told: response time in ms if it has one, whether it failed.

        Nothing, if it is over.
        """
    def finish(self, method: object, name: object, /) -> None:
        """Its report begins, under this method and name."""
    def reported(self) -> None:
        """Its report is over."""

@final
class Lateness:
    """How late the generator was: this process, and those whose reports were absorbed. Times in ms.

    Of this process, each Lateness has what was seen since any of them last looked.
    """

    def __new__(cls) -> Lateness: ...
    def figures(self) -> dict[str, dict[str, Any]]:
        """Spreads: `lag` (answer complete until its greenlet went on), `hub` and `io` (asked until it came)."""
    def seconds(self, since: int = 0) -> list[tuple[int, float | None, float | None, bool]]:
        """By unix second: the greatest lateness of an answer, and of a sign of life; whether it was limited."""
    def limited(self, since: int = 0) -> list[tuple[int, int]]:
        """First and last unix second of each stretch in which the generator was the limit."""
    def cpu(self, since: int = 0, limited: bool = False) -> tuple[float, float, float] | None:
        """In the seconds from `since` on, or in those that were limited; of a process on the average and as shares of a
        core: CPU time of all threads, of the I/O thread, and for how long the Python thread could run and had no
        processor. None: nobody knows.
        """
    def take_report(self) -> bytes:
        """All of it for another process, but for the second that is not over; what was told is not told again."""
    def absorb(self, report: bytes, ahead: int = 0, /) -> None:
        """Adds what another process told, whose clock is so many s ahead. ValueError if it is no such report."""
    def reset(self) -> None:
        """Forgets all of it."""

def turn_came(seconds: float, /) -> None:
    """A user's turn has come, so late, in s."""

def unix_time() -> float:
    """Seconds since 1970 by the clock of all figures over time: the wall clock of when it was first asked in this
    process, and the monotonic clock since.
    """

def users_changed(more: int, /) -> None:
    """So many users more, or less, live in this process."""

def starved(seconds: float, of: float, /) -> None:
    """For so many of the last seconds, up to now, the Python thread could run and had no processor."""

def asked() -> tuple[float, float]:
    """For how long all users of this process together have had requests under way, one that has several at once counted
    once; and for how long they have waited for answers that were complete; in s.
    """

@final
class Queue:
    """One event loop's completion queue. Raises OSError when the system has no descriptor left."""

    def __new__(cls) -> Queue: ...
    def fileno(self) -> int:
        """The descriptor that becomes readable when there is something to drain."""
    def drain(self) -> list[tuple[int, Exchange | None]]:
        """All finished requests by their tokens; None for one whose task vanished."""
    def cancel(self, token: int) -> None:
        """Gives a request up: its connection is closed and its outcome not delivered."""
    @property
    def in_flight(self) -> int:
        """How many requests are under way."""

@final
class GreenletWaiters:
    """The requests of one gevent hub that are under way, and the greenlets that wait for them.

    ``getcurrent``: gevent's; ``stretch``: for how many s answers may keep the hub before all else has its turn.
    Raises OSError when the system has no descriptor left.
    """

    def __new__(cls, hub: Any, stretch: float, /) -> GreenletWaiters: ...
    @property
    def hub(self) -> Any:
        """gevent's."""
    @property
    def queue(self) -> Queue | None:
        """Where requests are started that are waited for here; None once it is closed."""
    @property
    def ready(self) -> int:
        """How many answers wait for their greenlets' turn."""
    longest: int
    """The most that ever did."""
    def watch(self, watcher: Any, /) -> None:
        """Has ``watcher``, of the hub's loop, watch the queue's descriptor from now on."""
    def on_ready(self) -> None:
        """Gives the greenlets of all that has been answered their turns."""
    def unwatch(self) -> None:
        """Takes the descriptor out of the loop, before it is closed or left to a parent process."""
    def close(self) -> None:
        """Gives up what is under way, and the descriptor."""

def had_a_turn(greenlet: Any, /) -> bool:
    """Whether the current greenlet has come back from its request since it last asked.

    Then it need not give others a turn again.
    """

_Ms: TypeAlias = float | None
# Phases in ms, whole, held, reused, kind of TLS handshake, bytes out, bytes in, digits of the HTTP version.
_Timings: TypeAlias = tuple[
    tuple[_Ms, _Ms, _Ms, _Ms, _Ms, _Ms, _Ms],
    float,
    float,
    bool | None,
    str | None,
    int | None,
    int | None,
    int | None,
]

@final
class Exchange:
    """What became of one request: its hops (redirects followed, then the last), its error, its time.

    Hops count from 0, negative numbers from the end; the default is -1. IndexError for one that is not
    there or has no answer.
    """

    @property
    def time_ms(self) -> float:
        """From handing the request to the core until its last body byte, in ms."""
    def timings(self, hop: int | None = None) -> _Timings:
        """What the time of a hop, or of all of them together, went to; `timings.of` puts it into words."""
    @property
    def went_well(self) -> bool:
        """Whether it was answered to its end, by a status below 400."""
    @property
    def status(self) -> int:
        """Status code of the last hop; 0 where there is no answer."""
    @property
    def length(self) -> int:
        """Length of the last hop's decoded body, in bytes."""
    @property
    def error(self) -> tuple[str, str, int | None] | None:
        """(kind, message, errno or None) of the failure; the kinds are ``ERROR_KINDS``."""
    @property
    def hops(self) -> int:
        """How many hops there were."""
    @property
    def sets_cookie(self) -> bool:
        """Whether the last answer sets a cookie."""
    def answered(self, hop: int = ...) -> bool:
        """Whether a hop was answered."""
    def status_of(self, hop: int = ...) -> int:
        """Status code of a hop."""
    def reason(self, hop: int = ...) -> str:
        """Reason phrase of a hop."""
    def version(self, hop: int = ...) -> int:
        """HTTP version of a hop's answer as urllib3 counts it: 10 or 11."""
    def headers(self, hop: int = ...) -> list[tuple[str, str]]:
        """Header fields of a hop's answer, in order."""
    def header(self, name: str) -> str | None:
        """Value of one header field of the last answer, or None."""
    def content_type(self, hop: int = ...) -> str | Literal[False] | None:
        """The Content-Type of a hop's answer; None if there is none, False if there are several."""
    def body(self, hop: int = ...) -> bytes:
        """Decoded body of a hop's answer."""
    def text(self, hop: int, keep: bool, /) -> str | None:
        """That body as text, or None if it is no UTF-8; `keep` as in `decode_utf8`."""
    def decoded(self, hop: int = ...) -> bool:
        """Whether the body of a hop's answer could be decoded."""
    def head_time(self, hop: int = ...) -> float:
        """From handing the hop to the transport until its header was there, in seconds."""
    def method(self, hop: int = ...) -> str:
        """Method sent with a hop."""
    def url(self, hop: int = ...) -> str:
        """URL of a hop."""
    def bodiless(self, hop: int = ...) -> bool:
        """Whether the body was left out of a hop (after a redirect)."""
    def cookie(self, hop: int = ...) -> str | None:
        """Value of the jar's Cookie field sent with a hop, or None."""
    def unauthorized(self, hop: int = ...) -> bool:
        """Whether Authorization was left out of a hop."""

def dump_json(value: Any, /, *, nan: bool) -> str | None:
    """``value`` as ``json.dumps`` writes it, with ``nan=False`` as ``json.dumps(…, allow_nan=False)`` does.

    None where it holds anything but plain dicts with texts for keys, lists, tuples, texts, numbers, booleans and
    None, or is an error.
    """

@final
class PreparedRequest:
    """A request with the rules of requests that is ready to go out, and what ``response.request`` shows of it.

    ``fields``: the header fields before the jar's ``Cookie`` field as they go out, ``head``: as requests shows them;
    ``tail``: those after it; ``body``: its octets, ``shown``: as requests shows it; ``cookies``: those of this call
    only, ``given``: as the call gave them. Raises ValueError for a method, URL or field that is none.
    """

    def __new__(
        cls,
        method: str,
        url: str,
        *,
        fields: Fields,
        head: Any,
        tail: Sequence[tuple[str | bytes, str | bytes]],
        body: bytes | None,
        shown: Any,
        cookies: Sequence[tuple[str, str]] | None,
        given: Any,
        options: Options,
    ) -> PreparedRequest: ...
    @property
    def head(self) -> Any: ...
    @property
    def tail(self) -> Any: ...
    @property
    def body(self) -> Any: ...
    @property
    def cookies(self) -> Any: ...

def encode_form(data: dict[Any, Any], /) -> str | None:
    """A form body, as ``urllib.parse.urlencode`` writes it.

    None where ``data`` holds anything but plain texts and numbers under plain texts, or nothing.
    """

def loads_json(text: bytes, /) -> Any:
    """What `json.loads` makes of this UTF-8.

    Raises ValueError where Python's own reader has to be asked: for what is no JSON, and for lone surrogates and depth.
    """

def rest_before_fork() -> None:
    """To be called before a fork: brings the I/O thread to rest, so that it holds no lock in the child."""

def resume_after_fork() -> None:
    """To be called in the parent after a fork: lets the I/O thread go on."""

def forget_after_fork() -> None:
    """To be called in a forked child: leaves the parent's runtime behind."""

@final
class MockSaleor:
    """A running mock shop; the knobs are those of `locust_native.saleor.MockSaleor`.

    Raises ValueError for a knob out of range, OSError for an address that cannot be had.
    """

    def __new__(
        cls,
        *,
        host: str,
        port: int,
        keep_alive: bool,
        latency: str,
        error_rate: float,
        page_size: float,
        seed: int,
        stock: str,
        site_domain: str | None,
        keep: int,
    ) -> MockSaleor: ...
    @staticmethod
    def from_args(args: list[str]) -> MockSaleor | None:
        """Opens a shop as the command line asks; None when it asks for help only."""
    @staticmethod
    def usage() -> str:
        """The options of the command line, as text."""
    @property
    def url(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    def fileno(self) -> int:
        """The listening socket's descriptor, for a forked child to close its copy."""
    def seen(self) -> dict[str, Any]:
        """What the shop saw since it opened or was reset."""
    def summary(self) -> str:
        """The counts in one line."""
    def reset(self) -> None:
        """Forgets all that was counted, sold and registered."""
    def stop(self) -> None:
        """Closes the shop and waits for its thread."""

@final
class Page:
    """The elements of a page of HTML, numbered in document order; -1 is the document.

    The page is read as far as it was asked for.
    """

    def count(self) -> int | None:
        """How many elements there are; None if the page is to be left to bs4."""
    def name(self, at: int, /) -> str:
        """The name of an element in lower case."""
    def find(
        self, at: int, name: object, attrs: object, recursive: object, keywords: dict[str, object], /
    ) -> int:
        """The number of the first element inside `at` that `Tag.find` would find; -1 for none, -2 for "ask bs4"."""
    def find_all(
        self,
        at: int,
        name: object,
        attrs: object,
        recursive: object,
        limit: object,
        keywords: dict[str, object],
        /,
    ) -> list[int] | None:
        """The numbers of all elements that `Tag.find_all` would find; None for "ask bs4"."""
    def select(self, at: int, selector: str, limit: int, /) -> list[int] | None:
        """The numbers of the elements inside `at` that fit a selector; None for "ask soupsieve"."""
    def attribute(self, at: int, key: object, /) -> str | Literal[False] | None:
        """The value of an attribute: None if there is none, False if it is none that one `str` can tell."""
    def attributes(self, at: int, /) -> list[tuple[str, str, bool]] | None:
        """All attributes in order: name, value, whether it is a list of words. None for "ask bs4"."""
    def text(self, at: int, /) -> str | None:
        """What `Tag.text` would be; None for "ask bs4"."""
    def only_string(self, at: int, /) -> tuple[int, int, str] | Literal[False] | None:
        """`Tag.string` as number of the element it is directly in, kind of text, string. None if there is none, False
        for "ask bs4"."""
    def strings(self, at: int, /) -> list[str] | None:
        """The strings that `Tag.text` joins; None for "ask bs4"."""

def decode_utf8(octets: bytes, keep: bool, /) -> str | None:
    """As `octets.decode()`, or None where that raises UnicodeDecodeError.

    `keep` says that the text may be parsed next: `scan_page` then needs no UTF-8 of it again.
    """

def scan_page(text: str, mixed_slashes: bool, /) -> Page | None:
    """A page to be read as `html.parser` and bs4 would read it; None if it is certain that they are needed."""
