"""FastHttpUser, byte by byte: what goes over the wire, names in their case and fields in their order."""

import pytest

from support.backends import Backend, do

REQUESTS = {
    "plain": lambda c: c.get("/x?a=1"),
    "own case": lambda c: c.get(
        "/x", headers={"X-CSRFToken": "1", "x-lower": "2", "UPPER": "3", "ETag": "4"}
    ),
    "json": lambda c: c.post("/x", json={"b": [1.0, None], "a": "ä"}),
    "json with own type": lambda c: c.post(
        "/x", json={}, headers={"content-type": "application/vnd.api+json"}
    ),
    "form": lambda c: c.post("/x", data={"a": 1, "b": "ä &"}),
    "text": lambda c: c.post("/x", data="grüße"),
    "text with a type": lambda c: c.put("/x", data="grüße", headers={"Content-Type": "text/x"}),
    "bytes": lambda c: c.patch("/x", data=b"\x00\xff"),
    "no body": lambda c: [
        getattr(c, verb)("/x") for verb in ("post", "put", "patch", "delete", "options", "head")
    ],
    "multipart": lambda c: c.post(
        "/x", data={"a": [1, 2]}, files={"f": ("n", b"x", "t/y", {"X-P": "1"}, "limit")}
    ),
    "auth": lambda c: c.get("/x", auth=("me", "pässword")),
    "cookies": lambda c: (
        c.get(do(header=["Set-Cookie:b=2; Path=/", "Set-Cookie:a=1"])),
        c.post("/do", data={"a": 1}),
    ),
    "own cookie": lambda c: c.get("/x", headers={"cookie": "a=1"}),
    "own host and agent": lambda c: c.get(
        "/x", headers={"Host": "h", "user-agent": "me", "Accept-Encoding": "x"}
    ),
    "list": lambda c: c.get("/x", headers={"X-Many": ["1", "2"], "X-One": "3"}),
    "redirect": lambda c: c.post(do(status=302, header=["Location:/y?z", "Set-Cookie:a=1"]), data={"a": 1}),
    "redirect with its body": lambda c: c.post(
        do(status=307, header="Location:/y"), json={}, headers={"X-A": "1"}
    ),
    "odd url": lambda c: c.get("/ä b/%7e%zz[0]?x={y}|z#f", params={"p": "ä b"}),
    "odd header values": lambda c: c.get("/x", headers={"X-A": " padded ", "X-B": "", "X-L": "é", "X-I": 1}),
    "close": lambda c: c.get("/x", headers={"Connection": "close"}),
}


@pytest.mark.parametrize("defaults", [None, {"X-Default": "1", "accept": "*/*"}], ids=["plain", "defaults"])
@pytest.mark.parametrize("name", REQUESTS)
def test_every_byte(server, name, defaults):
    sent = []
    for kind in ("stock", "native"):
        server.take()
        backend = Backend(kind, server.url)
        REQUESTS[name](backend.fast(headers=defaults))
        backend.close()
        heads = [(request["head"], request["body"]) for request in server.take()]
        sent.append(heads)
    assert sent[0] == sent[1]


def test_names_of_the_answer(server):
    shown = []
    for kind in ("stock", "native"):
        backend = Backend(kind, server.url)
        response = backend.fast().get(do(header=["X-CSRFToken:1", "x-lower:2", "ETag:3"]))
        shown.append((list(response.headers.items()), str(response.headers), list(response.headers)))
        backend.close()
    assert shown[0] == shown[1]
