"""Generated requests and generated answers: whatever is asked and answered, ours does as stock Locust does."""
# ruff: noqa: E501  tables of odd values, a row a line

from http_sides import error, event, response, wire  # isort: skip  first: it lets gevent patch
import gzip
import os
import zlib

import pytest
import urllib3.filepost
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from support import observe
from support.backends import Backend, do

#: How many examples the gate draws; SIDE_BY_SIDE_EXAMPLES=5000 with HYPOTHESIS_PROFILE=default goes exploring.
EXAMPLES = int(os.environ.get("SIDE_BY_SIDE_EXAMPLES", "40"))
# An example costs some requests, so the first one that differs is shown as it is.
CALM = settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

PIECES = st.lists(
    st.sampled_from(
        ["a", "b/", "/", "//", "..", ".", "./", "../", "%20", "%2F", "%zz", "%", "%C3%A4", "ä", "€", " ", "+", "?", "&", "=", "#", "[", "]", "@", ":", ";", ",", "\\", '"', "<", ">", "{", "}", "|", "^", "`", "'", "~", "!", "$", "*", "(", ")", "x=1", "\t", "\x7f"]
    ),
    max_size=6,
).map("".join)  # fmt: skip
TEXTS = st.text('ab &=+ä€"\\;,%\n', max_size=5)
SCALARS = st.one_of(
    TEXTS,
    st.integers(-9, 9),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, width=16),
    st.binary(max_size=3),
)
NAMES = st.text("ab[]ä ", max_size=3)
FORMS = st.one_of(
    st.dictionaries(NAMES, st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=3),
    st.lists(st.tuples(NAMES, SCALARS), max_size=3),
    TEXTS,
    st.binary(max_size=5),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FILES = st.one_of(
    st.dictionaries(NAMES, st.one_of(st.binary(max_size=4), TEXTS), min_size=1, max_size=2),
    st.dictionaries(
        NAMES,
        st.tuples(st.one_of(st.none(), TEXTS), st.binary(max_size=4), st.one_of(st.none(), st.just("a/b"))),
        min_size=1,
        max_size=2,
    ),
    st.lists(st.tuples(NAMES, st.binary(max_size=4)), min_size=1, max_size=2),
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-A", "x-CSRFToken", "Accept", "User-Agent", "user-agent", "Content-Type", "Cookie", "Authorization", "Host", "Referer", "Accept-Encoding"]),
    st.one_of(st.none(), st.text('abc ;=,"é/*\t', max_size=6), st.binary(max_size=3).filter(lambda v: b"\n" not in v and b"\r" not in v and not v.startswith(b" "))),
    max_size=3,
)  # fmt: skip
COOKIES = st.dictionaries(
    st.sampled_from(["a", "b", "jar", "own"]), st.text('xyz"; ', max_size=3), max_size=3
)
AUTH = st.one_of(st.none(), st.just(()), st.tuples(st.text("aé:€", max_size=3), st.text("bé", max_size=3)))
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "params": FORMS, "data": FORMS, "json": JSON, "files": FILES, "headers": HEADERS, "cookies": COOKIES, "auth": AUTH,
        "allow_redirects": st.booleans(), "timeout": st.sampled_from([5, 2.5, (3, 4), None]), "name": st.sampled_from(["named", "", None]),
        "catch_response": st.booleans(), "context": st.just({"k": 1}),
    },
)  # fmt: skip
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "PURGE"])
SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "headers": HEADERS, "params": st.dictionaries(NAMES, SCALARS, max_size=2), "auth": AUTH, "trust_env": st.booleans(), "request_name": st.sampled_from(["sticky", ""]),
        "max_redirects": st.integers(0, 3), "by hand": COOKIES,
    },
)  # fmt: skip


def outcome(kind, server, session, calls):
    """All one can see of these calls on one kind of client."""
    backend = Backend(kind, server.url)
    client = backend.http()
    server.take()
    client.get(do(header=["Set-Cookie:jar=1; Path=/", "Set-Cookie:deep=2"]))
    session = dict(session)
    for name, value in session.pop("by hand", {}).items():
        client.cookies.set(name, value)
    client.headers.update(session.pop("headers", {}))
    for name, value in session.items():
        setattr(client, name, value)
    seen = []
    for method, path, keywords in calls:
        try:
            seen.append(response(client.request(method, path, **keywords)))
        except Exception as raised:
            seen.append(("raised", error(raised)))
    seen.append(observe.cookies(client.cookies))
    events = [event(arguments) for arguments in backend.events]
    backend.close()
    return seen, events, wire(server.take(), connections=False)


