"""FastHttpSession: every use of ``FastHttpUser.client`` does, says and sends what stock Locust's does."""

import io

import pytest
from locust.exception import CatchResponseError, LocustError, RescheduleTask, ResponseError

import seeing
from backends import do


def shows(method, *arguments, **keywords):
    """A body that makes one request and returns all one can see of the response."""
    return lambda client: seeing.fast_response(getattr(client, method)(*arguments, **keywords))


@pytest.fixture
def alike(same):
    """`same` for fast sessions."""
    return lambda body, **arguments: same(body, fast=True, **arguments)


VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "path", ["/", "/a/b.html?x=1&y=2", do(echo=1), do(status=404), do(status=500, body="no")]
)
def test_verbs(alike, verb, path):
    alike(shows(verb, path))


@pytest.mark.parametrize("method", ["get", "Post", "PROPFIND"])
def test_request_with_any_method(alike, method):
    alike(shows("request", method, do(echo=1)))


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"a": 1, "b": [None, True, 1.5, "ä"], "c": {}}},
        {"json": []},
        {"json": 0},
        {"json": float("nan")},
        {"json": {"a": 1}, "data": "wins"},
        {"json": {"a": 1}, "headers": {"content-type": "application/vnd.api+json", "accept": "x/y"}},
        {"json": {"a": 1}, "headers": {"CONTENT-TYPE": "application/vnd.api+json"}},
        {"data": {"a": "1", "b": ["2", "3"], "c": None, "d": "ä b&c=d"}},
        {"data": [("a", "1")]},
        {"data": [1, 2]},
        {"data": "text"},
        {"data": "ünï"},
        {"data": ""},
        {"data": {}},
        {"data": b"bytes\x00\xff"},
        {"data": b""},
        {"data": 5},
        {"data": "x", "headers": {"Content-Type": "application/json"}},
        {"data": b"x", "headers": {"content-type": "application/json"}},
        {"data": {"a": 1}, "headers": {"Content-Type": "application/json"}},
        {"data": "x", "headers": {"Content-Length": "1"}},
        {"data": bytearray(b"abc")},
        {"files": {"f": ("name.txt", "content", "text/plain")}},
        {"files": {"f": io.BytesIO(b"content")}, "data": {"a": "1"}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("verb", ["post", "put", "get", "delete"])
def test_bodies(alike, verb, body):
    for kept in body.get("files", {}).values():
        if isinstance(kept, io.BytesIO):
            body = {**body, "files": {"f": ("f", kept.getvalue())}}
    falls_back = body.get("data") in (5, bytearray(b"abc"))
    if falls_back:
        pytest.skip("handed over to Locust's client: see test_fallback")
    alike(shows(verb, "/x", **body))


@pytest.mark.parametrize("verb", ["get", "post", "put", "delete"])
@pytest.mark.parametrize(
    "keywords",
    [
        {"verify": False},
        {"timeout": 5, "verify": False},
        {"cookies": {"a": "b"}},
        {"params": {"a": 1, "b": "x y"}},
        {"params": {"a": [1, 2]}, "verify": False},
        {"params": [("a", 1)], "verify": False},
        {"params": {}, "verify": False},
        {"data": {"a": 1}, "verify": False},
        {"data": "text", "verify": False},
        {"data": b"bytes", "verify": False},
        {"json": {"a": 1}, "verify": False},
        {"nonsense": "ä &"},
    ],
    ids=repr,
)
def test_unknown_keywords(alike, verb, keywords):
    def body(client):
        given = {name: dict(value) if isinstance(value, dict) else value for name, value in keywords.items()}
        return seeing.fast_response(getattr(client, verb)(do(echo=1), **given)), given

    alike(body)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1", "x-b": "2"},
        {"User-Agent": "me", "ACCEPT-ENCODING": "identity"},
        {"accept-encoding": "identity"},
        {"Accept-Encoding": ""},
        {"Host": "shop.example"},
        {"Connection": "close"},
        {"Cookie": "own=1"},
        {"Authorization": "Bearer x"},
        {"X-Latin": "é"},
        {"X-Int": 1},
        {"X-None": None},
        {"X-Empty": ""},
        {"X-List": ["1", "2"]},
        {"X-Break": "a\r\nb"},
        {"X-Wide": "€"},
        {"X Y": "1"},
        {},
        None,
    ],
    ids=repr,
)
def test_headers(alike, headers):
    alike(shows("get", do(echo=1), headers=headers))


