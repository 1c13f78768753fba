"""Runs as tables and as files: of a real run, of runs that are made up, and of files that are none."""

from __future__ import annotations

import gzip
import json
import math
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import locust_native as ln
from locust_native.results import tables
from support import running
from support.sample_figures import HOSTILE
from support.sample_runs import START, figures, row

LOCUSTFILE = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.02)

    @task(5)
    def home(self):
        self.client.get("/")

    @task
    def nowhere(self):
        self.client.get("/nowhere/", name=NAME)
""".replace("NAME", repr(HOSTILE))


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `--native-json` writes of a short run against the mock shop."""
    folder = tmp_path_factory.mktemp("measured")
    (folder / "locustfile.py").write_text(LOCUSTFILE)
    with ln.MockSaleor() as shop:
        done = running.run(
            ["-m", "locust", "--headless", "--host", shop.url, "-u", "5", "-r", "50", "-t", "3",
             "--exit-code-on-error", "0", "--native-json", "figures.json"],
            folder, LOCUST_NATIVE="1",
        )  # fmt: skip
    assert done.code == 0, done.err
    return folder / "figures.json"


names = st.text(max_size=8)
requests = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["GET", "POST", ""]), names,
        st.floats(0.001, 3_600_000), st.booleans(),
    ),
    max_size=30,
)  # fmt: skip


# Tables


def test_a_real_run(measured):
    run = ln.load(measured)
    requests, total, timeline = run.requests, run.total, run.timeline
    assert list(requests["name"]) == ["/", HOSTILE]
    for column in ("requests", "failures", "bytes_in", "bytes_out", "cut_off"):
        assert requests[column].sum() == total[column], column
    assert total["requests"] == timeline["requests_per_s"].sum() > 50
    assert total["failures"] == timeline["failures_per_s"].sum() > 0
    assert requests.set_index("name")["failure_share"].to_dict() == {"/": 0.0, HOSTILE: 1.0}
    assert 0 < total["min"] <= total["p50"] <= total["p75"] <= total["p99.9"] <= total["max"]
    assert timeline["max"].max() == total["max"]
    assert 1 <= len(timeline) <= 6
    assert total["requests_per_s"] == pytest.approx(total["requests"] / run.duration)
    assert len(timeline) - 2 < run.duration < len(timeline) + 1
    phases = run.phases.pivot(index=["method", "name"], columns="phase", values="p50")
    assert (phases["wait"] > 0).all()
    assert run.histogram("GET", "/").count == requests.loc[0, "requests"]
    assert run.histogram().max == total["max"]
    assert run.histogram("GET", "/").mean == pytest.approx(requests.loc[0, "mean"], rel=1e-9)
    assert repr(run).startswith("<Run: ")


@given(requests)
def test_the_tables_are_the_requests(some):
    run = ln.Run(figures(some))
    requests, timeline = run.requests, run.timeline
    assert requests["requests"].sum() == len(some) == run.total["requests"]
    assert timeline["requests_per_s"].sum() == len(some)
    assert timeline["failures_per_s"].sum() == sum(each[4] for each in some) == run.total["failures"]
    assert list(zip(requests["name"], requests["method"], strict=True)) == sorted(
        {(each[2], each[1]) for each in some}
    )
    if some:
        assert list(timeline.index) == list(range(timeline.index[-1] + 1))
        assert timeline.index[-1] == max(each[0] for each in some)
        assert timeline["at"].iloc[-1].timestamp() == START + timeline.index[-1]
    quiet = timeline[timeline["requests_per_s"] == 0]
    assert quiet[["p50", "p95", "p99", "max"]].isna().all(axis=None)
    # The same kinds of columns, whatever was measured.
    for table, empty in [(requests, ln.Run(figures([])).requests), (timeline, ln.Run(figures([])).timeline)]:
        kinds = [
            {name: kind for name, kind in each.dtypes.items() if name not in ("method", "name")}
            for each in (table, empty)
        ]
        assert kinds[0] == kinds[1]


