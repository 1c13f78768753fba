"""Comparing runs: no difference where there is none, the one there is, and no verdict on too little."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import locust_native as ln
from locust_native import Histogram
from locust_native.results.compare import design_effect as statistics
from support.sample_figures import HOSTILE
from support.sample_runs import drawn, figures, row

pytestmark = pytest.mark.slow


def run(seed: int, **how) -> ln.Run:
    return ln.Run(figures(drawn(numpy.random.default_rng(seed), **how)))


# The test as a whole


@pytest.mark.parametrize(
    ("how", "most"),
    [
        ({}, 1),
        ({"together": 0.1}, 3),
        ({"together": 0.1, "memory": 0.5}, 4),
        ({"names": 4, "rate": 160, "together": 0.1, "memory": 0.5, "own": True}, 4),
        ({"seconds": 20, "rate": 60, "together": 0.1, "memory": 0.3}, 4),
    ],
    ids=str,
)
def test_two_runs_of_the_same_seldom_differ(how, most):
    """Of 30 comparisons without a difference, 1.5 may find one by the nominal level of 5 %.

    By the binomial distribution more than 4 do so in 2 % of all cases; the seeds are fixed, so this is no lottery.
    """
    alarms, outside, intervals = 0, 0, 0
    for seed in range(30):
        table = ln.compare(run(2 * seed, **how), run(2 * seed + 1, **how), seed=seed).table
        alarms += table["significant"].any()
        tested = table[table["p"].notna()]
        excluded = (tested["ci_low"] > 0) | (tested["ci_high"] < 0)
        assert (excluded == tested["significant"]).all()
        outside += excluded.sum()
        intervals += len(tested)
    assert alarms <= most
    assert intervals > 30
    assert outside <= 3 * most  # as seldom as there are alarms: intervals and verdicts agree


def test_a_tenth_more_is_found():
    found = [
        ln.compare(run(seed, names=2, rate=120), run(100 + seed, names=2, rate=120, typical=22)).table
        for seed in range(10)
    ]
    for table in found:
        medians = table[table["percentile"] == 50]
        assert medians["significant"].all()
        assert medians["ratio"].between(1.03, 1.18).all()
        assert ((medians["ratio_low"] < medians["ratio"]) & (medians["ratio"] < medians["ratio_high"])).all()
        assert (medians["difference"] == medians["b"] - medians["a"]).all()
    truths = [((t["ratio_low"] <= 1.1) & (t["ratio_high"] >= 1.1)).mean() for t in found]
    assert numpy.mean(truths) > 0.9


def test_a_run_and_itself_do_not_differ():
    one = run(1, names=3)
    table = ln.compare(one, one).table
    assert (table["difference"] == 0).all()
    assert (table["ratio"] == 1).all()
    assert not table["significant"].any()
    assert (table["p"].dropna() > 0.9).all()
    assert (table["ci_low"].dropna() < 0).all()
    assert (table["ci_high"].dropna() > 0).all()


def test_dependent_requests_are_worth_less():
    effects = {
        together: ln.compare(run(1, together=together), run(2, together=together)).effects["a"][50]
        for together in (0, 0.05, 0.3)
    }
    assert 1 <= effects[0] < 2 < effects[0.05] < effects[0.3]
    # With 100 requests a second of which each shares 30 % of its variance: 1 + 99 * 0.3 (Kish).
    assert 20 < effects[0.3] < 60
    compared = ln.compare(run(1, together=0.3), run(2, together=0.3))
    assert any("requests of a depend on each other: for p50," in note for note in compared.notes)


def test_a_trend_over_the_whole_run_is_no_verdict():
    slower = [(at, "GET", "/", 10 * 1.05**at * noise, False) for at in range(60) for noise in (0.9, 1, 1.1)]
    faster = [(at, "GET", "/", 10 * 1.03**at * noise, False) for at in range(60) for noise in (0.9, 1, 1.1)]
    compared = ln.compare(ln.Run(figures(slower)), ln.Run(figures(faster)))
    assert set(compared.table["note"]) <= {"too short a run", "too few requests"}
    assert not compared.table["significant"].any()


def test_the_same_seed_gives_the_same_result():
    a, b = run(1), run(2)
    assert ln.compare(a, b, seed=3).table.equals(ln.compare(a, b, seed=3).table)
    assert not ln.compare(a, b, seed=3).table.equals(ln.compare(a, b, seed=4).table)


# What cannot be compared


def test_names_of_one_run_alone_are_told():
    both = drawn(numpy.random.default_rng(1))
    a = ln.Run(figures([*both, *[(at, "GET", "/old", 5.0, False) for at in range(60)]]))
    b = ln.Run(figures([*both, *[(at, "POST", "/new", 5.0, False) for at in range(60)]]))
    compared = ln.compare(a, b)
    rows = compared.table.set_index(["name", "percentile"])
    assert rows.loc[("/old", 50), "note"] == "only in a"
    assert math.isnan(rows.loc[("/old", 50), "b"])
    assert rows.loc[("/old", 50), "a"] == pytest.approx(5, rel=1e-3)
    assert rows.loc[("/new", 99), "note"] == "only in b"
    assert {"only in a: GET /old", "only in b: POST /new"} <= set(compared.notes)
    assert compared.failures.set_index("name").loc["/new", "note"] == "only in b"


def test_on_too_little_there_is_no_verdict():
    few = ln.compare(run(1, rate=5), run(2, rate=5, typical=200)).table.set_index("percentile")
    assert list(few.loc[99, "note"]) == ["too few requests"] * 2
    assert few.loc[99, ["p", "ci_low", "ratio_high"]].isna().all(axis=None)
    assert few.loc[50, "significant"].all()
    short = ln.compare(run(1, seconds=5), run(2, seconds=5, typical=200))
    assert set(short.table["note"]) == {"too short a run"}
    assert not short.table["significant"].any()
    assert any("a has fewer than 20 seconds with requests" in note for note in short.notes)
    nothing = ln.compare(ln.Run(figures([])), ln.Run(figures([])))
    assert list(nothing.table["note"]) == ["no response times"] * 3
    assert repr(nothing) == "<Comparison: no verdict for 3 of 3: no response times>"


def test_no_verdict_is_not_called_no_difference_and_failures_are_in_the_headline():
    short = ln.compare(run(1, seconds=8), run(2, seconds=8, failing=0.53))
    said = re.fullmatch(
        r"<Comparison: no verdict for 6 of 6: runs shorter than 20 s; failures 0 % → (\d\d)\.\d % "
        r"\(runs shorter than 20 s\)>",
        repr(short),
    )
    assert said, repr(short)
    assert abs(int(said[1]) - 53) < 10
    page = "".join(ElementTree.fromstring(short._repr_html_()).itertext())
    assert page.startswith("no verdict for 6 of 6: runs shorter than 20 s; failures 0 % →")
    some = repr(ln.compare(run(1, rate=5), run(2, rate=5, typical=200)))
    assert "of 4 percentiles differ: " in some
    assert "; no verdict for 2 of 6: too few requests" in some


def test_runs_are_called_by_what_tells_them_apart():
    def called(host, at):
        some = figures(drawn(numpy.random.default_rng(1)), started_at=1795376700.25 + at)
        return ln.Run(some, options={"host": host, "locustfile": "shop.py"})

    first, second = ln.compare(called("http://old", 0), called("http://new", 0)).names
    assert (first, second) == ("http://old", "http://new")
    first, second = ln.compare(called("http://old", 0), called("http://old", 3600)).names
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", first)
    assert first != second
    compared = ln.compare(called("http://old", 0), called("http://new", 0))
    assert "<th" in compared._repr_html_()
    assert ">http://new<" in compared._repr_html_()


@given(
    st.integers(0, 10_000),
    st.floats(0, 8),
    st.floats(1e-7, 0.2),
    st.sampled_from([20, 500, 10_000]),
)
def test_an_interval_leaves_out_zero_just_where_p_is_below_its_level(seed, shift, level, size):
    drawn = numpy.random.default_rng(seed).normal(shift, 1, size)
    low, high = statistics.Draws.of(drawn, max(level, 0.05)).interval(level)
    p = statistics.two_sided(drawn)
    if abs(p - level) > 1e-9 and (p < level or level * size > 40):
        assert (low > 0 or high < 0) == (p < level)


def test_what_compare_refuses():
    a = run(1, seconds=2)
    for confidence in (0, 1, 95, math.nan):
        with pytest.raises(ValueError, match=r"confidence: \S+ is not between 0 and 1"):
            ln.compare(a, a, confidence=confidence)
    with pytest.raises(ValueError, match="percentiles: 101 is not a number between 0 and 100"):
        ln.compare(a, a, percentiles=[101])
    with pytest.raises(TypeError, match=r"compare takes two runs, not str: load\(…\) reads one from a file"):
        ln.compare(a, "b.json")
    bare = figures(drawn(numpy.random.default_rng(1)))
    del bare["total"]["histogram"]
    with pytest.raises(ValueError, match="no histogram of Aggregated"):
        ln.compare(a, ln.Run(bare))


@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.just("GET"), st.sampled_from("ab"), st.floats(0, 4e6), st.booleans()
        ),
        max_size=60,
    ),
    st.lists(
        st.tuples(
            st.integers(0, 30), st.just("GET"), st.sampled_from("bc"), st.floats(0, 4e6), st.booleans()
        ),
        max_size=60,
    ),
)
def test_any_two_runs_can_be_compared(some, others):
    with numpy.errstate(all="raise"):
        compared = ln.compare(ln.Run(figures(some)), ln.Run(figures(others)), percentiles=[0, 50, 99.9, 100])
    table = compared.table
    assert table["p"].dropna().between(0, 1).all()
    assert table.loc[table["p"].isna(), "note"].ne("").all()
    assert not table.loc[table["percentile"].isin([0, 100]), "significant"].any()  # nothing lies beyond them
    assert compared.failures["p"].dropna().between(0, 1).all()
    ElementTree.fromstring(compared._repr_html_())
    assert repr(compared)


# Failures


def test_failures_are_compared():
    compared = ln.compare(run(1, failing=0.01), run(2, failing=0.03))
    failures = compared.failures.set_index("name")
    assert failures.loc["/0", "significant"]
    assert failures.loc["/0", "ci_low"] < 0.02 < failures.loc["/0", "ci_high"]
    assert re.search(
        r"; failures [\d.]+ % → [\d.]+ % \(differ\); failures differ in 1 name>$", repr(compared)
    )
    same = ln.compare(run(1, failing=0.02), run(2, failing=0.02)).failures
    assert not same["significant"].any()
    none = ln.compare(run(1), run(2)).failures
    assert none["p"].isna().all()
    assert set(none["note"]) == {""}


def test_an_outage_is_one_event_however_many_fail_in_it():
    def with_outage(seed, at):
        some = drawn(numpy.random.default_rng(seed))
        return ln.Run(figures([(*each[:4], each[0] in at) for each in some]))

    compared = ln.compare(with_outage(1, {30}), with_outage(2, {30, 31})).failures
    assert not compared["significant"].any()


# Its parts


def test_a_percentiles_distribution_is_the_bootstraps():
    dice = numpy.random.default_rng(1)
    times = dice.lognormal(3, 0.7, 400)
    known = statistics.Times.of(row("GET", "/", times))
    for percent in (50, 90):
        told = statistics.draw_percentile(known, percent, 400, 20_000, dice)
        samples = numpy.sort(dice.choice(times, (4000, 400)), axis=1)[:, int(4 * percent)]
        assert told.mean() == pytest.approx(samples.mean(), rel=0.01)
        assert told.std() == pytest.approx(samples.std(), rel=0.06)


@given(st.lists(st.floats(0.001, 1e6), min_size=1), st.floats(0.0001, 0.9999))
def test_times_at_a_share_are_the_histograms(times, share):
    known = statistics.Times.of(row("GET", "/", times))
    ordered = Histogram(times)
    assert ordered.percentile(0) * 0.998 <= known.at(share) <= ordered.percentile(100) * 1.002
    assert known.count == len(times)
    exact = sorted(times)[math.ceil(share * len(times) * (1 - 1e-12)) - 1]
    assert known.at(share) == pytest.approx(exact, rel=1e-3, abs=1e-6)


def test_holms_own_way():
    nan = math.nan
    told, levels = statistics.holm([0.01, nan, 0.04, 0.03, 0.005], 0.05)
    assert told[0] == pytest.approx(0.03)
    assert math.isnan(told[1])
    assert told[2:] == [pytest.approx(0.06), pytest.approx(0.06), pytest.approx(0.02)]
    # The two smallest differ, at their steps' levels; the others are tested no further than the third step.
    assert levels[0] == pytest.approx(0.05 / 3)
    assert levels[2:] == [pytest.approx(0.025), pytest.approx(0.025), pytest.approx(0.0125)]
    assert statistics.holm([], 0.05) == ([], [])
    assert statistics.holm([0.9, 0.8], 0.05) == ([1.0, 1.0], [0.025, 0.025])


def test_two_shares_as_in_the_books():
    # 15 of 100 against 30 of 100: z = 2.5404, both tails.
    assert statistics.two_shares([15, 30], [100, 100]) == pytest.approx(0.01107, abs=1e-4)
    assert statistics.two_shares([0, 0], [10, 10]) == 1


def test_the_tail_goes_on_where_draws_end():
    dice = numpy.random.default_rng(1)
    assert statistics.two_sided(dice.normal(0, 1, 10_000)) > 0.9
    assert statistics.two_sided(dice.normal(1.96, 1, 10_000)) == pytest.approx(0.05, abs=0.01)
    assert statistics.two_sided(dice.normal(6, 1, 10_000)) == pytest.approx(2e-9, rel=0.9)
    assert statistics.two_sided(numpy.zeros(100)) == 1


# What a person sees


def test_names_are_text():
    some = [(each[0], "GET", HOSTILE, *each[3:]) for each in drawn(numpy.random.default_rng(1))]
    other = [(*each[:3], each[3] * 2, True) for each in some]
    compared = ln.compare(ln.Run(figures(some)), ln.Run(figures(other)))
    page = compared._repr_html_()
    tree = ElementTree.fromstring(page)
    assert not [each.tag for each in tree.iter() if each.tag in ("script", "img")]
    assert "differs" in page
    assert re.match(r"<Comparison: 6 of 6 percentiles differ: GET </script>.*p50 \+\d+\.\d %", repr(compared))
