"""What an HttpUser reads of a response: text and charset, pieces, redirects and their history, copies and pickles."""
# ruff: noqa: E501  tables of odd values, a row a line

from http_sides import Sides, get, response, tried  # isort: skip  first: it lets gevent patch
import copy
import pickle

import pytest
import requests

from support import observe
from support.backends import do


@pytest.fixture
def sides(server):
    return Sides(server)


TEXTS = {
    "nothing": b"",
    "ascii": b"plain text",
    "utf-8": "grüße 日本 €".encode(),
    "latin-1": "grüße façade".encode("latin-1"),
    "cp1252": "quote“d” €".encode("cp1252"),
    "utf-16": "grüße".encode("utf-16"),
    "utf-8-sig": "grüße".encode("utf-8-sig"),
    "sjis": "こんにちは世界、日本語の文章です。".encode("shift_jis"),
    "bytes": bytes(range(256)),
    "json utf-16": '{"a": "ü"}'.encode("utf-16-le"),
    "json utf-8-sig": b"\xef\xbb\xbf" + b'{"a": 1}',
}


class TestText:
    @pytest.mark.parametrize("content", TEXTS)
    @pytest.mark.parametrize(
        "kind",
        [
            None, "text/html", "text/plain; charset=utf-8", "TEXT/HTML; CHARSET=ISO-8859-1", "text/plain; charset=", "text/plain; charset=nonsense",
            'text/plain; charset="utf-8"', "text/plain;charset=utf-8;x=y", "application/json", "application/json; charset=latin-1", "image/png", "charset=utf-8", "text",
        ],
    )  # fmt: skip
    def test_guessing(self, sides, content, kind):
        header = {} if kind is None else {"header": f"Content-Type:{kind}"}

        def body(client):
            answer = client.get(do(hex=TEXTS[content].hex(), **header))
            seen = [
                answer.encoding,
                tried(lambda: answer.apparent_encoding),
                tried(lambda: answer.text),
                tried(answer.json),
            ]
            seen.append(tried(lambda: list(answer.iter_lines(decode_unicode=True))))
            seen.append(tried(lambda: list(answer.iter_content(3, decode_unicode=True))))
            for encoding in ("utf-8", "utf-16", "nonsense", None, 5):
                answer.encoding = encoding
                seen.append(
                    (
                        answer.encoding,
                        tried(lambda: answer.text),
                        tried(lambda: list(answer.iter_lines(decode_unicode=True))),
                    )
                )
            return seen

        sides(body)


