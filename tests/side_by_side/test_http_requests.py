"""What an HttpUser sends: URLs, params, headers and bodies, byte by byte as stock Locust sends them."""
# ruff: noqa: E501, UP042  tables of odd values, a row a line

from http_sides import Sides, get, response, tried  # isort: skip  first: it lets gevent patch
import io
import json
from collections import OrderedDict, UserDict
from decimal import Decimal
from enum import Enum

import pytest
import urllib3.filepost
from requests.structures import CaseInsensitiveDict

from support.backends import do
from support.cases import named


@pytest.fixture
def sides(server):
    return Sides(server)


class TestUrls:
    @pytest.mark.parametrize(
        "path",
        [
            "/#top", "/a#b?c", "/a?b#c", "/?#", "/a?", "/a?#f", "/a??b", "/a?b=#", "/#", "/##", "/a#%zz",
            "/[0]", "/a?x[]=1&x[1]=2", "/a?[", "/]", "/{id}", "/a|b", "/a^b", "/`",
            "/ä", "/ä/ö?ü=ß#é", "/日本", "/\U0001f600", "/%C3%A4", "/%c3%a4", "/a\u0301", "/\xa0", "/\xad", "/\u200b",
            "/a b", "/ a", "/a ", "/a+b", "/a%20b", "/a\tb", "/a?b c", "/a?b=c d&e", "/a\nb", "/a\rb", "/a\x00b", "/\x7f",
            "/%", "/%2", "/%zz", "/100%", "/%25", "/%2525", "/%2F", "/%2f", "/%41", "/%7E", "/%e4", "/a?%", "/a?x=%zz",
            "/.", "/..", "/./", "/../", "/a/.", "/a/..", "/a/./b", "/a/../b", "/a/../../b", "/...", "/.a", "/a/.b/c",
            "/%2e", "/%2e%2e/a", "/a/%2E/b", "//", "//a", "///", "/a//b", "/a///b//", "//..//a", "/a?b//c/../d",
            "\\", "/\\", "/a\\b", "\\\\a", "/;a", "/a;b=c?d", "/a,b", "/a:b", "/:", "/a@b", "/@", "/~a", "/!$&'()*+,;=",
            "/'", '/"', "/<a>", "?a", "?", "#", "", "/a?b=c=d&&e=", "/a&b", "/*", "/=",
        ],
    )  # fmt: skip
    def test_paths(self, sides, path):
        sides(get(path))

    @pytest.mark.parametrize(
        "host",
        [
            "127.0.0.1", "localhost", "LOCALHOST", "LocalHost", "127.1", "2130706433", "0x7f.1", "127.0.0.1.", "localhost.",
            "u@127.0.0.1", "u:@127.0.0.1", "u:p@127.0.0.1", ":p@127.0.0.1", "@127.0.0.1", "u%40:p%3A@127.0.0.1",
            "u:p:q@127.0.0.1", "a@b:c@127.0.0.1", "ü:ß@127.0.0.1", "%zz:p@127.0.0.1",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("way", ["absolute", "base"])
    def test_hosts(self, sides, server, host, way):
        base = f"http://{host}:{server.port}"
        if way == "absolute":
            sides(get(f"{base}/x?y"))
        else:
            sides(lambda client: (client.base_url, response(client.get("/x?y"))), base_url=base)

    @pytest.mark.parametrize(
        "url",
        [
            "http://[::1]:{free}/x", "http://[::1]/x?y", "http://[::1%25lo]:{free}/", "http://[fe80::1%lo]:{free}/", "http://[v1.x]/",
            "http://[::ffff:127.0.0.1]:{port}/x", "http://[::FFFF:7f00:1]:{port}/x", "http://[0:0:0:0:0:ffff:127.0.0.1]:{port}/",
            "http://[127.0.0.1]:{port}/", "http://[::1/", "http://::1/", "http://[]/", "http://[:::]/",
            "http://127.0.0.1:{port}", "http://127.0.0.1:{port}?a", "http://127.0.0.1:{port}#a", "http://127.0.0.1:{port}\\a",
            "HTTP://127.0.0.1:{port}/", "hTTp://127.0.0.1:{port}/", " http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/ ",
            "http:127.0.0.1:{port}/", "http:/127.0.0.1:{port}/", "http:///127.0.0.1:{port}/", "//127.0.0.1:{port}/x",
            "http://127.0.0.1:0{port}/", "http://127.0.0.1:/", "http://127.0.0.1:0/", "http://127.0.0.1:-1/", "http://127.0.0.1:x/",
            "http://127.0.0.1:{port}:{port}/", "http://127.0.0.1:65536/", "http://127.0.0.1:٣/", "http://ä.invalid/", "http://xn--4ca.invalid/",
            "http://a_b.invalid/", "http://-a.invalid/", "http://a-.invalid/", "http://*.invalid/", "http://.invalid/", "http://a..invalid/",
            "http://" + "a" * 64 + ".invalid/", "http://" + "a." * 130 + "invalid/", "http://ex ample.invalid/", "http://a%20b.invalid/",
            "http://%61.invalid/", "http://a,b.invalid/", "http://{{a}}.invalid/", "mailto:a@b", "file:///etc/hosts", "data:,a", "ws://127.0.0.1/",
            "HTTPS://127.0.0.1:{free}/", "https://127.0.0.1:{free}/", "http+unix://x/", "http://\u2024.invalid/", "http://ß.invalid/", "http://faß.invalid/",
        ],
    )  # fmt: skip
    def test_addresses(self, sides, server, free_port, url):
        sides(get(url.format(port=server.port, free=free_port)), falls_back=None)

    def test_a_url_of_another_kind(self, sides):
        class Text(str):
            pass

        class Name(str, Enum):
            HOME = "/home"

        def body(client):
            return [response(client.get(Text("/x"))), response(client.get(Name.HOME))]

        sides(body)

    @pytest.mark.parametrize("url", [None, 5, b"/x", ["/x"], object], ids=named)
    def test_a_url_that_is_none(self, sides, url):
        sides(lambda client: client.get(url))


class TestParams:
    @pytest.mark.parametrize(
        "params",
        [
            {"a": 1}, {"a": 1.5}, {"a": True}, {"a": False}, {"a": 0}, {"a": ""}, {"": "a"}, {"a": "ä b&c=d#e?f/g%h+i"},
            {"ä": "b"}, {b"a": b"b\xff"}, {"a": [1, "b", b"c", None]}, {"a": ()}, {"a": {1}}, {"a": {"b": "c"}}, {1: 2}, {None: 1},
            [("a", 1), ("a", 2), ("b", None)], (("a", "b"),), [["a", "b"]], [("a", ["b", "c"])], [], (), {}, None, "", "a", "a=b&c", "?a", "a b",
            "ä=ö", "%zz", "a#b", b"a=b", b"\xff", OrderedDict(b=1, a=2), UserDict(a=1), CaseInsensitiveDict(A=1), 0, 5, ["ab"], ["abc"], [1],
            {"a": object}, {"a": Decimal("1.10")}, "\ud800", {"a": "\ud800"}, {"x": "~-._*'()!"},
        ],
        ids=named,
    )  # fmt: skip
    @pytest.mark.parametrize("path", ["/p?own=1&", "/ä b?#e f"])
    def test_shapes(self, sides, path, params):
        sides(lambda client: response(client.get(path, params=params)))

    def test_of_the_session_and_of_the_request(self, sides):
        def body(client):
            client.params = {"key": "k", "a": 1}
            seen = [response(client.get("/x", params={"a": 2, "b": 3}))]
            seen.append(response(client.get("/x", params={"key": None})))
            seen.append(tried(lambda: response(client.get("/x", params=[("a", 2)]))))
            seen.append(tried(lambda: response(client.get("/x", params="raw=1"))))
            client.params["more"] = [1, 2]
            seen.append(response(client.get("/x?y=z")))
            for odd in ([("s", 1)], "text=1", None, b"b=1", 5):
                client.params = odd
                seen.append(tried(lambda: response(client.get("/x"))))
                seen.append(tried(lambda: response(client.get("/x", params={"a": 2}))))
            return seen

        sides(body, falls_back=None)


class TestHeaders:
    @pytest.mark.parametrize(
        "headers",
        [
            {"X-Bytes": b"v"}, {b"X-Name": "v"}, {b"X-Name": b"v"}, {b"User-Agent": "me"}, {"X-Latin": "é"}, {"X-Latin": "é".encode()},
            {"X-Wide": "€"}, {"X-Raw": b"\xff\x80"}, {"X-None": None}, {"Accept": None, "X": "1"}, {"accept": None},
            {"X-Space": " v"}, {"X-Tab": "\tv"}, {"X-Trail": "v "}, {"X-Trail": "v\t"}, {"X-Line": "a\nb"}, {"X-Line": "a\r\nY: b"}, {"X-End": "a\n"},
            {"X-Fold": "a\r\n b"}, {"X-Int": 1}, {"X-Float": 1.5}, {"X-True": True}, {"X-List": ["a"]}, {"X-Nul": "a\x00b"}, {"X-Del": "a\x7fb"},
            {"X-Empty": ""}, {"X-Blank": " "}, {"": "v"}, {" X": "v"}, {"X ": "v"}, {"X Y": "v"}, {"X:Y": "v"}, {"X\n": "v"}, {"É": "v"}, {5: "v"}, {None: "v"},
            {"Host": "other.example"}, {"Host": ""}, {"Host": None}, {"Connection": "keep-alive"}, {"Connection": None}, {"Accept-Encoding": "identity"},
            {"Accept-Encoding": "gzip;q=1.0, br"}, {"User-Agent": ""}, {"Content-Length": "0"}, {"Content-Type": "text/x"}, {"Cookie": ""}, {"Expect": "100"},
            {"Authorization": ""}, {"Authorization": None}, {"Te": "trailers"}, {"Upgrade": "h2c"}, {"Range": "bytes=0-1"}, {"If-None-Match": '"x"'},
            CaseInsensitiveDict({"X-A": "1"}), OrderedDict([("X-B", "1"), ("X-A", "2")]), UserDict({"X-A": "1"}), [("X-A", "1")], ("X-A",), 5, "X: 1", b"x", [], (), 0,
        ],
        ids=named,
    )  # fmt: skip
    def test_odd_headers(self, sides, headers):
        sides(lambda client: response(client.get(do(echo=1), headers=headers)), falls_back=None)
        sides(lambda client: response(client.post("/x", data="abc", headers=headers)), falls_back=None)

    @pytest.mark.parametrize(
        "name", ["X-CSRFToken", "x-lower", "ETag", "WWW-Thing", "X_Under", "x-MIXED-case", "host", "HOST"]
    )
    def test_names_keep_their_case(self, sides, name):
        def body(client):
            client.headers["ACCEPT"] = "text/html"
            client.headers["X-REQUEST-id"] = "1"
            return response(client.get(do(echo=1, header=f"{name}:v"), headers={name: "v"}))

        sides(body)

    def test_header_order_and_case_of_a_browser(self, sides):
        browser = {
            "Host": "shop.example", "connection": "keep-alive", "sec-ch-ua": '"Chromium";v="130"', "DNT": "1", "Upgrade-Insecure-Requests": "1",
            "User-Agent": "Mozilla/5.0", "accept": "text/html", "Sec-Fetch-Site": "none", "Accept-Encoding": "gzip, deflate", "accept-language": "de",
        }  # fmt: skip
        sides(get("/x", headers=browser))
        sides(get("/x", method="post", headers=browser, json={"a": 1}))

    def test_of_the_session_and_of_the_request(self, sides):
        def body(client):
            client.headers["X-Session"] = "s"
            client.headers.update({"Accept": "text/html", "X-Two": "2"})
            seen = [response(client.get("/x", headers={"X-Session": "r", "X-Last": "l"}))]
            seen.append(response(client.get("/x", headers={"X-SESSION": None, "Accept": None})))
            seen.append(
                response(client.post("/x", data="a", headers={"Content-Type": "a/b", "Content-Length": "1"}))
            )
            client.headers.pop("Accept-Encoding")
            client.headers.setdefault("X-Default", "d")
            seen.append(response(client.get("/x")))
            client.headers.clear()
            seen.append(response(client.get("/x")))
            seen.append(
                (
                    dict(client.headers),
                    list(client.headers.items()),
                    repr(client.headers),
                    "x-a" in client.headers,
                )
            )
            client.headers["X-Number"] = 5
            seen.append(tried(lambda: response(client.get("/x"))))
            client.headers = CaseInsensitiveDict({"Only": "one"})
            seen.append(response(client.get("/x", headers={"Only": "two"})))
            client.headers = [("A", "b")]
            seen.append(tried(lambda: response(client.get("/x"))))
            seen.append(tried(lambda: response(client.get("/x", headers={"C": "d"}))))
            return seen

        sides(body, falls_back=None, connections=False)

    def test_default_headers_are_stock_s(self, sides):
        sides(lambda client: (type(client.headers).__name__, list(client.headers.items())))


class TestJson:
    @pytest.mark.parametrize(
        "value",
        [
            {"a": 1, "b": [True, False, None]}, [], {}, 0, 1, -1, 1.0, 1e100, 1e-7, 0.1, 123456789012345678901234567890, "", "text", True, False, None,
            "ä€\U0001f600\u2028\x00\x7f\"\\/\b\f\n\r\t", "\ud800", {"ä": "ö"}, {2: 2, 1.5: 3, True: 4, None: 5}, {"a": {"b": {"c": [[[{}]]]}}},
            (1, 2), [(), ()], OrderedDict(z=1, a=2), float("nan"), float("inf"), [float("-inf")], {"a": float("nan")},
        ],
        ids=named,
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["post", "get"])
    def test_bytes(self, sides, method, value):
        sides(get("/x", method=method, json=value))

    @pytest.mark.parametrize(
        "value",
        [Decimal("1.1"), {1, 2}, object(), b"bytes", {"a": Decimal(1)}, {(1, 2): 3}, {b"a": 1}, UserDict(a=1), Enum("E", "A").A, range(3), 1j],
        ids=lambda value: type(value).__name__,
    )  # fmt: skip
    def test_what_json_cannot_say(self, sides, value):
        sides(get("/x", method="post", json=value))

    def test_a_circle(self, sides):
        circle = []
        circle.append(circle)
        sides(get("/x", method="post", json=circle))

    def test_too_deep(self, sides):
        deep = []
        for _ in range(100_000):
            deep = [deep]
        sides(lambda client: type(tried(lambda: client.post("/x", json=deep).status_code)).__name__)

    @pytest.mark.parametrize("content_type", ["application/vnd.api+json", "", None, b"application/x"])
    def test_its_content_type(self, sides, content_type):
        sides(get("/x", method="post", json={"a": "ä"}, headers={"Content-Type": content_type}))

    @pytest.mark.parametrize("data", ["", "x", {}, {"a": 1}, None, b"", [], 0])
    def test_data_beside_it(self, sides, data):
        sides(get("/x", method="post", json={"j": 1}, data=data), falls_back=None)

    def test_positionally(self, sides):
        sides(
            lambda client: [
                response(client.post("/x", None, {"a": 1})),
                tried(lambda: client.put("/x", None, {"a": 1})),
            ]
        )

    def test_a_signed_body(self, sides):
        text = json.dumps({"a": [1, 2.50, "ü"]}, separators=(",", ":"), ensure_ascii=False)
        sides(
            get(
                "/x",
                method="post",
                data=text.encode(),
                headers={"Content-Type": "application/json", "X-Signature": "abc"},
            )
        )


class TestForms:
    @pytest.mark.parametrize(
        "data",
        [
            {"a": "b"}, {"a": "ä b&c=d+e"}, {"a": ["1", "2"], "b": ("3",)}, {"a": None}, {"a": None, "b": "1"}, {"a": []}, {"a": 1, "b": 1.5, "c": True}, {"": ""},
            {b"a": b"\xff"}, {"a": b"x"}, {"a": {"b": 1}}, {"a": {1}}, {"a[]": "1", "b.c": "2"}, {1: 2}, {"a": "\ud800"}, {"a": "x\r\ny"},
            [("a", "1"), ("a", "2"), ("b", None)], [("a", ["1", "2"])], (("a", "1"), ("b", "2")), [["a", "1"]], [("a", "1", "2")], ["ab"], ["a"], [1], [()],
            OrderedDict(b="1", a="2"), UserDict(a="1"), CaseInsensitiveDict(A="1"), "a=b", "", b"a=b", b"", "ü", b"\x00\xff", "x" * 70_000,
            bytearray(b"array"), memoryview(b"view"), 0, 5, 1.5, True, {"a", "b"}.__class__(), object(), "\ud800",
        ],
        ids=lambda value: named(value)[:40],
    )  # fmt: skip
    @pytest.mark.parametrize("method", ["post", "get"])
    def test_shapes(self, sides, method, data):
        sides(
            lambda client: response(getattr(client, method)("/x", data=data)),
            falls_back=None,
            connections=False,
        )

    @pytest.mark.parametrize(
        "make",
        [
            lambda: io.BytesIO(b"abc"),
            lambda: io.StringIO("abc"),
            lambda: iter([b"a", b"b"]),
            lambda: (x for x in []),
        ],
    )
    def test_streams(self, sides, make):
        sides(lambda client: response(client.post("/x", data=make())), falls_back=True)

    def test_a_file(self, sides, tmp_path):
        (tmp_path / "body").write_bytes(b"content" * 1000)

        def body(client):
            with open(tmp_path / "body", "rb") as file:
                file.read(3)
                return response(client.put("/x", data=file))

        sides(body, falls_back=True)

    def test_the_caller_s_objects_are_left_alone(self, sides):
        def body(client):
            data, headers, params, cookies = {"a": "1"}, {"X": "y"}, {"p": [1]}, {"c": "d"}
            client.post("/x", data=data, headers=headers, params=params, cookies=cookies)
            return data, headers, params, cookies

        sides(body)


class TestFiles:
    @pytest.fixture(autouse=True)
    def boundary(self, monkeypatch):
        monkeypatch.setattr(urllib3.filepost, "choose_boundary", lambda: "boundary0123456789")

    @pytest.mark.parametrize(
        "files",
        [
            {"f": b"content"}, {"f": "text ü"}, {"f": ""}, {"f": b""}, {"ä": b"1"}, {'q"uo\r\nte': b"1"}, {b"bytes": b"1"},
            {"f": ("name.txt", b"content")}, {"f": ("ä.txt", "c")}, {"f": ('a"b\\c.txt', b"")}, {"f": ("", b"x")}, {"f": (None, b"x")}, {"f": (None, "json", "application/json")},
            {"f": ("n", b"c", "text/plain")}, {"f": ("n", b"c", None)}, {"f": ("n", b"c", "a/b", {"X-Own": "1"})}, {"f": ("n", b"c", "a/b", {"Content-Type": "c/d"})},
            {"f": ("n", None)}, {"f": None}, {"f": 5}, {"f": ("n", 5)}, {"f": ("n",)}, {"f": ("n", b"c", "a", {}, 1)}, {"f": [b"a", b"b"]}, {"f": ("n", bytearray(b"a"))},
            [("f", b"1"), ("f", b"2")], [("f", ("a", b"1")), ("g", ("b", b"2"))], (("f", b"1"),), [], {}, None, 5, "text", b"bytes", [("f",)], ["f"],
        ],
        ids=named,
    )  # fmt: skip
    @pytest.mark.parametrize(
        "data", [None, {"a": "1", "b": ["2", b"3", 4, None]}, [("x", "y"), ("x", "z")]], ids=named
    )
    def test_shapes(self, sides, files, data):
        sides(lambda client: response(client.post("/x", files=files, data=data)), falls_back=None)

    @pytest.mark.parametrize(
        "data", ["text", b"bytes", 5, {"n": object}, {1: 2}, {b"k": "v"}, {"u": "ü"}], ids=named
    )
    def test_data_beside_them(self, sides, data):
        sides(lambda client: response(client.post("/x", files={"f": b"1"}, data=data)), falls_back=None)

    def test_open_files(self, sides, tmp_path):
        (tmp_path / "report ü.csv").write_bytes(b"a,b\r\n1,2\r\n")

        def body(client):
            with open(tmp_path / "report ü.csv", "rb") as file:
                seen = [response(client.post("/x", files={"f": file}))]
                seen.append(response(client.post("/again", files={"f": file})))  # read to its end
            seen.append(
                response(client.post("/x", files={"f": ("n", io.BytesIO(b"io")), "g": io.StringIO("text")}))
            )
            with open(tmp_path / "report ü.csv") as text:
                return [*seen, response(client.post("/x", files={"f": text}, json={"ignored": 1}))]

        sides(body)

    def test_with_a_content_type_of_one_s_own(self, sides):
        sides(get("/x", method="post", files={"f": b"1"}, headers={"Content-Type": "multipart/form-data"}))
        sides(
            get(
                "/x",
                method="put",
                files={"f": b"1"},
                headers={"Content-Type": "a/b; boundary=x", "Content-Length": "1"},
            )
        )


class TestMethods:
    @pytest.mark.parametrize(
        "method",
        ["GET", "get", "Get", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "M-SEARCH", "X", "a.b", "", " ", "G T", "GE\nT", "GÉT", "1", b"GET", None, 5],
        ids=named,
    )  # fmt: skip
    @pytest.mark.parametrize("keywords", [{}, {"data": "x"}], ids=named)
    def test_request(self, sides, method, keywords):
        if method == "CONNECT":
            pytest.skip("the server takes it as a proxy would")
        sides(lambda client: response(client.request(method, "/x", **keywords)))

    def test_methods_of_another_kind(self, sides):
        class Verb(str, Enum):
            GET = "GET"

        class Text(str):
            pass

        sides(
            lambda client: [
                response(client.request(Verb.GET, "/x")),
                response(client.request(Text("post"), "/x")),
            ],
            connections=False,
        )

    @pytest.mark.parametrize("method", ["get", "options", "head", "post", "put", "patch", "delete"])
    def test_all_verbs_with_everything(self, sides, method):
        sides(
            get(
                do(echo=1),
                method=method,
                params={"p": "1"},
                headers={"X-A": "1"},
                data={"d": "1"},
                cookies={"c": "1"},
                auth=("u", "p"),
                timeout=(5, 9.5),
                allow_redirects=False,
                verify=False,
                name="all",
                context={"k": 1},
                proxies={},
                hooks=None,
                stream=False,
                cert=None,
            )
        )


class TestAuth:
    @pytest.mark.parametrize("own", [None, ("su", "sp")], ids=["none", "session"])
    @pytest.mark.parametrize(
        "auth",
        [None, ("u", "p"), ("ü", "ß"), ("", ""), (b"u", b"\xff"), (1, 2), ("u:v", "p"), ("u", None), ("€", "p"), (), "", 0, False, "up", ("a",), ["u", "p"], ("a", "b", "c"), 5, {"u": "p"}],
        ids=named,
    )  # fmt: skip
    @pytest.mark.filterwarnings("ignore:Non-string:DeprecationWarning")
    def test_shapes(self, sides, server, auth, own):
        def body(client):
            client.auth = own
            seen = [tried(lambda: response(client.get(do(echo=1), auth=auth)))]
            with_credentials = f"http://x:y@127.0.0.1:{server.port}{do(echo=1)}"
            seen.append(tried(lambda: response(client.get(with_credentials, auth=auth))))
            seen.append(
                tried(
                    lambda: response(client.get(do(echo=1), auth=auth, headers={"Authorization": "Bearer"}))
                )
            )
            return seen

        sides(body, falls_back=False, connections=False)

    @pytest.mark.parametrize("auth", [None, (), ("u", "p"), False], ids=named)
    @pytest.mark.parametrize("own", [None, (), ("su", "sp")], ids=named)
    @pytest.mark.parametrize(
        "url", ["http://127.0.0.1:{port}", "http://x:y@127.0.0.1:{port}", "http://localhost:{port}"]
    )
    def test_netrc(self, sides, server, tmp_path, monkeypatch, auth, own, url):
        (tmp_path / "netrc").write_text("machine 127.0.0.1 login nick password ne:t\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))

        def body(client):
            client.auth = own
            seen = [response(client.get(url.format(port=server.port) + do(echo=1), auth=auth))]
            client.trust_env = False
            return [*seen, response(client.get(url.format(port=server.port) + do(echo=1), auth=auth))]

        sides(body)

    @pytest.mark.parametrize("host", ["u:p@", "u%20v:p%2F%zz@", "ü:ß@", "u@", ":p@", "u:@", "@", "u:p:q@"])
    def test_credentials_in_the_host(self, sides, server, host):
        def body(client):
            seen = [
                client.base_url,
                None if client.auth is None else vars(client.auth),
                response(client.get(do(echo=1))),
            ]
            client.auth = ("new", "one")
            return [*seen, response(client.get(do(echo=1)))]

        sides(body, base_url=f"http://{host}127.0.0.1:{server.port}")

    @pytest.mark.parametrize(
        "host",
        [
            "http://u:p@[::1]:1/a;b?c#d",
            "u:p@h",
            "http://u:p@",
            "//u:p@h",
            "http://u:p@h@i/",
            "",
            "http://u:p@h/?",
            None,
            "http://u:p@h:x",
        ],
    )
    def test_base_url_without_its_credentials(self, sides, host):
        sides(
            lambda client: (client.base_url, None if client.auth is None else vars(client.auth)),
            base_url=host,
        )
