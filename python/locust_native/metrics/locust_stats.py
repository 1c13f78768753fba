"""Locust's statistics objects, counted natively between two looks at them.

The Python objects stay the truth: every field holds what Locust would have put there, in the same order and
to the last bit, as soon as somebody reads it. Rust only keeps what they have not been told yet, at most one
second's worth for a name, because Locust files a snapshot of an entry whenever its second changes.

A dictionary kept from an earlier read (`times = entry.response_times`) is that entry's own, but is brought up
to date only by the next read through the entry.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import locust.stats as stock

from .. import _core
from ..client import reporting
from .users_time import UserTime

# Bound once: the names in `locust.stats` may come to stand for the classes below.
StockEntry = stock.StatsEntry
TOTAL_PLACE = 0

# What the native counter stands in for. A locustfile may replace any of it; then Python counts, with the
# replacement.
_names = vars(stock)
_stock_bucket = _names.get("bucket_response_time")
_stock_steps = {
    step: getattr(StockEntry, step)
    for step in ("log", "_log_time_of_request", "_log_response_time", "_cache_response_times")
}
_instance_dict = StockEntry.__dict__["__dict__"].__get__


def _steps_are_stock() -> bool:
    # Before it had a bucket function (2.43.4), Locust filed some times under floats: left to Python.
    return _stock_bucket is not None and all(
        getattr(StockEntry, step) is function for step, function in _stock_steps.items()
    )


class Counted:
    """A field that is counted natively: brought up to date before a read, believed when assigned."""

    __slots__ = ("name",)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, entry: StatsEntry | None, owner: type | None = None) -> Any:
        if entry is None:
            return self
        if entry._native is not None:
            entry._settle()
        try:
            return _instance_dict(entry)[self.name]
        except KeyError:
            raise AttributeError(
                f"{type(entry).__name__!r} object has no attribute {self.name!r}", name=self.name, obj=entry
            ) from None

    def __set__(self, entry: StatsEntry, value: Any) -> None:
        if entry._native is not None:
            # Rust does not know the new value; the next request counted begins with it.
            entry._stop_counting()
        _instance_dict(entry)[self.name] = value


class StatsEntry(StockEntry):
    """Locust's entry for one name and method; its fields are read and assigned as on Locust's own."""

    # Beside the instance dictionary, which so has exactly the fields of Locust's entry.
    __slots__ = ("_native", "_place")
    _native: _core.Stats | None
    _place: int

    use_response_times_cache = Counted()
    num_requests = Counted()
    num_none_requests = Counted()
    total_response_time = Counted()
    min_response_time = Counted()
    max_response_time = Counted()
    num_reqs_per_sec = Counted()
    response_times = Counted()
    response_times_cache = Counted()
    total_content_length = Counted()
    last_request_timestamp = Counted()

    def __new__(cls, *args: Any, **kwargs: Any) -> StatsEntry:
        entry = super().__new__(cls)
        entry._native = None
        return entry

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        # vars() is a way to read the fields, too.
        self._settle()
        return _instance_dict(self)

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__

    # Locust's own code, at its own speed: on a plain entry that shares our fields.

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        StockEntry.__init__(self._plain(), *args, **kwargs)

    def reset(self) -> None:
        self._stop_counting()
        StockEntry.reset(self._plain())

    def log(self, response_time: Any, content_length: int) -> None:
        self._stop_counting()
        StockEntry.log(self._plain(), response_time, content_length)

    def extend(self, other: StockEntry) -> None:
        self._stop_counting()
        StockEntry.extend(self._plain(), other)

    def _cache_response_times(self, t: int) -> None:
        self._settle()
        StockEntry._cache_response_times(self._plain(), t)

    def _plain(self) -> StockEntry:
        """Locust's entry with the fields of this one; itself for subclasses, which may replace steps."""
        if type(self) is not StatsEntry:
            return self
        plain = object.__new__(StockEntry)
        plain.__dict__ = _instance_dict(self)
        return plain

    def _start_counting(self, native: _core.Stats, place: int) -> bool:
        """Has requests counted at this place of `native` from now on; False if Python has to count them."""
        self._stop_counting()
        if not _steps_are_stock() or not self._is_plain():
            return False
        if not native.open(place, _instance_dict(self)["total_response_time"]):
            return False
        self._native, self._place = native, place
        return True

    def _stop_counting(self) -> None:
        """Leaves the native counter, with all that it holds."""
        if (native := self._native) is not None:
            self._settle()
            native.close(self._place)
            self._native = None

    def _is_plain(self) -> bool:
        """Whether the fields are of the types Locust gives them; anything else is for Python to add to."""
        fields = _instance_dict(self)
        return (
            type(fields["num_requests"]) is int
            and type(fields["num_none_requests"]) is int
            and type(fields["total_content_length"]) is int
            and type(fields["min_response_time"]) in (int, float, type(None))
            and type(fields["max_response_time"]) in (int, float)
            and type(fields["num_reqs_per_sec"]) is defaultdict
            and type(fields["response_times"]) is defaultdict
        )

    def _settle(self) -> None:
        """Adds what is pending, as `log()` would have done request by request."""
        if self._native is not None:
            self._native.settle(self._place, self, _instance_dict(self))


