"""What only Locust's own client does runs there: same object, same state, one log line for each reason."""

import http.client
import io
import socket
import ssl
import subprocess
import sys

import gevent
import pytest
import requests
import trustme
import urllib3.util.connection
from gevent.pywsgi import WSGIServer
from geventhttpclient.client import HTTPClientPool
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3 import PoolManager, Retry
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from locust_native.client import fallback
from locust_native.fast_user.session import FastHttpSession
from locust_native.http_user import session
from support import observe
from support.backends import Backend, Person, do, stock_of


class OwnAdapter(HTTPAdapter):
    def send(self, request, *arguments, **keywords):
        request.headers["X-Adapter"] = "own"
        return super().send(request, *arguments, **keywords)


class Token(AuthBase):
    def __call__(self, request):
        request.headers["X-Token"] = "t"
        return request


class FromHere(HTTPAdapter):
    """Binds a source address, as requests_toolbelt's adapter does."""

    def init_poolmanager(self, connections, maxsize, block=False):
        super().init_poolmanager(connections, maxsize, block, source_address=("127.0.0.1", 0))


def source_address(client):
    client.mount("http://", FromHere())
    return client.get(do(echo=1))


def connection_settings(client):
    client.get_adapter(client.base_url).poolmanager.connection_pool_kw["source_address"] = ("127.0.0.1", 0)
    return client.get(do(echo=1))


def with_retries(client):
    adapter = HTTPAdapter(max_retries=Retry(total=2, status_forcelist=[503], allowed_methods=None))
    client.mount("http://", adapter)
    client.get("/do?status=503")
    return client.get(do(echo=1))


def retries_assigned(client):
    client.get_adapter(client.base_url).max_retries = Retry(1)
    return client.get(do(echo=1))


def adapter_method_replaced(client):
    adapter = client.get_adapter(client.base_url)
    stock = adapter.add_headers
    adapter.add_headers = lambda request, **_: request.headers.update({"X-Added": "1"}) or stock(request)
    return client.get(do(echo=1))


def rebuild_auth_replaced(client):
    client.rebuild_auth = lambda request, response: None
    return client.get(do(status=302, header="Location:" + do(echo=1)), auth=("a", "b"))


def mounted(client):
    client.mount("http://", OwnAdapter())
    return client.get(do(echo=1))


def hooked(client):
    return client.get(do(echo=1), hooks={"response": lambda answer, **_: setattr(answer, "touched", True)})


def session_hook(client):
    client.hooks["response"].append(lambda answer, **_: setattr(answer, "touched", True))
    return client.get(do(echo=1))


def replaced_jar(client):
    jar = requests.cookies.RequestsCookieJar()
    jar.set("mine", "1")
    client.cookies = jar
    return client.get(do(echo=1))


def jar_argument(client):
    jar = requests.cookies.RequestsCookieJar()
    jar.set("own", "1", domain="127.0.0.1", path="/")
    return client.get(do(echo=1), cookies=jar)


def streamed(client):
    answer = client.get(do(size=5000), stream=True)
    assert b"".join(answer.iter_content(64)) == (b"0123456789" * 500)
    return answer


def generated(client):
    return client.post(do(echo=1), data=(piece for piece in (b"a", b"b")))


