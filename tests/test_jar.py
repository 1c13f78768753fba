"""The cookies of both clients: set by servers and by hand, sent where Python's jar would send them."""

import http.cookiejar
import itertools
import re

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import observe
from support.backends import do


def sent(recorded: list[dict]) -> list[str]:
    """The `Cookie` fields of recorded requests."""
    lines = itertools.chain.from_iterable(request["head"].split("\r\n") for request in recorded)
    return [line for line in lines if line.lower().startswith("cookie:")]


def test_the_jar_is_a_requests_jar(backend):
    client = backend.http()
    assert isinstance(client.cookies, requests.cookies.RequestsCookieJar)
    assert type(client.cookies).__name__ == "RequestsCookieJar"
    assert repr(client.cookies) == "<RequestsCookieJar[]>"
    assert not len(client.cookies)


def test_set_by_the_server(same):
    fields = [
        "a=1",
        "b=2; Path=/",
        "c=3; Path=/do",
        "d=4; Path=/elsewhere",
        "e=5; Secure",
        "f=6; HttpOnly; SameSite=Lax",
        'g="quoted value"',
        "h=; Path=/",
        "i",
        "j=1; Max-Age=100",
        "k=1; expires=Fri, 01 Jan 2100 00:00:00 GMT",
        "l=gone; Max-Age=0",
        "m=1; Domain=127.0.0.1",
        "n=1; Domain=example.com",
        "a=2; Path=/",
        'o="a\\"b"',
        "p=ä",
    ]

    def body(client):
        client.get(do(header=[f"Set-Cookie:{field}" for field in fields]))
        for path in (do(), "/", "/elsewhere/x", "/do/sub", "/done"):
            client.get(path)
        # When they expire is seen with patience in the first, and to the second in the second.
        return observe.cookies(client.cookies), re.sub(r"expires=\d+", "", repr(client.cookies))

    same(body)


def test_set_and_read_by_hand(same, server):
    def body(client):
        jar = client.cookies
        jar.set("a", "1")
        jar.set("b", "2", domain="127.0.0.1", path="/")
        jar.set("b", "3", domain="localhost.local", path="/x")
        jar["c"] = "4"
        jar.update({"d": "5", "e": "6"})
        seen = [
            jar.get("a"),
            jar.get("none", "default"),
            jar["c"],
            "a" in jar,
            len(jar),
            jar.keys(),
            jar.values(),
            jar.items(),
            jar.get_dict(),
            jar.get_dict("127.0.0.1"),
            jar.list_domains(),
            jar.list_paths(),
            jar.multiple_domains(),
            observe.tried(lambda: jar.get("b")),
            observe.tried(lambda: jar["b"]),
            observe.tried(lambda: jar["nope"]),
            observe.cookies(jar),
            dict(jar.get_dict()),
            [cookie.name for cookie in jar],
            bool(jar),
        ]
        client.get("/")
        client.get(f"http://localhost:{server.port}/x/y")
        jar.set("a", None)
        del jar["c"]
        client.get("/")
        jar.clear("127.0.0.1")
        client.get("/")
        jar.clear()
        client.get("/")
        seen.append(observe.cookies(jar))
        client.get(do(header="Set-Cookie:z=1"))
        seen += [jar.get("z"), observe.cookies(jar.copy()), requests.utils.dict_from_cookiejar(jar)]
        jar.clear_session_cookies()
        seen.append(observe.cookies(jar))
        return seen

    same(body)


def test_set_cookie_with_a_cookie_of_one_s_own(same):
    def body(client):
        client.cookies.set_cookie(
            requests.cookies.create_cookie("own", "1", domain="127.0.0.1", expires=4_000_000_000)
        )
        client.cookies.set_cookie(requests.cookies.create_cookie("over", "1", domain="127.0.0.1", expires=10))
        client.cookies.set_cookie(requests.cookies.create_cookie("s", "1", secure=True))
        client.cookies.set_cookie(requests.cookies.create_cookie("n", 5))
        client.get("/")
        return observe.cookies(client.cookies)

    same(body)


