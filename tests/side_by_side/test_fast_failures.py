"""FastHttpUser, what goes wrong: failures, time-outs, kills and lost connections look as on stock Locust."""

import gevent
import pytest
from geventhttpclient.connectionpool import SSLConnectionPool

from locust_native.fast_user import session as fast
from support import observe
from support.backends import Backend, do, stock_of
from support.fast_requests import shows


class TestFailures:
    @pytest.mark.parametrize("fault", ["close", "reset", "cut", "cut-chunk", "reset-body"])
    @pytest.mark.parametrize("verb", ["get", "post"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_faults(self, alike, fault, verb, catch):
        alike(shows(verb, do(fault=fault, size=4000), catch_response=catch))

    def test_refused_and_no_such_host(self, alike, free_port):
        alike(shows("get", f"http://127.0.0.1:{free_port}/x?y=1"))
        alike(shows("post", f"http://127.0.0.1:{free_port}/x?y=1", json={}))
        alike(shows("get", "http://no-such-host.invalid/x"))

    def test_timeouts(self, alike, full_port):
        alike(shows("get", do(size=5000, stall=3000)), network_timeout=0.5)
        alike(shows("get", do(delay=4000)), network_timeout=0.5)
        alike(shows("post", do(delay=4000), data="x"), network_timeout=0.5)
        alike(shows("get", f"http://127.0.0.1:{full_port}/x"), connection_timeout=0.05)


REFUSALS = [
    ("get", {}),
    ("post", {}),
    ("post", {"data": "text", "headers": {"X": "1"}}),
    ("post", {"data": {"a": 1}, "verify": False}),
    ("get", {"params": {"a": 1}, "verify": False}),
    ("post", {"json": {"a": 1}, "auth": ("a", "b")}),
    ("put", {"data": b"bytes", "headers": {"Content-Type": "own"}}),
    ("post", {"files": {"f": ("n", b"x", None, {}, "b")}}),
]


class TestErrorResponses:
    """What a response says of a request that was never answered, and its request."""

    @pytest.mark.parametrize(("verb", "given"), REFUSALS, ids=repr)
    @pytest.mark.parametrize("catch", [True, False])
    def test_refused(self, alike, free_port, verb, given, catch):
        url = f"http://127.0.0.1:{free_port}/a b?x=1#f"
        alike(shows(verb, url, catch_response=catch, **given), headers={"X-D": "1"})

    @pytest.mark.parametrize(("verb", "given"), REFUSALS, ids=repr)
    def test_closed(self, alike, verb, given):
        alike(shows(verb, do(fault="close"), **given), headers={"X-D": "1"}, connections=False)

    def test_closed_after_a_redirect(self, alike):
        last = do(fault="close")
        alike(shows("post", do(status=302, header=["Location:" + last, "Set-Cookie:a=1"]), data="x"))

    def test_refused_after_a_redirect(self, alike, free_port):
        alike(shows("get", do(status=307, header=f"Location:http://127.0.0.1:{free_port}/x")))
        alike(
            shows("get", do(status=307, header=f"Location:http://127.0.0.1:{free_port}/a/../[x")),
            connections=False,
        )

    def test_too_many_redirects(self, alike):
        for catch in (True, False):
            alike(shows("post", "/count/40", data="x", catch_response=catch))
            alike(shows("get", "/count/4", catch_response=catch), max_redirects=3)

    @pytest.mark.parametrize("verdict", ["success", "failure", None])
    def test_verdicts(self, alike, free_port, verdict):
        def body(client):
            with client.get(f"http://127.0.0.1:{free_port}/", catch_response=True) as r:
                if verdict:
                    getattr(r, verdict)(*["mine"] * (verdict == "failure"))
            return observe.tried(r.raise_for_status), observe.fast_response(r)

        alike(body)

    @pytest.mark.parametrize("fault", ["close", "reset", "cut", "reset-body"])
    @pytest.mark.parametrize("verb", ["get", "post", "put", "delete", "patch", "options"])
    def test_how_often_it_is_tried(self, alike, fault, verb):
        alike(shows(verb, do(fault=fault, size=100)), concurrency=2)

    @pytest.mark.parametrize("status", [404, 500])
    @pytest.mark.parametrize("fault", ["cut", "cut-chunk", "reset-body"])
    def test_a_bad_status_and_a_cut_body(self, alike, status, fault):
        alike(shows("get", do(status=status, fault=fault, size=4000)))

    def test_a_stalled_body_of_a_bad_status(self, alike):
        alike(shows("get", do(status=500, size=5000, stall=3000)), network_timeout=0.5)

    @pytest.mark.parametrize("where", [{"delay": 5000}, {"size": 5000, "stall": 5000}])
    @pytest.mark.parametrize("verb", ["get", "post"])
    def test_timeouts_over_tls(self, alike, server, where, verb):
        alike(shows(verb, server.tls_url + do(**where)), network_timeout=1)


class TestLeavingEarly:
    @pytest.mark.parametrize("verb", ["get", "post", "put"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_a_gevent_timeout_is_a_failed_request(self, alike, server, verb, catch):
        """geventhttpclient takes it for one of its own."""

        def body(client):
            with gevent.Timeout(0.1):
                r = getattr(client, verb)(do(hold=1), catch_response=catch)
            shown = observe.fast_response(r)
            server.wait(held=0)
            return shown, client.get("/x").status_code

        value, events, _ = alike(body, connections=False)
        assert value[0]["error"][1] == "RetriesExceeded"
        assert len(events) == (1 if catch else 2)

    def test_a_gevent_timeout_of_one_s_own_class(self, alike, server):
        class Mine(Exception):
            pass

        def body(client):
            with gevent.Timeout(0.1, Mine):
                client.get(do(hold=1))

        value, events, _ = alike(body)
        assert (value[1][1], events) == ("Mine", [])

    @pytest.mark.parametrize("thrown", [gevent.GreenletExit, KeyError, ConnectionResetError, BrokenPipeError])
    def test_thrown_in_flight(self, alike, server, thrown):
        def body(client):
            seen = []

            def visit():
                try:
                    seen.append(observe.fast_response(client.get(do(hold=1))))
                except BaseException as raised:
                    seen.append(observe.error(raised))

            visitor = gevent.spawn(visit)
            server_side = gevent.get_hub().threadpool.apply(server.wait, kwds={"held": 1})
            visitor.kill(thrown("x") if thrown is not gevent.GreenletExit else thrown)
            gevent.get_hub().threadpool.apply(server.wait, kwds={"held": 0})
            return seen, server_side, client.get("/x").status_code

        alike(body, connections=False)

    def test_killed_in_a_request_that_should_not_follow(self, alike, server):
        def body(client):
            visitor = gevent.spawn(client.get, do(hold=1), allow_redirects=False)
            gevent.get_hub().threadpool.apply(server.wait, kwds={"held": 1})
            visitor.kill()
            gevent.get_hub().threadpool.apply(server.wait, kwds={"held": 0})
            return client.get("/count/2").status_code

        value, _, _ = alike(body, connections=False)
        assert value == 302


class TestAtOnce:
    @pytest.mark.parametrize("size", [1, 2, 10])
    def test_no_more_than_the_concurrency(self, alike, server, size):
        def body(client):
            visitors = [gevent.spawn(client.get, do(hold=1)) for _ in range(4)]
            pool = gevent.get_hub().threadpool
            pool.apply(server.wait, kwds={"held": min(size, 4)})
            done = 0
            while done < 4:
                server_side = min(size, 4 - done)
                pool.apply(server.wait, kwds={"held": server_side})
                pool.apply(server.release)
                done += server_side
                gevent.wait(visitors, count=done)
            return [visitor.value.status_code for visitor in visitors]

        alike(body, concurrency=size, connections=False)

    def test_the_concurrency_is_one_for_each_host(self, server):
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            client = backend.fast(concurrency=1)
            there = f"http://localhost:{server.port}"
            visitors = [gevent.spawn(client.get, host + do(hold=1)) for host in ("", there)]
            gevent.get_hub().threadpool.apply(server.wait, kwds={"held": 2})  # both at once
            server.release()
            assert [visitor.get().status_code for visitor in visitors] == [200, 200]
            backend.close()

    def test_names_and_cookies_of_parallel_requests(self, server):
        seen = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            client = backend.fast()
            visitors = [
                gevent.spawn(client.get, do(header=f"Set-Cookie:c{n}={n}; Path=/"), name=f"n{n}")
                for n in range(8)
            ]
            gevent.joinall(visitors)
            cookies = sorted(cookie.name for cookie in client.cookiejar)
            seen.append((cookies, sorted(event["name"] for event in backend.events)))
            backend.close()
        assert seen[0] == seen[1]


class TestTls:
    @pytest.mark.parametrize("insecure", [True, 1])
    def test_any_certificate_will_do(self, alike, server, insecure):
        alike(shows("get", server.tls_url + do(echo=1)), insecure=insecure)
        alike(shows("get", server.tls_url.replace("localhost", "127.0.0.1") + "/x"), insecure=insecure)

    def test_an_unknown_authority_is_refused(self, server):
        shown = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            answer = backend.fast(insecure=False).get(server.tls_url + "/x")
            failed = backend.events[0]["exception"]
            shown.append((answer.status_code, type(failed), failed is answer.error, failed.request.url))
            backend.close()
        assert shown[0] == shown[1]

    def test_a_known_one_is_accepted(self, alike, server, monkeypatch):
        monkeypatch.setitem(SSLConnectionPool.default_options, "ca_certs", str(server.authority))
        alike(shows("get", server.tls_url + do(echo=1)), insecure=False)

    def test_redirects_between_the_schemes(self, alike, server):
        for there, here in ((server.tls_url, server.url), (server.url, server.tls_url)):
            path = do(status=302, header=[f"Location:{there}/x", "Set-Cookie:a=1; Path=/"])
            alike(shows("get", here + path, auth=("a", "b")))


def test_a_session_made_without_any_settings(server):
    shown = []
    for base in (stock_of(fast.FastHttpSession), fast.FastHttpSession):
        backend = Backend("stock", server.url)
        client = base(server.url, backend.hook, None)
        answer = observe.fast_response(client.get("/count/2"))
        shown.append((answer, [observe.event(event) for event in backend.events]))
        client.client.close()
    assert shown[0] == shown[1]
