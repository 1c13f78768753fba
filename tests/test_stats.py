"""Native statistics beside Locust's own: after the same calls, every field is the same, to type and order."""

from __future__ import annotations

import copy
import math
import os
import pickle
import subprocess
import sys
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

import locust.stats as stock
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from locust.env import Environment
from locust.event import Events

from locust_native._core import Stats
from locust_native.client import reporting
from locust_native.metrics import locust_stats

NAMES = ["/", "/cart", "/produkt/ö"]
METHODS = ["GET", "POST"]


class Clock:
    def __init__(self) -> None:
        self.now: float = 1_000.5

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def entry_view(entry: stock.StatsEntry) -> dict[str, str]:
    """All fields as text: types, the order of dictionaries and the last bit of floats included."""
    return {name: repr(value) for name, value in vars(entry).items() if name != "stats"}


def view(stats: stock.RequestStats) -> dict[str, Any]:
    return {
        "entries": [(key, entry_view(entry)) for key, entry in stats.entries.items()],
        "total": entry_view(stats.total),
        "errors": [vars(error) for error in stats.errors.values()],
        "fields": list(vars(stats)),
        "history": stats.history,
    }


# --- The same calls to both ---

ties = st.builds(
    lambda whole, unit, step: math.nextafter(whole * unit, step * math.inf) if step else float(whole * unit),
    st.integers(0, 400),
    st.sampled_from([0.5, 5, 50, 500]),
    st.sampled_from([-1, 0, 1]),
)
response_times = st.one_of(
    st.floats(0, 30_000),
    ties,
    st.integers(0, 30_000),
    st.none(),
    st.sampled_from([0.1, 0.0, -0.0, -3.5, True, math.nan, math.inf, 1e17, 2**60, 2**70, "slow"]),
)
lengths = st.one_of(st.integers(0, 10**6), st.sampled_from([-1, True, 2**63 - 1, 2**80, 1.5, None]))
counted = [
    name for name, value in vars(locust_stats.StatsEntry).items() if isinstance(value, locust_stats.Counted)
]
keys = st.sampled_from([("/", "GET"), ("/cart", "GET"), ("/", "POST")])
whom = st.one_of(st.just("total"), keys)

FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "use_response_times_cache": st.booleans(),
    "num_requests": st.integers(0, 100),
    "num_none_requests": st.integers(0, 3),
    "num_failures": st.integers(0, 3),
    "total_response_time": st.one_of(st.integers(0, 10**6), st.floats(0, 1e6), st.just(2**70)),
    "min_response_time": st.one_of(st.none(), st.integers(0, 50), st.floats(0, 50)),
    "max_response_time": st.one_of(st.integers(0, 500), st.floats(0, 500)),
    "response_times": st.sampled_from([{}, {12: 3}, defaultdict(int, {150: 2})]),
    "response_times_cache": st.sampled_from([None, OrderedDict()]),
    "num_reqs_per_sec": st.sampled_from([{}, defaultdict(int, {999: 4})]),
    "total_content_length": st.one_of(st.integers(0, 100), st.floats(0, 100)),
    "last_request_timestamp": st.sampled_from([None, 0, 998.5, 1_000, 1_003.25]),
    "start_time": st.floats(0, 1_000),
}
assert set(counted) <= set(FIELDS)


def find(stats: stock.RequestStats, which: Any) -> stock.StatsEntry:
    return stats.total if which == "total" else stats.entries[which]


def other_entry(stats: Any) -> stock.StatsEntry:
    """What a worker's report brings in."""
    other = stock.StatsEntry(stats, "/", "GET", use_response_times_cache=False)
    other.log(7.5, 3)
    other.log(None, 3)
    other.log_error("boom")
    return other


def read_all(entry: stock.StatsEntry) -> list[Any]:
    names = "fail_ratio avg_response_time current_rps current_fail_per_sec total_rps total_fail_per_sec"
    exact = [repr(getattr(entry, name)) for name in [*names.split(), "avg_content_length"]]
    return [*exact, repr(entry.median_response_time)]


def as_dict(entry: stock.StatsEntry) -> dict[str, Any]:
    return {name: repr(value) for name, value in entry.to_dict().items()}


def assign(stats: Any, which: Any, field: str, value: Any) -> None:
    setattr(find(stats, which), field, copy.deepcopy(value))


