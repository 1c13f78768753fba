"""HttpSession: every use of ``HttpUser.client`` does, says and sends what stock Locust's does."""

import gzip
import io
import json
import zlib

import pytest
import requests
from locust.exception import CatchResponseError, LocustError, RescheduleTask, ResponseError

from support import observe
from support.backends import do
from support.cases import IMPOSSIBLE_URLS, LOCATIONS, ODD_PATHS


def shows(*arguments, **keywords):
    """A body that makes one request and returns all one can see of the response."""
    method, *rest = arguments
    return lambda client: observe.response(getattr(client, method)(*rest, **keywords))


VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "path", ["/", "/a/b.html?x=1&y=2", do(echo=1), do(status=404), do(status=500, body="no")]
)
def test_verbs(same, verb, path):
    same(shows(verb, path))


@pytest.mark.parametrize("method", ["get", "Post", "PROPFIND", "purge", "M-SEARCH"])
def test_request_with_any_method(same, method):
    same(shows("request", method, do(echo=1)))


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"a": 1, "b": [None, True, 1.5, "ä\u2028"], "c": {}}},
        {"json": []},
        {"json": {}},
        {"json": 0},
        {"json": None},
        {"json": float("nan")},
        {"json": "text", "data": "wins"},
        {"json": {"a": 1}, "data": {}},
        {"data": {"a": "1", "b": ["2", "3"], "c": None, "d": "ä b&c=d"}},
        {"data": {"a": 1, "b": True, b"c": b"d"}},
        {"data": [("a", "1"), ("a", "2")]},
        {"data": (("a", "1"),)},
        {"data": "text"},
        {"data": "ünï"},
        {"data": ""},
        {"data": b"bytes\x00\xff"},
        {"data": b""},
        {"data": {}},
        {"data": []},
        {"data": 5},
        {"data": "x", "headers": {"Content-Type": "application/json"}},
        {"json": {"a": 1}, "headers": {"content-type": "application/vnd.api+json"}},
        {"json": {"a": 1}, "headers": {"Content-Length": "3"}},
        {"data": {"a": 1}, "headers": {"X-First": "1", "Content-Length": "99", "X-Last": "2"}},
        {"files": {"f": b"content"}},
        {
            "files": {"f": ("name.txt", "content", "text/plain", {"X-Own": "1"})},
            "data": {"a": "1", "b": ["2", "3"]},
        },
        {"files": [("f", ("ä.txt", b"1")), ("f", ("b.txt", b"2"))]},
        {"files": {"f": b"content"}, "headers": {"Content-Type": "multipart/other"}},
        {"files": {}, "data": {"a": 1}},
    ],
    ids=repr,
)
@pytest.mark.parametrize("verb", ["post", "get", "put", "delete"])
def test_bodies(same, verb, body):
    same(shows(verb, "/x", **body), falls_back=body == {"data": 5})


def test_an_open_file_among_the_files(same):
    same(lambda client: observe.response(client.post("/x", files={"f": io.BytesIO(b"content")})))


@pytest.mark.parametrize(
    "params",
    [
        {"a": [1, 2], "b": None, "c": "x y", "d": "ä"},
        {"a": [None, 1, None]},
        [("a", 1), ("a", 2)],
        "raw=1&x=y z",
        b"raw=1",
        {},
        None,
        {"q": "a+b/c?d=e&f#g"},
        {"t": (1, 2), "n": 3.5, "e": ""},
    ],
    ids=repr,
)
@pytest.mark.parametrize("path", ["/p", "/p?own=1", "/p?own=1#frag", "/p#frag"])
def test_params(same, path, params):
    same(shows("get", path, params=params))


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1", "x-b": "2"},
        {"User-Agent": "me", "ACCEPT": "text/html"},
        {"Accept": None, "Accept-Encoding": None},
        {"User-Agent": None},
        {"Host": "shop.example"},
        {"Connection": "close"},
        {"Cookie": "own=1"},
        {"Authorization": "Bearer x"},
        {"X-Latin": "é"},
        {"X-Bytes": b"1", b"X-Name": "2"},
        {"X-Empty": ""},
        {"X-Wide": "€"},
        {"X-Int": 1},
        {"X-Break": "a\r\nb"},
        {" X-Space": "1"},
        {"X-Trail": "a "},
        {"X-Tab": "a\tb"},
        {"X-Ctl": "a\x01b"},
        {"": "1"},
        {"X:Y": "1"},
        {"X Y": "1"},
        {"Content-Type": "text/plain"},
        {"Transfer-Encoding": "chunked"},
        "",
        {},
    ],
    ids=repr,
)
def test_headers(same, headers):
    transfer = isinstance(headers, dict) and "Transfer-Encoding" in headers
    same(shows("get", do(echo=1), headers=headers), falls_back=transfer)