def test_cookies_of_one_request(same):
    def body(client):
        client.get(do(header="Set-Cookie:a=1"))
        client.get("/do", cookies={"b": "2", "a": "own"})
        client.get("/", cookies={"b": "2"})
        client.get("/do")
        return observe.cookies(client.cookies), observe.cookies(
            client.get("/do", cookies={"x": "y"}).request._cookies
        )

    def only_wire(client):
        return body(client)[0]

    same(only_wire)


def test_cookies_of_a_response(same):
    def body(client):
        answer = client.get(do(header=["Set-Cookie:a=1; Path=/", "Set-Cookie:b=2; Domain=elsewhere.example"]))
        return (
            observe.cookies(answer.cookies),
            answer.cookies.get("a"),
            answer.cookies.get_dict(),
            len(answer.cookies),
        )

    same(body)


def test_a_copied_header_replaces_the_jar(same):
    """The walkthrough copies cookies out of Set-Cookie by hand."""

    def body(client):
        answer = client.get(do(header="Set-Cookie:csrftoken=abc; Path=/"))
        token = answer.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
        client.get("/", headers={"Cookie": f"csrftoken={token}; other=1", "X-CSRFToken": token})
        client.get("/")

    same(body)


def test_host_header_names_the_cookies_host(same):
    def body(client):
        client.headers["Host"] = "shop.example"
        client.get(do(header=["Set-Cookie:a=1", "Set-Cookie:b=2; Domain=.shop.example"]))
        client.get("/do")
        del client.headers["Host"]
        client.get("/do")
        return observe.cookies(client.cookies)

    same(body)


def test_expiry_is_noticed(backend, server):
    client = backend.http()
    client.get(do(header=["Set-Cookie:a=1; Max-Age=1; Path=/", "Set-Cookie:b=2; Path=/"]))
    deadline = next(cookie.expires for cookie in client.cookies if cookie.name == "a")
    import time

    while (
        time.time() < deadline + 0.01
    ):  # cookies count whole seconds of the wall clock: there is nothing to wait on
        time.sleep(0.05)
    server.take()
    client.get("/")
    assert sent(server.take()) == ["Cookie: b=2"]


def test_fast_cookies(same):
    def body(client):
        assert type(client.cookiejar).__name__ == "CookieJar"
        client.get(
            do(header=["Set-Cookie:a=1; Path=/", 'Set-Cookie:q="x\\"y"', "Set-Cookie:s=1; Secure; Path=/"])
        )
        client.get("/do")
        seen = [observe.cookies(client.cookiejar), len(client.cookiejar), repr(client.cookiejar)]
        client.cookiejar.set_cookie(requests.cookies.create_cookie("own", "1", domain="127.0.0.1"))
        client.get("/")
        client.cookiejar.clear()
        client.get("/")
        return seen

    same(body, fast=True)


def _join(name, value, bare, attributes):
    return "; ".join([name if bare else f"{name}={value}", *attributes])