def compare(server, session, calls):
    stock, ours = (outcome(kind, server, session, calls) for kind in ("stock", "native"))
    differences = observe.differences(("value", "events", "wire"), ours, stock)
    assert not differences, "\n".join([f"{session!r} {calls!r}", *(found[:600] for found in differences[:8])])


@pytest.fixture(autouse=True)
def boundary(monkeypatch):
    monkeypatch.setattr(urllib3.filepost, "choose_boundary", lambda: "boundary0123456789")


@CALM
@given(session=SESSIONS, method=METHODS, path=PIECES.map("/".__add__), keywords=REQUESTS)
def test_requests(server, session, method, path, keywords):
    compare(server, session, [(method, path, keywords)])


@CALM
@given(
    session=SESSIONS,
    calls=st.lists(
        st.tuples(METHODS, st.sampled_from(["/x", "/count/2", do(echo=1), do(status=404)]), REQUESTS),
        min_size=2,
        max_size=4,
    ),
)
def test_sequences(server, session, calls):
    compare(server, session, calls)


FIELDS = st.lists(
    st.one_of(
        st.sampled_from(["X-A:1", "X-A:2", "X-Empty:", "Content-Type:text/html", "Content-Type:text/plain; charset=latin-1", "Content-Type:application/json", "Content-Type:text/x; charset=nonsense", "Link:</n>; rel=next", "Connection:keep-alive", "Vary:*", "Location:/elsewhere"]),
        st.builds("Set-Cookie:{}={}; Path={}{}".format, st.sampled_from(["a", "jar", "deep", ""]), st.sampled_from(["1", "", '"q"', '"a\\"b"', "x y", "ü"]), st.sampled_from(["/", "/do", "/x", ""]), st.sampled_from(["", "; Max-Age=0", "; Max-Age=100", "; Secure", "; HttpOnly", "; Domain=127.0.0.1", "; Domain=example.com", "; Version=1"])),
    ),
    max_size=5,
)  # fmt: skip
BODIES = st.one_of(
    st.binary(max_size=40),
    st.text(max_size=20).map(str.encode),
    st.text(max_size=20).map(lambda t: t.encode("utf-16")),
    st.sampled_from([b'{"a": 1}', b"[1, 2", "grüße".encode("latin-1"), b"one\ntwo\r\n\nthree"]),
)
CODINGS = st.sampled_from(
    [
        (None, bytes),
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("gzip", bytes),
        ("deflate", bytes),
    ]
)
STATUS = st.sampled_from(
    [
        200,
        201,
        204,
        206,
        299,
        300,
        301,
        302,
        303,
        304,
        307,
        308,
        400,
        401,
        404,
        410,
        418,
        429,
        500,
        503,
        599,
        700,
        999,
    ]
)


@CALM
@given(
    status=STATUS, reason=st.text("abc OK", max_size=6).map(str.strip), fields=FIELDS, body=BODIES, coding=CODINGS, framing=st.sampled_from([{}, {"chunked": 1}, {"length": "none"}]),
    location=st.one_of(st.none(), PIECES.map(lambda text: text.replace("€", "").replace("\x7f", "").strip())), method=st.sampled_from(["GET", "POST", "HEAD"]), follow=st.booleans(),
)  # fmt: skip
def test_answers(server, status, reason, fields, body, coding, framing, location, method, follow):
    name, encode = coding
    header = [
        *fields,
        *([f"Content-Encoding:{name}"] if name else []),
        *([f"Location:{location}"] if location is not None else []),
    ]
    if method == "HEAD" or status in (204, 304):
        framing = {}  # else the server closes a connection that either side may still take for good
    path = do(status=status, reason=reason, header=header, hex=encode(body).hex(), **framing)
    compare(server, {}, [(method, path, {"allow_redirects": follow}), ("GET", do(echo=1), {})])
