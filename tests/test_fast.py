"""FastHttpSession: what is ours alone; tests/side_by_side/test_fast_*.py compare it with stock Locust."""

import pytest
from locust.contrib import fasthttp
from locust.exception import LocustError, RescheduleTask

from locust_native.fast_user import prepare as fast_prepare
from locust_native.fast_user import session as fast
from support.backends import Backend, Person, do, stock_of


def test_listener_errors_reach_the_caller(backend):
    def stop(**_):
        raise RescheduleTask

    backend.hook.add_listener(stop)
    with pytest.raises(RescheduleTask):
        backend.fast().get("/x")


def test_success_without_catch_response_is_refused(backend):
    with pytest.raises(LocustError, match="catch_response=True"):
        backend.fast().get("/x").success()


class TestWhoElseSends:
    """Somebody who has put code of his own between the session and the wire gets the stock session."""

    @pytest.mark.parametrize(
        ("name", "value", "falls_back"),
        [
            ("valid_response_codes", frozenset([404, 301, 302, 303, 307, 308]), False),
            ("valid_response_codes", frozenset([404]), True),
            ("redirect_response_codes", frozenset(), True),
            ("_verify_status", lambda self, status, url=None: None, True),
            ("_urlopen", lambda self, request: (_ for _ in ()).throw(ConnectionError("mine")), True),
        ],
    )
    def test_a_part_of_the_user_agent(self, same, monkeypatch, name, value, falls_back):
        monkeypatch.setattr(fasthttp.LocustUserAgent, name, value)

        def body(client):
            return [client.get(path).status_code for path in ("/count/1", do(status=404), "/x")]

        same(body, fast=True, falls_back=falls_back)

    def test_the_user_agent_itself(self, same, said, monkeypatch):
        class Own(fasthttp.LocustUserAgent):
            def urlopen(self, url, **keywords):
                return super().urlopen(url + "?own", **keywords)

        monkeypatch.setattr(fasthttp, "LocustUserAgent", Own)
        _, _, wire = same(lambda client: client.get("/x").status_code, fast=True, falls_back=True)
        assert "/x?own" in wire[0][1]
        assert "LocustUserAgent" in said()[0]

    @pytest.mark.parametrize("method", ["_send_request_safe_mode", "_build_url", "request"])
    def test_a_session_class_that_overrides(self, server, said, method):
        shown = []
        for base in (stock_of(fast.FastHttpSession), fast.FastHttpSession):

            def override(self, *arguments, _base=base, **keywords):
                self.called = [*getattr(self, "called", []), method]
                return getattr(_base, method)(self, *arguments, **keywords)

            backend = Backend("stock", server.url)
            own = type("Own", (base,), {method: override})
            client = own(server.url, backend.hook, Person(), max_retries=0)
            answer = client.get(do(echo=1))
            shown.append((answer.json(), client.called))
        assert shown[0] == shown[1]
        assert len(said()) == (method == "_send_request_safe_mode")


def test_what_is_remembered_of_requests_is_bounded(native):
    for n in range(2 * fast_prepare._KEPT + 1):
        fast_prepare.heads({"X-N": str(n)})
    assert len(fast_prepare._heads) <= fast_prepare._KEPT


def test_sessions_with_the_same_defaults_share_what_is_remembered(native):
    one, two, other = (
        native.fast(headers={"A": "1"}),
        native.fast(headers={"A": "1"}),
        native.fast(headers={"A": 1}),
    )
    assert one._heads is two._heads
    assert one._heads is not other._heads