def test_session_headers(same):
    def body(client):
        client.headers.update({"X-One": "1", "accept": "text/html"})
        client.headers["X-Two"] = "2"
        seen = [observe.response(client.get(do(echo=1), headers={"X-One": None, "X-Three": "3"}))]
        del client.headers["X-Two"]
        client.headers["Authorization"] = "Bearer abc"
        seen.append(observe.response(client.post(do(echo=1), json={})))
        client.headers = {"X-Only": "1"}
        seen.append(observe.response(client.get(do(echo=1))))
        client.headers = None
        seen.append(observe.tried(lambda: observe.response(client.get(do(echo=1)))))
        client.headers = {"Cookie": "a=b"}
        seen.append(observe.response(client.get(do(echo=1))))
        return seen

    same(body)


def test_session_params_auth_verify(same):
    def body(client):
        client.params = {"key": "k"}
        client.auth = ("me", "secret")
        client.verify = False
        seen = [observe.response(client.get(do(echo=1), params={"a": "1"}))]
        client.params = {}
        client.max_redirects = 2
        seen.append(observe.response(client.get("/count/3")))
        client.base_url += "/v1"
        seen.append(observe.response(client.get("/x")))
        return seen

    same(body)


@pytest.mark.parametrize(
    "auth", [("me", "pässword"), ("me", ""), (b"me", b"you"), requests.auth.HTTPBasicAuth("a", "b")]
)
def test_auth(same, auth):
    same(shows("get", do(echo=1), auth=auth))
    same(shows("get", do(echo=1), auth=auth, headers={"Authorization": "Bearer x"}))


def test_credentials_in_the_host_and_in_the_url(same, server):
    host = f"http://us%40er:p%2Fw@127.0.0.1:{server.port}"
    same(lambda client: (client.base_url, observe.response(client.get(do(echo=1)))), base_url=host)
    same(lambda client: observe.response(client.get(f"http://u:p@127.0.0.1:{server.port}{do(echo=1)}")))


@pytest.mark.parametrize(
    "path",
    [*ODD_PATHS, "/a?#", "/%41%42", "/a?%41=%zz"],
)
def test_odd_paths(same, path):
    same(shows("get", path))


@pytest.mark.parametrize(
    "url",
    [*IMPOSSIBLE_URLS, "http://.example/", "http://*/", "HTTP://127.0.0.1:9/", "http://exa mple/"],
)
def test_impossible_urls(same, url):
    same(shows("get", url))


@pytest.mark.parametrize("base", ["", "ftp://127.0.0.1", "127.0.0.1", "httpx://127.0.0.1:1", None])
def test_impossible_hosts(same, base):
    def body(client):
        client.base_url = base
        return observe.response(client.get("/x"))

    same(body)


def test_absolute_urls_and_another_host(same, server):
    def body(client):
        client.get(do(header="Set-Cookie:a=1"))
        return [
            observe.response(client.get(f"http://localhost:{server.port}{do(echo=1)}")),
            observe.response(client.get(f"HTTP://127.0.0.1:{server.port}{do(echo=1)}")),
            observe.response(client.get(f"http://LOCALHOST:{server.port}{do(echo=1)}")),
        ]

    same(body)


