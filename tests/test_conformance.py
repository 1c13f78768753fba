"""What `make conformance` makes of the outcomes of Locust's own tests; running those takes too long for the gate."""

import json
import re

import pytest

from conformance import runs, verdict
from conformance.runs import Outcome


def lines(*entries):
    return [json.dumps(entry) for entry in entries]


def test_record_is_read_by_file_and_a_failure_outweighs():
    record = lines(
        {"id": "::One::test_x", "outcome": "passed", "said": ""},
        {"id": "::One::test_x", "outcome": "failed", "said": "in tearDown"},
        {"id": "::test_y", "outcome": "passed", "said": ""},
        {"core": True, "status": "on"},
    )
    assert runs.read(record, "test_a.py") == {
        "locust/test/test_a.py::One::test_x": Outcome("failed", "in tearDown"),
        "locust/test/test_a.py::test_y": Outcome("passed"),
    }


@pytest.mark.parametrize(("native", "core"), [(True, False), (False, True)])
def test_a_run_on_the_wrong_side_is_no_run(native, core):
    record = lines({"core": core, "status": "native core in some state"})
    with pytest.raises(SystemExit, match="native core in some state"):
        runs.check_core(record, native)
    runs.check_core(record, core)


def test_verdict_names_what_differs_and_what_is_known():
    stock = {name: Outcome("passed") for name in ("a.py::1", "a.py::2", "b.py::3")} | {
        "b.py::4": Outcome("failed", "needs the internet")
    }
    ours = {
        "a.py::1": Outcome("passed", again=2),
        "a.py::2": Outcome("failed", "1 != 2"),
        "b.py::4": Outcome("passed"),
    }
    assert verdict.lost(stock, ours) == ["a.py::2", "b.py::3"]
    text = "\n".join(verdict.words(stock, ours, {"b.py::3": "reaches too deep", "b.py::5": "once"}))
    for line in (
        r"a\.py +2 +1   <--",
        r"passed +3 +1   of 4 collected",
        r"DIFFERS  a\.py::2: failed\n +1 != 2",
        r"KNOWN    b\.py::3: not run\n +reaches too deep",
        r"BETTER   b\.py::4: failed on stock",
        r"STALE    b\.py::5: ",
        r"AGAIN    a\.py::1: passed on core when run again \(2\)",
        r"1 unexplained difference\(s\), 1 known",
    ):
        assert re.search(line, text), (line, text)


def test_known_differences_are_few_and_explained():
    assert len(verdict.known(verdict.KNOWN.read_text())) <= 4
    assert verdict.known("# why\n\na::b  because of c\n") == {"a::b": "because of c"}
    with pytest.raises(SystemExit, match="line 1: a::b has no reason"):
        verdict.known("a::b\n")
