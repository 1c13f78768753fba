"""How Beautiful Soup becomes native: in any order of imports, when it is wanted, and on a bs4 that is known."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

PAGE = "'<p class=a>x</p>', 'html.parser'"
LAZY = "type(bs4.BeautifulSoup({page})) is not bs4.BeautifulSoup".replace("{page}", PAGE)


def ask(code: str, **variables: str) -> tuple[Any, str]:
    """What the code leaves in `answer`, in an interpreter of its own, and what it wrote to stderr."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST")} | variables
    command = [sys.executable, "-c", f"{code}\nimport json, os; os.write(1, json.dumps(answer).encode())"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


def test_with_locust_in_either_order():
    code = f"""
import sys, locust, locust_native
loaded = "bs4" in sys.modules
import bs4
answer = [loaded, {LAZY}]
locust_native.uninstall()
answer.append({LAZY})
locust_native.install()
answer.append({LAZY})
"""
    assert ask(code) == ([False, True, False, True], "")
    code = f"""
import bs4
from bs4 import BeautifulSoup
before = {LAZY}
import locust
answer = [before, type(BeautifulSoup({PAGE})) is not BeautifulSoup]
"""
    assert ask(code) == ([False, True], "")


def test_switched_off_with_the_core():
    assert ask(f"import locust, bs4\nanswer = {LAZY}", LOCUST_NATIVE="0") == (False, "")


def test_switched_off_alone():
    code = f"from locust_native import bs4_native as html\nhtml.switch_on()\nimport bs4\nanswer = {LAZY}"
    assert ask(code, LOCUST_NATIVE_HTML="0") == (False, "")


def test_a_misspelt_switch():
    code = f"from locust_native import bs4_native as html\nhtml.switch_on()\nimport bs4\nanswer = {LAZY}"
    answer, told = ask(code, LOCUST_NATIVE_HTML="of")
    assert answer is False
    assert told == ("LOCUST_NATIVE_HTML=of: expected 0 or 1; Beautiful Soup runs without the native core\n")


def test_the_finder_leaves_no_trace():
    code = """
import sys
finders = list(sys.meta_path)
from locust_native import bs4_native as html
html.switch_on()
html.switch_on()
waiting = len(sys.meta_path) - len(finders)
import bs4, bs4.element
loader = bs4.__spec__.loader
answer = [waiting, sys.meta_path == finders, type(loader).__name__, "exec_module" in vars(loader)]
"""
    assert ask(code) == ([1, True, "SourceFileLoader", False], "")


def test_a_bs4_that_cannot_be_imported(tmp_path):
    (tmp_path / "bs4.py").write_text("raise ImportError('not today')")
    code = """
from locust_native import bs4_native as html
html.switch_on()
answer = []
for _ in range(2):
    try:
        import bs4
    except ImportError as error:
        answer.append(str(error))
"""
    assert ask(code, PYTHONPATH=str(tmp_path)) == (["not today"] * 2, "")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("bs4.__version__ = '4.99.1'", "bs4 4.99.1 is not supported, it takes >=4.12,<4.16"),
        ("del bs4.__version__", "bs4 None is not supported, it takes >=4.12,<4.16"),
        (
            "bs4.__version__ = '4.15.0'; bs4.Tag.find = lambda self, what: None",
            "bs4.Tag.find takes (self, what), expected it to begin with (self, name, attrs, recursive, string) "
            "(bs4 4.15.0)",
        ),
    ],
)
def test_a_bs4_that_is_not_known_stays_stock(change, reason):
    code = f"""
import bs4
{change}
from locust_native import bs4_native as html
html.switch_on()
answer = {LAZY}
"""
    assert ask(code) == (False, f"locust-native: Beautiful Soup stays stock: {reason}\n")
