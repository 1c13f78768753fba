"""`Histogram` from Python: against sorted lists, through its text and its pickles, and what it refuses."""

from __future__ import annotations

import copy
import itertools
import math
import pickle
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import locust_native
from locust_native import Histogram, Picker

HOUR = 3_600_000.0
#: What has a bucket, in ms; whole ns, as clocks have them.
within = st.integers(min_value=1_000, max_value=int(HOUR * 1e6)).map(lambda ns: ns / 1e6) | st.just(HOUR)
anything = st.floats(min_value=-1e9, max_value=1e12)
percents = st.one_of(st.sampled_from([0, 50, 75, 95, 99, 99.9, 99.99, 100]), st.floats(0, 100))


def locusts(times: list[float], percent: float) -> float:
    """The time at Locust's rank; of a product that is whole but for its last bit, the whole."""
    exact = len(times) * percent / 100
    near = round(exact)
    rank = near if math.isclose(exact, near, rel_tol=1e-12) else int(exact)
    return sorted(times)[min(rank, len(times) - 1)]


@given(st.lists(within, min_size=1), percents)
def test_a_percentile_is_the_sorted_lists(times, percent):
    exact = locusts(times, percent)
    assert math.isclose(Histogram(times).percentile(percent), exact, rel_tol=1e-3)


@given(st.lists(anything, min_size=1))
def test_count_ends_and_mean_are_exact(times):
    histogram = Histogram(times)
    assert histogram.count == len(times)
    assert histogram.out_of_range == sum(
        not 0 <= round(time * 1e6) <= HOUR * 1e6 for time in times
    ) == histogram.count - sum(count for *_, count in histogram.buckets())  # fmt: skip
    # To the ns, within 292 years.
    assert math.isclose(histogram.min, min(times), rel_tol=1e-12, abs_tol=1e-6)
    assert math.isclose(histogram.max, max(times), rel_tol=1e-12, abs_tol=1e-6)
    size = sum(map(abs, times)) / len(times)
    assert abs(histogram.mean - math.fsum(times) / len(times)) <= 1e-6 + 1e-12 * size
    assert histogram.percentiles([0, 100]) == [histogram.min, histogram.max]


@given(st.lists(within, min_size=1))
def test_buckets_are_narrow_in_order_and_hold_the_times(times):
    buckets = Histogram(times).buckets()
    assert all(count > 0 and start < end for start, end, count in buckets)
    assert all(end - start <= max(1e-6, start / 1000) * 1.000001 for start, end, _ in buckets)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(buckets))
    for time in times:
        assert any(start - 1e-9 <= time < end for start, end, _ in buckets)


@given(st.lists(st.lists(anything), max_size=4))
def test_merging_is_counting_together(parts):
    merged = Histogram()
    for part in parts:
        merged.merge(Histogram(part))
    assert merged == Histogram(itertools.chain.from_iterable(parts))


def test_a_histogram_merges_with_itself():
    histogram = Histogram([1, 2])
    histogram.merge(histogram)
    assert histogram == Histogram([1, 1, 2, 2])


@given(st.lists(anything), st.integers(0, 2**62))
def test_a_pickle_is_the_same_in_all(times, count):
    histogram = Histogram(times)
    histogram.record(12.5, count)
    for same in (pickle.loads(pickle.dumps(histogram)), copy.copy(histogram), copy.deepcopy(histogram)):
        assert same == histogram
        assert same is not histogram
        assert same.buckets() == histogram.buckets()
        assert (same.count, same.min, same.mean, same.max) == (
            histogram.count, histogram.min, histogram.mean, histogram.max,
        )  # fmt: skip


@given(st.lists(anything))
def test_the_text_has_every_bucket(times):
    histogram = Histogram(times)
    read = Histogram.decode(histogram.encode())
    assert read.buckets() == histogram.buckets()
    assert read.count == histogram.count - histogram.out_of_range
    assert Histogram.decode(f" {read.encode()}\n") == read


def test_what_is_known_exactly_comes_beside_the_text():
    histogram = Histogram([1.2345678, 7.654321, 100.00001])
    exact = {"min": histogram.min, "mean": histogram.mean, "max": histogram.max}
    read = Histogram.decode(histogram.encode(), **exact)
    assert {"min": read.min, "mean": pytest.approx(read.mean), "max": read.max} == exact
    assert read.min != Histogram.decode(histogram.encode()).min
    # Nobody has a mean above the longest.
    assert Histogram.decode(histogram.encode(), **{**exact, "mean": 1000.0}) == Histogram.decode(
        histogram.encode()
    )


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_any_other_text_is_one_line(text):
    with pytest.raises(ValueError, match=r"\Athis text is no histogram: [^\n]+\Z"):
        Histogram.decode(text)


@given(st.data())
def test_a_text_cut_short_is_refused(data):
    text = Histogram(data.draw(st.lists(within))).encode()
    with pytest.raises(ValueError, match="no histogram"):
        Histogram.decode(text[: data.draw(st.integers(0, len(text) - 1))])


