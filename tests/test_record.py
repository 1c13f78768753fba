"""`_core.Record` through its Python door: against samples that are kept and sorted, and against Locust's own rank."""

import base64
import json
import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.stats import PERCENTILES_TO_REPORT, calculate_response_time_percentile

import locust_native
from locust_native._core import Record
from locust_native.client.timings import Timings

times = st.lists(st.floats(0.001, 3_600_000), min_size=1, max_size=200)
shares = st.floats(0, 1)
requests = st.lists(
    st.tuples(
        st.sampled_from(["/", "/a", "/ü"]),
        st.none() | st.floats(0.001, 60_000),
        st.floats(100, 110, exclude_max=True),
        st.booleans(),
        st.integers(0, 3),
    ),
    max_size=150,
)


def log(record: Record, name: str, time: float | None, now: float, failed: bool = False) -> None:
    record.log("GET", name, time, now)
    if failed:
        record.fail("GET", name, now)


def figures(record: Record) -> dict[str, Any]:
    """Everything there is to read, as it comes out of JSON."""
    return json.loads(json.dumps(record.figures(True), allow_nan=False))


def rows(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["method"], row["name"]): row for row in record.figures()["rows"]}


def total(record: Record) -> dict[str, Any]:
    return record.figures()["total"]


def seconds(record: Record) -> list[dict[str, Any]]:
    return record.figures()["seconds"]


@given(times, shares)
def test_p1_quantiles_are_those_of_the_sorted_times(times, share):
    record = Record()
    for time in times:
        record.log("GET", "/", time, 1.0)
    expected = calculate_response_time_percentile(
        dict.fromkeys(sorted(times), 0) | _counts(times), len(times), share
    )
    for count, together, least, greatest, told in (record.times([share]), record.times([share], "GET", "/")):
        assert told == pytest.approx([expected], rel=1e-3, abs=1e-6)
        assert (count, least, greatest) == pytest.approx((len(times), min(times), max(times)), abs=1e-6)
        assert together == pytest.approx(math.fsum(times), rel=1e-9, abs=1e-6 * count)
    all_of_them = total(record)
    assert all_of_them["min"] == pytest.approx(min(times), abs=1e-6)
    assert all_of_them["max"] == pytest.approx(max(times), abs=1e-6)
    assert all_of_them["mean"] == pytest.approx(math.fsum(times) / len(times), rel=1e-9, abs=1e-6)
    percentiles = all_of_them["percentiles"]
    told = [*percentiles.values(), all_of_them["max"]]
    assert told == sorted(told)
    assert list(percentiles) == [f"{percentile * 100:.6g}" for percentile in PERCENTILES_TO_REPORT][:10]


def _counts(times: list[float]) -> dict[float, int]:
    return {time: times.count(time) for time in times}


@given(requests)
def test_p4_split_and_merged_is_unsplit(requests):
    whole, workers, master = Record(), [Record() for _ in range(4)], Record()
    for place, (name, time, now, failed, worker) in enumerate(requests):
        log(whole, name, time, now, failed)
        log(workers[worker], name, time, now, failed)
        if place % 20 == 19:
            master.absorb(str(worker), workers[worker].take_report())
    for number, worker in reversed(list(enumerate(workers))):
        master.absorb(str(number), worker.take_report())
        assert total(worker)["requests"] == 0
        assert seconds(worker) == []
    assert figures(master) == figures(whole)
    ends = total(master)["ends"]
    assert ends["started"] == ends["succeeded"] + ends["failed"] == len(requests)
    assert ends["failed"] == sum(failed for *_, failed, _ in requests)


@given(requests)
def test_p20_seconds_add_up(requests):
    record = Record()
    for name, time, now, failed, _ in requests:
        log(record, name, time, now, failed)
    told = seconds(record)
    assert [second["at"] for second in told] == sorted({int(now) for _, _, now, *_ in requests})
    assert sum(second["requests"] for second in told) == total(record)["requests"] == len(requests)
    assert sum(second["failures"] for second in told) == total(record)["failures"]


def test_p20_the_latest_seconds_are_the_exact_last_ones():
    record = Record()
    record.log("GET", "/", 7.0, 100.0)
    assert record.latest(10, [0.5]) is None
    record.log("GET", "/", 3.0)
    record.log("GET", "/", 5.0)
    assert record.latest(10, [0.0, 1.0]) == pytest.approx([3.0, 5.0], rel=1e-3)


