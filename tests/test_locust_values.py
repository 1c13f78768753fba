"""What a locustfile reads of Locust's statistics has stock's type and value; what its tables show is precise."""

from __future__ import annotations

import csv
import inspect
import io
import json
import re
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import locust.stats as stock
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from locust.env import Environment

import locust_native
from locust_native.metrics import locust_stats as native
from locust_native.metrics import percentiles as precise
from support import running

pytestmark = pytest.mark.slow

SHARES = (0.0, 0.5, 0.66, 0.95, 0.99, 0.999, 1.0)


@pytest.fixture(scope="module", autouse=True)
def installed() -> Iterator[None]:
    """With the core in place: whatever Locust's own classes answer then, they answer in a run."""
    assert locust_native.install().on
    yield
    locust_native.uninstall()


def values(owner: Any) -> dict[str, str]:
    """Whatever can be read of an object, or called without arguments and without changing it, with its type."""
    found = {}
    for name in dir(owner):
        # The clock's own, ours alone, and what changes or refuses.
        if name.startswith("_") or name in (
            "reset",
            "clear_all",
            "reset_all",
            "get_stripped_report",
            "stats",
            "request_stats",
        ):
            continue
        value = getattr(owner, name)
        if not callable(value):
            found[name] = repr(value) if isinstance(value, (int, float, str, type(None), dict, list)) else ""
            continue
        parameters = inspect.signature(value).parameters.values()
        if name in ("get_response_time_percentile", "get_current_response_time_percentile"):
            found[name] = repr([value(share) for share in SHARES])
        elif name != "serialize_stats" and all(each.default is not each.empty for each in parameters):
            try:
                found[name] = repr(value())
            except Exception as error:
                found[name] = repr(error)
    return found


def everything(stats: Any) -> dict[str, Any]:
    """All that a locustfile can read of these statistics."""
    stock.update_stats_history(SimpleNamespace(stats=stats, user_count=3), "now")
    return {
        "stats": {
            name: value for name, value in values(stats).items() if name not in ("entries", "total", "errors")
        },
        "history": repr(stats.history),
        "total": values(stats.total),
        "entries": {key: values(entry) for key, entry in sorted(stats.entries.items())},
        "errors": [values(error) for error in stats.errors.values()],
        "serialized": (
            repr(stats.serialize_stats()),
            repr([entry.serialize() for entry in stats.entries.values()]),
        ),
    }


class Clock:
    now = 1_000.25

    def __call__(self) -> float:
        return self.now


requests = st.lists(
    st.tuples(
        st.sampled_from(["/", "/cart"]),
        st.none() | st.integers(0, 400) | st.floats(0.001, 4_000),
        st.booleans(),
        st.sampled_from([0, 0, 0.3, 1, 4]),
    ),
    max_size=40,
)


@given(requests)
@example([("/", 0.17568, False, 0), ("/", 3.0547, False, 12), ("/", 0.2, True, 0)])
@example([("/", 100, False, 0), ("/", None, False, 0), ("/", 147.4, False, 11), ("/", 9.9999, False, 0)])
def test_whatever_a_locustfile_reads_is_stocks_to_type_and_bit(samples):
    with mock.patch.object(time, "time", Clock()) as clock:
        ours, theirs = native.RequestStats(), stock.RequestStats()
        for name, response_time, failed, step in samples:
            clock.now += step
            for stats in (ours, theirs):
                stats.log_request("GET", name, response_time, 100)
                if failed:
                    stats.log_error("GET", name, "no")
        assert everything(ours) == everything(theirs)


@given(requests)
def test_a_master_shows_what_it_has_of_stock_workers_as_stock_does(samples):
    """Without a record of them, tables are stock's as well."""
    with mock.patch.object(time, "time", Clock()):
        ours, theirs = native.RequestStats(), stock.RequestStats()
        for stats in (ours, theirs):
            for name, response_time, *_ in samples:
                other = stock.StatsEntry(stats, name, "GET")
                other.log(response_time, 10)
                stats.entries.setdefault((name, "GET"), stock.StatsEntry(stats, name, "GET")).extend(other)
                stats.total.extend(other)
        assert stock.get_stats_summary(ours) == stock.get_stats_summary(theirs)
        assert stock.get_percentile_stats_summary(ours) == stock.get_percentile_stats_summary(theirs)
        assert csv_rows(ours) == csv_rows(theirs)