def test_any_percentile_is_there():
    run = ln.Run(figures((0, "GET", "/", float(ms), False) for ms in range(1, 1001)))
    found = run.percentiles([0, 12.5, 50, 97, 99.9, 100])
    assert list(found.columns) == ["p0", "p12.5", "p50", "p97", "p99.9", "p100"]
    assert list(found.loc[("GET", "/")]) == pytest.approx([1, 126, 501, 971, 1000, 1000], rel=1e-3)
    for wrong in ([101], ["50"], [True], [math.nan]):
        with pytest.raises(ValueError, match=r"percentiles: .* is not a number between 0 and 100"):
            run.percentiles(wrong)


def test_seconds_before_the_first_answer_are_part_of_the_run():
    some = figures([(5, "GET", "/", 4500.0, False)])
    timeline = ln.Run(some).timeline
    assert list(timeline["requests_per_s"]) == [0, 0, 0, 0, 0, 1]
    # A clock that is hours off is none.
    assert len(ln.Run({**some, "started_at": START - 90_000}).timeline) == 1
    assert len(ln.Run({**some, "started_at": START + 900}).timeline) == 1


def test_a_clock_from_another_century_does_not_fill_the_memory():
    some = figures([(0, "GET", "/", 1.0, False), (1, "GET", "/", 1.0, False)])
    some["seconds"][0]["at"] = 0
    timeline = ln.Run(some).timeline
    assert list(timeline["requests_per_s"]) == [1, 1]
    assert ln.Run(some).duration > 0


