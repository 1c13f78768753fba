"""`import locust_native.auto`: the way in where start-up hooks are off."""

import re

import pytest

from support.venvs import LOCUST, LOCUSTFILE, build


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("auto"))


def paths(home):
    """Both packages in reach although no start-up file is read."""
    return f"import sys; sys.path += {[str(home.packages), str(LOCUST.parent)]}\n"


@pytest.mark.parametrize(
    "order", ["locust, locust_native.auto", "locust_native.auto, locust", "locust_native.auto"]
)
def test_switches_on_without_the_hook(home, order):
    code = f"""
import {order}
import locust.user.users, locust_native
answer = [locust_native.status().on, locust.user.users.HttpSession.__module__]
"""
    assert home.ask(paths(home) + code, "-S") == [True, "locust_native.http_user.session"]


def test_names_bound_before_stay_stock(home):
    code = """
from locust.clients import HttpSession as before
import locust_native.auto
from locust.clients import HttpSession as after
answer = [before.__module__, after.__module__]
"""
    assert home.ask(paths(home) + code, "-S") == ["locust.clients", "locust_native.http_user.session"]


def test_opt_out_wins(home):
    code = """
import locust_native.auto, locust.user.users
answer = [str(locust_native.status()).partition(": ")[2], locust.user.users.HttpSession.__module__]
"""
    answer = home.ask(paths(home) + code, "-S", native="0")
    assert answer == ["native core off: LOCUST_NATIVE=0", "locust.clients"]


@pytest.mark.parametrize(("native", "state"), [(None, "on"), ("0", "off: LOCUST_NATIVE=0")])
def test_locustfile_with_the_line_speaks_in_the_log(home, native, state):
    (home.home / "explicit.py").write_text("import locust_native.auto\n" + LOCUSTFILE)
    start = paths(home) + "sys.argv = ['locust', *sys.argv[1:]]; from locust.main import main; main()"
    done = home.run("-S", "-c", start, "-f", "explicit.py", "--headless", "--only-summary", native=native)
    assert done.returncode == 0
    found = re.findall(r"/INFO/locust_native: locust-native \S+: native core (.*)", done.stderr)
    assert found == [state]
