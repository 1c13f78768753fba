"""Generated responses, made of pieces good and bad: status, content or failure are stock's, whatever comes."""

import gzip
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rogue import chain

from support import observe
from support.backends import Backend

LINES = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 404 Not Found",
            b"HTTP/1.0 200 OK",
            b"HTTP/1.1 204 Nothing",
            b"HTTP/1.1 500",
        ),
        *(b"HTTP/1.1 200 ", b"HTTP/1.1 20", b"HTTP/1.1 2000 Many", b"HTTP/2 200 OK", b"HTTP", b"hello", b""),
    ]
)
FIELDS = st.sampled_from(
    [
        *(
            b"Content-Length: 5",
            b"Content-Length: 5",
            b"Content-Length: 9",
            b"Content-Length: x",
            b"Content-Length: 0",
        ),
        *(
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: chunked",
            b"Connection: close",
            b"Connection: keep-alive",
        ),
        *(
            b"X-A: b",
            b"X-A:",
            b"X A: b",
            b": b",
            b"words",
            b" folded",
            b"\tfolded",
            b"X-\xe9: \xff",
            b"X: \x01",
        ),
        *(
            b"Content-Encoding: gzip",
            b"Content-Type: text/html; charset=utf-8",
            b"Set-Cookie: a=b",
            b"Set-Cookie: ;",
        ),
    ]
)
ENDS = st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r"])
BODIES = st.lists(
    st.sampled_from(
        [
            *(
                b"hello",
                b"5\r\n",
                b"hello\r\n",
                b"0\r\n",
                b"\r\n",
                b"\n",
                b"a\r\n",
                b"5;x=y\r\n",
                b"X-T: r\r\n",
            ),
            *(b"-1\r\n", b"zz\r\n", b"\x1f\x8b\x08", b"\0", b"ffffffffffffffff\r\n", b" ", b"0", b"\r"),
        ]
    ),
    max_size=6,
).map(b"".join)


@st.composite
def responses(draw):
    """A whole response."""
    lines = [draw(LINES), *draw(st.lists(FIELDS, max_size=4)), b""]
    return b"".join(line + draw(ENDS) for line in lines) + draw(BODIES)


def outcome(rogue, kind, fast, raw):
    backend = Backend(kind, rogue.url())
    client = backend.fast(network_timeout=0.5) if fast else backend.http()
    asked = {} if fast else {"timeout": 0.5}
    rogue.take()
    answer = observe.tried(lambda: client.get(f"/raw/{raw.hex()}", **asked))
    value = (
        answer
        if isinstance(answer, tuple)
        else (
            answer.status_code,
            observe.tried(lambda: answer.content),
            observe.fields((answer.headers or {}).items()),
        )
    )
    errors = [chain(event["exception"])[:1] for event in backend.events]
    requests = [text.split("\r\n")[0] for _, text in rogue.take()["requests"]]
    backend.close()
    return value, errors, requests


@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
@settings(
    max_examples=2000 if os.environ.get("HOSTILE") == "all" else 150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(raw=responses())
def test_responses(rogue, fast, raw):
    stock = outcome(rogue, "stock", fast, raw)
    ours = outcome(rogue, "native", fast, raw)
    found = observe.differences(("value", "errors", "requests"), ours, stock)
    assert not found, "\n".join([repr(raw), *found])


FRAMED = {
    b"Content-Length: 5": b"hello",
    b"Content-Length: 0": b"",
    b"Transfer-Encoding: chunked": b"0\r\n\r\n",
    b"": b"",
}
KEEPS = (None, b"Connection: close", b"Connection: keep-alive", b"Connection: Keep-Alive, close")
BEHIND = (b"hello", b"\r\n", b"\r", b" ", b"\r\n\nx")


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/1.1"])
@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
def test_what_follows_an_answer(rogue, fast, version, behind):
    """More than its length, or behind its last chunk; where the connection goes on, and where it ends."""
    for keeps in KEEPS:
        for framed, body in FRAMED.items():
            status = b" 200 OK" if framed else b" 204 Nothing"
            lines = [version + status, *filter(None, [keeps, framed]), b"", b""]
            raw = b"\r\n".join(lines) + body + behind
            stock = outcome(rogue, "stock", fast, raw)
            ours = outcome(rogue, "native", fast, raw)
            found = observe.differences(("value", "errors", "requests"), ours, stock)
            assert not found, "\n".join([repr(raw), *found])


@pytest.mark.parametrize("status", [b"HTTP/1.1 200 OK", b"HTTP/1.1 404 Not Found"])
@pytest.mark.parametrize("coding", [b"gzip", b"deflate", b"br", b"zstd", b"klingon"])
@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
def test_a_coded_body_that_is_cut(rogue, fast, coding, status):
    """What has come is decoded before the rest is missed."""
    for body in (b"hello", gzip.compress(b"hello" * 9)[:20], gzip.compress(b"hello" * 9)):
        raw = status + b"\r\nContent-Length: 99\r\nContent-Encoding: " + coding + b"\r\n\r\n" + body
        stock = outcome(rogue, "stock", fast, raw)
        ours = outcome(rogue, "native", fast, raw)
        found = observe.differences(("value", "errors", "requests"), ours, stock)
        assert not found, "\n".join([repr(raw), *found])
