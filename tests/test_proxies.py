"""Proxies and TLS: what goes through a proxy, and whom a client trusts, is as on stock Locust."""

import warnings

import pytest

from support import observe
from support.backends import Backend, do


def over(server):
    """The recording server as a proxy; it answers absolute targets itself and tunnels CONNECT."""
    return f"http://127.0.0.1:{server.port}"


class TestProxies:
    @pytest.mark.parametrize("verb", ["get", "post", "head"])
    def test_argument(self, same, server, verb):
        def body(client):
            keywords = {"data": {"a": 1}} if verb == "post" else {}
            path = "http://shop.example/x?y=1"
            return [
                observe.response(getattr(client, verb)(path, proxies={"http": over(server)}, **keywords))
                for _ in range(2)
            ]

        _, _, wire = same(body)
        assert wire[0][1].partition(" ")[2] == "http://shop.example/x?y=1 HTTP/1.1"

    def test_session_attribute_cookies_and_redirects(self, same, server):
        def body(client):
            client.proxies = {"http": over(server)}
            client.proxies.update({"https": over(server)})
            answer = client.get(
                "http://shop.example" + do(status=302, header=["Location:/do?echo=1", "Set-Cookie:a=1"])
            )
            return observe.response(answer), observe.cookies(client.cookies)

        same(body)

    def test_environment(self, same, server, monkeypatch):
        monkeypatch.setenv("http_proxy", over(server))
        monkeypatch.setenv("no_proxy", "127.0.0.1")

        def body(client):
            client.trust_env = True
            seen = [
                observe.response(client.get("http://shop.example/x")),
                observe.response(client.get("/direct")),
            ]
            client.trust_env = False
            seen.append(observe.response(client.get("/direct")))
            return seen

        same(body)

    def test_credentials_of_the_proxy(self, same, server):
        proxy = over(server).replace("//", "//me:p%40ss@")
        same(lambda c: observe.response(c.get("http://shop.example/x", proxies={"http": proxy})))

    def test_a_proxy_that_is_not_there(self, same, free_port):
        proxies = {"http": f"http://127.0.0.1:{free_port}"}
        _, (event,), _ = same(lambda c: observe.response(c.get("http://shop.example/x", proxies=proxies)))
        assert event["exception"] is not None

    def test_https_through_a_tunnel(self, same, server):
        def body(client):
            client.verify = str(server.authority)
            proxy = over(server).replace("//", "//me:p%40ss@")
            answers = [client.get(server.tls_url + do(echo=1), proxies={"https": proxy}) for _ in range(2)]
            return [observe.response(answer) for answer in answers]

        outcome, _, wire = same(body)
        assert wire[0][1] == f"CONNECT localhost:{server.tls_port} HTTP/1.0"
        assert len(wire) == 3  # one tunnel for both
        assert outcome[0]["status_code"] == 200

    def test_a_tunnel_refused(self, same, server):
        url = "https://refused.example/x"
        _, (event,), _ = same(lambda c: observe.response(c.get(url, proxies={"https": over(server)})))
        assert "Tunnel connection failed" in str(event["exception"])

    def test_a_tunnel_refused_is_no_unverified_connection(self, server):
        said = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                backend.http().get("https://refused.example/x", proxies={"https": over(server)}, verify=False)
            said.append([str(warning.message) for warning in caught])
            backend.close()
        assert said[0] == said[1]

    def test_no_accept_field(self, same, server):
        same(
            lambda c: (
                c.get("http://shop.example/x", headers={"Accept": None}, proxies={"http": over(server)}).text
            )
        )

    @pytest.mark.parametrize("scheme", ["http", "https"])
    def test_a_name_that_is_not_there(self, same, scheme):
        proxies = {scheme: "http://no-such-proxy.invalid:8080"}
        same(lambda c: observe.response(c.get(f"{scheme}://shop.example/x", proxies=proxies)))

    def test_no_answer_in_time(self, same, server):
        path = "http://shop.example" + do(delay=4000)
        same(lambda c: observe.response(c.get(path, proxies={"http": over(server)}, timeout=0.1)))

    @pytest.mark.parametrize("path", ["", "?q=1", "/a#b", "/%7Ex y"])
    def test_absolute_targets(self, same, server, path):
        url = "http://user:word@shop.example:80" + path
        same(lambda c: observe.response(c.get(url, proxies={"http": over(server)})))

    def test_proxy_of_a_fast_user(self, same, server):
        def body(client):
            return [observe.fast_response(client.get("http://shop.example/x?y=1")) for _ in range(2)]

        same(body, fast=True, falls_back=True, proxy_host="127.0.0.1", proxy_port=server.port)


class TestTls:
    def test_an_unknown_authority_is_refused(self, same, server):
        def body(client):
            answer = client.get(server.tls_url + "/x")
            return answer.status_code, type(answer.error).__name__

        outcomes = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            outcomes.append((body(backend.http()), type(backend.events[0]["exception"]).__name__))
        assert outcomes[0] == outcomes[1]
        assert outcomes[0][0] == (0, "SSLError")

    @pytest.mark.parametrize("how", ["argument", "session"])
    def test_verify_false(self, same, server, how):
        def body(client):
            if how == "session":
                client.verify = False
            keywords = {} if how == "session" else {"verify": False}
            return [observe.response(client.get(server.tls_url + do(echo=1), **keywords)) for _ in range(3)]

        _, _, wire = same(body)
        assert {request[0] for request in wire} == {0}  # one connection for all

    def test_verify_by_a_bundle(self, same, server):
        def body(client):
            client.verify = str(server.authority)
            return [observe.response(client.get(server.tls_url + do(echo=1))) for _ in range(2)]

        same(body)

    def test_verify_by_the_environment(self, same, server, monkeypatch):
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))

        def body(client):
            client.trust_env = True
            return observe.response(client.get(server.tls_url + do(echo=1)))

        same(body)

    def test_the_wrong_name(self, server):
        outcomes = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            url = server.tls_url.replace("localhost", "vm.localhost")
            answer = backend.http().get(url + "/x", verify=str(server.authority))
            outcomes.append((answer.status_code, type(backend.events[0]["exception"]).__name__))
        assert outcomes[0] == outcomes[1]

    def test_a_fast_user_takes_any_certificate(self, same, server):
        _, _, wire = same(
            lambda c: [observe.fast_response(c.get(server.tls_url + do(echo=1))) for _ in range(3)], fast=True
        )
        assert {request[0] for request in wire} == {0}

    def test_a_careful_fast_user_does_not(self, server):
        outcomes = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            answer = backend.fast(insecure=False).get(server.tls_url + "/x")
            outcomes.append(
                (
                    answer.status_code,
                    type(answer.error).__name__,
                    type(backend.events[0]["exception"]).__name__,
                )
            )
        assert outcomes[0] == outcomes[1]
        assert outcomes[0][0] == 0

    def test_plain_http_where_tls_is_expected(self, server):
        outcomes = []
        for kind in ("stock", "native"):
            backend = Backend(kind, server.url)
            answer = backend.http().get(f"https://127.0.0.1:{server.port}/x", verify=False)
            outcomes.append((answer.status_code, type(answer.error).__name__))
        assert outcomes[0] == outcomes[1]

    def test_secure_cookies_only_over_tls(self, same, server):
        def body(client):
            client.verify = False
            client.get(server.tls_url + do(header="Set-Cookie:s=1; Secure; Path=/"))
            client.get(server.tls_url + "/x")
            client.get(f"http://localhost:{server.port}/x")

        same(body)
