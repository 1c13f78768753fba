"""The exceptions Locust files: it groups them by the text of their traceback, so ours is stock's, to the letter."""

from http_sides import Sides  # noqa: F401  isort: skip  first: it lets gevent patch
import json
from pathlib import Path

import pytest
from test_http_runs import both

HERE = Path(__file__).parent

#: Stock's traceback goes down to the socket that our requests do not have, or to a merge of ours: no frame of ours is
#: in it, and the rest is as stock's.
SHORTER = {
    "FastHttpUser: redirect to a bad host",
    "FastHttpUser: refused and raise_for_status",
    "HttpUser: context 5",
}


@pytest.fixture(scope="module")
def runs(server):
    stock, ours = (
        json.loads(out.splitlines()[-1])
        for _, out, _ in both([str(HERE / "failing_runs.py"), server.url], HERE, server)
    )
    assert (stock["on"], ours["on"]) == (False, True)
    assert sum(map(bool, stock["filed"].values())) > 100
    return stock, ours


def test_they_are_filed_as_on_stock(runs):
    stock, ours = (run["filed"] for run in runs)
    differ = {name for name in stock if ours[name] != stock[name]}
    assert differ <= SHORTER, {name: (ours[name], stock[name]) for name in differ - SHORTER}
    for name in SHORTER:
        assert [message for message, _ in ours[name]] == [message for message, _ in stock[name]]


def test_no_frame_of_ours_is_filed_or_logged(runs):
    _, ours = runs
    filed = ours["filed"]
    assert [message for message, _ in filed["old: tasks that raise"]]
    ours_in_it = {name: rows for name, rows in filed.items() if "locust_native" in json.dumps(rows)}
    assert not ours_in_it, ours_in_it
    logged = [
        text for logger, text in ours["logged"] if logger == "locust.user.task" and "locust_native" in text
    ]
    assert not logged, logged