class EntriesDict(stock.EntriesDict):
    """Locust's dictionary of entries; an entry that leaves it takes its counts along."""

    def __missing__(self, key: tuple[str, str]) -> StatsEntry:
        entry = StatsEntry(
            self.request_stats,
            key[0],
            key[1],
            use_response_times_cache=self.request_stats.use_response_times_cache,
        )
        super().__setitem__(key, entry)
        return entry

    def __setitem__(self, key: Any, entry: Any) -> None:
        self._release(key)
        super().__setitem__(key, entry)

    def __delitem__(self, key: Any) -> None:
        self._release(key)
        super().__delitem__(key)

    def pop(self, key: Any, *default: Any) -> Any:
        self._release(key)
        return super().pop(key, *default)

    def popitem(self) -> tuple[Any, Any]:
        key, entry = super().popitem()
        _stop_counting(entry)
        return key, entry

    def clear(self) -> None:
        for entry in self.values():
            _stop_counting(entry)
        super().clear()

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, entry in dict(*args, **kwargs).items():
            self[key] = entry

    def __ior__(self, other: Any) -> EntriesDict:  # type: ignore[override, misc]
        self.update(other)
        return self

    def _release(self, key: Any) -> None:
        _stop_counting(self.get(key))


def _stop_counting(entry: Any) -> None:
    if isinstance(entry, StatsEntry):
        entry._stop_counting()


#: How many names have figures of their own; further ones share a row.
NAMES = "LOCUST_NATIVE_NAMES"


def _room_for_names() -> int:
    value = os.environ.get(NAMES, "").strip() or "10000"
    if not value.isdecimal() or not 0 < int(value) < 1 << 31:
        raise ValueError(f"{NAMES}={value}: expected a whole number above 0")
    return int(value)


class RequestStats(stock.RequestStats):
    """Locust's statistics, whose finished requests are counted in Rust until somebody looks.

    Beside Locust's rounded figures stand the precise ones of the same requests, in ``_precise``.
    """

    __slots__ = ("_native", "_precise", "_record", "_user_time")
    _native: _core.Stats
    _precise: _core.Record
    _user_time: UserTime
    _record: Callable[[_core.RequestTracker | None, object, object, object, object, object], bool | None]

    def __new__(cls, *args: Any, **kwargs: Any) -> RequestStats:
        stats = super().__new__(cls)
        stats._precise = _core.Record(_room_for_names())
        stats._native = _core.Stats(stats._precise)
        stats._user_time = UserTime()
        stats._record = stats._native.record
        return stats

    def __init__(self, use_response_times_cache: bool = True) -> None:
        super().__init__(use_response_times_cache)
        self._take_over()

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("total", "entries"):
            self._release(name)
        super().__setattr__(name, value)

    def __getstate__(self) -> dict[str, Any]:
        # The entries settle when they are copied or pickled; a copy counts in a counter of its own.
        return self.__dict__

    def log_request(
        self, method: str, name: str, response_time: int | float | None, content_length: int
    ) -> None:
        """Counts a finished request (ms, bytes); the clock is Locust's, `locust.stats.time.time`."""
        if _names.get("bucket_response_time") is _stock_bucket:
            now = stock.time.time()
            counted = self._record(None, method, name, response_time, content_length, now)
            if counted:
                return
            if (
                counted is not None
                and self._prepare(method, name)
                and self._record(None, method, name, response_time, content_length, now)
            ):
                return
        super().log_request(method, name, response_time, content_length)  # type: ignore[arg-type]
        self._precise.log(method, name, response_time)

    def log_end(
        self, tracker: _core.RequestTracker, method: str, name: str, response_time: Any, content_length: Any
    ) -> bool:
        """Counts a finished request as `log_request` does, and that it is over and everybody knows it.

        False, and nothing has been done, if that cannot be all at once.
        """
        if (
            RequestStats.log_request is not _log_request
            or "log_request" in self.__dict__  # whoever replaces it wants to be asked
            or _names.get("bucket_response_time") is not _stock_bucket
        ):
            return False
        return self._record(tracker, method, name, response_time, content_length, stock.time.time()) is True

    def log_error(self, method: str, name: str, error: Exception | str | None) -> None:
        """Counts a failure: of the request of this method and name that was counted last."""
        super().log_error(method, name, error)
        self._precise.fail(method, name)

    def reset_all(self) -> None:
        """
        Go through all stats entries and reset them to zero
        """
        super().reset_all()
        self._precise.reset()
        self._user_time.reset()

    def clear_all(self) -> None:
        """Remove all stats entries and errors"""
        super().clear_all()
        self._precise.clear()
        self._user_time.reset()
        self._take_over()

    def _prepare(self, method: str, name: str) -> bool:
        """Makes the counter ready for a request it was not ready for; False if Python has to count."""
        native, total, entries = self._native, self.total, self.entries
        if type(total) is not StatsEntry or type(entries) is not EntriesDict:
            return False
        # Those already counted here most likely hold the counts of another second. The total comes first, as
        # in Locust: should it be Python's to count, and fail, no entry is made.
        if total._native is native:
            total._settle()
        elif not total._start_counting(native, TOTAL_PLACE):
            return False
        entry = entries[(name, method)]
        if type(entry) is not StatsEntry:
            return False
        if entry._native is native:
            entry._settle()
            return True
        return entry._start_counting(native, native.place(method, name))

    def _take_over(self) -> None:
        """Puts our classes where Locust has just put its own, empty ones."""
        self.total = StatsEntry(
            self, self.total.name, self.total.method, use_response_times_cache=self.use_response_times_cache
        )
        self.entries = EntriesDict(self)
        self._native.clear()

    def _release(self, name: str) -> None:
        """Gives entries that are about to be replaced all their counts."""
        replaced = self.__dict__.get(name)
        for entry in replaced.values() if isinstance(replaced, dict) else [replaced]:
            _stop_counting(entry)


_log_request = RequestStats.log_request

reporting.listen_with(RequestStats, _names)