def test_names(same):
    def body(client):
        client.get("/a?x=1", name="given")
        client.get("/b", name="")
        client.request_name = "sticky"
        client.get("/c")
        client.get("/d", name="own")
        client.request_name = None
        with client.rename_request("renamed"):
            client.post("/e", data="1")
            client.get("/count/2")
        client.get("/f")
        client.get("/count/1?x=ä")
        client.get("/g", context={"k": "v", "who": "you"})
        client.request("get", "/h")
        return client.explicit_name

    _, events, _ = same(body)
    assert [event["name"] for event in events][:7] == [
        "given",
        "/b",
        "sticky",
        "own",
        "renamed",
        "renamed",
        "/f",
    ]


def test_event_arguments_in_full(backend):
    backend.http().get("/a?x=1", context={"a": 1})
    (event,) = backend.events
    assert list(event) == [
        "request_type",
        "response_time",
        "name",
        "context",
        "response",
        "exception",
        "start_time",
        "url",
        "response_length",
    ]
    assert event["response_time"] > 0
    assert event["context"] == {"who": "me", "a": 1}
    assert event["url"] == f"{backend.url}/a?x=1"
    assert event["response_length"] == 2


class TestCatchResponse:
    """The whole protocol of `with client.get(…, catch_response=True) as response`."""

    @pytest.mark.parametrize("status", [200, 404, 500])
    @pytest.mark.parametrize(
        "calls",
        [
            [],
            ["success"],
            ["failure"],
            ["success", "failure"],
            ["failure", "success"],
        ],
        ids=str,
    )
    def test_verdicts(self, same, status, calls):
        def body(client):
            with client.get(do(status=status), catch_response=True) as response:
                for call in calls:
                    response.success() if call == "success" else response.failure("said so")
            return observe.tried(response.raise_for_status), response.url

        _, events, _ = same(body)
        assert len(events) == 1

    @pytest.mark.parametrize(
        "raised",
        [ValueError("x"), ResponseError("r"), CatchResponseError("c"), RescheduleTask(), KeyboardInterrupt()],
        ids=repr,
    )
    @pytest.mark.parametrize("verdict", [None, "success", "failure"])
    def test_an_exception_in_the_block(self, same, raised, verdict):
        def body(client):
            try:
                with client.get("/x", catch_response=True) as response:
                    if verdict:
                        response.success() if verdict == "success" else response.failure("no")
                    raise raised
            except BaseException as caught:
                return observe.error(caught)
            return "swallowed"

        same(body)

    @pytest.mark.parametrize(
        "exc", [ValueError("v"), {"a": 1}, None, 5, "", CatchResponseError("c")], ids=repr
    )
    def test_what_failure_takes(self, same, exc):
        def body(client):
            with client.get("/x", catch_response=True) as response:
                response.failure(exc)

        same(body)

    def test_failure_without_argument_is_a_type_error(self, backend):
        with (
            pytest.raises(TypeError, match="failure"),
            backend.http().get("/x", catch_response=True) as response,
        ):
            response.failure()
        assert backend.events == []

    def test_no_with_is_never_counted(self, backend, server):
        backend.http().get("/x", catch_response=True)
        assert backend.events == []
        assert len(server.take()) == 1

    def test_with_but_no_catch_response(self, backend, server):
        with pytest.raises(LocustError, match="must also pass catch_response=True"), backend.http().get("/x"):
            pass
        assert len(backend.events) == 1
        assert len(server.take()) == 1

    @pytest.mark.parametrize("call", ["success", "failure"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_verdict_outside_a_block(self, same, call, catch):
        def body(client):
            response = client.get("/x", catch_response=catch)
            return observe.tried(lambda: response.success() if call == "success" else response.failure("x"))

        same(body)

    def test_meta_changed_in_the_block_is_honoured(self, same):
        def body(client):
            with client.get("/x?1", catch_response=True) as response:
                response.request_meta["name"] = "filed here"
                response.request_meta["context"] = {"own": 1}
                response.request_meta["response_length"] = 7
            return sorted(response.request_meta)

        _, (event,), _ = same(body)
        assert event["name"] == "filed here"

    def test_connection_error_in_a_block(self, same):
        def body(client):
            with client.get(do(fault="close"), catch_response=True) as response:
                seen = observe.response(response)
            with client.get(do(fault="close"), catch_response=True) as response:
                response.success()
            with client.get(do(fault="close"), catch_response=True) as response:
                response.failure("mine")
            return seen

        same(body)


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304, 305])
    @pytest.mark.parametrize("verb", ["get", "head", "post", "put", "delete", "patch"])
    def test_methods(self, same, status, verb):
        keywords = {"data": {"a": 1}} if verb in ("post", "put", "patch") else {}
        keywords["allow_redirects"] = True
        path = do(status=status, header="Location:" + do(echo=1))
        same(shows(verb, path, headers={"X-Own": "1", "Authorization": "Bearer x"}, **keywords))

    @pytest.mark.parametrize(
        "location",
        [
            *LOCATIONS,
            "/ä",
            "http://[",
            "http://127.0.0.1:99999/",
            "http:/x",
            "http:x",
            " /x",
            "http://u:p@127.0.0.1:{port}/do?echo=1",
        ],
    )
    @pytest.mark.parametrize("start", ["/do", "/do#frag"])
    def test_locations(self, same, server, location, start):
        target = do(status=302, header="Location:" + location.format(port=server.port))
        # where only requests can read the location, its own client goes on, on a connection of its own
        same(shows("get", start.replace("/do", target), auth=("a", "b")), connections=False)

    def test_latin_location(self, same):
        def body(client):
            return observe.response(client.get(do(status=302, header="Location:/\xe4\xf6")))

        same(body)

    def test_history_and_cookies_on_the_way(self, same):
        last = do(echo=1, header="Set-Cookie:b=2; Path=/")
        middle = do(status=302, header=["Location:" + last, "Set-Cookie:a=1; Path=/"])
        first = do(status=302, header=["Location:" + middle, "Set-Cookie:z=1; Path=/do"])

        def body(client):
            return observe.response(client.post(first, data="body")), observe.cookies(client.cookies)

        same(body)

    @pytest.mark.parametrize("hops", [29, 30, 31, 40])
    def test_the_limit(self, same, hops):
        same(shows("get", f"/count/{hops}"))

    @pytest.mark.parametrize("status", [302, 307, 200])
    def test_not_followed(self, same, status):
        path = do(status=status, header=["Location:/next?x", "Set-Cookie:a=1"])
        same(shows("post", path, data="x", allow_redirects=False))

    def test_a_body_that_does_not_decode_on_the_way_is_nobody_s_business(self, same):
        same(shows("get", do(status=302, header=["Location:/x", "Content-Encoding:gzip"], body="no gzip")))

    def test_explicit_cookie_header_is_for_the_first_hop(self, same):
        path = do(status=302, header=["Location:" + do(echo=1), "Set-Cookie:j=1"])
        same(shows("get", path, headers={"Cookie": "own=1"}))

    def test_request_cookies_on_the_way(self, same):
        path = do(status=302, header=["Location:" + do(echo=1), "Set-Cookie:j=1"])
        same(lambda c: (observe.response(c.get(path, cookies={"k": "v"})), observe.cookies(c.cookies)))

    def test_explicit_host_on_the_way(self, same, server):
        path = do(status=302, header="Location:" + do(echo=1))
        same(shows("get", path, headers={"Host": "shop.example"}))
        path = do(status=302, header=f"Location:http://localhost:{server.port}" + do(echo=1))
        same(shows("get", path, headers={"Host": "shop.example"}))