WAYS = {
    "adapter": mounted,
    "source address": source_address,
    "connection settings": connection_settings,
    "retries": with_retries,
    "retries assigned": retries_assigned,
    "method of the adapter": adapter_method_replaced,
    "method of the session": rebuild_auth_replaced,
    "hook": hooked,
    "session hook": session_hook,
    "auth object": lambda client: client.get(do(echo=1), auth=Token()),
    "auth of the session": lambda client: (setattr(client, "auth", Token()), client.get(do(echo=1)))[1],
    "digest": lambda client: client.get(do(echo=1), auth=HTTPDigestAuth("a", "b")),
    "stream": streamed,
    "jar as cookies": jar_argument,
    "jar replaced": replaced_jar,
    "generator": generated,
    "open file": lambda client: client.post(do(echo=1), data=io.BytesIO(b"content")),
    "chunked": lambda client: client.get(do(echo=1), headers={"Transfer-Encoding": "chunked"}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_request_is_stock_s_and_so_is_all_after_it(same, said, way):
    def body(client):
        client.headers["X-Before"] = "1"
        client.auth = ("me", "secret")
        client.get(do(header="Set-Cookie:before=1; Path=/"))
        client.cookies.set("by-hand", "1")
        first, whole = client.cookies if way != "jar replaced" else None, client
        answer = observe.response(WAYS[way](client))
        assert client is whole
        client.headers["X-After"] = "1"
        client.get(do(echo=1, header="Set-Cookie:after=1; Path=/"))
        last = client.get(do(echo=1))
        names = sorted(cookie.name for cookie in client.cookies)
        kept = first is None or (client.cookies is first, first.get_dict())
        return answer, getattr(last, "touched", None), names, kept

    # stock's first request after ours opens a connection of its own
    same(body, falls_back=True, connections=False)
    assert len(said()) == 1
    assert "Person runs on Locust's own client: " in said()[0]


def test_one_line_for_each_reason_in_all(native, said):
    for _ in range(3):
        native.http().get("/x", stream=True)
        native.http().get("/x", auth=Token())
    assert len(said()) == 2
    assert "stream=True" in said()[0]
    assert "auth by Token" in said()[1]


def test_a_client_certificate(same, said, server, tmp_path):
    def body(client):
        return observe.tried(lambda: client.get("/x", cert="/no/such/file").status_code)

    same(body, falls_back=True)
    assert len(said()) == 1


def test_a_plain_adapter_is_no_reason(same):
    def body(client):
        client.mount("http://", HTTPAdapter(pool_connections=100, pool_maxsize=100))
        return observe.response(client.get(do(echo=1)))

    same(body)


def test_an_adapter_with_retries_is_one(same):
    def body(client):
        client.mount("http://", HTTPAdapter(max_retries=3))
        return observe.response(client.get(do(echo=1)))

    same(body, falls_back=True)


def test_a_pool_manager(same, said):
    same(lambda client: observe.response(client.get("/x")), pool_manager=PoolManager(), falls_back=True)
    assert "pool_manager" in said()[0]


@pytest.mark.parametrize("method", ["send", "prepare_request", "get_adapter"])
def test_a_session_class_that_overrides(server, said, method):
    outcomes = []
    for base in (stock_of(session.HttpSession), session.HttpSession):

        def override(self, *arguments, _base=base, **keywords):
            self.__dict__.setdefault("called", []).append(method)
            return getattr(_base, method)(self, *arguments, **keywords)

        Own = type("Own", (base,), {method: override})
        backend = Backend("stock", server.url)
        server.take()
        client = Own(server.url, backend.hook, Person())
        seen = observe.response(client.get(do(echo=1)))
        outcomes.append((seen, client.called, observe.wire(server.take())))
        client.close()
    assert outcomes[0] == outcomes[1]
    assert len(said()) == 1


def test_a_session_class_that_overrides_request_stays_native(native, said):
    class Own(session.HttpSession):
        def request(self, method, url, **keywords):
            keywords.setdefault("headers", {})["X-Own"] = "1"
            return super().request(method, url, **keywords)

    client = Own(native.url, native.hook, Person())
    assert client.get(do(echo=1)).json()["fields"][-1] == ["x-own", "1"]
    assert client._native is not None
    assert said() == []


def test_a_request_under_way_meanwhile_brings_its_cookies(same, server):
    def body(client):
        slow = gevent.spawn(client.get, do(hold=1, header="Set-Cookie:slow=1; Path=/"))
        while not server._ask("wait?held=1")["held"]:
            gevent.sleep(0)
        client.get(do(header="Set-Cookie:quick=1; Path=/"), stream=True).close()
        server.release()
        slow.join()
        return sorted(client.cookies.get_dict().items())

    value, _, _ = same(body, falls_back=True, connections=False)
    assert value == [("quick", "1"), ("slow", "1")]


class TestReplacedBelowRequests:
    """vcrpy and its like stand below requests, where native requests never pass: they are noticed."""

    class Recorded(HTTPConnection):
        """Stands for vcrpy's connection class."""

        asked: list = []  # noqa: RUF012

        def request(self, method, url, *arguments, **keywords):
            self.asked.append((method, url))
            return super().request(method, url, *arguments, **keywords)

    @staticmethod
    def counted(calls, name, stock):
        def replacement(*arguments, **keywords):
            calls.append(name)
            return stock(*arguments, **keywords)

        return replacement

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            (socket, "getaddrinfo"),
            (urllib3.util.connection, "create_connection"),
            (urllib3.util.connection, "allowed_gai_family"),
            (HTTPConnection, "_new_conn"),
            (HTTPConnection, "request"),
            (http.client.HTTPConnection, "getresponse"),
        ],
    )
    def test_functions(self, native, said, monkeypatch, owner, name):
        client = native.http()
        assert client.get(do(body="before")).text == "before"
        calls = []
        monkeypatch.setattr(owner, name, self.counted(calls, name, getattr(owner, name)))
        assert client.get(do(body="after")).text == "after"
        assert calls
        (line,) = said()
        assert f"{owner.__name__}.{name} is replaced below requests" in line

    def test_the_connection_class(self, native, said, monkeypatch):
        client = native.http()
        monkeypatch.setattr(HTTPConnectionPool, "ConnectionCls", self.Recorded)
        assert client.get("/x").text == "ok"
        assert self.Recorded.asked == [("GET", "/x")]
        assert "HTTPConnectionPool.ConnectionCls" in said()[0]

    def test_the_socket(self, native, monkeypatch):
        class Guarded(socket.socket):
            def __init__(self, *_, **__):
                raise RuntimeError("no sockets in this test")

        client = native.http()
        with monkeypatch.context() as patched:
            patched.setattr(socket, "socket", Guarded)
            with pytest.raises(RuntimeError, match="no sockets"):
                client.get("/x")

    def test_the_debug_level_of_http_client(self, same, monkeypatch, capsys):
        monkeypatch.setattr(HTTPConnection, "debuglevel", 1)
        same(lambda client: client.get("/x").text, falls_back=True)
        first, _, second = capsys.readouterr().out.partition("reply: ")
        assert "send: b'GET /x HTTP/1.1" in first
        assert "send: b'GET /x HTTP/1.1" in second

    def test_gevent_is_not_meant(self):
        code = """
import locust
from locust_native.client.instrumentation import of_requests
from gevent import monkey
print(of_requests(), monkey.is_module_patched("socket"))
monkey.patch_all()
print(of_requests(), monkey.is_module_patched("socket"))
"""
        for skip in ({}, {"LOCUST_SKIP_MONKEY_PATCH": "1"}):
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", code],
                env=skip,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.stdout == f"None {not skip}\nNone True\n", done.stderr


