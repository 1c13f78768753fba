"""FastHttpUser, properties: requests and answers that nobody thought of are the same on stock Locust and on ours."""

import gzip
import string
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import observe
from support.backends import Same, do

LETTERS = string.ascii_letters + string.digits
ODD = st.text(st.sampled_from("/?#&=;:@%+.,~!'()*[]{}|\\^`\"<> aZ0é€\u2028😀-_$"), max_size=12)
LATIN = st.text(st.characters(max_codepoint=255, blacklist_categories=["Cc"]), max_size=8)
ANY = st.text(max_size=8)
NAMES = st.text(st.sampled_from(LETTERS + "-_"), min_size=1, max_size=10).filter(
    lambda name: name.lower() not in ("content-length", "transfer-encoding", "expect", "host", "connection")
)
VALUES = st.one_of(LATIN.map(str.strip), ANY, st.integers(), st.none(), st.booleans(), st.binary(max_size=5))
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY, inner, max_size=3),
    max_leaves=8,
)
SCALARS = ANY | st.integers() | st.floats() | st.none() | st.booleans() | st.binary(max_size=4)
PARAMS = st.dictionaries(ANY, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
KEYWORDS = st.fixed_dictionaries(
    {},
    optional={
        "headers": HEADERS,
        "params": PARAMS | ODD,
        "json": JSON,
        "data": ANY | st.binary(max_size=20) | PARAMS,
        "auth": st.tuples(LATIN, LATIN),
        "allow_redirects": st.booleans(),
        "catch_response": st.booleans(),
        "name": ANY,
        "verify": st.booleans(),
        "cookies": st.dictionaries(ANY, ANY, max_size=2),
        "timeout": st.floats(0.1, 10),
    },
)
METHODS = st.sampled_from(["GET", "get", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"])


def kept(keywords):
    """A copy that the request may change."""
    return {name: dict(value) if isinstance(value, dict) else value for name, value in keywords.items()}


@pytest.fixture(scope="module")
def alike(server):
    return lambda body, **settings: Same(server)(
        body, fast=True, falls_back=None, connections=False, **settings
    )


@given(METHODS, ODD, KEYWORDS)
def test_requests(alike, method, path, keywords):
    def body(client):
        mine = kept(keywords)
        return observe.tried(lambda: observe.fast_response(client.request(method, "/" + path, **mine))), repr(
            mine
        )

    alike(body)


@given(
    st.lists(st.tuples(METHODS, st.sampled_from(["/x", "/x?y=1", "/count/2"]), KEYWORDS), max_size=4), HEADERS
)
def test_requests_one_after_the_other(alike, requests, defaults):
    def body(client):
        return [
            observe.tried(lambda m=method, p=path, k=keywords: client.request(m, p, **kept(k)).status_code)
            for method, path, keywords in requests
        ]

    alike(body, headers=defaults)


@given(st.sampled_from(["http://", "https://", "HTTP://", "http:", "//", "x://", ""]), ODD, ODD)
def test_urls(alike, scheme, host, path):
    place = "127.0.0.1:1" if "." not in host else host
    alike(lambda client: observe.tried(lambda: observe.fast_response(client.get(f"{scheme}{place}/{path}"))))


CODINGS = {
    "gzip": lambda body: gzip.compress(body, mtime=0),
    "deflate": zlib.compress,
    "br": brotli.compress,
    "identity": bytes,
    "x-gzip": bytes,
    "zstd": bytes,
}
FIELD_VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
KINDS = st.sampled_from(
    [
        "text/html",
        "text/html; charset=utf-8",
        "text/plain; charset=latin-1",
        "application/json",
        "",
        "a/b; charset=x",
    ]
)


@st.composite
def answers(draw):
    """What the server is asked to answer."""
    body = draw(st.binary(max_size=60) | ANY.map(lambda text: text.encode("utf-8", "surrogatepass")))
    fields = [f"{name}:{draw(FIELD_VALUES)}" for name in draw(st.lists(NAMES, max_size=3))]
    fields = [field for field in fields if not field.lower().startswith(("location:", "content-encoding:"))]
    if draw(st.booleans()):
        fields.append(f"Content-Type:{draw(KINDS)}")
    coding = draw(st.sampled_from([None, None, *CODINGS]))
    if coding:
        body = CODINGS[coding](body)
        cut = draw(st.integers(0, 3))
        body = body[: len(body) - cut] + draw(st.sampled_from([b"", b"", b"xy"]))
        fields.append(f"Content-Encoding:{coding}")
    if draw(st.booleans()):
        fields.append(f"Set-Cookie:{draw(FIELD_VALUES)}={draw(FIELD_VALUES)}; Path=/")
    asked = {
        "hex": body.hex(),
        "header": fields,
        "status": draw(st.sampled_from([200, 201, 204, 304, 404, 500])),
    }
    if draw(st.booleans()):
        asked["chunked"] = 1
    return asked


@given(answers(), st.sampled_from(["GET", "POST", "HEAD"]), st.booleans())
def test_answers(alike, asked, method, catch):
    def body(client):
        seen = observe.tried(
            lambda: observe.fast_response(client.request(method, do(**asked), catch_response=catch))
        )
        return seen, observe.cookies(client.cookiejar), client.get("/x").status_code

    alike(body)


@given(
    st.sampled_from([301, 302, 303, 307, 308]),
    st.sampled_from(
        ["/", "", "//127.0.0.1:{port}/", "http://127.0.0.1:{port}", "http://localhost:{port}/", "x/"]
    ),
    st.text(st.sampled_from("/?#&=;:@%+.,~'()[]{}|^`\"<>aZ0é-_$"), max_size=10),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from([None, "text", {"a": 1}]),
)
def test_locations(alike, server, status, front, rest, method, data):
    path = do(status=status, header="Location:" + front.format(port=server.port) + rest)

    def body(client):
        return observe.tried(
            lambda: observe.fast_response(
                client.request(method, path, data=data, headers={"Authorization": "x"})
            )
        )

    alike(body)


@given(st.lists(st.tuples(st.sampled_from(["set", "ask", "clear"]), NAMES, FIELD_VALUES), max_size=6))
def test_cookies(alike, steps):
    def body(client):
        for step, name, value in steps:
            if step == "set":
                client.get(do(header=f"Set-Cookie:{name}={value}"))
            elif step == "ask":
                client.get("/do/x")
            else:
                client.cookiejar.clear()
        return observe.cookies(client.cookiejar)

    alike(body)