class TestBodiesThatCome:
    @pytest.mark.parametrize("coding", ["gzip", "deflate", "raw-deflate", "br"])
    @pytest.mark.parametrize("chunked", [{}, {"chunked": 1}])
    @pytest.mark.parametrize("size", [0, 1, 100, 100_000])
    def test_codings(self, same, coding, chunked, size):
        value, (event,), _ = same(shows("get", do(encoding=coding, size=size, **chunked)))
        assert event["response_length"] == size == len(value["content"])

    @pytest.mark.parametrize("size", [0, 5, 1000, 70_000, 3_000_000])
    @pytest.mark.parametrize("how", [{}, {"chunked": 1}, {"length": "none"}], ids=str)
    def test_framings(self, same, how, size):
        value, (event,), _ = same(shows("get", do(size=size, **how)))
        assert event["response_length"] == size == len(value["content"])

    @pytest.mark.parametrize("status", [204, 304])
    @pytest.mark.parametrize("verb", ["get", "head"])
    def test_no_body(self, same, status, verb):
        same(lambda c: (shows(verb, do(status=status))(c), shows("get", "/x")(c)))

    @pytest.mark.parametrize(
        "coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "compress", "GZIP", "identity", ""]
    )
    def test_wrong_or_unknown_codings(self, same, coding):
        same(shows("get", do(header=f"Content-Encoding:{coding}", body="not that at all")))

    def test_two_codings(self, same):
        twice = gzip.compress(zlib.compress(b"hello"), mtime=0).hex()
        same(shows("get", do(header="Content-Encoding:deflate, gzip", hex=twice)))

    def test_two_gzip_members_and_trailing_garbage(self, same):
        member = gzip.compress(b"hello", mtime=0).hex()
        same(shows("get", do(header="Content-Encoding:gzip", hex=member * 2)))
        same(shows("get", do(header="Content-Encoding:gzip", hex=member + "00" * 8)))
        same(shows("get", do(header="Content-Encoding:gzip", hex=member + "abcdef")))
        same(shows("get", do(header="Content-Encoding:gzip", hex=member[:-8])))

    def test_zstd_is_decoded_where_urllib3_can(self, same):
        frame = "28b52ffd2005290000" + b"hello".hex()
        same(shows("get", do(header="Content-Encoding:zstd", hex=frame)))

    @pytest.mark.parametrize(
        "kind",
        [
            "text/html",
            "text/html; charset=latin-1",
            "text/html; charset=utf-8",
            "application/json",
            "image/png",
            "text/plain; charset=nonsense",
            "text/html; charset='utf-8'",
            "",
        ],
    )
    @pytest.mark.parametrize(
        "content", [b"", "grüße".encode(), "grüße".encode("latin-1"), b"\xff\xfe\x00", b'{"a": 1}']
    )
    def test_text_and_encoding(self, same, kind, content):
        def body(client):
            response = client.get(do(hex=content.hex(), header=f"Content-Type:{kind}"))
            seen = observe.response(response)
            response.encoding = "utf-16"
            return seen, observe.tried(lambda: response.text)

        same(body)

    def test_repeated_and_odd_fields(self, same):
        names = [
            "X-A:1",
            "x-a:2",
            "X-Empty:",
            "X-Latin:\xe9",
            "Link:</x>; rel=next",
            "Set-Cookie:a=1",
            "Set-Cookie:b=2",
        ]
        same(shows("get", do(header=names)))

    def test_reason(self, same):
        same(shows("get", do(status=299, reason="Own Words")))
        same(shows("get", do(status=404, reason="")))
        same(shows("get", do(status=999, reason="Off")))

    def test_response_is_what_people_check_for(self, backend):
        response = backend.http().get(do(echo=1))
        assert isinstance(response, requests.Response)
        assert response.json()["method"] == "GET"
        assert response.headers["CONTENT-LENGTH"] == response.headers["content-length"]
        assert 0 < response.elapsed.total_seconds() < 30
        response.close()
        assert json.loads(response.text)

    def test_iter_lines_after_the_body(self, same):
        def body(client):
            response = client.get(do(body="one\ntwo\r\nthree"))
            return (
                list(response.iter_lines()),
                list(response.iter_lines(decode_unicode=True)),
                list(response.iter_content(4)),
                list(response.iter_content(None)),
                list(response),
                response.content,
            )

        same(body)