@pytest.mark.parametrize("auth", [("me", "pässword"), ("me", ""), (b"me", b"you"), ["a", "b"]])
def test_auth(alike, auth):
    alike(shows("get", do(echo=1), auth=auth))
    alike(shows("get", do(echo=1), auth=auth, headers={"Authorization": "Bearer x"}))


def test_default_headers(alike):
    alike(shows("get", do(echo=1), headers={"X-B": "own"}), headers={"X-A": "1", "x-b": "2"})
    alike(shows("post", do(echo=1), json={}), headers={"Accept": "text/html", "User-Agent": "me"})


def test_credentials_in_the_host(alike, server):
    host = f"http://us%40er:p%2Fw@127.0.0.1:{server.port}"
    alike(lambda client: (client.base_url, seeing.fast_response(client.get(do(echo=1)))), base_url=host)


@pytest.mark.parametrize(
    "path",
    [
        "/a b",
        "/ä",
        "/%7euser/%2f",
        "/a%zz",
        "/a[0]?x[]=1",
        "/a?q={x}|y",
        "/a?b=c#frag",
        "/#frag",
        "/a?",
        "/a//b",
        "//a",
        "/a/../b",
        "/a/./b",
        "/..",
        "/a;b=1,2",
        "/a:b@c",
        "/a?x=ä&y=%E4",
        "/a?x=1 2+3",
        '/"<>\\^`',
        "/~a",
        "/'",
        "/a?'",
        "?only=query",
        "",
        "/\u2028",
        "/a\tb",
        "/a?x=%",
        "/a?x",
    ],
)
def test_odd_paths(alike, path):
    alike(shows("get", path))


@pytest.mark.parametrize(
    "url",
    [
        "x",
        ":1/",
        "http:/x",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://a..b/",
        "http://.x/",
    ],
)
def test_impossible_urls(alike, url):
    alike(shows("get", url))


def test_absolute_urls_and_another_host(alike, server):
    def body(client):
        client.get(do(header="Set-Cookie:a=1"))
        return [
            seeing.fast_response(client.get(f"http://localhost:{server.port}{do(echo=1)}")),
            seeing.fast_response(client.get(f"HTTP://127.0.0.1:{server.port}{do(echo=1)}")),
        ]

    alike(body)


def test_names(alike):
    def body(client):
        client.get("/a?x=1", name="given")
        client.get("/b", name="")
        client.request_name = "sticky"
        client.get("/c")
        client.get("/d", name="own")
        client.request_name = None
        with client.rename_request("renamed"):
            client.post("/e", data="1")
        client.get("/count/2?ä")
        client.get("/g", context={"k": "v", "who": "you"})
        client.request("get", "/h")

    alike(body)