@pytest.mark.parametrize(
    ("do", "error", "message"),
    [
        (lambda: Histogram().percentile(50), ValueError, "the histogram is empty: it has no percentiles"),
        (lambda: Histogram([1]).percentile(101), ValueError, "percent: 101 is not between 0 and 100"),
        (lambda: Histogram([1]).percentiles([50, -1]), ValueError, "percent: -1 is not between 0 and 100"),
        (lambda: Histogram([1]).percentile(math.nan), ValueError, "percent: NaN is not between 0 and 100"),
        (lambda: Histogram([math.nan]), ValueError, "a time is a finite number of ms, not NaN"),
        (lambda: Histogram().record(math.inf), ValueError, "a time is a finite number of ms, not inf"),
        (lambda: Histogram().record(1, -1), ValueError, "count: -1 is below zero"),
        (lambda: Histogram().record(1, 2**64), OverflowError, None),
        (lambda: Histogram(["1"]), TypeError, None),
        (lambda: Histogram(3), TypeError, None),
        (lambda: Histogram().merge([1]), TypeError, None),
        (lambda: Histogram().__setstate__(b"?"), ValueError, "this pickle is no histogram: it is damaged"),
        (lambda: hash(Histogram()), TypeError, None),
    ],
)
def test_what_is_refused_says_why(do, error, message):
    with pytest.raises(error) as caught:
        do()
    assert message is None or str(caught.value) == message


def test_an_empty_one():
    histogram = Histogram()
    assert (histogram.count, histogram.min, histogram.mean, histogram.max) == (0, None, None, None)
    assert histogram.buckets() == []
    assert repr(histogram) == "<Histogram: empty>"
    assert histogram == Histogram.decode(histogram.encode()) == pickle.loads(pickle.dumps(histogram))
    assert histogram != "empty"


def test_an_iterator_that_fails_says_so_itself():
    def times():
        yield 1
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        Histogram(times())


def test_counts_beyond_all_bounds_stay_at_the_bound():
    histogram = Histogram()
    for _ in range(4):
        histogram.record(1, 2**63 - 1)
    assert histogram.count == 2**64 - 1
    assert histogram.percentile(50) == pytest.approx(1, rel=1e-3)


def parsed(html: str) -> ElementTree.Element:
    """HTML of ours is well-formed, and brings no script along."""
    assert not re.search(r"<script|<style|https?://| on\w+=", html)
    return ElementTree.fromstring(html)


@pytest.mark.parametrize(
    "histogram",
    [
        Histogram(),
        Histogram([5]),
        Histogram([0, 0]),
        Histogram([HOUR * 2]),
        Histogram([-1, 0.001, 3, 1e7]),
        Histogram(1.05**power for power in range(-100, 300)),
    ],
    ids=repr,
)
def test_what_a_notebook_shows(histogram):
    page = parsed(histogram._repr_html_())
    assert page.find("strong").text.startswith("Histogram")
    for rect in page.iter("rect"):
        x, width = float(rect.get("x")), float(rect.get("width"))
        assert 0 <= x <= x + width <= 481


def test_what_a_notebook_shows_is_what_was_counted():
    histogram = Histogram([10] * 1000 + [2500])
    assert repr(histogram) == "<Histogram: 1,001 times, p50 10.0, p95 10.0, p99 10.0, max 2,500 ms>"
    page = parsed(histogram._repr_html_())
    cells = dict(zip((e.text for e in page.iter("th")), (e.text for e in page.iter("td")), strict=True))
    assert (cells["count"], cells["p50"], cells["max"], cells["mean"]) == ("1,001", "10.0", "2,500", "12.5")
    assert len(page.findall(".//rect")) == 2


def test_the_picker_shows_its_weights():
    picker = Picker([3, 47, 0, 50.5], seed=7)
    assert repr(picker) == "Picker([3, 47, 0, 50.5], seed=7)"
    assert (picker.weights, picker.seed) == ([3, 47, 0, 50.5], 7)
    text = [cell.text for cell in parsed(picker._repr_html_()).iter("td")]
    assert text[:3] == ["0", "3", "2.99 %"]
    many = Picker(range(1, 31))
    assert "… 10 more" in repr(many)
    assert "and 10 more" in many._repr_html_()


def test_many_picks_are_single_picks():
    one, other = Picker([3, 47, 25, 25], seed=5), Picker([3, 47, 25, 25], seed=5)
    assert [*one.pick_many(100), one.pick()] == [other.pick() for _ in range(101)]
    assert Picker([1]).pick_many(0) == []
    with pytest.raises(MemoryError, match=r"no memory for \d+ indices: draw fewer"):
        one.pick_many(2**62)
    with pytest.raises(OverflowError):
        one.pick_many(-1)


def test_they_come_from_the_door():
    assert {"Histogram", "Picker", "MockSaleor"} <= set(locust_native.__all__)