def test_users_failures_and_exceptions_where_they_are_known():
    some = figures([(0, "GET", "/", 1.0, False), (2, "GET", "/", 1.0, True)])
    bare = ln.Run(some)
    assert bare.timeline["users"].isna().all()
    assert list(bare.failures.columns) == ["method", "name", "error", "occurrences"]
    assert list(bare.exceptions.columns) == ["count", "message", "traceback", "nodes"]
    assert len(bare.failures) == len(bare.exceptions) == 0
    some["seconds"][0]["users"], some["seconds"][1]["users"] = 3, None
    some["failures"] = [
        {"method": "GET", "name": "/", "error": "500", "occurrences": 1},
        {"method": "GET", "name": "/", "error": "404", "occurrences": 7},
    ]
    some["exceptions"] = [{"count": 2, "message": "no", "traceback": "at x", "nodes": ["a", "b"]}]
    run = ln.Run(some)
    assert run.timeline["users"].fillna(-1).tolist() == [3, -1, -1]
    assert list(run.failures["error"]) == ["404", "500"]
    assert run.exceptions.loc[0].to_dict() == some["exceptions"][0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (None, "figures are a dict, not NoneType"),
        ({}, "the figures have no 'total' that is a dict"),
        ({"format": "x"}, "the figures' format is 'x', expected 'locust-native figures'"),
        ({**figures([]), "version": 2}, "the figures' version is 2, this locust-native reads 1: update it"),
        ({**figures([]), "rows": [{}]}, "the figures have a row without method, name, requests or failures"),
        ({**figures([]), "seconds": [3]}, "the figures have a second that does not say when it was ('at')"),
    ],
)
def test_what_are_no_figures_says_why(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ln.Run(wrong)


def test_histograms_that_are_not_there():
    some = figures([(0, "GET", "/", 1.0, False)])
    with pytest.raises(KeyError, match=r"no requests named GET /x: run\.requests has those there are"):
        ln.Run(some).histogram("GET", "/x")
    with pytest.raises(TypeError, match="give method and name, or neither"):
        ln.Run(some).histogram("GET")
    del some["rows"][0]["histogram"]
    run = ln.Run(some)
    assert run.requests.loc[0, "p50"] == pytest.approx(1)  # what the figures say of it is there
    with pytest.raises(ValueError, match="no histogram of GET /: the figures were taken without"):
        run.histogram("GET", "/")


# What a person sees


@pytest.mark.parametrize("name", [HOSTILE, "a\nb\x1b[31m\u202egro", "x" * 5000, "\ud800"])
def test_names_are_text(name):
    some = figures([(0, "GET", name, 1.0, True)], warnings=[f"about {name}"])
    run = ln.Run(some, options={"host": f"http://{name}", "classes": [name]}, interrupted=True)
    page = run._repr_html_()
    page.encode()  # half a surrogate pair would not be sent
    tree = ElementTree.fromstring(page)
    assert {each.tag for each in tree.iter()} <= {
        "div", "strong", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert not re.search(r"[\x00-\x1f\u202e]", page + repr(run))
    assert "interrupted" in page
    cell = next(each.text for each in tree.iter("td") if each.text != "GET")
    assert cell[:100] == re.sub(r"[\x00-\x1f\u202e\ud800]", "\ufffd", name)[:100]


def test_what_was_asked_is_told():
    options = {
        "locustfile": "funnel.py", "locustfile_text": "class", "users": 40, "spawn_rate": 4.5, "run_time": "1m",
        "host": "http://127.0.0.1:5", "mock": True, "processes": 2, "tags": ["a", "b"], "stop_timeout": 0,
    }  # fmt: skip
    page = ln.Run(figures([]), options=options)._repr_html_()
    told = "funnel.py, 40 users, 4.5 of them started per second, run time 1m, 2 processes, tags a, b, at a mock shop"
    assert f"<div>{told}</div>" in page


def test_a_run_in_one_line():
    run = ln.Run(
        figures([(0, "GET", "/", 2.0, True)] * 1200, warnings=["x"]), options={"host": "http://shop"}
    )
    assert (
        repr(run)
        == "<Run: http://shop, 1,200 requests, 1,200 failed, 0.8 s, p50 2.00 ms, p95 2.00 ms, 1 warning; "
        "⚠ 1,200 of 1,200 requests failed>"
    )
    assert repr(ln.Run(figures([]))) == (
        "<Run: 0 requests, 0 failed, 1.2 s; ⚠ no request was answered: 1 waited for an answer when the test ended>"
    )
    good = ln.Run(figures([(0, "GET", "/", 2.0, False)]))
    assert repr(good) == "<Run: 1 requests, 0 failed, 0.8 s, p50 2.00 ms, p95 2.00 ms>"
    assert good.warnings == []


TRACEBACK = """Traceback (most recent call last):
  File "/home/me/.venv/lib/python3.11/site-packages/locust/user/task.py", line 347, in run
    self.execute_next_task()
  File "/home/me/shop.py", line 5, in buy
    1 / 0
  File "/usr/lib/python3.11/fractions.py", line 7, in divide
"""


def test_what_went_wrong_is_in_the_warnings_of_a_run_from_a_file(tmp_path):
    failed = [
        {"method": "GET", "name": f"/{each}", "error": f"HTTPError('{400 + each}')", "occurrences": each}
        for each in range(1, 6)
    ]
    raised = [
        {"count": 2, "message": "", "traceback": "", "nodes": ["local"]},
        {"count": 6905, "message": "division by zero", "traceback": TRACEBACK, "nodes": ["local"]},
    ]
    some = figures(
        [(0, "GET", "/", 1.0, each < 15) for each in range(100)], failures=failed, exceptions=raised
    )
    ln.Run(some).save(tmp_path / "run.json")
    run = ln.load(tmp_path / "run.json")
    exceptions = "6,907 exceptions: division by zero (shop.py, line 5), 6,905 times; without a text, 2 times"
    failures = (
        "15 of 100 requests failed: GET /5: HTTPError('405'), 5 times; GET /4: HTTPError('404'), 4 times; "
        "GET /3: HTTPError('403'), 3 times; 2 others"
    )
    assert run.warnings == [exceptions, failures]
    assert f"⚠ {exceptions}" in repr(run)
    text = "".join(ElementTree.fromstring(run._repr_html_()).itertext())
    assert f"⚠ {exceptions}" in text
    assert f"⚠ {failures}" in text


def test_a_run_without_requests_says_why():
    raised = [{"count": 3, "message": "no", "traceback": TRACEBACK, "nodes": ["local"]}]
    some = figures([], exceptions=raised)
    for ends, words in [
        ({}, "no request was made"),
        (
            {"cut_off": 3, "in_flight": 1},
            "no request was answered: 4 waited for an answer when the test ended",
        ),
        (
            {"cut_off": 1, "unreported": 2000},
            "no request was counted: 2,000 were answered and never reported (catch_response=True without with)",
        ),
    ]:
        some["total"]["ends"] = ends
        assert ln.Run(some).warnings == [f"{words}; 3 exceptions: no (shop.py, line 5)"]


def test_a_run_lasts_until_it_was_stopped():
    some = [(0, "GET", "/", 1.0, False)] * 21
    assert ln.Run(figures(some, stopped_at=START + 3.25)).duration == pytest.approx(3)
    assert ln.Run(figures(some, stopped_at=START + 3.25)).total["requests_per_s"] == pytest.approx(7)
    late = [*some, (9, "GET", "/", 1.0, False)]  # a user that was given time to finish
    assert ln.Run(figures(late, stopped_at=START + 3.25)).duration == pytest.approx(8.75)
    assert ln.Run(figures(some, stopped_at=None)).duration == pytest.approx(0.75)
    assert ln.Run(figures([], stopped_at=START + 3.25)).duration == pytest.approx(3)


def test_of_many_names_a_page_shows_some():
    run = ln.Run(figures((0, "GET", f"/{each}", 1.0, False) for each in range(300)))
    page = run._repr_html_()
    assert "250 names more: run.requests has them all" in page
    assert len(list(ElementTree.fromstring(page).iter("tr"))) == 52


# Files


@given(requests, st.dictionaries(names, st.none() | st.integers() | names), st.text(), st.booleans())
@settings(max_examples=40)
def test_a_file_gives_the_run_back(tmp_path_factory, some, options, log, interrupted):
    run = ln.Run(figures(some), options=options, log=log, interrupted=interrupted)
    folder = tmp_path_factory.getbasetemp()
    for suffix in (".json", ".json.gz", ".parquet"):
        path = folder / f"run{suffix}"
        run.save(path)
        assert ln.load(path) == run
        assert ln.Run.load(str(path)) == run
    seen = pandas.read_parquet(folder / "run.parquet")
    assert list(seen.columns) == list(run.requests.columns)
    assert list(seen["requests"]) == list(run.requests["requests"])
    assert not list(folder.glob("*.part"))


def test_options_are_what_a_file_can_hold(tmp_path):
    run = ln.Run(figures([]), options={"path": Path("x"), "tags": ("a", "b")})
    assert run.options == {"path": "x", "tags": ["a", "b"]}
    run.save(tmp_path / "run.json")
    assert ln.load(tmp_path / "run.json") == run
    assert run != ln.Run(figures([]))
    assert run != "run"


def test_the_file_of_native_json_is_a_run(measured):
    assert ln.load(measured).figures == json.loads(measured.read_text())


def refused(path: Path) -> str:
    with pytest.raises(ValueError, match=re.escape(str(path))) as caught:
        ln.load(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is damaged, cut short or no JSON"),
        (b"\xff\xfe", "it is damaged, cut short or no JSON"),
        (b"[" * 100_000, "it is damaged, cut short or no JSON"),
        (b"[]", "it holds no run: save one with run.save(…), or write --native-json"),
        (b'{"format": "other"}', "it holds no run"),
        (
            b'{"format": "locust-native run", "version": 2}',
            "it is of version 2, this locust-native reads 1: update it",
        ),
        (b'{"format": "locust-native run"}', "it is of version None"),
        (b'{"format": "locust-native run", "version": 1}', "figures are a dict, not NoneType"),
        (b'{"format": "locust-native figures", "version": 7}', "the figures' version is 7"),
        (
            json.dumps(
                {"format": "locust-native run", "version": 1, "figures": figures([]), "log": 3}
            ).encode(),
            "its 'log' is no str",
        ),
    ],
)
def test_a_file_that_is_no_run_says_why(tmp_path, content, message):
    (tmp_path / "x.json").write_bytes(content)
    assert message in refused(tmp_path / "x.json")
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(content))
    assert message in refused(tmp_path / "x.json.gz")


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".parquet"])
def test_a_file_cut_short_or_foreign_is_refused(tmp_path, suffix):
    path = tmp_path / f"run{suffix}"
    ln.Run(figures([(0, "GET", "/", 1.0, False)])).save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 1, max(1, len(whole) // 60)):
        path.write_bytes(whole[:length])
        refused(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 10)
    refused(path)


def test_a_foreign_parquet_file_says_so(tmp_path):
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    assert refused(tmp_path / "x.parquet").endswith("it holds no run: save one with run.save(…)")


def test_names_of_files(tmp_path):
    run = ln.Run(figures([]))
    for do in (run.save, ln.load):
        with pytest.raises(
            ValueError, match=r"run\.csv: expected a file name that ends in \.json, \.json\.gz or \.parquet"
        ):
            do(tmp_path / "run.csv")
        for suffix in (".json", ".json.gz", ".parquet"):
            path = tmp_path / "nowhere" / f"run{suffix}"
            with pytest.raises(FileNotFoundError, match=re.escape(str(path))):
                do(path)
    (tmp_path / "taken.json").mkdir()
    with pytest.raises(OSError, match=r"taken\.json"):
        run.save(tmp_path / "taken.json")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.json"]
    run.save(tmp_path / "RUN.JSON")
    assert ln.load(tmp_path / "RUN.JSON") == run


def test_a_link_stays_one(tmp_path):
    run = ln.Run(figures([]))
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    run.save(tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert ln.load(tmp_path / "real.json") == run


def python(code: str, *arguments: str | Path) -> str:
    """What a process of its own prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".parquet"])
def test_the_old_file_stays_where_the_new_one_does_not_fit(tmp_path, suffix):
    old, new, path = ln.Run(figures([])), tmp_path / "new.json", tmp_path / f"run{suffix}"
    old.save(path)
    ln.Run(figures((0, "GET", f"/{each}", each + 1.0, False) for each in range(500))).save(new)
    said = python(
        """
import resource, signal, sys
import locust_native as ln
run = ln.load(sys.argv[1])
run.requests
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
try:
    run.save(sys.argv[2])
except OSError as error:
    print(error)
""",
        new,
        path,
    )
    assert said.strip() == f"[Errno 27] File too large: '{path}'"
    assert ln.load(path) == old
    assert sorted(tmp_path.iterdir()) == sorted([new, path])


# What is imported, and what is not there


def test_looking_at_a_run_imports_nothing_large(measured):
    said = python(
        """
import sys
import locust_native as ln, locust_native.results
run = ln.load(sys.argv[1])
repr(run), run._repr_html_(), run.histogram(), run.duration, run.warnings
large = "pandas numpy matplotlib pyarrow IPython tqdm locust gevent requests"
print([name for name in large.split() if name in sys.modules])
""",
        measured,
    )
    assert said.strip() == "[]"


@pytest.mark.parametrize(
    ("package", "do", "what"),
    [
        ("pandas", "run.requests", "a table of requests"),
        ("pandas", "run.timeline", "the timeline"),
        ("pandas", "run.plot()", "the timeline"),
        ("pandas", "ln.compare(run, run)", "a comparison"),
        ("matplotlib", "run.plot()", "a plot"),
        ("pyarrow", "run.save('x.parquet')", "a Parquet file"),
        ("pyarrow", "ln.load('x.parquet')", "a Parquet file"),
    ],
)
def test_a_package_that_is_missing_is_one_line(measured, package, do, what):
    said = python(
        f"""
import sys
import locust_native as ln
run = ln.load(sys.argv[1])
sys.modules[{package!r}] = None  # as if nobody had installed it
try:
    {do}
except ImportError as error:
    print(type(error).__name__, error)
""",
        measured,
    )
    assert said.strip() == f"MissingPackage {what} needs {package}: pip install 'locust-native[notebook]'"


def test_the_functions_take_figures(measured):
    some = json.loads(measured.read_text())
    assert tables.requests_table(some, [97.5]).columns[9] == "p97.5"
    assert tables.total_row(some)["requests"] == tables.timeline_table(some)["requests_per_s"].sum()
    assert row("GET", "/", [])["requests"] == 0