class TestLikePython:
    """Generated Set-Cookie fields: what is kept and what is sent is what Python's jar keeps and sends."""

    NAMES = st.sampled_from(["a", "b", "session", "", " c ", "d e", "$x", "Path", "secure"])
    VALUES = st.one_of(
        st.sampled_from(
            ["1", "", '"quoted"', '"a b"', "x=y", " sp ", '"', '"\\"', '"a\\"b"', "a,b", "ü", "%3D"]
        ),
        st.text('abc="\\ ,/', max_size=6),
    )
    DAYS = st.sampled_from(["Mon, ", "Monday, ", "Sun ", "", "Thu,", "Foo, "])
    DATES = st.builds(
        "{}{}{}{}{}{}{}".format,
        DAYS,
        st.sampled_from(["1", "01", "31", "29", "0", "32", "15"]),
        st.sampled_from(["-Jan-", " Feb ", "-feb-", " 3 ", "-12-", "/Nov/", " Xxx ", "-Sep ", " Mar-"]),
        st.sampled_from(
            ["1969", "1970", "2000", "2024", "2037", "2099", "2300", "70", "99", "24", "5", "199", "20000"]
        ),
        st.sampled_from([" ", "", ":", "  "]),
        st.sampled_from(
            ["00:00:00", "23:59:59", "24:00", "12:30", "1:2:3", "25:00:00", "12:60:00", "", "12", "12:30 PM"]
        ),
        st.sampled_from([" GMT", "", " UTC", " +0100", " -0830", " EST", " PST", " +1", " X", " gmt", "Z"]),
    )
    ISO = st.sampled_from(
        [
            "1994-02-03 14:15:29",
            "2035-02-03T14:15:29Z",
            "20350203",
            "03/Feb/2035:00:00:00",
            "2035",
            "Feb 3 2035",
            "02-03-35",
        ]
    )
    ATTRIBUTES = st.one_of(
        st.builds(
            "Path={}".format,
            st.sampled_from(["/", "/do", "/do/", "/d", "/x", "", "relative", "/%64o", "/%c3%a4/%zz", "/ä"]),
        ),
        st.builds(
            "Domain={}".format,
            st.sampled_from(
                [
                    "localhost",
                    ".localhost",
                    "local",
                    "localhost.local",
                    ".local",
                    "127.0.0.1",
                    ".127.0.0.1",
                    "0.0.1",
                    "example.com",
                    "",
                    "LOCALHOST",
                    ".",
                ]
            ),
        ),
        st.builds("Expires={}".format, st.one_of(DATES, ISO)),
        st.builds('expires="{}"'.format, DATES),
        st.builds(
            "Max-Age={}".format,
            st.sampled_from(["0", "1000", "-1", "soon", "", "1e3", '"1000"', "99999999999", "+5", " 7"]),
        ),
        st.sampled_from(
            [
                "Secure",
                "secure=1",
                "HttpOnly",
                "SameSite=None",
                "Discard",
                "Version=1",
                "Version=2",
                "Path",
                "Domain",
                "Max-Age",
                "Expires",
                "",
                "Priority=High",
                "Version=x",
                'Version="1"',
                "Partitioned",
            ]
        ),
    )
    FIELDS = st.builds(
        _join,
        NAMES,
        VALUES,
        st.integers(0, 9).map(lambda n: n == 0),
        st.lists(ATTRIBUTES, max_size=4),
    )
    ANSWERS = st.lists(
        st.tuples(
            st.sampled_from(["localhost", "127.0.0.1"]),
            st.sampled_from(["/do", "/do/sub/x"]),
            st.lists(FIELDS, max_size=3),
        ),
        min_size=1,
        max_size=3,
    )

    @pytest.mark.parametrize("fast", [False, True])
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(answers=ANSWERS)
    def test_set_cookie(self, server, fast, answers):
        outcomes = [self.outcome(kind, server, fast, answers) for kind in ("stock", "native")]
        differences = observe.differences(("jar", "sent"), outcomes[1], outcomes[0])
        assert not differences, "\n".join(map(repr, [*answers, *differences]))

    def outcome(self, kind, server, fast, answers):
        from support.backends import Backend

        backend = Backend(kind, server.url)
        client = (backend.fast if fast else backend.http)()
        server.take()
        for host, path, fields in answers:
            names = [f"Set-Cookie:{field}" for field in fields]
            client.get(
                f"http://{host}:{server.port}{do(header=names).replace('/do', path)}", headers={"X-Ask": "1"}
            )
        for host in ("localhost", "127.0.0.1"):
            for path in ("/", "/do/sub", "/x"):
                client.get(f"http://{host}:{server.port}{path}")
        jar = client.cookiejar if fast else client.cookies
        kept = observe.cookies(jar)
        backend.close()
        return kept, sent(server.take())


def test_mirror_follows_both_ways(native):
    client = native.http()
    jar = client.cookies
    client.get(do(header="Set-Cookie:a=1; Path=/"))
    assert jar.get_dict() == {"a": "1"}
    jar.set("b", "2", domain="127.0.0.1")
    client.get(do(header="Set-Cookie:c=3; Path=/"))
    assert jar.get_dict() == {"a": "1", "b": "2", "c": "3"}
    assert isinstance(jar, http.cookiejar.CookieJar)