class TestCatchResponse:
    @pytest.mark.parametrize("status", [200, 404, 500])
    @pytest.mark.parametrize(
        "calls", [[], ["success"], ["failure"], ["success", "failure"], ["failure", "success"]], ids=str
    )
    def test_verdicts(self, alike, status, calls):
        def body(client):
            with client.get(do(status=status), catch_response=True) as response:
                for call in calls:
                    response.success() if call == "success" else response.failure("said so")
            return seeing.tried(response.raise_for_status), seeing.fast_response(response)

        _, events, _ = alike(body)
        assert len(events) == 1

    @pytest.mark.parametrize(
        "raised", [ValueError("x"), ResponseError("r"), CatchResponseError("c"), RescheduleTask()], ids=repr
    )
    @pytest.mark.parametrize("verdict", [None, "success", "failure"])
    def test_an_exception_in_the_block(self, alike, raised, verdict):
        def body(client):
            try:
                with client.get("/x", catch_response=True) as response:
                    if verdict:
                        response.success() if verdict == "success" else response.failure("no")
                    raise raised
            except Exception as caught:
                return seeing.error(caught)
            return "swallowed"

        alike(body)

    @pytest.mark.parametrize("call", ["success", "failure"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_verdict_outside_a_block(self, alike, call, catch):
        def body(client):
            response = client.get("/x", catch_response=catch)
            return seeing.tried(lambda: response.success() if call == "success" else response.failure("x"))

        alike(body)

    def test_with_but_no_catch_response(self, alike):
        def body(client):
            with client.get("/x") as response:
                return response.status_code

        alike(body)

    def test_without_with_is_never_counted(self, backend):
        backend.fast().get("/x", catch_response=True)
        assert backend.events == []

    def test_meta_changed_in_the_block_is_honoured(self, alike):
        def body(client):
            with client.get("/x?1", catch_response=True) as response:
                response.request_meta["name"] = "filed here"
            return sorted(response.request_meta)

        alike(body)

    def test_connection_error_in_a_block(self, alike):
        def body(client):
            seen = []
            for verdict in (None, "success", "failure"):
                with client.get(do(fault="close"), catch_response=True) as response:
                    seen.append(seeing.fast_response(response))
                    if verdict:
                        getattr(response, verdict)(*(["mine"] if verdict == "failure" else []))
            return seen

        alike(body)


class TestRedirects:
    @pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308, 304])
    @pytest.mark.parametrize("verb", ["get", "head", "post", "put", "delete"])
    def test_methods(self, alike, status, verb):
        keywords = {"data": {"a": 1}} if verb in ("post", "put") else {}
        path = do(status=status, header="Location:" + do(echo=1))
        alike(shows(verb, path, headers={"X-Own": "1", "Authorization": "Bearer x"}, **keywords))

    @pytest.mark.parametrize(
        "location",
        [
            "/x",
            "x",
            "../x",
            "?q=1",
            "#f",
            "",
            "//127.0.0.1:{port}/x",
            "http://127.0.0.1:{port}/x y?a b",
            "http://localhost:{port}/do?echo=1",
            "/%",
            "/a%20b%zz",
            "/a[1]?b[2]",
            "HTTP://127.0.0.1:{port}/x",
            "/x#f",
            ".",
            "..",
            "./../../x",
            "/a/../b",
            "http://127.0.0.1:{port}",
            "http://127.0.0.1:{port}?q",
            "ftp://127.0.0.1/x",
            "mailto:a@b",
            "http://",
            "javascript:x",
            "//",
            "///x",
        ],
    )
    def test_locations(self, alike, server, location):
        target = do(status=302, header="Location:" + location.format(port=server.port))
        # where only geventhttpclient can read the location, its client goes on, on a connection of its own
        alike(shows("get", target, headers={"Authorization": "Bearer x"}), connections=False)

    @pytest.mark.parametrize("hops", [29, 30, 31])
    def test_the_limit(self, alike, hops):
        alike(shows("get", f"/count/{hops}"))

    def test_limits_of_one_s_own(self, alike):
        alike(shows("get", "/count/3"), max_redirects=2)
        alike(shows("get", "/count/1"), max_redirects=0)

    @pytest.mark.parametrize("status", [302, 307])
    def test_not_followed(self, alike, status):
        alike(
            shows(
                "post",
                do(status=status, header=["Location:/next?x", "Set-Cookie:a=1"]),
                data="x",
                allow_redirects=False,
            )
        )

    def test_cookies_on_the_way(self, alike):
        last = do(echo=1, header="Set-Cookie:b=2; Path=/")
        first = do(status=302, header=["Location:" + last, "Set-Cookie:z=1; Path=/do"])
        alike(lambda c: (seeing.fast_response(c.post(first, data="x")), seeing.cookies(c.cookiejar)))
        alike(shows("get", first, headers={"Cookie": "own=1"}))