class TestPieces:
    @pytest.mark.parametrize("size", [1, 2, 7, 1000, None, 0, -1, "5", 2.5])
    @pytest.mark.parametrize(
        "before",
        [lambda r: None, lambda r: r.content, lambda r: next(r.iter_content(2), None)],
        ids=["fresh", "read", "begun"],
    )
    def test_iter_content(self, sides, size, before):
        def body(client):
            answer = client.get(do(body="one two three four"))
            before(answer)
            return [
                tried(lambda: list(answer.iter_content(size))),
                answer.content,
                tried(lambda: list(answer.iter_content(size))),
            ]

        sides(body)

    @pytest.mark.parametrize(
        "keywords",
        [
            {},
            {"chunk_size": 1},
            {"delimiter": b"o"},
            {"decode_unicode": True},
            {"delimiter": "o"},
            {"delimiter": "o", "decode_unicode": True},
        ],
    )
    @pytest.mark.parametrize(
        "text", ["", "\n", "a", "a\n", "a\r\nb", "a\r\rb\n\n", "one two\vthree\x85four\u2028five", "o" * 600]
    )
    def test_iter_lines(self, sides, keywords, text):
        def body(client):
            answer = client.get(do(body=text))
            return [
                tried(lambda: list(answer.iter_lines(**keywords))),
                answer.text,
                tried(lambda: next(answer.iter_lines(**keywords), "end")),
            ]

        sides(body)

    def test_iteration_and_close(self, sides):
        def body(client):
            answer = client.get(do(size=300))
            seen = [list(answer), answer.close(), answer.content, list(answer)]
            return [
                *seen,
                answer.raw.read(),
                answer.raw.closed,
                answer.raw.isclosed(),
                answer.raw.tell(),
                answer.raw.data,
                answer.raw.getheaders() == answer.raw.headers,
            ]

        sides(body)

    @pytest.mark.parametrize(
        "how",
        [{}, {"chunked": 1}, {"length": "none"}, {"encoding": "gzip"}, {"status": 404}, {"status": 204}],
        ids=str,
    )
    @pytest.mark.parametrize(
        "read",
        [
            lambda r: r.content, lambda r: list(r.iter_content(64)), lambda r: next(r.iter_lines()), lambda r: r.raw.read(10), lambda r: r.raw.read(10, decode_content=True),
            lambda r: b"".join(r.raw.stream(100)), lambda r: r.text, lambda r: r.close(), lambda r: [list(r.iter_content(64)), tried(lambda: r.content)], lambda r: None,
        ],
        ids=["content", "pieces", "line", "raw", "raw decoded", "raw stream", "text", "close", "twice", "nothing"],
    )  # fmt: skip
    def test_stream(self, sides, how, read):
        def body(client):
            answer = client.get(do(size=3000, **how), stream=True)
            return [
                answer.status_code,
                list(answer.headers.items()),
                tried(lambda: read(answer)),
                answer._content_consumed,
            ]

        sides(body, falls_back=True)

    def test_stream_counts_the_time_to_the_header(self, sides):
        def body(client):
            with client.get(do(size=2000, stall=1000), stream=True, catch_response=True) as answer:
                early = answer.request_meta["response_time"] < 800
                return early, len(answer.content), answer.elapsed.total_seconds() < 0.8

        (early, length, quick), _, _ = sides(body, falls_back=True)
        assert (early, length, quick) == (True, 2000, True)

    def test_elapsed_ends_with_the_header_and_response_time_with_the_body(self, sides):
        def body(client):
            with client.get(do(size=2000, stall=1000), catch_response=True) as answer:
                return answer.elapsed.total_seconds() < 0.8, answer.request_meta["response_time"] >= 1000

        value, _, _ = sides(body)
        assert value == (True, True)

    def test_elapsed_is_the_last_hop_s(self, sides):
        def body(client):
            answer = client.get(do(status=302, delay=1000, header="Location:/x"))
            return (
                [hop.elapsed.total_seconds() > 0 for hop in (*answer.history, answer)],
                answer.history[0].elapsed.total_seconds() >= 1,
                answer.elapsed.total_seconds() < 0.8,
            )

        sides(body)


