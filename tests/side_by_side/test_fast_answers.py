"""FastHttpUser, what is answered: verdicts, redirects and bodies are those of stock Locust."""

import gzip
import zlib

import pytest
from locust.exception import CatchResponseError, RescheduleTask, ResponseError

from support import observe
from support.backends import do
from support.fast_requests import shows


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
            return observe.tried(response.raise_for_status), observe.fast_response(response)

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
                return observe.error(caught)
            return "swallowed"

        alike(body)

    @pytest.mark.parametrize("call", ["success", "failure"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_verdict_outside_a_block(self, alike, call, catch):
        def body(client):
            response = client.get("/x", catch_response=catch)
            return observe.tried(lambda: response.success() if call == "success" else response.failure("x"))

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
                    seen.append(observe.fast_response(response))
                    if verdict:
                        getattr(response, verdict)(*(["mine"] if verdict == "failure" else []))
            return seen

        alike(body)


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
            seen = observe.fast_response(response)
            response.encoding = "utf-16"
            return seen, observe.tried(lambda: response.text)

        alike(body)

    def test_repeated_and_odd_fields(self, alike):
        names = ["X-A:1", "x-a:2", "X-Empty:", "Set-Cookie:a=1", "Set-Cookie:b=2"]

        def body(client):
            response = client.get(do(header=names))
            return [response.headers.get(name) for name in ("x-a", "X-EMPTY", "set-cookie", "none")]

        alike(body)


BAD = (300, 304, 305, 400, 404, 500, 599, 209)


class TestBadStatus:
    """geventhttpclient reads the body of a bad answer as UTF-8 to note it on the exception."""

    @pytest.mark.parametrize("status", BAD)
    @pytest.mark.parametrize("catch", [True, False])
    @pytest.mark.parametrize("verb", ["get", "post", "head"])
    def test_statuses(self, alike, status, catch, verb):
        alike(shows(verb, do(status=status), catch_response=catch))

    @pytest.mark.parametrize(
        "how",
        [
            {"hex": "ff"},
            {"hex": "c3a4"},
            {"encoding": "gzip", "hex": "ff"},
            {"encoding": "gzip", "body": "text"},
            {"encoding": "br", "body": "text"},
            {"header": "Content-Encoding:gzip", "body": "no gzip"},
            {"header": "Content-Encoding:br", "body": "no brotli"},
            {"header": "Content-Encoding:zstd", "body": "unknown"},
            {"header": "Content-Encoding:compress", "body": "refused"},
            {"header": "Content-Type:text/html; charset=latin-1", "hex": "e4"},
            {"fault": "cut", "size": 4000},
            {"fault": "cut-chunk", "size": 4000},
            {"chunked": 1, "size": 4000},
            {"header": "Location:/elsewhere"},
            {"header": "Set-Cookie:a=1"},
        ],
        ids=repr,
    )
    @pytest.mark.parametrize("catch", [True, False])
    def test_bodies(self, alike, how, catch):
        alike(
            lambda c: (
                observe.tried(lambda: shows("get", do(status=500, **how), catch_response=catch)(c)),
                observe.cookies(c.cookiejar),
            ),
            connections=False,
        )

    @pytest.mark.parametrize("path", ["/a b", "/ä?x", "/x#f", "/%7e", "/x?", "/x;?"])
    def test_the_url_in_the_message_is_the_one_given(self, alike, path):
        path = do(status=404) + "&y=" + path
        _, events, _ = alike(shows("get", path, params={"p": 1}))
        assert path in events[0]["exception"][2]
        alike(shows("get", path, catch_response=True))

    def test_after_a_redirect(self, alike):
        first = do(status=302, header="Location:/do/x y?status=404")
        alike(shows("get", first))
        alike(shows("post", first, data="x", catch_response=True))

    def test_one_s_own_body_is_in_the_log(self, alike):
        for given in ({"data": "text"}, {"data": b"\xff"}, {"data": {"a": 1}}, {"json": {}}):
            alike(shows("post", do(status=404), **given))


class TestResponsesLater:
    def test_after_another_request(self, alike):
        def body(client):
            first = client.get(do(echo=1))
            second = client.get(do(status=404, body="other"))
            third = client.post("/count/2", data="x")
            return [observe.fast_response(r) for r in (third, first, second)]

        alike(body)

    def test_attributes_may_be_assigned(self, alike):
        def body(client):
            r = client.get(do(body="text"))
            r.headers, r.encoding, r.request, r.mine = {"content-type": "text/html"}, "utf-8", None, 1
            r._cached_content = b"other"
            return (
                r.headers,
                r.text,
                r.content,
                r.url,
                r.mine,
                observe.tried(lambda: setattr(r, "content", b"x")),
            )

        alike(body)

    def test_the_same_objects_each_time(self, alike):
        def body(client):
            r = client.get("/count/2")
            return (
                [
                    getattr(r, name) is getattr(r, name)
                    for name in ("headers", "request", "history", "content")
                ],
                [getattr(r, name) is getattr(r, name) for name in ("_response", "stream", "_request")],
                [hop.request is r.request for hop in r.history],
                [observe.fast_response(hop) for hop in r.history],
                r._sent_request.lower(),
            )

        alike(body)

    @pytest.mark.parametrize("catch", [True, False])
    def test_a_response_used_as_a_stream_file_and_container(self, alike, catch):
        def body(client):
            r = client.get(
                do(body="one\ntwo", header=["X-A:1", "Content-Type:text/plain"]), catch_response=catch
            )
            return [
                observe.tried(look)
                for look in (
                    lambda: [*r],
                    lambda: r.read(3),
                    lambda: r.readline(),
                    lambda: [*r.iter_content(2)],
                    lambda: [*r.iter_content(chunk_size=2, decode_content=False)],
                    lambda: r.release(),
                    lambda: r.unzipped(gzip=False, br=True),
                    lambda: r.info()["x-a"],
                    lambda: (r.status, r.data, r.isclosed()),
                    lambda: len(r),
                    lambda: r["x"],
                    lambda: "x" in r,
                    lambda: str(r.headers),
                    lambda: repr(r.headers),
                    lambda: dict(r.headers.items()),
                    lambda: r.success(),
                    lambda: r.failure("x"),
                )
            ]

        alike(body, falls_back=False)


class TestStreams:
    """``stream=True`` and ``iter_lines`` are handed over to Locust's client."""

    @pytest.mark.parametrize("how", [{}, {"chunked": 1}, {"encoding": "gzip"}, {"length": "none"}], ids=str)
    @pytest.mark.parametrize("content", [b"a\nb\r\n\nc", "grüße\n".encode(), b"\xff\n\xfe", b"", b"x" * 3000])
    def test_pieces(self, alike, how, content):
        def body(client):
            path = do(hex=content.hex(), **how)
            return [
                observe.tried(lambda look=look: look(client, path))
                for look in (
                    lambda c, path: b"".join(
                        piece.encode() if isinstance(piece, str) else piece
                        for piece in c.get(path, stream=True).iter_content(64)
                    ),
                    lambda c, path: {type(piece) for piece in c.get(path, stream=True).iter_content(4096)},
                    lambda c, path: [*c.get(path, stream=True).iter_content(10_000, decode_content=False)],
                    lambda c, path: [*c.iter_lines(path)],
                    lambda c, path: [*c.iter_lines(path, method="POST", data="x")],
                    lambda c, path: c.get(path, stream=True).stream.read(),
                    lambda c, path: c.get(path, stream=True).text,
                    lambda c, path: c.get(path, stream=True).read(2),
                    lambda c, path: next(c.iter_lines(path), None),
                )
            ]

        alike(body, falls_back=True, connections=False)

    @pytest.mark.parametrize("status", [404, 500])
    def test_a_bad_status(self, alike, status):
        alike(lambda c: [*c.iter_lines(do(status=status, body="a\nb"))], falls_back=True, connections=False)

    def test_the_event_has_the_declared_length(self, alike):
        def body(client):
            client.get(do(body="12345"), stream=True)
            client.get(do(body="12345", chunked=1), stream=True)
            with client.get(do(body="12345"), stream=True, catch_response=True) as r:
                return r.content

        alike(body, falls_back=True, connections=False)


class TestMoreBodies:
    @pytest.mark.parametrize(
        "coding", ["gzip", "br", "deflate", "zstd", "x-gzip", "Gzip", " gzip", "gzip,gzip"]
    )
    @pytest.mark.parametrize(
        "mangle",
        [lambda b: b + b, lambda b: b + b"trailing", lambda b: b[:-1], lambda b: b[:-9], lambda b: b[1:]],
    )
    def test_mangled(self, alike, coding, mangle):
        import brotli

        packed = {
            "br": brotli.compress(b"text" * 50), "deflate": zlib.compress(b"text" * 50)
        }.get(coding, gzip.compress(b"text" * 50, mtime=0))  # fmt: skip
        path = do(hex=mangle(packed).hex(), header=f"Content-Encoding:{coding}")
        alike(lambda c: observe.tried(lambda: shows("get", path)(c)))

    @pytest.mark.parametrize("names", [["gzip", "br"], ["identity", "gzip"], ["", "gzip"]])
    def test_two_coding_fields(self, alike, names):
        path = do(hex=gzip.compress(b"text", mtime=0).hex(), header=[f"Content-Encoding:{n}" for n in names])
        alike(lambda c: observe.tried(lambda: shows("get", path)(c)))

    @pytest.mark.parametrize("verb", ["head", "get"])
    @pytest.mark.parametrize("status", [200, 204, 304, 404])
    def test_codings_without_a_body(self, alike, verb, status):
        alike(shows(verb, do(status=status, encoding="gzip", body="x")), connections=False)

    @pytest.mark.parametrize(
        "kind",
        [
            ["text/html; charset=nonsense"], ["text/html; charset="], ["TEXT/HTML; CHARSET=UTF-8"],
            ["text/x", "text/y"], ['text/html; charset="utf-16"'], [], ["application/xml"], ["charset=utf-8"],
            ["text/plain;charset='utf-8'"],
        ],
        ids=repr,
    )  # fmt: skip
    @pytest.mark.parametrize("content", [b"gr\xc3\xbc\xc3\x9fe", b"\xff\xfeh\x00", b"", b"plain"])
    @pytest.mark.parametrize("catch", [True, False])
    def test_charsets(self, alike, kind, content, catch):
        path = do(hex=content.hex(), header=[f"Content-Type:{k}" for k in kind])

        def body(client):
            r = client.get(path, catch_response=catch)
            return (
                observe.tried(lambda: r.text),
                r.encoding,
                observe.tried(lambda: r.json()),
                observe.fast_response(r),
            )

        alike(body)


class TestCookies:
    def test_the_jar_is_one_object_through_everything(self, alike):
        def body(client):
            mine = client.cookiejar
            client.get(do(header="Set-Cookie:a=1; Path=/"))
            seen = [observe.cookies(mine)]
            client.get("/x", stream=True).read()
            client.get(do(header="Set-Cookie:b=2; Path=/"))
            seen.append(observe.cookies(mine))
            mine.clear()
            client.get("/x")
            return seen, mine is client.cookiejar, type(mine).__name__

        alike(body, falls_back=True, connections=False)

    def test_a_jar_put_in_its_place_is_ignored(self, alike):
        def body(client):
            from http.cookiejar import CookieJar

            client.get(do(header="Set-Cookie:a=1; Path=/"))
            client.cookiejar = CookieJar()
            client.get("/x")
            client.post("/x", data=0, json=None)
            client.get("/x", stream=True)
            client.get(do(header="Set-Cookie:b=1; Path=/"))
            client.get("/x")
            return observe.cookies(client.cookiejar)

        alike(body, falls_back=True, connections=False)

    def test_changed_by_hand(self, alike):
        def body(client):
            client.get(do(header=["Set-Cookie:a=1", "Set-Cookie:b=2; Path=/"]))
            client.cookiejar.clear("127.0.0.1", "/", "b")
            client.get("/do")
            client.cookiejar.clear()
            client.get("/do")
            return observe.cookies(client.cookiejar)

        alike(body)

    @pytest.mark.parametrize("tls", [True, False])
    def test_secure_ones(self, alike, server, tls):
        base = server.tls_url if tls else server.url

        def body(client):
            client.get(base + do(header="Set-Cookie:s=1; Secure; Path=/"))
            client.get(base + "/x")

        alike(body)


class TestServers:
    """Answers byte by byte."""

    @pytest.mark.parametrize(
        "raw",
        [
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-LENGTH:2\r\nX:\r\nX-Y:   z\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Y: z  \r\n\r\nok",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 103 Early\r\nX: 1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\n",
            b"HTTP/1.1 204 No\r\n\r\n",
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-L: \xe4\xff\r\n\r\nok",
        ],
    )
    @pytest.mark.parametrize("catch", [True, False])
    def test_raw(self, alike, raw, catch):
        alike(lambda c: (shows("get", do(raw=raw.hex()), catch_response=catch)(c), shows("get", "/x")(c)))