def replace(stats: Any, key: Any, cached: bool) -> None:
    stats.entries[key] = stock.StatsEntry(stats, *key, use_response_times_cache=cached)


log = st.tuples(
    st.just(lambda stats, *request: stats.log_request(*request)),
    st.sampled_from(METHODS),
    st.sampled_from(NAMES),
    response_times,
    lengths,
)
plain_log = st.tuples(
    st.just(lambda stats, *request: stats.log_request(*request)),
    st.just("GET"),
    st.sampled_from(NAMES),
    st.floats(0, 3_000),
    st.integers(0, 10_000),
)
ticks = st.tuples(st.just("tick"), st.one_of(st.floats(-2, 3), st.sampled_from([0, 0.001, 1, 30])))
OPERATIONS: list[tuple[Any, ...]] = [
    (lambda stats, *error: stats.log_error(*error), st.sampled_from(METHODS), st.sampled_from(NAMES), "boom"),
    (lambda stats, which, name: repr(getattr(find(stats, which), name)), whom, st.sampled_from(counted)),
    (lambda stats, which: read_all(find(stats, which)), whom),
    (lambda stats, which: as_dict(find(stats, which)), whom),
    (lambda stats, which: repr(find(stats, which).serialize()), whom),
    (lambda stats, which: repr(find(stats, which).get_stripped_report()), whom),
    (lambda stats: type(stats.total.get_current_response_time_percentile(0.5)) is type(None),),
    (lambda stats, which, *request: find(stats, which).log(*request), whom, response_times, lengths),
    (lambda stats, which: find(stats, which).extend(other_entry(stats)), whom),
    (lambda stats, which: stats.total.extend(find(stats, which)), whom),
    (lambda stats, which: find(stats, which).reset(), whom),
    (lambda stats, which: find(stats, which)._cache_response_times(997), whom),
    (lambda stats: repr(stats.serialize_stats()),),
    (lambda stats: stats.reset_all(),),
    (lambda stats: stats.clear_all(),),
    (lambda stats: (stats.num_requests, stats.num_none_requests, stats.last_request_timestamp),),
    (lambda stats, key: entry_view(stats.entries.pop(key)), whom),
    (lambda stats, key: stats.entries.pop(key, None) is None, whom),
    (lambda stats: entry_view(stats.entries.popitem()[1]),),
    (lambda stats, key: stats.entries.__delitem__(key), whom),
    (lambda stats: stats.entries.clear(),),
    (lambda stats, key: stats.entries.update({key: stats.total}), keys),
    (replace, keys, st.booleans()),
    ("copy", st.sampled_from(["pickle", "deepcopy"])),
]
others = st.one_of(
    *(
        st.tuples(*(part if isinstance(part, st.SearchStrategy) else st.just(part) for part in operation))
        for operation in OPERATIONS
    ),
    st.sampled_from(sorted(FIELDS)).flatmap(
        lambda field: st.tuples(st.just(assign), whom, st.just(field), FIELDS[field])
    ),
)
steps = st.lists(st.one_of(plain_log, plain_log, log, ticks, others, others), max_size=60)