class TestRedirects:
    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    @pytest.mark.parametrize(
        "keywords",
        [
            {}, {"data": {"a": "1"}}, {"json": {"a": 1}}, {"data": b"raw", "headers": {"Content-Type": "a/b", "Content-Length": "3"}}, {"files": {"f": b"1"}},
            {"params": {"p": "1"}}, {"cookies": {"c": "1"}}, {"headers": {"Cookie": "h=1", "Authorization": "Bearer x"}}, {"auth": ("u", "p")},
            {"headers": {"Host": "shop.example"}}, {"headers": {"Referer": "r", "Origin": "o", "Transfer-Encoding": None}},
        ],
        ids=repr,
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["post", "put"])
    def test_what_is_carried_on(self, sides, server, monkeypatch, status, keywords, method):
        import urllib3.filepost

        monkeypatch.setattr(urllib3.filepost, "choose_boundary", lambda: "boundary")
        for host in ("", f"http://localhost:{server.port}"):  # the same host, and another
            path = do(status=status, header=[f"Location:{host}{do(echo=1)}", "Set-Cookie:j=1; Path=/"])
            sides(get(path, method=method, **keywords))

    @pytest.mark.parametrize(
        "location",
        [
            "/x", "x", "./x", "../x", "../../../x", "?q", "#f", "", " ", "/ x", " /x", "/x ", "/ä", "/%C3%A4", "/%c3%a4", "/%", "/%zz", "/%2525", "/a%20b", "/a+b", "/[x]", "/a?x[]=1",
            "/x?a=b&c=d", "/x#f?g", "?", "#", "/?", "/x;y", ";y", "//", "///", "///x", "//127.0.0.1:{port}", "//127.0.0.1:{port}/x", "http:", "http:/", "http:x", "http:/x", "http:///x",
            "http://127.0.0.1:{port}", "http://127.0.0.1:{port}?a", "http://127.0.0.1:{port}#a", "http://127.0.0.1:{port}/a/../b", "http://127.0.0.1:{port}//a//b", "HTTP://127.0.0.1:{port}/x",
            "http://LOCALHOST:{port}/x", "http://u:p@127.0.0.1:{port}/do?echo=1", "http://u@localhost:{port}/do?echo=1", "http://127.0.0.1:{port}:1/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/",
            "http://[::1", "http://[::ffff:127.0.0.1]:{port}/x", "http://.invalid/", "http://a b.invalid/", "http://ä.invalid/", "http://%31.invalid/", "ftp://x/", "mailto:a@b", "javascript:1", "data:,", "a:b", ":80/x", "1:2",
            "/\\x", "\\x", "/a|b", "/{{a}}", "/a^b`", '/"<>', "/'", "/x,y", "/@x", "/x:y", "x:y", "/a/./b", "/a/../b", "/..", ".", "..", "...", "/%2e%2e/x", "/%2Fx", "/x%3Fy", "https:/x", "*", "=?&", "/x\ty", "/\x7f",
        ],
    )  # fmt: skip
    def test_locations(self, sides, server, location):
        path = do(status=302, header="Location:" + location.format(port=server.port)) + "#frag"
        sides(
            get(path, cookies={"own": "1"}, auth=("u", "p"), headers={"X-Own": "1"}),
            connections=False,
            falls_back=None,
        )
        sides(get(path, allow_redirects=False), connections=False, falls_back=None)  # what `next` says of it

    def test_several_locations(self, sides):
        sides(get(do(status=302, header=["Location:/a", "Location:/b"])), connections=False)

    @pytest.mark.parametrize("limit", [0, 1, 3, 5, -1, None, "3", 2.5, True])
    def test_the_limit(self, sides, limit):
        def body(client):
            client.max_redirects = limit
            return [tried(lambda n=n: response(client.get(f"/count/{n}"))) for n in (0, 1, 3, 4)]

        sides(body, connections=False)

    def test_a_loop(self, sides):
        def body(client):
            loop = "/do/loop?status=302&header=Location:/do/loop%3Fstatus%3D302%26header%3DLocation:/x"
            return [response(client.get(loop)), response(client.get("/count/31", name="loop"))]

        sides(body)

    def test_next_is_sent(self, sides):
        def body(client):
            client.get(do(header="Set-Cookie:a=1; Path=/"))
            answer = client.post(
                do(status=303, header=[f"Location:{do(echo=1)}", "Set-Cookie:b=2; Path=/"]),
                data="x",
                allow_redirects=False,
            )
            follow = answer.next
            sent = client.send(follow)
            return (
                observe.prepared(follow),
                type(sent).__name__,
                sent.status_code,
                sent.json(),
                observe.cookies(client.cookies),
            )

        sides(body, connections=False)

    def test_history_of_many(self, sides):
        def body(client):
            answer = client.get("/count/4", headers={"X-Own": "1"})
            hops = [*answer.history, answer]
            return [
                (
                    hop.url,
                    hop.status_code,
                    len(hop.history),
                    hop.next is None,
                    hop.request.url,
                    dict(hop.request.headers),
                    type(hop).__name__,
                    hop.is_redirect,
                )
                for hop in hops
            ]

        sides(body)

    @pytest.mark.parametrize("fault", ["close", "cut", "reset"])
    def test_the_last_hop_fails(self, sides, fault):
        sides(get(do(status=302, header=f"Location:{do(fault=fault, size=4000)}")))

    def test_to_nobody(self, sides, free_port):
        sides(get(do(status=302, header=f"Location:http://127.0.0.1:{free_port}/x")))


class TestHeaders:
    def test_links(self, sides):
        link = 'Link:</p?n=2>; rel="next"; title="a, b", <http://x/y>; rel=last; foo=\'bar\', <z>'
        sides(lambda client: client.get(do(header=link)).links)
        sides(lambda client: client.get(do(header="Link:")).links)
        sides(lambda client: client.get("/x").links)

    @pytest.mark.parametrize(
        "fields",
        [
            ["X-A:1", "X-A:2"], ["X-Empty:"], ["X-Space:  a  b  "], ["X-Latin:\xe9"], ["Set-Cookie:a=1", "Set-Cookie:b=2"], ["X-Tab:\ta\tb\t"], ["X-Long:" + "a" * 5000],
            ["Content-Type:text/html"] * 2, ["Www-Authenticate:Basic", "Www-Authenticate:Digest"], ["X-Quote:\"a, b\""], ["Content-Length:2"], ["Vary:*"], [f"X-{n}:{n}" for n in range(90)],
        ],
        ids=lambda fields: fields[0][:20],
    )  # fmt: skip
    def test_odd_fields(self, sides, fields):
        def body(client):
            answer = client.get(do(header=fields))
            names = {name for name, _ in answer.headers.items()}
            raw = answer.raw.headers
            return (
                response(answer),
                [
                    (name, answer.headers.get(name.upper()), raw.getlist(name), raw.get_all(name))
                    for name in sorted(names)
                ],
                repr(answer.headers),
            )

        sides(body)

    @pytest.mark.parametrize(
        "name", ["ETag", "x-lower", "WWW-Authenticate", "X_Under", "x-MiXeD", "content-type", "SET-COOKIE"]
    )
    def test_names_as_the_server_wrote_them(self, sides, name):
        sides(
            lambda client: (
                response(client.get(do(header=f"{name}:a=1"))),
                repr(client.get(do(header=f"{name}:a=1")).headers),
            )
        )

    @pytest.mark.parametrize("reason", ["OK", "", "Own Words", "\xe9", "a  b"])
    @pytest.mark.parametrize("status", [200, 299, 404, 500, 999])
    def test_reasons(self, sides, reason, status):
        sides(get(do(status=status, reason=reason)))


