"""What a master makes of its workers' reports: each is counted once, whole, and as precisely as it was told."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from locust.event import Events
from locust.stats import RequestStats as StockStats
from locust.stats import setup_distributed_stats_event_listeners as stock_setup

from locust_native._core import Lateness
from locust_native.metrics.distributed import setup_distributed_stats_event_listeners
from locust_native.metrics.locust_stats import RequestStats
from locust_native.metrics.percentiles import percentiles
from locust_native.metrics.summary import summary
from locust_native.metrics.workers import KEY

times = st.lists(st.one_of(st.integers(0, 100_000), st.floats(0.001, 100_000)), min_size=1, max_size=50)


def process(kind: type, setup: Any) -> SimpleNamespace:
    events, stats = Events(), kind()
    setup(events, stats)
    return SimpleNamespace(events=events, stats=stats)


def native() -> SimpleNamespace:
    return process(RequestStats, setup_distributed_stats_event_listeners)


def stock() -> SimpleNamespace:
    return process(StockStats, stock_setup)


def report(worker: SimpleNamespace) -> dict[str, Any]:
    data: dict[str, Any] = {}
    worker.events.report_to_master.fire(client_id="w", data=data)
    return data


def told(master: SimpleNamespace, data: dict[str, Any]) -> dict[str, Any]:
    master.events.worker_report.fire(client_id="w", data=data)
    return master.stats._precise.figures()


def log(worker: SimpleNamespace, *times: float) -> None:
    for time in times:
        worker.stats.log_request("GET", "/", time, 1)


SPOILS = {
    "generator": lambda ours: ours.update(generator=b"no report"),
    "no generator": lambda ours: ours.pop("generator"),
    "a generator of text": lambda ours: ours.update(generator="report"),
    "record": lambda ours: ours.update(record=ours["record"][:-1]),
    "no record": lambda ours: ours.pop("record"),
    "a record that is none": lambda ours: ours.update(record=None),
}


@pytest.mark.parametrize("spoil", SPOILS.values(), ids=SPOILS)
def test_a_report_is_counted_once_whatever_is_wrong_with_it(spoil, caplog):
    worker, master = native(), native()
    log(worker, 1.25, 250.5, None)
    worker.stats.log_error("GET", "/", "no")
    data = report(worker)
    spoil(data[KEY])
    for times in (1, 2):  # it says so once
        figures = told(master, data)
        (row,) = figures["rows"]
        for part in (row, figures["total"]):
            assert (part["requests"], part["failures"], part["count"]) == (3 * times, times, 2 * times)
            assert part["coarse"]
    assert sum(second["requests"] for second in figures["seconds"]) == 6
    assert caplog.text.count("its rounded figures are taken instead") == 1


@pytest.mark.parametrize("version", [1, 3])
def test_a_worker_whose_figures_are_of_another_version_is_refused_in_one_line(version, caplog):
    worker, master = native(), native()
    log(worker, 1.25, 250.5)
    begun = worker.stats._precise.begin("GET", "/never reported")
    begun.answered(None)
    del begun
    data = report(worker)
    this, other = b"\xa7version\x02", b"\xa7version" + bytes([version])
    assert data[KEY]["record"].count(this) == 1
    data[KEY]["record"] = data[KEY]["record"].replace(this, other)
    told(master, data)
    assert [record.getMessage() for record in caplog.records] == [
        f'locust-native: figures of worker "w" refused: its figures are of version {version}, and only version 2 is '
        "known here: install the same locust-native everywhere; its rounded figures are taken instead"
    ]
    figures = summary(master.stats._precise, Lateness(), started_at=0)
    assert [(row["name"], row["requests"]) for row in figures["rows"]] == [("/", 2)]
    assert figures["total"]["coarse"]
    assert figures["warnings"] == ["rounded by workers without the same native core: GET /"]


def test_a_report_that_is_whole_is_not_rounded():
    worker, master = native(), native()
    log(worker, 1.25, 250.5)
    (row,) = told(master, report(worker))["rows"]
    assert (row["requests"], row["coarse"], row["max"]) == (2, False, 250.5)


@given(st.lists(times, min_size=1, max_size=3))
def test_least_greatest_and_mean_of_a_stock_worker_are_exact(parts):
    worker, master = stock(), native()
    for part in parts:
        log(worker, *part)
        figures = told(master, report(worker))
    samples = [time for part in parts for time in part]
    for part in (figures["rows"][0], figures["total"]):
        assert part["coarse"]
        assert part["count"] == len(samples)
        assert (part["min"], part["max"]) == pytest.approx((min(samples), max(samples)), abs=1e-6)
        assert part["mean"] == pytest.approx(math.fsum(samples) / len(samples), rel=1e-8, abs=1e-5)
    # Locust's tables then show all rows as stock does: some times are rounded.
    assert percentiles(master.stats.total, [1.0]) is None
    assert percentiles(master.stats.entries["/", "GET"], [1.0]) is None


def test_lateness_that_is_no_report_changes_nothing():
    meter = Lateness()
    with pytest.raises(ValueError, match="not a report"):
        meter.absorb(b"\x80")
    assert meter.seconds(1 << 62) == []