class TestTls:
    """What rustls will not speak to and OpenSSL will; and the words of OpenSSL where neither will."""

    @pytest.fixture
    def serve(self):
        """Start a TLS server with this context; returns its port."""
        servers = []

        def application(environ, start):
            start("200 OK", [("Content-Type", "text/plain")])
            return [environ["wsgi.input"].read() or b"ok"]

        def start(context):
            server = WSGIServer(("127.0.0.1", 0), application, ssl_context=context, log=None, error_log=None)
            server.start()
            servers.append(server)
            return server.server_port

        yield start
        for server in servers:
            server.stop(timeout=1)

    @staticmethod
    def context(*files):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(*files)
        return made

    @pytest.fixture
    def self_signed(self, tmp_path):
        """A certificate for localhost that signs itself, as `openssl req -x509` makes it."""
        command = (
            "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem"
        )
        subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
        return tmp_path / "cert.pem", tmp_path / "key.pem"

    def test_a_server_that_signs_itself(self, same, said, serve, self_signed):
        base = f"https://localhost:{serve(self.context(*self_signed))}"

        def body(client):
            client.verify = str(self_signed[0])
            client.cookies.set("before", "1")
            first = client.post("/x", data="once")
            uploaded = client.post("/x", files={"f": ("n", io.BytesIO(b"content"))})
            return first.text, b"content" in uploaded.content, client.get("/x").text

        value, events, _ = same(body, base_url=base, falls_back=True)
        assert value == ("once", True, "ok")
        assert len(events) == 3
        assert "only OpenSSL completes" in said()[0]

    def test_ciphers_that_only_openssl_speaks(self, same, server, serve, tmp_path):
        authority = trustme.CA()
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            tmp_path / "server.pem"
        )
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        context = self.context(tmp_path / "server.pem")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384:AES256-SHA256")
        base = f"https://localhost:{serve(context)}"
        value, _, _ = same(
            lambda client: client.get("/x", verify=str(tmp_path / "ca.pem")).text,
            base_url=base,
            falls_back=True,
        )
        assert value == "ok"

    def test_a_redirect_to_it(self, same, server, serve, self_signed):
        base = f"https://localhost:{serve(self.context(*self_signed))}"

        def body(client):
            client.verify = str(self_signed[0])
            answer = client.get(do(status=302, header=[f"Location:{base}/x", "Set-Cookie:way=1; Path=/"]))
            return (
                answer.text,
                answer.url,
                [hop.status_code for hop in answer.history],
                client.cookies.get_dict(),
            )

        value, events, wire = same(body, falls_back=True)
        assert (value[0], len(events), len(wire)) == ("ok", 1, 1)

    @pytest.mark.parametrize("verify", [True, "own"])
    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_refusals_in_the_words_of_openssl(self, same, serve, self_signed, verify, host):
        base = f"https://{host}:{serve(self.context(*self_signed))}"

        def body(client):
            answer = client.get("/x", verify=str(self_signed[0]) if verify == "own" else verify)
            return answer.status_code, observe.error(getattr(answer, "error", None), chain=True)

        (status, _), (event,), _ = same(body, base_url=base, falls_back=None)
        if status == 0:
            assert "certificate verify failed" in event["exception"][2]

    def test_plain_http_where_tls_is_expected(self, same, server):
        same(lambda client: observe.response(client.get(f"https://127.0.0.1:{server.port}/x")))

    def test_a_client_certificate(self, same, said, serve, tmp_path):
        authority = trustme.CA()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
            tmp_path / "server.pem"
        )
        authority.issue_cert("me@example.org").private_key_and_cert_chain_pem.write_to_path(
            tmp_path / "me.pem"
        )
        context = self.context(tmp_path / "server.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(tmp_path / "ca.pem")
        base = f"https://localhost:{serve(context)}"

        def body(client):
            client.verify = str(tmp_path / "ca.pem")
            client.cert = str(tmp_path / "me.pem")
            return client.get("/x").text

        value, _, _ = same(body, base_url=base, falls_back=True)
        assert value == "ok"
        assert "a TLS client certificate" in said()[0]


class TestFast:
    @pytest.mark.parametrize(
        "way",
        [
            lambda client: b"".join(
                piece.encode() if isinstance(piece, str) else piece
                for piece in client.get(do(size=5000), stream=True).iter_content(64)
            ),
            lambda client: list(client.iter_lines(do(body="one\ntwo\nthree"))),
            lambda client: observe.fast_response(client.post(do(echo=1), data=io.BytesIO(b"content"))),
            lambda client: observe.fast_response(client.get(do(echo=1), max_redirects=2)),
            lambda client: type(client.client).__name__,
        ],
    )
    def test_ways(self, same, said, way):
        def body(client):
            client.get(do(header="Set-Cookie:before=1; Path=/"))
            seen = way(client)
            client.get(do(echo=1, header="Set-Cookie:after=1; Path=/"))
            last = client.get(do(echo=1))
            return seen, last.json()["fields"], sorted(cookie.name for cookie in client.cookiejar)

        same(body, fast=True, falls_back=True, connections=False)
        assert len(said()) == 1

    def test_settings_of_the_user(self, same, said):
        import gevent.ssl

        for settings in (
            {"client_pool": HTTPClientPool(concurrency=3)},
            {"ssl_context_factory": gevent.ssl.create_default_context},
            {"max_retries": 2},
        ):
            same(
                lambda c: observe.fast_response(c.get(do(echo=1))),
                fast=True,
                falls_back=True,
                connections=False,
                **settings,
            )
        assert len(said()) == 3

    def test_rest_of_the_state_is_kept(self, native, server):
        client = native.fast(f"http://me:secret@127.0.0.1:{server.port}")
        client.request_name = "sticky"
        before = client.cookiejar
        client.get(do(header="Set-Cookie:a=1; Path=/"))
        client.get("/x", stream=True)
        answer = client.get(do(echo=1)).json()
        fields = dict(answer["fields"])
        assert isinstance(client, FastHttpSession)
        assert fields["cookie"] == "a=1"
        assert fields["authorization"].startswith("Basic ")
        assert {event["name"] for event in native.events} == {"sticky"}
        assert [cookie.name for cookie in before] == ["a"]


def test_the_line_names_the_user(caplog, monkeypatch):
    monkeypatch.setattr(fallback, "_said", set())

    class Visitor:
        pass

    fallback.say(Visitor(), "a reason")
    fallback.say(None, "another")
    assert [record.getMessage() for record in caplog.records] == [
        "locust-native: Visitor runs on Locust's own client: a reason",
        "locust-native: a session without user runs on Locust's own client: another",
    ]