def test_requests_without_a_time_push_no_percentile_down():
    """Locust #3472."""
    stats = native.RequestStats()
    for _ in range(1_000):
        stats.log_request("GET", "/", 100, 1)
        stats.log_request("GET", "/", None, 1)
    for entry in (stats.total, stats.entries["/", "GET"]):
        assert [entry.get_response_time_percentile(share) for share in (0.5, 0.99)] == [100, 100]
        assert entry.median_response_time == 100
    (row, total) = csv_rows(stats)
    assert row[-11:] == total[-11:] == [100] * 11
    figures = stats._precise.figures()["total"]
    assert (figures["percentiles"]["50"], figures["requests"], figures["without_time"]) == (100, 2_000, 1_000)


# --- What a person reads ---


def csv_rows(stats: Any) -> list[list[Any]]:
    rows: list[list[Any]] = []
    writer = stock.StatsCSV(SimpleNamespace(stats=stats), stock.PERCENTILES_TO_REPORT)  # type: ignore[arg-type]
    writer._requests_data_rows(SimpleNamespace(writerow=lambda row: rows.append(list(row))))  # type: ignore[arg-type]
    return rows


def numbers(cells: list[Any]) -> list[float]:
    return [float(cell) for cell in cells]


def tables(stats: Any) -> Iterator[tuple[str, list[float]]]:
    """Of every row of every table of Locust's: where it is, and minimum, rising percentiles, maximum."""
    summary = [line for line in stock.get_stats_summary(stats, False) if "(" in line]
    for line in summary:
        _, least, greatest, median = numbers(line.split("|")[1].split())
        yield "console", [least, median, greatest]
    lines = stock.get_percentile_stats_summary(stats)
    for line in lines[3:]:
        if not line.startswith("-"):
            *cells, _ = line.split()[-12:]
            yield "percentiles", numbers(cells)
    for row in csv_rows(stats):
        yield "csv", numbers([row[6], *row[-11:], row[7]])
        yield "csv median", numbers([row[6], row[4], row[7]])
    environment = Environment()
    environment.create_local_runner()
    environment.stats = stats
    page = locust_native.patching.patch.find("locust.html", "get_html_report")(environment)  # type: ignore[attr-defined]
    arguments = json.loads(re.search(r"window\.templateArgs = (\{.*\});?\s*$", page, re.M)[1])  # type: ignore[index]
    for entry, percents in zip(
        arguments["requests_statistics"], arguments["response_time_statistics"], strict=True
    ):
        shown = [entry[f"response_time_percentile_{share}"] for share in stock.PERCENTILES_TO_STATISTICS]
        yield "report", [entry["min_response_time"], *shown, entry["max_response_time"]]
        times = [value for key, value in percents.items() if key not in ("name", "method")]
        yield "report percentiles", [entry["min_response_time"], *times, entry["max_response_time"]]


@given(st.lists(st.tuples(st.sampled_from(["/", "/cart"]), st.floats(0.001, 9_000)), min_size=1, max_size=30))
@example([("/", 147.4)])
@example([("/", 1.9949999999999992)])
@example([("/", 9.995)])
@example([("/", 3_160.0), ("/cart", 6.09), ("/cart", 0.004)])
def test_in_every_row_of_every_table_percentiles_rise_from_minimum_to_maximum(samples):
    stats = native.RequestStats()
    for name, response_time in samples:
        stats.log_request("GET", name, response_time, 100)
    seen = set()
    for where, row in tables(stats):
        assert row == sorted(row), where
        seen.add(where)
    assert len(seen) == 6