@given(st.lists(st.integers(0, 30), max_size=80), st.integers(0, 10))
def test_p16_names_above_the_cap_share_a_row(numbers, cap):
    record = Record(cap)
    for number in numbers:
        record.log("GET", f"/product/{number}", 1.0, 1.0)
    own = list(dict.fromkeys(numbers))[:cap]
    others = [number for number in numbers if number not in own]
    assert total(record)["requests"] == total(record)["ends"]["started"] == len(numbers)
    expected = {f"/product/{number}": numbers.count(number) for number in own}
    if others:
        expected["(other names)"] = len(others)
    assert {name: row["requests"] for (_, name), row in rows(record).items()} == expected
    assert record.overflowed() == (
        {
            "requests": len(others),
            "shape": "/product/*",
            "example": f"/product/{others[0]}",
            "of_that_shape": len(others),
        }
        if others
        else None
    )


@pytest.mark.parametrize(
    ("time", "ns"),
    [
        (1, 1_000_000),
        (True, 1_000_000),
        (0.0000014, 1),
        (Decimal("2.5"), 2_500_000),
        (Fraction(1, 3), 333_333),
        (-1.5, -1_500_000),
        (3_600_000.1, 3_600_000_100_000),
        (10**400, None),
        (None, None),
        (math.nan, None),
        (-math.inf, None),
    ],
)
def test_p3_any_number_is_counted(time, ns):
    record = Record()
    record.log("GET", "/", time, 1)
    (row,) = rows(record).values()
    assert (row["requests"], row["count"], row["without_time"]) == ((1, 0, 1) if ns is None else (1, 1, 0))
    assert (row["min"], row["max"]) == ((None, None) if ns is None else (ns / 1e6, ns / 1e6))
    assert row["out_of_range"] == (ns is not None and not 0 <= ns <= 3_600 * 10**9)


def test_what_is_no_number_is_not_counted():
    record = Record()
    with pytest.raises(TypeError):
        record.log("GET", "/", "1.5", 1.0)
    assert total(record)["requests"] == 0


@pytest.mark.parametrize("name", [None, 7, "\ud800", "a\0b", "", type("Name", (str,), {})("/x")])
def test_any_name_is_taken(name):
    record = Record()
    record.log(name, name, 1.0, 1.0)
    record.fail(name, name, 1.0)
    (row,) = rows(record).values()
    assert row["name"] == row["method"] == str(name).replace("\ud800", "\ufffd" * 3)
    assert (row["requests"], row["failures"]) == (1, 1)


def test_rows_are_in_locusts_order():
    record = Record()
    for method, name in [("POST", "/a"), ("GET", "/b"), ("GET", "/a"), ("", "/c")]:
        record.log(method, name, 1.0, 1.0)
    assert list(rows(record)) == [("GET", "/a"), ("POST", "/a"), ("GET", "/b"), ("", "/c")]
    assert record.times([0.5], "", "/c")[0] == 1
    assert record.times([0.5], "GET", "/c") is None
    with pytest.raises(TypeError, match="method and name"):
        record.times([0.5], "GET")


def test_p15_failures_have_their_time_in_both_series():
    record = Record()
    record.log("GET", "/", 10.0, 1.0)
    record.log("GET", "/", 30.0, 1.0)
    record.fail("GET", "/", 1.0)
    for figures in (rows(record)["GET", "/"], total(record)):
        assert (figures["count"], figures["failed"]["count"], figures["failures"]) == (2, 1, 1)
        assert figures["failed"]["min"] == figures["failed"]["max"] == figures["max"] == 30.0


