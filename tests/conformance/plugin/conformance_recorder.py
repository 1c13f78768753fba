"""A pytest plug-in that notes the outcome of each test at once, so that a run cut short still tells what it saw."""

import json
import os
import sys

RECORD = "CONFORMANCE_RECORD"
"""The environment variable with the file to write; taken out, so that processes a test starts do not write."""

_record = os.environ.pop(RECORD, None)


def _note(**entry):
    if _record is not None:
        with open(_record, "a") as lines:
            lines.write(json.dumps(entry) + "\n")


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        crash = getattr(report.longrepr, "reprcrash", None) if report.failed else None
        said = crash.message.strip().splitlines() if crash else []
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        _note(id=report.nodeid, outcome=outcome, said=said[0] if said else "")


def pytest_sessionfinish():
    if "locust" in sys.modules:
        import locust_native

        status = locust_native.status()
        _note(core=status.on, status=str(status))