class TestFailures:
    """No answer: a response of status 0, and the exception that groups the failures."""

    @pytest.mark.parametrize("fault", ["close", "reset", "cut", "reset-body"])
    @pytest.mark.parametrize("verb", ["get", "post"])
    def test_faults(self, same, fault, verb):
        _, (event,), _ = same(shows(verb, do(fault=fault, size=4000)))
        assert event["exception"] is not None
        assert event["response"][0] == 0

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            ("garbage", "BadStatusLine"),
            ("cut-chunk", "ChunkedEncodingError"),
            ("bad-chunk", "ChunkedEncodingError"),
        ],
    )
    def test_broken_framing(self, backend, fault, kind):
        """The kind is stock's; the text is hyper's, which does not quote what came."""
        response = backend.http().get(do(fault=fault, size=4000))
        (event,) = backend.events
        assert response.status_code == 0
        assert type(event["exception"]).__name__ == kind

    def test_body_timeout(self, same):
        same(shows("get", do(size=5000, stall=3000), timeout=0.5))

    def test_refused(self, same, free_port):
        same(shows("get", f"http://127.0.0.1:{free_port}/x?y=1"))
        same(shows("get", f"http://localhost:{free_port}/x"))

    def test_no_such_host(self, same):
        same(shows("get", "http://no-such-host.invalid/x"))

    @pytest.mark.parametrize("timeout", [0.05, (5, 0.05), (None, 0.05), 1e-9])
    def test_read_timeout(self, same, timeout):
        _, (event,), _ = same(shows("get", do(delay=4000), timeout=timeout))
        assert "timed out" in event["exception"][2].lower()

    @pytest.mark.parametrize("timeout", [(0.05, 5), 0.05])
    def test_connect_timeout(self, same, full_port, timeout):
        _, (event,), _ = same(shows("get", f"http://127.0.0.1:{full_port}/x", timeout=timeout))
        assert event["exception"] is not None

    @pytest.mark.parametrize("timeout", [5, 5.5, (1, 2), (1, None), None])
    def test_timeouts_that_do_not_strike(self, same, timeout):
        same(shows("get", "/x", timeout=timeout))

    @pytest.mark.parametrize("timeout", [0, -1, "5", (1, 2, 3), True, (1,), (0, 1), [1, 2]])
    def test_timeouts_that_cannot_be(self, same, timeout):
        same(shows("get", "/x", timeout=timeout))

    def test_failures_group_alike(self, server, free_port):
        from locust.stats import RequestStats

        from support.backends import Backend

        tables = []
        for kind in ("stock", "native"):
            backend, stats = Backend(kind, server.url), RequestStats()

            def count(request_type, name, response_time, response_length, exception, stats=stats, **_):
                stats.log_request(request_type, name, response_time, response_length)
                if exception:
                    stats.log_error(request_type, name, exception)

            backend.hook.add_listener(count)
            client = backend.http()
            for _ in range(3):
                for path in (
                    do(fault="close"),
                    do(fault="cut", size=400),
                    do(status=404),
                    "/x",
                    do(status=503),
                ):
                    client.get(path, name="/all")
                client.get(f"http://127.0.0.1:{free_port}/", name="/refused")
            tables.append(
                (
                    sorted(
                        (error.method, error.name, error.to_name(), error.occurrences)
                        for error in stats.errors.values()
                    ),
                    {
                        key: (e.num_requests, e.num_failures, e.total_content_length)
                        for key, e in stats.entries.items()
                    },
                )
            )
        assert tables[0] == tables[1]


