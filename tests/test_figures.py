"""The precise figures of whole runs: they are the server's own counts, and each request has exactly one end."""

import csv
import json
import re

import pytest
from locust.env import Environment

import locust_native
from locust_native.metrics import collect

pytestmark = pytest.mark.slow

ENDS = ("succeeded", "failed", "in_flight", "cut_off", "unreported")

# A slow machine needs longer for as many requests, and no test minds.
ENDING = """
import gevent
from locust import events

@events.init.add_listener
def end_after_some(environment, runner, **arguments):
    def look():
        while environment.stats.num_requests < REQUESTS:
            gevent.sleep(0.02)
        runner.quit()
    gevent.spawn(look)
"""

LOCUSTFILE = """
from locust import FastHttpUser, HttpUser, constant

def page(user):
    user.client.get("/page")

def renamed(user):
    with user.client.get("/do/before?status=500", name="/do/before", catch_response=True) as response:
        response.request_meta["name"] = "after"

def nobody_looks(user):
    user.client.get("/nobody-looks", catch_response=True)

def bad(user):
    with user.client.get("/bad", catch_response=True) as response:
        response.failure("no")

def held(user):
    user.client.get("/do/held?hold=1", name="/do/held")

class Visitor(HttpUser):
    tasks = {page: 5, renamed: 1, nobody_looks: 1, bad: 1}
    wait_time = constant(0.02)

class FastVisitor(FastHttpUser):
    tasks = Visitor.tasks
    wait_time = constant(0.02)

class Waiting(HttpUser):
    fixed_count = 2
    tasks = [held]
""" + ENDING.replace("REQUESTS", "200")

LISTENER = """
@events.request.add_listener
def listen(**arguments):
    pass
"""


@pytest.fixture
def figures(run_locust, tmp_path):
    def run(text, *arguments, code=1, **variables):
        done = run_locust(text, "--native-json", "out/figures.json", "-t", "40", *arguments, **variables)
        assert done.code == code, done.err
        return json.loads((tmp_path / "out/figures.json").read_text()), done

    return run


@pytest.mark.parametrize("more", ["", LISTENER], ids=["alone", "listener"])
def test_p14_every_request_has_one_end_and_the_server_saw_them_all(figures, server, more):
    server.counts()
    found, done = figures(LOCUSTFILE + more, "-u", "10", "-r", "100")
    server.release()
    served = {path.partition(" ")[2]: number for path, number in server.counts().items()}
    rows = {row["name"]: row for row in found["rows"]}
    for row in [*found["rows"], found["total"]]:
        assert row["ends"]["started"] == sum(row["ends"][end] for end in ENDS)
        assert row["ends"]["in_flight"] == 0
    # One that is cut off may not have been sent yet.
    unsure = sum(row["ends"]["cut_off"] for row in found["rows"] if row["name"] != "/do/held")
    assert 0 <= found["total"]["ends"]["started"] - sum(served.values()) <= unsure <= 10
    # What ended under a name of which nothing was ever reported is in the total alone.
    nameless = served["/nobody-looks"]
    for field in ENDS:
        more = found["total"]["ends"][field] - sum(row["ends"][field] for row in found["rows"])
        assert more == 0 if field != "unreported" else 0 < nameless - more <= unsure or more == nameless, (
            field
        )
    for name in ("/page", "/bad", "/do/held"):
        ends = rows[name]["ends"]
        assert ends["started"] - ends["cut_off"] <= served[name] <= ends["started"], name
    assert served["/do/held"] == rows["/do/held"]["ends"]["started"] == 2
    before = rows.get("/do/before", {"ends": {"started": 0}})["ends"]["started"]  # of those that were cut off
    assert (
        rows["after"]["ends"]["started"] <= served["/do/before"] <= rows["after"]["ends"]["started"] + before
    )
    assert rows["after"]["requests"] == rows["after"]["failures"] > 0
    assert rows["/bad"]["failed"]["count"] == rows["/bad"]["requests"] > 0
    assert "/nobody-looks" not in rows or rows["/nobody-looks"]["ends"]["cut_off"] > 0
    # Cut off by the end of the test: reported as such, with their age.
    assert rows["/do/held"]["ends"]["cut_off"] == 2
    assert rows["/do/held"]["cut_off_age"]["count"] == 2
    assert rows["/do/held"]["cut_off_age"]["min"] > 50
    assert rows["/do/held"]["requests"] == 0
    # Locust's own figures are the same requests.
    for name, entry in done.stats.items():
        assert (rows[name]["requests"], rows[name]["failures"]) == (
            entry["num_requests"],
            entry["num_failures"],
        )


