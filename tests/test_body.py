"""The native encoders and the decoder of bodies do what Python's standard library does, or leave it to that."""

import enum
import json
import math
from collections import OrderedDict
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_native import _core
from support import observe
from support.backends import Backend, do

_texts = st.text() | st.sampled_from(
    ["", '"\\/\b\f\n\r\t', "\x7f\x80\xff", "ü€😀", "\u2028\u2029", "a b&c=d+e%20~"]
)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_numbers = st.integers() | st.integers(-(2**70), 2**70) | _floats
_leaves = st.none() | st.booleans() | _numbers | _texts
_documents = st.recursive(
    _leaves,
    lambda inner: st.lists(inner) | st.dictionaries(_texts, inner) | st.lists(inner).map(tuple),
    max_leaves=30,
)


@given(_documents)
def test_json_is_pythons(document):
    assert _core.dump_json(document, nan=False) == json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(
    "number",
    [0.0, -0.0, 1e16, 1e15, 1e-4, 1e-5, 5e-324, 1.7976931348623157e308, 0.1 + 0.2, 123456789.0, 2**63],
)
def test_numbers_are_written_as_python_writes_them(number):
    assert _core.dump_json([number], nan=False) == json.dumps([number])


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_json_does_not_have(number):
    assert _core.dump_json({"a": number}, nan=True) == json.dumps({"a": number})
    assert _core.dump_json({"a": number}, nan=False) is None


class _Colour(enum.IntEnum):
    RED = 1


class _Text(str):
    pass


def _endless():
    found = []
    found.append(found)
    return found


def _deep(levels):
    found = []
    for _ in range(levels):
        found = [found]
    return found


@pytest.mark.parametrize(
    "document",
    [
        {1: 2},
        {None: 1},
        {"a": {True: 1}},
        {"a": object()},
        {"a": {1, 2}},
        {"a": b"b"},
        [_Colour.RED],
        [_Text("a")],
        {_Text("a"): 1},
        OrderedDict(a=1),
        _endless(),
        _deep(500),
        ["\ud800"],
        {"\udfff": 1},
        10**5000,
    ],
    ids=lambda document: type(document).__name__,
)
def test_whatever_is_not_plain_is_left_to_python(document):
    assert _core.dump_json(document, nan=True) is None


@given(st.dictionaries(_texts, _texts | _numbers, min_size=1))
def test_a_form_is_urllibs(data):
    assert _core.encode_form(data) == urlencode(data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"a": None},
        {"a": True},
        {"a": ["b", "c"]},
        {1: "a"},
        {"a": b"b"},
        {"a": "\ud800"},
        {_Text("a"): "b"},
    ],
)
def test_a_form_that_is_left_to_the_stock_libraries(data):
    assert _core.encode_form(data) is None


_CALLS = {
    "json": lambda client: client.post("/x", json={"a": ["ü", 1.5, None, True]}),
    "no json": lambda client: client.post("/x", json=None),
    "empty json": lambda client: client.post("/x", json={}),
    "a json text": lambda client: client.post("/x", json="a"),
    "json by get": lambda client: client.get("/x", json={"a": 1}),
    "json by put": lambda client: client.put("/x", json={"a": 1}),
    "json by request": lambda client: client.request("PATCH", "/x", json={"a": 1}),
    "form": lambda client: client.post("/x", data={"a": "ü &=", "b": 2}),
    "form by place": lambda client: client.post("/x", {"a": "b"}),
    "empty form": lambda client: client.post("/x", data={}),
    "form before json": lambda client: client.post("/x", data={"a": "b"}, json={"c": "d"}),
    "empty form before json": lambda client: client.post("/x", data={}, json={"c": "d"}),
    "text": lambda client: client.post("/x", data="text"),
    "form and headers": lambda client: client.post("/x", data={"a": "b"}, headers={"X-A": "1"}),
    "json and headers": lambda client: client.post(
        "/x", json={"a": "b"}, headers={"X-A": "1", "Accept": "x/y"}
    ),
    "json and its own type": lambda client: client.post("/x", json={"a": 1}, headers={"Content-Type": "a/b"}),
    "form and its own type": lambda client: client.post("/x", data={"a": 1}, headers={"content-type": "a/b"}),
    "named": lambda client: client.post("/x", json=[1], name="one"),
    "caught": lambda client: client.post("/x", json=[1], catch_response=True),
    "redirected": lambda client: client.post("/redirect", json=[1], allow_redirects=False),
}


