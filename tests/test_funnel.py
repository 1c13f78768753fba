"""The two funnel locustfiles by plain `locust -f`, against the mock they start and against a given shop."""

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

pytest.importorskip("locust_native._core")
FILES = Path(__file__).parents[1] / "locustfiles"
STEPS = {
    ("GET", "/"),
    ("GET", "/account/signup/"),
    ("POST", "/account/signup/"),
    ("GET", "/products/category/apparel-1/"),
    ("GET", "/products/codemash-1/"),
    ("POST", "/products/codemash-1/add/"),
    ("GET", "/checkout/"),
    ("POST", "/checkout/shipping-address/"),
    ("POST", "/checkout/shipping-method/"),
    ("POST", "/checkout/summary/"),
    ("POST", "/order/[token]/payment/"),
}


@pytest.fixture
def shop():
    with importlib.import_module("locust_native").MockSaleor() as running:
        yield running


@pytest.fixture
def port(free_port: int) -> str:
    return str(free_port)


def locust(file: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A headless run to its end."""
    files = ",".join(str(FILES / each) for each in str(file).split(","))
    env = {name: v for name, v in os.environ.items() if not name.startswith(("LOCUST", "SALEOR", "FUNNEL"))}
    return subprocess.run(
        [sys.executable, "-m", "locust", "-f", files, "--headless", "--only-summary", *arguments],
        env={**env, "FUNNEL_SPEED": "50", "SALEOR_LATENCY": "0", **environment},
        capture_output=True, text=True, timeout=90, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def whole(file: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A run of thirty users that ends once they have come to every step."""
    ending = Path(__file__).parent / "support" / "ends_after_names.py"
    return locust(
        f"{file},{ending}", "-u", "30", "-r", "30", "-t", "80s", "--json", *arguments,
        ENDS_AFTER_NAMES=str(len(STEPS)), **environment,
    )  # fmt: skip


def table(run: subprocess.CompletedProcess) -> dict[tuple[str, str], dict]:
    starts = [match.start() for match in re.finditer(r"^\[$|^\[\]$", run.stdout, re.MULTILINE)]
    assert starts, run.stdout + run.stderr
    # a worker of --processes prints a table as well, and has nothing left to put into it
    entries = max((json.JSONDecoder().raw_decode(run.stdout[start:])[0] for start in starts), key=len)
    return {(entry["method"], entry["name"]): entry for entry in entries}


def assert_whole_funnel(run: subprocess.CompletedProcess) -> None:
    assert run.returncode == 0, run.stderr + run.stdout
    entries = table(run)
    assert set(entries) == STEPS
    assert sum(entry["num_failures"] for entry in entries.values()) == 0


@pytest.mark.parametrize("file", ["funnel.py", "funnel_today.py"])
def test_without_a_host_the_users_walk_a_mock_of_their_own(file):
    run = whole(file)
    assert_whole_funnel(run)
    assert run.stderr.count("No --host given: the users walk a mock of the shop at http://127.0.0.1:") == 1


@pytest.mark.parametrize("file", ["funnel.py", "funnel_today.py"])
@pytest.mark.parametrize(("latency", "median"), [("", 10), ("60", 60)], ids=["unsaid", "60 ms"])
def test_its_mock_takes_the_time_of_a_shop(file, latency, median):
    entries = table(whole(file, SALEOR_LATENCY=latency))
    front = sorted(
        float(time) for time, count in entries["GET", "/"]["response_times"].items() for _ in range(count)
    )
    # Whatever else the machine is at, answers come later than they were held back, never earlier.
    assert front[len(front) // 2] >= median


def test_a_latency_that_is_none_is_one_line_before_the_test():
    run = locust("funnel.py", "-t", "1s", SALEOR_LATENCY="soon")
    assert run.returncode == 1
    assert "SALEOR_LATENCY: latency: 'soon' is none of" in run.stderr
    assert "Traceback" not in run.stderr


def test_processes_share_the_master_s_mock(port):
    run = whole("funnel.py", "--processes", "2", "--master-bind-port", port, "--master-port", port)
    assert_whole_funnel(run)
    assert run.stderr.count("No --host given") == 1


@pytest.mark.parametrize("file", ["funnel.py", "funnel_today.py"])
@pytest.mark.parametrize("way", ["--host", "SALEOR_HOST"])
def test_a_given_host_is_used(file, way, shop):
    given = ["--host", shop.url] if way == "--host" else []
    env = {} if given else {"SALEOR_HOST": shop.url}
    run = whole(file, *given, **env)
    assert_whole_funnel(run)
    assert "No --host given" not in run.stderr


FINITE = """
import sys
sys.path.insert(0, FOLDER)
from funnel import *
from funnel import events, gevent
from locust.exception import StopUser

def ten_tasks(self):
    self.done = getattr(self, "done", 0) + 1
    if self.done == 10:
        raise StopUser()  # between two tasks: no request is cut off
    gevent.sleep(0.01)

VisitorBehavior.wait = ReturningUserBehavior.wait = ten_tasks

@events.spawning_complete.add_listener
def quit_when_all_are_done(user_count):
    runner = current["environment"].runner
    def watch():
        while runner.user_count:
            gevent.sleep(0.1)
        runner.quit()
    gevent.spawn(watch)

current = {}
events.init.add_listener(lambda environment, **kwargs: current.update(environment=environment))
"""


def test_the_shop_has_counted_the_same_requests(shop, tmp_path):
    """The funnel's own classes, each user stopping after ten tasks, so that both counts end at the same request."""
    file = tmp_path / "finite.py"
    file.write_text(FINITE.replace("FOLDER", repr(str(FILES))))
    run = locust(
        str(file), "-u", "40", "-r", "40", "-t", "80s", "--json", "--host", shop.url, FUNNEL_SPEED="500"
    )
    assert_whole_funnel(run)
    routes = {
        "/products/category/apparel-1/": "/products/category/<path>-<id>/",
        "/products/codemash-1/": "/products/<slug>-<id>/",
        "/products/codemash-1/add/": "/products/<slug>-<id>/add/",
        "/order/[token]/payment/": "/order/<token>/payment/",
    }
    seen = shop.seen()
    entries = table(run)
    for (method, name), entry in entries.items():
        expected = entry["num_requests"]
        if (method, name) == ("GET", "/"):  # where the redirect after a sign-up leads, too
            expected += entries["POST", "/account/signup/"]["num_requests"]
        assert sum(seen["routes"][f"{method} {routes.get(name, name)}"].values()) == expected, (
            f"{method} {name}"
        )


def test_funnel_today_runs_on_stock_locust(shop):
    run = locust(
        "funnel_today.py",
        "-u",
        "30",
        "-r",
        "30",
        "-t",
        "10s",
        "--json",
        "--host",
        shop.url,
        LOCUST_NATIVE="0",
    )
    assert_whole_funnel(run)


def test_funnel_on_stock_locust_is_the_import_error_it_always_was(shop):
    run = locust("funnel.py", "-t", "1s", "--host", shop.url, LOCUST_NATIVE="0")
    assert run.returncode == 1
    assert "ImportError: The HttpLocust class has been renamed to HttpUser" in run.stderr


@pytest.mark.parametrize("file", ["funnel.py", "funnel_today.py"])
def test_four_visitors_to_every_returning_user(file):
    run = locust(file, "-u", "5000", "-r", "5000", "-t", "8s", FUNNEL_SPEED="1")
    assert '"ReturningUser": 1000, "Visitor": 4000} (5000 total users)' in run.stderr


def test_task_weights():
    run = locust("funnel.py", "--show-task-ratio-json", "-u", "100")
    ratios = json.loads(run.stdout)["per_class"]
    assert {name: round(ratios[name]["ratio"], 6) for name in ratios} == {
        "Visitor": 0.8,
        "ReturningUser": 0.2,
    }
    weights = {
        name: {task: round(entry["ratio"] * 100) for task, entry in behaviour["tasks"].items()}
        for user in ratios.values()
        for name, behaviour in user["tasks"].items()
    }
    assert weights == {
        "VisitorBehavior": {"just_visiting": 3, "search": 47, "bail_on_cart": 25, "buy": 25},
        "ReturningUserBehavior": {"search": 20, "bail_on_cart": 5, "buy": 75},
    }


def test_a_shop_that_is_not_there_fails_in_one_line_each(port):
    run = locust(
        "funnel.py", "-u", "2", "-r", "2", "-t", "2s", "--json", "--host", f"http://127.0.0.1:{port}"
    )
    assert run.returncode == 1
    entries = table(run)
    assert entries["GET", "/"]["num_failures"] == entries["GET", "/"]["num_requests"] > 0
    assert "Traceback" not in run.stderr