def outcome(step: Callable[..., Any], stats: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        return step(stats, *arguments)
    except Exception as error:
        return type(error)


def again(stats: Any, how: str) -> Any:
    return pickle.loads(pickle.dumps(stats)) if how == "pickle" else copy.deepcopy(stats)


@settings(deadline=None, max_examples=1_000)
@given(cache=st.booleans(), steps=steps)
def test_any_calls_leave_the_same_fields(cache: bool, steps: list[tuple[Any, ...]]) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", clock)
        theirs: Any = stock.RequestStats(cache)
        ours: Any = locust_stats.RequestStats(cache)
        for step, *arguments in steps:
            if step == "tick":
                clock.now += arguments[0]
            elif step == "copy":
                theirs, ours = again(theirs, *arguments), again(ours, *arguments)
            else:
                expected = outcome(step, theirs, tuple(arguments))
                assert outcome(step, ours, tuple(arguments)) == expected
        assert view(ours) == view(theirs)


@settings(deadline=None, max_examples=2_000)
@given(st.one_of(ties, st.floats(allow_nan=False, allow_infinity=False), st.integers()))
@example(115.0)
@example(9_950.0)
@example(math.nextafter(105, 0))
def test_buckets_are_locusts(response_time: float) -> None:
    bucket = Stats.bucket(response_time)
    if bucket is None:
        assert abs(response_time) > 2**53
    else:
        assert bucket == stock.bucket_response_time(response_time)


# --- Between the looks ---


def test_a_million_requests_are_counted_to_the_unit() -> None:
    stats = locust_stats.RequestStats()
    for number in range(1_000_000):
        stats.log_request("GET", NAMES[number % 3], 0.1, 1)
        if number % 1_000 == 0:
            stats.log_error("GET", "/", "boom")
        if number % 10_000 == 0:
            assert stats.total.num_requests == number + 1
    assert (stats.num_requests, stats.num_failures) == (1_000_000, 1_000)
    assert sum(entry.num_requests for entry in stats.entries.values()) == 1_000_000
    assert sum(stats.total.num_reqs_per_sec.values()) == 1_000_000
    assert stats.total.response_times == {0: 1_000_000}


def test_counting_is_native(clock: Clock) -> None:
    stats = locust_stats.RequestStats()
    stats.log_request("GET", "/", 12.5, 10)  # makes the entry
    stats.log_request("GET", "/", 12.5, 10)
    stats.log_error("GET", "/", "boom")
    assert stats.entries["/", "GET"].num_failures == 1
    waiting = locust_stats._instance_dict(stats.entries["/", "GET"])
    assert waiting["num_requests"] == 0, "counted in Python, or added up though nobody asked"
    assert stats.entries["/", "GET"].num_requests == 2
    assert waiting["num_requests"] == 2


def test_the_clock_is_read_through_python(clock: Clock) -> None:
    stats = locust_stats.RequestStats()
    clock.now = 77.25
    stats.log_request("GET", "/", 12.5, 10)
    assert stats.last_request_timestamp == 77.25
    clock.now = 78  # an int, as tests like to put there
    stats.log_request("GET", "/", 12.5, 10)
    assert repr(stats.last_request_timestamp) == "78"


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (stock, "bucket_response_time"),
        (stock.StatsEntry, "log"),
        (stock.StatsEntry, "_log_response_time"),
        (stock.StatsEntry, "_log_time_of_request"),
        (stock.StatsEntry, "_cache_response_times"),
    ],
)
def test_what_a_locustfile_replaces_is_used(monkeypatch: pytest.MonkeyPatch, where: Any, name: str) -> None:
    called = []
    original = getattr(where, name)

    def replacement(*arguments: Any) -> Any:
        called.append(name)
        return original(*arguments)

    monkeypatch.setattr(where, name, replacement)
    stats = locust_stats.RequestStats()
    stats.log_request("GET", "/", 12.5, 10)
    assert called
    assert stats.num_requests == 1


def test_a_bucket_function_replaced_while_running_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    stats = locust_stats.RequestStats()
    stats.log_request("GET", "/", 147.0, 10)
    monkeypatch.setattr(stock, "bucket_response_time", lambda response_time: int(response_time))
    stats.log_request("GET", "/", 147.0, 10)
    assert stats.total.response_times == {150: 1, 147: 1}


def test_entries_that_leave_keep_their_counts() -> None:
    stats = locust_stats.RequestStats()
    stats.log_request("GET", "/", 12.5, 10)
    stats.log_request("GET", "/", 12.5, 10)
    total, entry = stats.total, stats.entries["/", "GET"]
    stats.clear_all()
    stats.log_request("GET", "/", 12.5, 10)
    assert (total.num_requests, entry.num_requests) == (2, 2)
    assert (stats.num_requests, stats.entries["/", "GET"].num_requests) == (1, 1)


def test_a_plain_dictionary_of_entries_behaves_as_in_locust() -> None:
    stats = locust_stats.RequestStats()
    stats.log_request("GET", "/", 12.5, 10)
    stats.entries = {}
    with pytest.raises(KeyError):
        stats.log_request("GET", "/", 12.5, 10)
    assert stats.num_requests == 2


def test_objects_are_of_locusts_classes() -> None:
    stats = locust_stats.RequestStats()
    assert isinstance(stats, stock.RequestStats)
    assert isinstance(stats.entries, stock.EntriesDict)
    assert isinstance(stats.get("/", "GET"), stock.StatsEntry)
    with pytest.raises(AttributeError, match="num_requests"):
        locust_stats.StatsEntry.__new__(locust_stats.StatsEntry).num_requests  # noqa: B018