class TestCopies:
    @pytest.mark.parametrize(
        "path",
        ["/x", "/count/2", do(status=404), do(header=["Set-Cookie:a=1", "Link:<x>; rel=next"], body="ü")],
    )
    @pytest.mark.parametrize(
        "duplicate",
        [
            lambda r: pickle.loads(pickle.dumps(r)),
            copy.copy,
            copy.deepcopy,
            lambda r: pickle.loads(pickle.dumps(r, 0)),
        ],
        ids=["pickle", "copy", "deepcopy", "pickle 0"],
    )
    def test_of_a_response(self, sides, path, duplicate):
        def body(client):
            twin = duplicate(client.get(path))
            seen = {
                name: getattr(twin, name)
                for name in (
                    "status_code",
                    "url",
                    "encoding",
                    "reason",
                    "content",
                    "text",
                    "raw",
                    "ok",
                    "elapsed",
                    "is_redirect",
                    "next",
                    "links",
                )
            }
            seen["elapsed"] = type(seen["elapsed"]).__name__
            seen["headers"], seen["cookies"] = dict(twin.headers), observe.cookies(twin.cookies)
            seen["history"] = [(hop.status_code, hop.url, hop.content) for hop in twin.history]
            seen["request"] = observe.prepared(twin.request)
            seen["error"] = [
                tried(lambda: twin.error),
                tried(twin.raise_for_status),
                tried(lambda: twin.request_meta),
                tried(lambda: list(twin.iter_content(2))),
            ]
            return seen, type(twin).__name__, isinstance(twin, requests.Response)

        sides(body)

    def test_of_a_failed_response(self, sides):
        def body(client):
            twin = pickle.loads(pickle.dumps(client.get(do(fault="close"))))
            return twin.status_code, twin.content, tried(lambda: twin.text), twin.error

        sides(body)

    def test_of_a_jar(self, sides):
        def body(client):
            client.get(do(header=["Set-Cookie:a=1; Path=/; HttpOnly", "Set-Cookie:b=2; Max-Age=1000"]))
            jar = client.cookies
            twins = [pickle.loads(pickle.dumps(jar)), copy.copy(jar), copy.deepcopy(jar), jar.copy()]
            twins[0].set("own", "1")
            seen = [(type(twin).__name__, [cookie[:8] for cookie in observe.cookies(twin)]) for twin in twins]
            client.cookies.update(twins[0])
            return seen, client.cookies.get_dict()

        sides(body)

    def test_of_a_prepared_request(self, sides):
        def body(client):
            request = client.post("/x", json={"a": 1}, cookies={"c": "1"}).request
            twins = [request.copy(), pickle.loads(pickle.dumps(request)), copy.deepcopy(request)]
            return [(observe.prepared(twin), twin.hooks, twin._body_position) for twin in (request, *twins)]

        sides(body)

    @pytest.mark.parametrize(
        "duplicate", [lambda c: pickle.loads(pickle.dumps(c)), copy.copy], ids=["pickle", "copy"]
    )
    def test_of_a_client(self, sides, duplicate):
        def body(client):
            client.headers["X-A"] = "1"
            client.get(do(header="Set-Cookie:a=1; Path=/"))
            twin = duplicate(client)
            return (
                type(twin).__name__,
                dict(twin.headers),
                twin.cookies.get_dict(),
                twin.verify,
                tried(lambda: twin.get("/x").status_code),
            )

        sides(body, connections=False, falls_back=None)
