"""FastHttpUser, what is asked: verbs, bodies, keywords, headers, URLs and names go out as stock Locust's do."""

import pytest

from support import observe
from support.backends import do
from support.cases import IMPOSSIBLE_URLS, ODD_PATHS
from support.fast_requests import VERBS, shows


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    "path", ["/", "/a/b.html?x=1&y=2", do(echo=1), do(status=404), do(status=500, body="no")]
)
def test_verbs(alike, verb, path):
    alike(shows(verb, path))


@pytest.mark.parametrize("method", ["get", "Post", "PROPFIND"])
def test_request_with_any_method(alike, method):
    alike(shows("request", method, do(echo=1)))


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
        return observe.fast_response(getattr(client, verb)(do(echo=1), **given)), given

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
    alike(lambda client: (client.base_url, observe.fast_response(client.get(do(echo=1)))), base_url=host)


@pytest.mark.parametrize(
    "path",
    [*ODD_PATHS, "/a?x"],
)
def test_odd_paths(alike, path):
    alike(shows("get", path))


@pytest.mark.parametrize(
    "url",
    [*IMPOSSIBLE_URLS, "http://.x/"],
)
def test_impossible_urls(alike, url):
    alike(shows("get", url))


def test_absolute_urls_and_another_host(alike, server):
    def body(client):
        client.get(do(header="Set-Cookie:a=1"))
        return [
            observe.fast_response(client.get(f"http://localhost:{server.port}{do(echo=1)}")),
            observe.fast_response(client.get(f"HTTP://127.0.0.1:{server.port}{do(echo=1)}")),
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


@pytest.mark.parametrize(
    "params",
    [
        {"a": [1, 2], "b": None, "c": "x y&z=ä"},
        {"a": (1, None, "2")},
        {"a": {}},
        {},
        [("a", 1), ("a", [2, 3]), (b"b", "c")],
        [],
        "a=1&b=%zz ä",
        b"a=1",
        "",
        {"a": True, "b": 1.5, "c": b"bytes"},
        {1: 2},
        [("a",)],
        "#x",
        0,
        False,
    ],
    ids=repr,
)
@pytest.mark.parametrize("path", ["/x", "/x?y=1", "/x?y=1#f", "/x;p=1?"])
def test_params(alike, params, path):
    alike(shows("get", path, params=params), connections=False)


@pytest.mark.parametrize("iterable", [lambda: (pair for pair in [("a", 1)]), lambda: {"a": 1}.items()])
def test_params_that_can_be_read_once(alike, iterable):
    alike(lambda client: shows("get", "/x", params=iterable())(client))


def test_a_caller_s_params_take_up_unknown_keywords(alike):
    def body(client):
        params = {"a": 1}
        return observe.fast_response(client.get("/x", params=params, verify=False)), params

    alike(body)


@pytest.mark.parametrize(
    "headers",
    [
        {"X": b"bytes"},
        {b"X": "bytes"},
        {"X": True, "Y": 1.5},
        {1: "x"},
        {"X": []},
        {"X": ["a", "b\nc"]},
        {"X": ("a",)},
        {"X": {}},
        {"": "x"},
        {"X:": "x"},
        {"X": " padded "},
        {"X": "\t"},
        {"X": "a\x7f"},
        {"X": "a\x00"},
        {"X": "\xff"},
        {"Content-Type": None},
        {"Content-Length": "0"},
        {"Accept-Encoding": None},
        {"Authorization": ""},
        {"Connection": "keep-alive"},
        {"Content-Encoding": "gzip"},
        {"Referer": "http://ä/"},
        {"User-Agent": ""},
        {"host": "UPPER.example:1"},
        {"cookie": ""},
        [("X-A", "1"), ("X-A", "2")],
        {"X-B": "1", "Host": "h", "Accept": "a", "User-Agent": "u", "Cookie": "c=1"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("verb", ["get", "post"])
def test_odd_headers(alike, verb, headers):
    def body(client):
        client.get(do(header="Set-Cookie:jar=1; Path=/"))
        return observe.fast_response(getattr(client, verb)("/x", headers=headers))

    alike(body, connections=False)


def test_a_caller_s_headers_stay_as_they_are(alike):
    def body(client):
        mine = {"X-A": "1"}
        client.post("/x", json={}, headers=mine, auth=("a", "b"))
        client.post("/x", data="text", headers=mine)
        client.get("http://127.0.0.1:1/refused", headers=mine)
        return mine

    alike(body)


def test_the_same_headers_again(alike):
    """What was met before must not be mistaken for something that looks alike."""

    def body(client):
        for value in ("1", 1, True, "1", b"1", 1.0, "2"):
            client.get("/x", headers={"X-A": value})
            client.post("/x", data="text", headers={"X-A": value})
            client.post("/x", data=b"text", headers={"X-A": value})
            client.post("/x", json=[value] if value != b"1" else 1, headers={"X-A": value, "x-b": "1"})
        for _ in range(2):
            client.post("/x", data={"a": 1}, headers={"Content-Type": ""})
            client.post("/x", data="text", headers={"content-type": "own"})

    alike(body)


@pytest.mark.parametrize(
    "defaults",
    [
        {"X-A": "1", "x-a": "2"},
        {"Content-Type": "own"},
        {"content-type": ""},
        {"Cookie": "own=1"},
        {"Host": "shop.example"},
        {"Accept-Encoding": "identity", "user-agent": "me"},
        {"X": None, "Y": 5},
        {"X": ["a", "b"]},
        [("X", "1"), ("Y", "2")],
    ],
    ids=repr,
)
def test_default_headers_with_all_kinds_of_bodies(alike, defaults):
    def body(client):
        for given in ({}, {"data": "abc"}, {"data": b"abc"}, {"data": {"a": 1}}, {"json": 12}, {"verify": 1}):
            client.post("/x", headers={"X-Own": "1", "X": "own"}, **given)
            client.get("/x", **given)
        return observe.fast_response(client.get("/x"))

    alike(body, headers=defaults, connections=False)


def test_default_headers_are_copied_when_the_user_is_made(alike):
    defaults = {"X-A": "1"}

    def body(client):
        defaults["X-A"] = "changed"
        shown = observe.fast_response(client.get("/x"))
        defaults["X-A"] = "1"
        return shown

    alike(body, headers=defaults)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:secret@127.0.0.1:{port}/x",
        "http://127.0.0.1:{port}",
        "http://127.0.0.1:{port}?q=1",
        "http://127.0.0.1:{port}#f",
        "HTTP://127.0.0.1:{port}/x",
        "http://LOCALHOST:{port}/x",
        "http://127.0.0.1:{port}//x",
        "http://127.0.0.1:{port}/a\\b",
        "http://127.0.0.1:0{port}/",
        "http://127.0.0.1:/x",
        "http://127.0.0.1:x/",
        "https://127.0.0.1:{port}/not-tls",
        "http:// 127.0.0.1:{port}/x",
        "http://bücher.invalid/",
        "http://xn--bcher-kva.invalid/",
        "http://[::1/x",
        "http://[127.0.0.1]:{port}/x",
        "http://127.0.0.1:{port}/x?a=1?b=2#c#d",
        "http://127.0.0.1:{port}/%",
        "http://127.0.0.1:{port}/x\n",
        "http://127.0.0.1:{port}/\x7f",
        "http://127.0.0.1:{port}/x?\x00",
        "ftp://127.0.0.1:{port}/x",
        "//127.0.0.1:{port}/x",
        "http://127.1:{port}/x",
    ],
)
def test_absolute_urls(alike, server, url):
    alike(shows("get", url.format(port=server.port)), connections=False, falls_back=None)
    alike(shows("post", url.format(port=server.port), json={}, name="n"), connections=False, falls_back=None)


def test_urls_by_ipv6(alike, server):
    alike(shows("get", "http://[::1]:9/x?y"))


@pytest.mark.parametrize(
    "base",
    [
        "http://127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/v1/",
        "http://us%40er:p%2Fw%C3%A4@127.0.0.1:{port}/v1",
        "http://user:@127.0.0.1:{port}",
        "http://user@127.0.0.1:{port}",
        "http://:pw@127.0.0.1:{port}",
        "http://a:b@c:d@127.0.0.1:{port}",
        "HTTP://127.0.0.1:{port}",
        "127.0.0.1:{port}",
        "",
        "/only/path",
    ],
)
@pytest.mark.parametrize("path", ["/x", "x", ""])
def test_base_urls(alike, server, base, path):
    def body(client):
        shown = observe.fast_response(client.get(path))
        return shown, observe.fast_response(client.get(path, auth=("own", "auth"))), client.base_url

    alike(body, base_url=base.format(port=server.port), connections=False)


def test_a_base_url_assigned_anew(alike, server):
    def body(client):
        client.get("/one")
        client.base_url = f"http://localhost:{server.port}/v2"
        return observe.fast_response(client.get("/two"))

    alike(body)


def test_own_credentials_win_over_the_host_s_also_when_falling_back(alike, server):
    def body(client):
        client.get("/x", auth=("own", "auth"), stream=True).read()
        return observe.fast_response(client.get("/x", auth=("own", "auth")))

    alike(body, base_url=f"http://a:b@127.0.0.1:{server.port}", falls_back=True, connections=False)


def test_the_context_is_asked_for_once_per_request(server):
    from support.backends import Backend, Person

    class Counting(Person):
        asked = 0

        def context(self):
            Counting.asked += 1
            return {"n": Counting.asked, "mine": 1}

    outcomes = []
    for kind in ("stock", "native"):
        Counting.asked = 0
        backend = Backend(kind, server.url)
        client = backend.fast(user=Counting())
        for keywords in ({}, {"headers": {"X": "ä€"}}, {"stream": True}, {"data": (x for x in "a")}, {}):
            observe.tried(
                lambda keywords=keywords, client=client: client.post("/x", context={"mine": 2}, **keywords)
            )
        outcomes.append((Counting.asked, [event["context"] for event in backend.events]))
        backend.close()
    assert outcomes[0] == outcomes[1]


def test_a_request_name_that_stays(alike):
    def body(client):
        client.request_name = "sticky"
        client.get("/a", headers={"X": b"odd"})
        client.get("/b", name="own", data=[])
        with client.rename_request("renamed"):
            client.get("/c d")
        client.get("/e")

    alike(body, connections=False)
