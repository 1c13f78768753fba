"""Stock and native masters and workers together: totals are the server's own, name by name, to the unit."""

import pytest

from support import interop, running

pytestmark = pytest.mark.slow

MIXED = (interop.STOCK, interop.NATIVE)


def check(outcome: interop.Outcome) -> None:
    assert outcome.counted == outcome.served, outcome.errors
    assert outcome.served["/start"] == 8, outcome.errors  # every user has come
    assert outcome.equal, (outcome.failed, outcome.served)
    assert sum(outcome.counted.values()) > 30
    assert len(outcome.counted) == 6
    if outcome.master == interop.NATIVE:
        check_figures(outcome)


def check_figures(outcome: interop.Outcome) -> None:
    """The precise figures are those of all workers, and say which of them a stock worker has rounded."""
    figures, total = outcome.figures, sum(outcome.served.values())
    requests = {row["name"]: row["requests"] for row in figures["rows"]}
    assert requests == outcome.served
    assert figures["total"]["requests"] == figures["total"]["count"] == total
    assert figures["total"]["ends"]["started"] == total
    assert sum(second["requests"] for second in figures["seconds"]) == total
    failures = {row["name"]: row["failures"] for row in figures["rows"] if row["failures"]}
    assert failures == outcome.failed
    rounded = interop.STOCK in outcome.workers
    assert {row["coarse"] for row in [*figures["rows"], figures["total"]]} == {rounded}
    assert any("rounded by workers" in warning for warning in figures["warnings"]) == rounded
    assert figures["generator"]["lag"]["count"] > 0


@pytest.mark.parametrize("master", [interop.STOCK, interop.NATIVE])
def test_a_master_with_a_stock_and_a_native_worker(master):
    with interop.serving() as url:
        check(interop.run(url, master, MIXED, running.free_port()))


def test_two_native_workers_have_precise_figures():
    with interop.serving() as url:
        check(interop.run(url, interop.NATIVE, (interop.NATIVE, interop.NATIVE), running.free_port()))


def test_across_network_namespaces():
    reason = interop.why_no_namespaces()
    if reason is not None:
        pytest.skip(reason)
    with interop.namespace() as (host, inside), interop.serving(host) as url:
        check(interop.run(url, interop.NATIVE, MIXED, running.free_port(host), host=host, inside=inside))