def test_p14_a_requests_life():
    record = Record()

    def ends(name: str) -> tuple[int, ...] | None:
        row = rows(record).get(("GET", name))
        return row and tuple(row["ends"].values())

    keys = ("started", "succeeded", "failed", "in_flight", "cut_off", "unreported")
    assert tuple(total(record)["ends"]) == keys
    tracker = [record.begin("GET", "/url") for _ in range(4)]
    assert ends("/url") == (4, 0, 0, 4, 0, 0)
    tracker[0].answered(None)
    tracker[0].finish("GET", "/name")
    assert ends("/url") == (3, 0, 0, 3, 0, 0)
    assert ends("/name") == (1, 0, 0, 1, 0, 0)  # over, and not told yet
    log(record, "/name", 5.0, 1.0, failed=True)
    tracker[0].reported()
    assert ends("/name") == (1, 0, 1, 0, 0, 0)
    tracker[1].finish("GET", "/name")
    tracker[1].reported()  # nobody logged it
    assert ends("/name") == (2, 0, 1, 0, 0, 1)
    tracker[3].answered(None)
    tracker.pop()  # answered, and nobody holds it any more
    assert ends("/url") == (1, 0, 0, 1, 0, 0)  # nothing was ever reported under this name: in the total only
    tracker.clear()  # no answer, and nobody holds it any more; whatever was told before stays as it was
    assert ends("/url") == (1, 0, 0, 0, 1, 0)
    assert ends("/name") == (2, 0, 1, 0, 0, 1)
    assert rows(record)["GET", "/url"]["cut_off_age"]["max"] > 0
    assert tuple(total(record)["ends"].values()) == (4, 0, 1, 0, 1, 2)
    record.log("GET", "/own", 1.0, 1.0)
    assert ends("/own") == (1, 1, 0, 0, 0, 0)


def test_in_flight_elsewhere_is_what_the_last_report_says():
    worker, master = Record(), Record()
    tracker = [worker.begin("GET", "/") for _ in range(3)]
    master.absorb("w1", worker.take_report())
    assert total(master)["ends"]["in_flight"] == 3
    master.absorb("w1", worker.take_report())
    assert total(master)["ends"]["in_flight"] == 3
    tracker[0].finish("GET", "/")
    worker.log("GET", "/", 1.0, 1.0)
    tracker[0].reported()
    master.absorb("w1", worker.take_report())
    assert total(master)["ends"] == {
        "started": 3,
        "succeeded": 1,
        "failed": 0,
        "in_flight": 2,
        "cut_off": 0,
        "unreported": 0,
    }
    master.forget("w1")
    master.forget("nobody")
    assert total(master)["ends"]["started"] == 1


def test_reset_keeps_what_is_in_flight_and_clear_does_not():
    record = Record()
    slow = record.begin("GET", "/slow")
    log(record, "/", 1.0, 1.0, failed=True)
    record.reset()
    assert seconds(record) == []
    assert total(record)["ends"]["started"] == total(record)["ends"]["in_flight"] == 1
    assert [(name, row["requests"]) for (_, name), row in rows(record).items()] == [("/", 0), ("/slow", 0)]
    record.clear()
    assert rows(record) == {}
    assert total(record)["ends"]["started"] == 0
    del slow
    assert total(record)["ends"]["started"] == 0


def test_a_stock_workers_figures_are_marked():
    record = Record()
    record.log("GET", "/exact", 1.234, 5.0)
    record.absorb_coarse("GET", "/", {10: 3, 1200: 1}, 1, {5: 3, 6: 2}, without_time=1, failed_seconds={6: 1})
    row = rows(record)["GET", "/"]
    assert (row["coarse"], row["requests"], row["count"], row["failures"]) == (True, 5, 4, 1)
    assert row["percentiles"]["50"] == pytest.approx(10, rel=1e-3)
    assert total(record)["coarse"]
    assert not rows(record)["GET", "/exact"]["coarse"]
    assert [(s["at"], s["requests"], s["failures"]) for s in seconds(record)] == [(5, 4, 0), (6, 2, 1)]


@pytest.mark.parametrize("spoil", [lambda report: report[:-3], lambda report: b"", lambda report: report[5:]])
def test_a_broken_report_is_refused_in_one_line(spoil):
    worker, master = Record(), Record()
    worker.log("GET", "/", 1.0, 1.0)
    with pytest.raises(ValueError, match=r'^figures of worker "w1" refused: [^\n]+$'):
        master.absorb("w1", spoil(worker.take_report()))
    assert total(master)["requests"] == 0
    assert rows(master) == {}


def test_the_histogram_is_in_hdr_histograms_format():
    record = Record()
    record.log("GET", "/", 1.0, 1.0)
    assert "histogram" not in total(record)
    compressed = base64.b64decode(record.figures(True)["total"]["histogram"])
    assert compressed[:4] == bytes.fromhex("1c849314")  # V2, compressed, as `HdrHistogram.decode` wants it


def test_phases_are_the_same_everywhere():
    """The record, the core's timings, `response.timings` and the page each have their own list of them."""
    phases = list(total(Record())["phases"])
    assert phases == list(Timings._fields[: len(phases)])
    charts = (Path(locust_native.__file__).parent / "web/browser/charts.js").read_text()
    assert f"const PHASES = {json.dumps(phases)};" in charts