def test_p20_seconds_add_up_to_the_total(figures):
    found, _ = figures(LOCUSTFILE, "Visitor", "-u", "5", "-r", "100")
    total = found["total"]
    assert sum(second["requests"] for second in found["seconds"]) == total["requests"] > 0
    assert sum(second["failures"] for second in found["seconds"]) == total["failures"] > 0
    assert max(second["max"] for second in found["seconds"]) == total["max"]
    assert total["connections"]["new"] == 5
    answered = total["requests"] + total["ends"]["unreported"]
    assert total["connections"]["new"] + total["connections"]["reused"] == answered
    assert total["versions"] == {"1.1": answered}
    assert total["phases"]["wait"]["count"] == answered
    assert total["phases"]["connect"]["count"] == 5


def test_what_a_person_reads_is_precise(run_locust, tmp_path):
    done = run_locust(LOCUSTFILE, "Visitor", "-u", "2", "-r", "100", "-t", "40", "--csv", "run")
    # Half of the requests fail, so the others are shown alone; nothing else is shown twice.
    assert "Requests that succeeded, without the failures (ms)" in done.err
    assert done.err.count("Aggregated") == 3
    assert "(approximated)" not in done.err
    mean, phases = re.search(r"Of ([\d.]+) ms a request took on average: (.*)", done.err).groups()
    parts = [float(part.split()[-1]) for part in phases.split(", ")]
    assert len(parts) == 6
    assert sum(parts) == pytest.approx(float(mean), abs=0.01 * len(parts) + 0.005)
    assert "Generator lag" in done.err
    with open(tmp_path / "run_stats.csv") as file:
        rows = {row["Name"]: row for row in csv.DictReader(file)}
    # Nothing this server does takes a whole number of milliseconds.
    assert any("." in rows["Aggregated"][column] for column in ("50%", "66%", "75%", "95%"))
    assert 0 < float(rows["Aggregated"]["50%"]) <= float(rows["Aggregated"]["100%"])


def test_a_file_that_cannot_be_written_is_one_line(run_locust, tmp_path):
    (tmp_path / "taken").mkdir()
    done = run_locust(LOCUSTFILE, "-t", "1", "--native-json", "taken")
    assert done.code == 1
    assert "locust: --native-json: cannot write taken: Is a directory; name another file" in done.err
    assert "Traceback" not in done.err


def test_too_many_names_are_told_of_and_totals_stay_exact(figures):
    text = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0)
    count = 0

    @task
    def go(self):
        for _ in range(20):
            Visitor.count += 1
            self.client.get("/page", name=f"/item/{Visitor.count}")
        gevent.sleep(0.5)
""" + ENDING.replace("REQUESTS", "100")
    found, done = figures(text, "-u", "1", code=0, LOCUST_NATIVE_NAMES="50")
    rows = {row["name"]: row for row in found["rows"]}
    total = found["total"]["requests"]
    assert len(rows) == 51
    assert total > 60
    assert rows["(other names)"]["requests"] == total - 50
    (warning,) = (each for each in found["warnings"] if "more names" in each)
    assert "'/item/*'" in warning
    # Said while there is time to mend it, and once.
    assert (
        len(re.findall(r"WARNING/locust_native.*more names than there is room for.*'/item/\*'", done.err))
        == 1
    )


def test_a_number_of_names_that_is_none_is_one_line(run_locust):
    done = run_locust(LOCUSTFILE, "-t", "1", LOCUST_NATIVE_NAMES="many")
    assert done.code == 1
    assert "locust: LOCUST_NATIVE_NAMES=many: expected a whole number above 0" in done.err
    assert "Traceback" not in done.err


def test_names_of_which_nothing_was_ever_reported_have_no_rows(figures):
    text = """
