"""FastHttpUser, what is sent along: bodies of all kinds go out byte for byte as from stock Locust."""

import io

import pytest

from support import observe
from support.backends import do
from support.cases import named
from support.fast_requests import shows


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"a": 1, "b": [None, True, 1.5, "ä"], "c": {}}},
        {"json": []},
        {"json": 0},
        {"json": float("nan")},
        {"json": {"a": 1}, "data": "wins"},
        {"json": {"a": 1}, "headers": {"content-type": "application/vnd.api+json", "accept": "x/y"}},
        {"json": {"a": 1}, "headers": {"CONTENT-TYPE": "application/vnd.api+json"}},
        {"data": {"a": "1", "b": ["2", "3"], "c": None, "d": "ä b&c=d"}},
        {"data": [("a", "1")]},
        {"data": [1, 2]},
        {"data": "text"},
        {"data": "ünï"},
        {"data": ""},
        {"data": {}},
        {"data": b"bytes\x00\xff"},
        {"data": b""},
        {"data": 5},
        {"data": "x", "headers": {"Content-Type": "application/json"}},
        {"data": b"x", "headers": {"content-type": "application/json"}},
        {"data": {"a": 1}, "headers": {"Content-Type": "application/json"}},
        {"data": "x", "headers": {"Content-Length": "1"}},
        {"data": bytearray(b"abc")},
        {"files": {"f": ("name.txt", "content", "text/plain")}},
        {"files": {"f": io.BytesIO(b"content")}, "data": {"a": "1"}},
    ],
    ids=named,
)
@pytest.mark.parametrize("verb", ["post", "put", "get", "delete"])
def test_bodies(alike, verb, body):
    for kept in body.get("files", {}).values():
        if isinstance(kept, io.BytesIO):
            body = {**body, "files": {"f": ("f", kept.getvalue())}}
    handed_over = body.get("data") in (5, bytearray(b"abc"))
    alike(
        lambda c: observe.tried(lambda: shows(verb, "/x", **body)(c)),
        falls_back=None if handed_over else False,
    )


@pytest.mark.parametrize(
    "json",
    [
        {"b": 1, "a": [1.0, 1e100, -0.0, '\u2028ä\U0001f600\x00"\\/']},
        "text",
        None,
        False,
        {1: None, None: 2, 2.5: 3},
        float("inf"),
        (1, 2),
        10**30,
    ],
    ids=named,
)
@pytest.mark.parametrize("data", [None, {}, "", b"", 0])
def test_json_byte_for_byte(alike, json, data):
    alike(shows("post", "/x", json=json, data=data), connections=False)
    alike(shows("request", "DELETE", "/x", json=json, data=data), connections=False)


class Form(dict):
    pass


class Text(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "data",
    [
        Form(a=1),
        Text("text"),
        {"a": object},
        {"a": b"\xff", b"k": 1},
        {"a": "\ud800"},
        "\ud800",
        {("t", 1): 2},
        {"": ""},
        {"+": "~*()'!"},
        {1.5: True},
        5.5,
        (),
        [],
        True,
    ],
    ids=named,
)
@pytest.mark.parametrize("headers", [None, {"content-type": "own"}, {"Content-Type": ""}], ids=named)
def test_bodies_of_odd_types(alike, data, headers):
    alike(shows("post", "/x", data=data, headers=headers), connections=False, falls_back=None)


@pytest.mark.parametrize(
    "files",
    [
        lambda: {"f": io.BytesIO(b"\r\n--\x00")},
        lambda: {"f": ('näme".txt', io.BytesIO(b"x"))},
        lambda: {"f": ("n", "text ä", "text/plain", {"X-Own": "1"})},
        lambda: {"f": ("n", b"x", None, {}, "ownboundary")},
        lambda: [("f", ("a", b"1")), ("f", ("b", b"2")), (b"g", b"3")],
        lambda: {"f": ("n", None)},
        lambda: {"f": b""},
        lambda: {"f": 5},
        lambda: {"f": ("too", "many", "parts", {}, "b", 6)},
        lambda: b"bytes",
        lambda: {},
    ],
)
@pytest.mark.parametrize("data", [None, {"a": "1"}, [("a", 1), ("a", 2)], "text"], ids=named)
def test_multipart(alike, files, data):
    alike(lambda client: shows("post", "/x", files=files(), data=data)(client), connections=False)


@pytest.mark.parametrize("spoiler", [{"headers": {"X": "a\nb"}}, {"url": "/x y\t"}], ids=named)
def test_a_file_is_read_but_once(alike, spoiler):
    def body(client):
        file = io.BytesIO(b"content")
        url = spoiler.get("url", "/x")
        keywords = {name: value for name, value in spoiler.items() if name != "url"}
        seen = observe.tried(lambda: observe.fast_response(client.post(url, files={"f": file}, **keywords)))
        return seen, file.tell()

    alike(body, connections=False)


def test_a_file_that_cannot_be_read_is_a_failed_request(alike):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "gone")

    alike(lambda client: shows("post", "/x", files={"f": Broken()})(client), connections=False)


@pytest.mark.parametrize("headers", [{"Content-Length": "4"}, {"content-length": 4}], ids=named)
@pytest.mark.parametrize("data", ["text", b"text", {"a": 12}, {"abcdefgh": 1}], ids=named)
def test_an_explicit_length(alike, headers, data):
    if isinstance(data, dict) or type(data) is str:
        alike(shows("post", "/x", data=data, headers=headers))
    alike(shows("post", "/x", data=data, headers={**headers, "Content-Type": "own"}))


def pieces():
    yield b"one"
    yield "twö"
    yield b""
    yield b"three" * 2000


@pytest.mark.parametrize(
    "make",
    [
        pieces,
        lambda: iter([]),
        lambda: iter([1]),
        lambda: io.BytesIO(b"content" * 1000),
        lambda: io.StringIO("text"),
        lambda: bytearray(b"abc"),
        lambda: memoryview(b"abc"),
        lambda: [b"a", b"b"],
        lambda: {1, 2},
    ],
)
@pytest.mark.parametrize(
    "headers", [None, {"Content-Type": "own"}, {"Transfer-Encoding": "chunked"}], ids=named
)
@pytest.mark.parametrize("status", [200, 307])
def test_streamed(alike, make, headers, status):
    path = do(status=status, header="Location:/y")

    def body(client):
        return observe.tried(lambda: observe.fast_response(client.post(path, data=make(), headers=headers)))

    alike(body, falls_back=None, connections=False)


def test_an_open_file(alike, tmp_path):
    (tmp_path / "file").write_bytes(b"content" * 1000)

    def body(client):
        with open(tmp_path / "file", "rb") as file:
            return observe.fast_response(client.put(do(echo=1), data=file)), file.tell()

    alike(body, falls_back=True)