def test_tables_show_decimals_below_10_ms_and_call_nothing_approximated():
    stats = native.RequestStats()
    for response_time in (1.25, 2.5, 250.4):
        stats.log_request("GET", "/", response_time, 100)
    summary = stock.get_stats_summary(stats)
    assert "|     85    1.25     250    2.5 |" in summary[2]
    heading, *lines = stock.get_percentile_stats_summary(stats)
    assert heading == "Response time percentiles"
    assert lines[2].split() == ["GET", "/", "2.5", "2.5", *["250"] * 9, "3"]
    # Outside of a table a line of an entry is stock's.
    assert " 2 " in stats.entries["/", "GET"].percentile()
    stats.total.num_requests += 1  # somebody's own count: rounded, and called so
    assert stock.get_percentile_stats_summary(stats)[0] == "Response time percentiles (approximated)"


def test_an_entry_is_asked_once_for_a_table(monkeypatch):
    stats = native.RequestStats()
    stats.log_request("GET", "/", 1.25, 100)
    asked: list[Any] = []
    found = precise.percentiles
    monkeypatch.setattr(
        precise, "percentiles", lambda *arguments: asked.append(arguments) or found(*arguments)
    )
    stock.get_percentile_stats_summary(stats)
    csv_rows(stats)
    assert len(asked) == 4  # twice, two entries


def test_who_replaces_a_percentile_is_asked_for_each(monkeypatch):
    stats = native.RequestStats()
    stats.log_request("GET", "/", 1.25, 100)
    monkeypatch.setattr(
        native.StatsEntry, "get_response_time_percentile", lambda self, share: round(share * 700)
    )
    assert stock.get_percentile_stats_summary(stats)[3].split()[2:4] == ["350", "462"]


# --- Whole runs ---

EXPORTER = """
import gevent, sys
from locust import HttpUser, constant, events, task

written = {}

def field(name, value):
    # A time series database takes a field's type from the first value written, and refuses others.
    kind = written.setdefault(name, type(value))
    assert type(value) is kind, f"{name}: {value!r} after {kind.__name__}"
    return f"{name}={value}" + "i" * (kind is int)

@events.init.add_listener
def export(environment, runner, **arguments):
    def look():
        for beat in range(1_000):
            total = environment.stats.total
            if total.num_requests > 3:
                lines = [field(f"p{share}", total.get_response_time_percentile(share)) for share in (0.5, 0.95, 0.99)]
                current = total.get_current_response_time_percentile(0.95)
                if current is not None:
                    lines.append(field("now", current))
                "{:d} %d".format(total.get_response_time_percentile(0.95)) % total.get_response_time_percentile(0.5)
                print("say:", ",".join(lines))
                if total.num_requests > 40:
                    runner.quit()
            gevent.sleep(0.1)
    gevent.spawn(look)

class Visitor(HttpUser):
    wait_time = constant(0.02)
    asked = 0

    @task
    def go(self):
        Visitor.asked += 1
        self.client.get("/do/slow?delay=150" if Visitor.asked < 8 else "/page", name="page")
"""


def test_an_exporter_writes_whole_numbers_from_the_first_to_the_last(run_locust):
    """Slow first, then quick: a field that was whole stays whole."""
    done = run_locust(EXPORTER, "-u", "1", "-t", "40")
    assert done.code == 0, done.err
    assert done.said
    assert "Traceback" not in done.err
    for line in done.said:
        assert re.fullmatch(r"p0.5=\d+i,p0.95=\d+i,p0.99=\d+i(,now=\d+i)?", line), line