@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
@pytest.mark.parametrize("call", _CALLS.values(), ids=_CALLS)
def test_what_goes_out_and_what_is_shown_of_it_is_stocks(same, call, fast):
    def body(client):
        answer = call(client)
        request = answer.request
        shown = request.payload if fast else request.body
        return answer.status_code, list(request.headers.items()), shown

    same(body, fast=fast, falls_back=False)


@pytest.mark.parametrize("fast", [False, True], ids=["http", "fast"])
def test_an_encoder_of_ones_own_is_asked(server, monkeypatch, fast):
    """From the next request on, and no longer than it is there."""
    backend = Backend("native", server.url)
    client = backend.fast() if fast else backend.http()

    def sent():
        request = client.post("/x", json={"a": 1}).request
        body = request.payload if fast else request.body
        return body if isinstance(body, bytes) else body.encode()

    assert sent() == b'{"a": 1}'
    with monkeypatch.context() as own:
        own.setattr(json, "dumps", lambda *_, **__: "mine")
        assert sent() == b"mine"
    assert sent() == b'{"a": 1}'


def test_one_body_of_one_session_is_not_shown_by_another_answer(server):
    client = Backend("native", server.url).http()
    answers = [client.post("/x", json={"a": n}) for n in range(3)]
    assert [observe.response(answer)["request"] and answer.request.body for answer in answers] == [
        b'{"a": 0}',
        b'{"a": 1}',
        b'{"a": 2}',
    ]


_parts = _texts | st.sampled_from(["a" * 70, "ä" * 40, "x" * 63 + "€", "😀" + "b" * 130, "\x00\ufeff"])


def _decoded(octets):
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return None


@given(st.lists(_parts, max_size=6).map("".join), st.booleans())
def test_text_is_pythons(text, keep):
    assert _core.decode_utf8(text.encode("utf-8", "surrogatepass"), keep) == (
        _decoded(text.encode("utf-8", "surrogatepass"))
    )


@given(
    st.binary()
    | st.lists(st.sampled_from([b"a" * 64, b"\xc3", b"\xa9", b"\xed\xa0\x80", b"\xf4\x90"])).map(b"".join)
)
def test_what_is_no_utf8_is_left_to_python(octets):
    assert _core.decode_utf8(octets, False) == _decoded(octets)


@pytest.mark.parametrize("kind", ["http", "fast"])
@pytest.mark.parametrize(
    "content_type",
    [None, "", "text/html", "text/html; charset=utf-8", "text/html; charset=UTF8", "text/html;charset='utf-8'",
     "text/html; charset=latin-1", "text/html; charset=nonsense", "application/json", "image/png",
     "text/html; CHARSET=utf-8; a=b"],
)  # fmt: skip
def test_texts_of_responses_are_stocks(server, kind, content_type):
    bodies = ["ascii", "größer 😀", "\ufeffmark", ""]
    answers = [
        do(body=body, header=[] if content_type is None else [f"Content-Type:{content_type}"])
        for body in bodies
    ]
    told = []
    for backend in (Backend("stock", server.url), Backend("native", server.url)):
        client = getattr(backend, kind)()
        texts = []
        for path in answers:
            response = client.get(path)
            texts += [response.encoding, observe.tried(lambda: response.text), response.encoding]  # noqa: B023
            response.encoding = "utf-8"
            texts.append(response.text)
        told.append(texts)
        backend.close()
    assert told[0] == told[1]