class TestBodiesThatCome:
    @pytest.mark.parametrize("coding", ["gzip", "deflate", "raw-deflate", "br"])
    @pytest.mark.parametrize("chunked", [{}, {"chunked": 1}])
    @pytest.mark.parametrize("size", [0, 1, 100_000])
    def test_codings(self, alike, coding, chunked, size):
        alike(shows("get", do(encoding=coding, size=size, **chunked)))

    @pytest.mark.parametrize("size", [0, 5, 70_000, 1_000_000])
    @pytest.mark.parametrize("how", [{}, {"chunked": 1}, {"length": "none"}], ids=str)
    def test_framings(self, alike, how, size):
        alike(shows("get", do(size=size, header="Content-Type:text/plain; charset=ascii", **how)))

    @pytest.mark.parametrize(
        "coding", ["gzip", "deflate", "br", "x-gzip", "compress", "GZIP", "identity", "", "gzip, br"]
    )
    @pytest.mark.parametrize("catch", [True, False])
    def test_wrong_or_unknown_codings(self, alike, coding, catch):
        alike(
            shows(
                "get", do(header=f"Content-Encoding:{coding}", body="not that at all"), catch_response=catch
            )
        )

    @pytest.mark.parametrize("status", [204, 304])
    @pytest.mark.parametrize("verb", ["get", "head"])
    def test_no_body(self, alike, status, verb):
        alike(lambda c: (shows(verb, do(status=status))(c), shows("get", "/x")(c)))

    @pytest.mark.parametrize(
        "kind", ["text/html", "text/html; charset=latin-1", "application/json", "image/png", ""]
    )
    @pytest.mark.parametrize(
        "content", [b"", "grüße".encode(), "grüße".encode("latin-1"), b"\xff\xfe\x00", b'{"a": 1}']
    )
    def test_text_and_encoding(self, alike, kind, content):
        def body(client):
            response = client.get(do(hex=content.hex(), header=f"Content-Type:{kind}"))
            seen = seeing.fast_response(response)
            response.encoding = "utf-16"
            return seen, seeing.tried(lambda: response.text)

        alike(body)

    def test_repeated_and_odd_fields(self, alike):
        names = ["X-A:1", "x-a:2", "X-Empty:", "Set-Cookie:a=1", "Set-Cookie:b=2"]

        def body(client):
            response = client.get(do(header=names))
            return [response.headers.get(name) for name in ("x-a", "X-EMPTY", "set-cookie", "none")]

        alike(body)


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
        alike(shows("get", do(size=5000, stall=300)), network_timeout=0.05)
        alike(shows("get", do(delay=400)), network_timeout=0.05)
        alike(shows("post", do(delay=400), data="x"), network_timeout=0.05)
        alike(shows("get", f"http://127.0.0.1:{full_port}/x"), connection_timeout=0.05)


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.headers.update({"a": "b"}),
        lambda c: setattr(c, "headers", {"X-Ignored": "1"}),
        lambda c: setattr(c, "verify", False),
        lambda c: c.get("/x").cookies,
        lambda c: c.get("/x").reason,
        lambda c: bool(c.get(do(chunked=1))),
        lambda c: bool(c.get(do(body=""))),
        lambda c: bool(c.get("/x")),
        lambda c: c.get("/x", {"a": 1}),
        lambda c: c.get(),
        lambda c: c.get(None),
        lambda c: c.get(b"/x"),
        lambda c: c.get("/x", json=object()),
        lambda c: c.get("/x", params=5),
        lambda c: c.cookies,
    ],
)
def test_odd_uses(alike, call):
    alike(lambda client: (repr(call(client)), seeing.fast_response(client.get(do(echo=1)))))


class TestConnections:
    def test_one_connection_for_one_after_the_other(self, alike):
        def body(client):
            for _ in range(5):
                client.get("/x")
                client.post("/y", json={})

        _, _, wire = alike(body)
        assert {request[0] for request in wire} == {0}

    @pytest.mark.parametrize(
        "how", [{"close": "after"}, {"header": "Connection:close"}, {"length": "none"}], ids=str
    )
    def test_a_closed_one_is_not_used_again(self, alike, server, how):
        def body(client):
            seen = []
            others = server.connections()
            for _ in range(3):
                seen.append(client.post(do(**how), data="x").status_code)
                server.wait(connections=others)
            return seen

        _, _, wire = alike(body)
        assert len(wire) == 3


def test_listener_errors_reach_the_caller(backend):
    def stop(**_):
        raise RescheduleTask

    backend.hook.add_listener(stop)
    with pytest.raises(RescheduleTask):
        backend.fast().get("/x")


def test_success_without_catch_response_is_refused(backend):
    with pytest.raises(LocustError, match="catch_response=True"):
        backend.fast().get("/x").success()


def test_rest(server, run_locust):
    text = """
from locust import FastHttpUser, task
class Visitor(FastHttpUser):
    @task
    def visit(self):
        with self.rest("POST", "/do?echo=1", json={"a": 1}) as r:
            print("say:", r.js["method"], r.js["body"])
        with self.rest("GET", "/do?body=text", name="text") as r:
            print("say:", r.js)
        with self.rest("GET", "/do?status=404&echo=1", name="missing") as r:
            pass
        with self.rest("GET", "/do?echo=1", name="asserts") as r:
            assert r.js["method"] == "POST", "wrong,"
        self.environment.runner.quit()
"""
    runs = [run_locust(text, "-u", "1", native=native) for native in ("0", "1")]
    shown = [
        (r.code, r.said, {name: (e["num_requests"], e["num_failures"]) for name, e in r.stats.items()})
        for r in runs
    ]
    assert shown[0] == shown[1]
    assert shown[1][1] == ['POST {"a": 1}', "None"]
