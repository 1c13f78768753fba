"""What only Locust's own client does runs there: same object, same state, one log line for each reason."""

import io

import pytest
import requests
from geventhttpclient.client import HTTPClientPool
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase, HTTPDigestAuth
from urllib3 import PoolManager

import seeing
from backends import Backend, Person, do
from locust_native import fallback, session
from locust_native.fast import FastHttpSession


class OwnAdapter(HTTPAdapter):
    def send(self, request, *arguments, **keywords):
        request.headers["X-Adapter"] = "own"
        return super().send(request, *arguments, **keywords)


class Token(AuthBase):
    def __call__(self, request):
        request.headers["X-Token"] = "t"
        return request


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
    return client.get(do(echo=1), cookies=requests.cookies.cookiejar_from_dict({"own": "1"}))


def streamed(client):
    answer = client.get(do(size=5000), stream=True)
    assert b"".join(answer.iter_content(64)) == (b"0123456789" * 500)
    return answer


def generated(client):
    return client.post(do(echo=1), data=(piece for piece in (b"a", b"b")))


WAYS = {
    "adapter": mounted,
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
        client.get(do(header="Set-Cookie:before=1; Path=/"))
        first = client.cookies if way != "jar replaced" else None
        answer = seeing.response(WAYS[way](client))
        client.headers["X-After"] = "1"
        client.get(do(echo=1, header="Set-Cookie:after=1; Path=/"))
        last = client.get(do(echo=1))
        names = sorted(cookie.name for cookie in client.cookies)
        return answer, getattr(last, "touched", None), names, first is None or first.get_dict()["before"]

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
        return seeing.tried(lambda: client.get("/x", cert="/no/such/file").status_code)

    same(body, falls_back=True)
    assert len(said()) == 1


def test_a_plain_adapter_is_no_reason(same):
    def body(client):
        client.mount("http://", HTTPAdapter(pool_connections=100, pool_maxsize=100))
        return seeing.response(client.get(do(echo=1)))

    same(body)


def test_an_adapter_with_retries_is_one(same):
    def body(client):
        client.mount("http://", HTTPAdapter(max_retries=3))
        return seeing.response(client.get(do(echo=1)))

    same(body, falls_back=True)


def test_a_pool_manager(same, said):
    same(lambda client: seeing.response(client.get("/x")), pool_manager=PoolManager(), falls_back=True)
    assert "pool_manager" in said()[0]


@pytest.mark.parametrize("method", ["send", "prepare_request", "get_adapter"])
def test_a_session_class_that_overrides(server, said, method):
    outcomes = []
    for base in (session.HttpSession.__mro__[1], session.HttpSession):

        def override(self, *arguments, _base=base, **keywords):
            self.__dict__.setdefault("called", []).append(method)
            return getattr(_base, method)(self, *arguments, **keywords)

        Own = type("Own", (base,), {method: override})
        backend = Backend("stock", server.url)
        server.take()
        client = Own(server.url, backend.hook, Person())
        seen = seeing.response(client.get(do(echo=1)))
        outcomes.append((seen, client.called, seeing.wire(server.take())))
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


class TestFast:
    @pytest.mark.parametrize(
        "way",
        [
            lambda client: b"".join(
                piece.encode() if isinstance(piece, str) else piece
                for piece in client.get(do(size=5000), stream=True).iter_content(64)
            ),
            lambda client: list(client.iter_lines(do(body="one\ntwo\nthree"))),
            lambda client: seeing.fast_response(client.post(do(echo=1), data=io.BytesIO(b"content"))),
            lambda client: seeing.fast_response(client.get(do(echo=1), max_redirects=2)),
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
                lambda c: seeing.fast_response(c.get(do(echo=1))),
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