WHOLE = """
import gevent, json
from locust import HttpUser, constant, events, task

@events.init.add_listener
def end_after_some(environment, runner, **arguments):
    from locust.runners import MasterRunner, WorkerRunner
    def look():
        # The file of a run is written once a second.
        while environment.stats.num_requests < 100 or "page" not in open("run_stats.csv").read():
            gevent.sleep(0.1)
        runner.quit()
    if not isinstance(runner, WorkerRunner):
        gevent.spawn(look)

class Visitor(HttpUser):
    wait_time = constant(0.01)

    @task
    def one(self):
        self.client.get("/page")

    @task
    def other(self):
        self.client.get("/other")
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_every_row_of_locusts_tables_has_the_same_precision(tmp_path, server, processes):
    (tmp_path / "locustfile.py").write_text(WHOLE)
    options = [
        "--headless",
        "--only-summary",
        "-u",
        "4",
        "-r",
        "100",
        "-t",
        "40s",
        "--csv",
        "run",
        "--html",
        "run.html",
    ]
    options += ["--processes", "2", "--expect-workers", "2"] if processes > 1 else []
    done = running.run(["-m", "locust", *options, "--host", server.url], tmp_path, timeout=60)
    assert done.code == 0, done.err
    text = (tmp_path / "run_stats.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["Name"] for row in rows] == ["/other", "/page", "Aggregated"]
    for row in rows:
        times = [
            row["Min Response Time"],
            *(row[f"{share}%"] for share in (50, 66, 95, 99, 100)),
            row["Max Response Time"],
        ]
        assert numbers(times) == sorted(numbers(times))
        assert float(row["50%"]) % 1, row  # nothing this server does takes a whole number of milliseconds
    table = done.err.rpartition("Response time percentiles\n")[2].splitlines()[2:6]
    for line in (table[0], table[1], table[3]):
        assert any("." in cell for cell in line.split()[-12:-1]), done.err
    page = (tmp_path / "run.html").read_text()
    arguments = json.loads(re.search(r"window\.templateArgs = (\{.*\});?\s*$", page, re.M)[1])  # type: ignore[index]
    for entry in arguments["requests_statistics"]:
        assert entry["min_response_time"] % 1
        assert (
            entry["min_response_time"] <= entry["response_time_percentile_0.99"] <= entry["max_response_time"]
        )


SHAPE = """
import time
from locust import HttpUser, LoadTestShape, constant, task

class Watchdog(LoadTestShape):
    began = None

    def tick(self):
        p95 = self.runner.stats.total.get_current_response_time_percentile(0.95)
        assert p95 is None or type(p95) is int, repr(p95)
        if p95 is not None and p95 > 200:
            print("say: stopped by", p95)
            return None
        return (2, 100) if self.get_run_time() < 30 else None

class Visitor(HttpUser):
    wait_time = constant(0.02)
    began = None

    @task
    def go(self):
        Visitor.began = Visitor.began or time.time()
        self.client.get("/do/slow?delay=300" if time.time() - Visitor.began > 1.5 else "/page", name="page")
"""


@pytest.mark.parametrize("core", ["0", "1"])
def test_a_shape_that_watches_the_current_percentile_stops(run_locust, core):
    done = run_locust(SHAPE, native=core)
    assert done.said == ["stopped by 300"] or done.said == ["stopped by 310"], (done.said, done.err)


WEB = """
import gevent
from locust import HttpUser, constant, events, task
from locust.runners import WorkerRunner

@events.init.add_listener
def look(environment, runner, **arguments):
    def ask():
        while environment.stats.num_requests < 60:
            gevent.sleep(0.02)
        page = environment.web_ui.app.test_client()
        print("say:", page.get("/stats/requests").get_data(as_text=True).replace(chr(10), ""), flush=True)
        gevent.sleep(0.2)
        runner.quit()
        gevent.sleep(1)
        environment.web_ui.stop()
    if not isinstance(runner, WorkerRunner):
        gevent.spawn(ask)

class Visitor(HttpUser):
    wait_time = constant(0.01)

    @task
    def one(self):
        self.client.get("/page")
"""


def test_minimum_and_maximum_of_the_web_table_are_as_precise_as_its_percentiles(tmp_path, server, free_port):
    (tmp_path / "locustfile.py").write_text(WEB)
    options = [
        "--autostart",
        "--autoquit",
        "0",
        "-u",
        "4",
        "-r",
        "100",
        "-t",
        "40s",
        "--web-port",
        str(free_port),
    ]
    done = running.run(["-m", "locust", *options, "--host", server.url], tmp_path, timeout=60)
    (said,) = done.said
    for entry in json.loads(said)["stats"]:
        assert entry["min_response_time"] % 1, entry
        shown = [entry[f"response_time_percentile_{share}"] for share in stock.PERCENTILES_TO_STATISTICS]
        row = [entry["min_response_time"], *shown, entry["max_response_time"]]
        assert row == sorted(row)
        assert row[0] <= entry["median_response_time"] <= row[-1]
