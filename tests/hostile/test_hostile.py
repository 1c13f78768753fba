"""Every misdeed of the server: what a locustfile, the statistics and the server see is the same as with stock."""

import os

import pytest
from catalogue import CASES
from pending import PENDING, UNDECIDED
from rogue import differences, play


def chosen(fast: bool) -> list[str]:
    """In the gate each case is played for one of the two user classes, in turn; `make hostile` plays all for both."""
    names = list(CASES)
    if os.environ.get("HOSTILE") == "all":
        return names
    return [name for name in names if "apart" not in name][fast::2]


def parameters(fast: bool) -> list:
    kind = "fast" if fast else "http"
    return [
        pytest.param(
            name,
            marks=[pytest.mark.xfail(reason=PENDING[kind][name])] if name in PENDING[kind] else [],
        )
        for name in chosen(fast)
    ]


def check(rogue, fast: bool, name: str) -> None:
    if name in UNDECIDED["fast" if fast else "http"]:
        ours = play(rogue, "native", fast, name, CASES[name])
        assert ours["prompt"]
        assert ours["next"]["status_code"] == 200
        return
    found = differences(rogue, fast, name, CASES[name])
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.parametrize("name", parameters(False))
def test_http(rogue, name):
    check(rogue, False, name)


@pytest.mark.parametrize("name", parameters(True))
def test_fast(rogue, name):
    check(rogue, True, name)
