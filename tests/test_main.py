"""The command `locust-native`: Locust's own with the core on, and the mock shop."""

import pytest

from support.venvs import LOCUST, LOCUSTFILE, build


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("main"))


@pytest.mark.parametrize(("native", "state"), [(None, "on"), ("0", "off: LOCUST_NATIVE=0")])
def test_takes_the_arguments_of_locust(home, native, state):
    (home.home / "quits.py").write_text(LOCUSTFILE)
    arguments = ("-f", "quits.py", "--headless", "--only-summary", "-u", "1")
    done = home.run("-m", "locust_native", *arguments, native=native)
    assert done.returncode == 0
    assert done.stderr.count(f": native core {state}\n") == 1
    assert "Shutting down (exit code 0)" in done.stderr


def test_works_without_the_hook(home):
    start = f"""
import sys
sys.path += {[str(home.packages), str(LOCUST.parent)]}
sys.argv = ["locust-native", "-V"]
from locust_native.__main__ import main
sys.exit(main())
"""
    done = home.run("-S", "-c", start)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(": native core on\n")


def test_wrong_option_is_the_error_of_locust(home):
    done = home.run("-m", "locust_native", "--no-such-option")
    stock = home.run("-m", "locust", "--no-such-option", native="0")
    assert (done.returncode, done.stderr) == (stock.returncode, stock.stderr)
    assert done.returncode != 0


def test_mock_saleor_gets_its_arguments_and_gives_the_exit_status(home):
    start = """
import sys, types
shop = sys.modules["locust_native.mock_saleor"] = types.ModuleType("locust_native.mock_saleor")
shop.serve = lambda argv: print(argv) or 3
sys.argv = ["locust-native", "mock-saleor", "--port", "8000"]
from locust_native.__main__ import main
status = main()
assert "locust" not in sys.modules
sys.exit(status)
"""
    done = home.run("-c", start)
    assert (done.returncode, done.stdout, done.stderr) == (3, "['--port', '8000']\n", "")


USER = "from locust import HttpUser, task\nclass Idle(HttpUser):\n    weight = 0\n    @task\n    def idle(self): pass\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "from locust import (\n",
            "wrong.py:1: '(' was never closed; the locustfile does not parse\n    from locust import (\n"
            "                       ^",
        ),
        (
            USER,
            "locust: no user to run, since every user class has weight 0; give one of them a weight above 0",
        ),
    ],
)
def test_a_mistake_in_the_locustfile_is_said_without_a_traceback_and_with_the_exit_status_of_locust(
    home, text, line
):
    (home.home / "wrong.py").write_text(text)
    arguments = ("-m", "locust", "-f", "wrong.py", "--headless", "--host", "http://localhost")
    done, stock = home.run(*arguments), home.run(*arguments, native="0")
    assert done.returncode == stock.returncode == 1
    rows = [row for row in done.stderr.splitlines() if "INFO" not in row]
    assert "\n".join(rows).removeprefix(f"{home.home}/") == line
    assert "Traceback" in stock.stderr


def test_help_names_the_mock_shop(home):
    done, stock = home.run("-m", "locust_native", "--help"), home.run("-m", "locust", "--help")
    assert done.returncode == 0
    ours, _, rest = done.stdout.partition("\n\n")
    assert ours.startswith(
        "Usage: locust-native [options] [UserClass ...]\n       locust-native mock-saleor [options]"
    )
    assert rest.endswith(stock.stdout.strip() + "\n") or stock.stdout.strip() in rest


@pytest.mark.parametrize("word", ["mock-saleo", "mocksaleor", "mock-shop", "serve-it"])
def test_a_command_that_is_none(home, word):
    done = home.run("-m", "locust_native", word)
    assert (done.returncode, done.stdout) == (2, "")
    meant = "" if word == "serve-it" else "; did you mean mock-saleor?"
    assert done.stderr == f"locust-native: there is no command {word}{meant}\n"


@pytest.mark.parametrize("word", ["Visitor", "quits.py"])
def test_what_may_be_a_class_or_a_file_is_for_locust(home, word):
    (home.home / "quits.py").write_text(LOCUSTFILE)
    ours, stock = home.run("-m", "locust_native", word), home.run("-m", "locust", word, native="0")
    assert (ours.returncode, ours.stderr) == (stock.returncode, stock.stderr)