class TestArguments:
    """Misuse is stock's misuse."""

    @pytest.mark.parametrize(
        "call",
        [
            lambda c: c.get("/x", {"a": 1}),
            lambda c: c.get(),
            lambda c: c.get("/x", nonsense=1),
            lambda c: c.get("/x", params=5),
            lambda c: c.get("/x", headers=[("a", "b")]),
            lambda c: c.get("/x", headers="X: 1"),
            lambda c: c.get(None),
            lambda c: c.get(5),
            lambda c: c.get(b"/x"),
            lambda c: c.get("/x", auth="me"),
            lambda c: c.get("/x", auth=("me",)),
            lambda c: c.get("/x", files=5),
            lambda c: c.get("/x", json={1, 2}),
            lambda c: c.get("/x", json=object()),
            lambda c: c.get("/x", verify="/no/such/file"),
            lambda c: c.request("B A D", "/x"),
            lambda c: c.request("", "/x"),
            lambda c: c.request(None, "/x"),
            lambda c: c.request(b"GET", "/x"),
            lambda c: c.post("/x", "data", {"json": 1}),
            lambda c: c.post("/x", data="a", files={"f": "x"}),
            lambda c: c.get("/x", cookies="a=b"),
            lambda c: c.get("/x", cookies={"a": 1}),
            lambda c: c.get("/x", cookies={"a": None}),
            lambda c: c.get("/x", allow_redirects=0),
            lambda c: c.get("/x", context=None),
            lambda c: c.get("/x", name=5),
        ],
    )
    def test_misuse(self, same, call):
        def body(client):
            made = call(client)
            return made.status_code, made.content, observe.error(getattr(made, "error", None), chain=True)

        same(body, falls_back=None)


