"""Both user classes: which connections requests share, as on stock Locust."""

import pytest

from support.backends import do

BOTH = pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])


@BOTH
def test_one_connection_for_one_after_the_other(same, fast):
    def body(client):
        for _ in range(5):
            client.get("/x")
            client.post("/y", json={})

    _, _, wire = same(body, fast=fast)
    assert {request[0] for request in wire} == {0}


@BOTH
@pytest.mark.parametrize(
    "how", [{"close": "after"}, {"header": "Connection:close"}, {"length": "none"}], ids=str
)
def test_a_closed_one_is_not_used_again(same, fast, server, how):
    def body(client):
        seen = []
        others = server.connections()
        for _ in range(3):
            seen.append(client.post(do(**how), data="x").status_code)
            server.wait(connections=others)
        return seen

    _, _, wire = same(body, fast=fast)
    assert len(wire) == 3