# --- Masters, workers, processes ---


def workers_report(stats: Any) -> dict[str, Any]:
    """One worker's two reports, with requests before, between and after."""
    events = Events()
    stock.setup_distributed_stats_event_listeners(events, stats)
    reports = []
    for _ in range(2):
        for name, response_time in [("/", 12.5), ("/cart", 147), ("/", 0.1), ("/", None)]:
            stats.log_request("GET", name, response_time, 10)
        stats.log_error("GET", "/cart", "boom")
        data: dict[str, Any] = {}
        events.report_to_master.fire(client_id="worker", data=data)
        reports.append(data)
        time.time.now += 1.25  # type: ignore[attr-defined]
    return {"reports": reports, "left": view(stats)}


@pytest.fixture(params=[stock, locust_stats], ids=["stock master", "native master"])
def master(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.mark.parametrize("worker", [stock, locust_stats], ids=["stock worker", "native worker"])
def test_masters_and_workers_of_both_kinds(clock: Clock, master: Any, worker: Any) -> None:
    def merged(master: Any, worker: Any) -> tuple[Any, Any]:
        clock.now = 1_000.5
        sent = workers_report(worker.RequestStats(use_response_times_cache=False))
        stats = master.RequestStats()
        events = Events()
        stock.setup_distributed_stats_event_listeners(events, stats)
        stats.log_request("GET", "/", 3.5, 1)  # a master may have users of its own, in a test
        for data in copy.deepcopy(sent["reports"]):
            clock.now += 1
            events.worker_report.fire(client_id="worker", data=data)
        stats.log_request("GET", "/", 3.5, 1)
        stats.log_request("GET", "/cart", 3.5, 1)
        return sent, view(stats)

    sent, result = merged(master, worker)
    assert repr((sent, result)) == repr(merged(stock, stock))
    assert "'num_requests': '11'" in repr(result["total"])


@pytest.fixture
def forking() -> str:
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    return """
import os
from locust_native.metrics.locust_stats import RequestStats

stats = RequestStats()
for _ in range(5):
    stats.log_request("GET", "/", 12.5, 10)
reader, writer = os.pipe()
child = os.fork()
stats.log_request("GET", "/", 12.5, 10)
line = f"{stats.num_requests} {stats.entries['/', 'GET'].num_requests} {stats.total.total_response_time}"
if child == 0:
    os.write(writer, line.encode())
    os._exit(0)
os.waitpid(child, 0)
print(line)
print(os.read(reader, 100).decode())
"""


def test_a_fork_has_what_was_counted_before_it(forking: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", forking], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.splitlines() == ["6 6 75.0", "6 6 75.0"]


class _Extended(locust_stats.RequestStats):
    def log_request(self, *sample):
        self.seen = [*self.__dict__.get("seen", ()), sample]
        super().log_request(*sample)


@pytest.mark.parametrize("how", ["ours", "extended", "on the object", "on the class"])
def test_a_reported_request_is_counted_once_and_who_replaces_log_request_is_asked(how, monkeypatch):
    environment = Environment()
    environment.create_local_runner()
    stats = environment.stats = (_Extended if how == "extended" else locust_stats.RequestStats)()
    seen = []

    def log_request(*sample):
        seen.append(sample[-4:])
        original(stats, *sample[-4:])

    original = locust_stats.RequestStats.log_request
    if how == "on the object":
        stats.log_request = log_request
    elif how == "on the class":
        monkeypatch.setattr(locust_stats.RequestStats, "log_request", log_request)
    meta = {"request_type": "GET", "name": "/", "response_time": 3.5, "response_length": 7, "exception": None}
    tracker = stats._precise.begin("GET", "/")
    reporting.fire(environment.events.request, meta | {"response": None, "context": {}}, tracker)
    asked = getattr(stats, "seen", seen)
    assert asked == ([] if how == "ours" else [("GET", "/", 3.5, 7)])
    assert (stats.total.num_requests, stats.total.total_content_length) == (1, 7)
    total = stats._precise.figures()["total"]
    assert (total["requests"], total["count"], total["max"]) == (1, 1, 3.5)
    assert (total["ends"]["started"], total["ends"]["succeeded"], total["ends"]["in_flight"]) == (1, 1, 0)
    del tracker
    assert stats._precise.figures()["total"]["ends"] == total["ends"]