class TestConnections:
    def test_connection_close_asked_for(self, same, server):
        others = server.connections()

        def body(client):
            for _ in range(3):
                client.get("/x", headers={"Connection": "close"})
                server.wait(
                    connections=others
                )  # the server does not say that it closes, and stock does not wait

        _, _, wire = same(body)
        assert [request[0] for request in wire] == [0, 1, 2]

    def test_after_a_failure_a_new_one(self, same):
        def body(client):
            return [client.get(path).status_code for path in ("/x", do(fault="cut", size=400), "/x", "/x")]

        same(body)

    def test_close(self, same):
        def body(client):
            client.get("/x")
            client.close()
            client.get("/x")

        _, _, wire = same(body)
        assert [request[0] for request in wire] == [0, 1]


def test_trust_env_and_netrc(same, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login nick password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))

    def body(client):
        seen = [observe.response(client.get(do(echo=1)))]
        client.trust_env = False
        seen.append(observe.response(client.get(do(echo=1))))
        return seen

    same(body)


def test_a_listener_that_steers_is_felt_by_the_caller(backend):
    def stop(**_):
        raise RescheduleTask

    backend.hook.add_listener(stop)
    client = backend.http()
    with pytest.raises(RescheduleTask):
        client.get("/x")


def test_statistics_by_locust_s_own_listener(server, run_locust):
    text = """
from locust import HttpUser, task
class Visitor(HttpUser):
    @task
    def visit(self):
        for _ in range(10):
            self.client.get("/a")
            self.client.get("/do?status=404", name="bad")
            with self.client.post("/b", data="x", catch_response=True) as r:
                r.failure("mine")
        self.environment.runner.quit()
"""
    tables = []
    for native in ("0", "1"):
        run = run_locust(text, "-u", "1", native=native)
        tables.append(
            {
                name: (e["num_requests"], e["num_failures"], e["total_content_length"])
                for name, e in run.stats.items()
            }
        )
        assert run.code == 1, run.err
    assert tables[0] == tables[1] == {"/a": (10, 0, 20), "bad": (10, 10, 20), "/b": (10, 10, 20)}