from itertools import count
from locust import FastHttpUser, HttpUser, constant, task

numbers = count()

class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def go(self):
        self.client.get(f"/page?{next(numbers)}", catch_response=True)

    @task
    def count(self):
        self.client.get("/page", name="counted")

class FastVisitor(FastHttpUser):
    tasks = Visitor.tasks
""" + ENDING.replace("REQUESTS", "600")
    found, done = figures(text, "-u", "4", "-r", "100", code=0, LOCUST_NATIVE_NAMES="50")
    cut_off = [row for row in found["rows"] if row["name"] != "counted"]
    assert len(cut_off) <= 4
    assert all(row["ends"]["started"] == row["ends"]["cut_off"] == 1 for row in cut_off)
    unreported = found["total"]["ends"]["unreported"]
    assert unreported > 100
    assert f"answered and never reported: {unreported:,}" in done.err
    assert len(done.err.splitlines()) < 60
    assert not [warning for warning in found["warnings"] if "names" in warning]


def test_percentiles_of_successes_are_without_the_failures(figures):
    text = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def good(self):
        self.client.get("/do/good?delay=30", name="page")

    @task
    def bad(self):
        self.client.get("/do/bad?status=500", name="page")
""" + ENDING.replace("REQUESTS", "60")
    found, _ = figures(text, "-u", "4", "-r", "100")
    (row,) = found["rows"]
    for each in (row, found["total"]):
        assert each["succeeded"]["count"] == each["ends"]["succeeded"] > 0
        assert each["succeeded"]["min"] >= 29.9
        assert each["succeeded"]["percentiles"]["50"] >= 29.9 > each["min"]
        parts = sum(each[kind]["count"] * each[kind]["mean"] for kind in ("succeeded", "failed"))
        assert parts == pytest.approx(each["count"] * each["mean"])


def test_a_hundred_thousand_different_failures_are_a_thousand_and_a_number():
    assert locust_native.install().on
    try:
        environment = Environment()
        environment.create_local_runner()
        for number in range(100_000):
            environment.stats.log_request("GET", "/", 1.0, 1)
            environment.stats.log_error("GET", "/", f"order {number} is gone")
        for _ in range(5):
            environment.stats.log_error("GET", "/", "order 77777 is gone")
        found = collect.collect(environment)
    finally:
        locust_native.uninstall()
    assert len(found["failures"]) == 1_000
    assert max(found["failures"], key=lambda each: each["occurrences"])["error"] == "order 77777 is gone"
    assert found["failures_left_out"] == {"rows": 99_000, "occurrences": 99_000}
    assert found["exceptions_left_out"] is None
    assert len(json.dumps(found)) < 200_000


def test_rates_of_points_are_of_the_time_that_the_test_had(figures):
    """The first and the last point of a test are not as long as the others."""
    text = """
from locust import HttpUser, constant_pacing, task

class Visitor(HttpUser):
    wait_time = constant_pacing(0.2)

    @task
    def go(self):
        self.client.get("/page")
""" + ENDING.replace("REQUESTS", "20")
    found, _ = figures(text, "-u", "2", "-r", "100", code=0)
    points, width = found["series"]["points"], found["series"]["width"]
    assert width > 1
    assert sum(point["requests"] for point in points) == found["total"]["requests"]
    lasted = found["stopped_at"] - found["started_at"]
    assert sum(point["covers"] for point in points) == pytest.approx(lasted, abs=width)
    assert all(0 < point["covers"] <= width for point in points)
    assert {point["users"] for point in points} == {2}
