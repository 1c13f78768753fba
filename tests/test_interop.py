"""Stock and native masters and workers together: totals are the server's own, name by name, to the unit."""

import pytest

import interop

MIXED = (interop.STOCK, interop.NATIVE)


def check(outcome: interop.Outcome) -> None:
    assert outcome.counted == outcome.served, outcome.errors
    assert outcome.equal, (outcome.failed, outcome.served)
    assert sum(outcome.counted.values()) > 30
    assert len(outcome.counted) == 6


@pytest.mark.parametrize("master", [interop.STOCK, interop.NATIVE])
def test_a_master_with_a_stock_and_a_native_worker(master):
    with interop.serving() as url:
        check(interop.run(url, master, MIXED, interop.free_port()))


def test_across_network_namespaces():
    reason = interop.why_no_namespaces()
    if reason is not None:
        pytest.skip(reason)
    with interop.namespace() as (host, inside), interop.serving(host) as url:
        check(interop.run(url, interop.NATIVE, MIXED, interop.free_port(host), host=host, inside=inside))
