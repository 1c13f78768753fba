"""Whatever a stock request passes through may be replaced: it is honoured, or the session is Locust's and says so.

What it passes through is found out by watching stock requests of all kinds, and not from our own list.
"""

from __future__ import annotations

import contextlib
import http.client
import sys
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import pytest
import requests

from locust_native.client import fallback
from support.backends import Backend, do

pytestmark = pytest.mark.slow

PACKAGES = (
    "requests",
    "urllib3",
    "http",
    "socket",
    "ssl",
    "geventhttpclient",
    "gevent.socket",
    "gevent._socket3",
    "gevent.ssl",
)


def http_requests(client: Any, server: Any) -> None:
    """One of each kind of request that a file makes."""
    client.get(do(body="x"), params={"a": "ä"}, headers={"X-A": "b"})
    client.post(do(), json={"a": 1})
    client.post(do(), data={"a": "b", "c": ["d", "e"]})
    client.put(do(), data="text")
    client.post(do(), files={"file": ("name", b"bytes")})
    client.head("/page")
    client.get("/count/2")
    client.post(do(status=302, header="Location:/page"), data={"a": "b"})
    client.get(
        do(status=302, header=f"Location:{server.url.replace('127.0.0.1', 'localhost')}/page"),
        auth=("a", "b"),
    )
    client.get(do(header="Set-Cookie:a=b; Path=/"))
    client.get("/page", cookies={"c": "d"})
    for encoding in ("gzip", "deflate"):
        client.get(do(encoding=encoding, body="x" * 500)).text  # noqa: B018
    client.get(do(chunked=1, body="{}")).json()
    client.get(do(status=404))
    client.get(do(fault="cut", size=50))
    client.get(do(fault="close"))
    client.get("http://127.0.0.1:9/refused", timeout=(1, 2))
    client.get(f"{server.tls_url}/page", verify=str(server.authority))
    client.get(f"{server.tls_url}/page", verify=False)


def fast_requests(client: Any, server: Any) -> None:
    client.get(do(body="x"), headers={"X-A": "b"})
    client.post(do(), json={"a": 1})
    client.post(do(), data={"a": "b"})
    client.get("/count/2")
    client.get(do(header="Set-Cookie:a=b; Path=/"))
    client.get("/page", auth=("a", "b"))
    client.get(do(encoding="gzip", body="x" * 500)).text  # noqa: B018
    client.get(do(chunked=1, body="{}")).json()
    client.get(do(status=404))
    client.get(do(fault="cut", size=50))
    client.get(do(fault="close"))
    client.get("http://127.0.0.1:9/refused")
    client.get(f"{server.tls_url}/page")


def functions() -> dict[CodeType, tuple[Any, str]]:
    """The functions of the libraries, by their code: in which module or class, under which name."""
    found: dict[CodeType, tuple[Any, str]] = {}
    for name, module in list(sys.modules.items()):
        if not any(name == package or name.startswith(f"{package}.") for package in PACKAGES):
            continue
        if type(module) is not ModuleType or module.__name__ != name:
            continue
        owners = [
            module,
            *(
                value
                for value in vars(module).values()
                if isinstance(value, type) and value.__module__ == name
            ),
        ]
        for owner in owners:
            for attribute, value in list(vars(owner).items()):
                function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                function = getattr(function, "__wrapped__", function)
                if isinstance(function, FunctionType) and function.__globals__.get("__name__") == name:
                    found.setdefault(function.__code__, (owner, attribute))
    return found


def passed(make: Callable[[], Any], ask: Callable[[Any, Any], None], server: Any) -> set[tuple[Any, str]]:
    """Functions of the libraries that stock requests call, and the constants of their modules that these read."""
    known, seen = functions(), set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code in known:
            seen.add(frame.f_code)

    client = make()
    sys.setprofile(note)
    try:
        ask(client, server)
    finally:
        sys.setprofile(None)
    places = {known[code] for code in seen}
    for code in seen:
        owner, _ = known[code]
        module = owner if isinstance(owner, ModuleType) else sys.modules[owner.__module__]
        for name in code.co_names:
            value = vars(module).get(name)
            if isinstance(value, (int, float, str, bytes, tuple, frozenset)) and not name.startswith("__"):
                places.add((module, name))
    return places


def other(value: Any) -> Any:
    """A different constant of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value + 0.5
    if isinstance(value, (str, bytes)):
        return value * 2 or type(value)()
    return type(value)(list(value) * 2) if isinstance(value, tuple) else value - frozenset(list(value)[:1])


@contextlib.contextmanager
def replaced(owner: Any, name: str) -> Iterator[list[str]]:
    """Something else stands there: a function that notes its calls and does the same, or another constant."""
    stock, calls = vars(owner)[name], []
    function = stock.fget if isinstance(stock, property) else getattr(stock, "__func__", stock)
    if callable(function):

        def wrapper(*arguments: Any, **keywords: Any) -> Any:
            calls.append(name)
            return function(*arguments, **keywords)

        kind = type(stock) if isinstance(stock, (property, staticmethod, classmethod)) else lambda it: it
        value: Any = kind(wrapper)
        if isinstance(stock, property):
            value = property(wrapper, stock.fset, stock.fdel)
    else:
        value = other(stock)
    setattr(owner, name, value)
    try:
        yield calls
    finally:
        setattr(owner, name, stock)


@pytest.mark.parametrize("kind", ["http", "fast"])
def test_nothing_that_a_request_passes_through_is_replaced_in_silence(server, said, kind, record_property):
    stock, native = Backend("stock", server.url), Backend("native", server.url)
    places = passed(getattr(stock, kind), http_requests if kind == "http" else fast_requests, server)
    places = sorted(
        places, key=lambda place: (getattr(place[0], "__module__", ""), place[0].__name__, place[1])
    )
    assert len(places) > (250 if kind == "http" else 60)
    silent, honoured, to_stock = [], 0, 0
    for owner, name in places:
        before = getattr(native, kind)()
        before.get("/page")
        assert before._native is not None, (owner, name)
        lines = len(said())
        with replaced(owner, name) as calls:
            fallback._said.clear()
            for client in (before, getattr(native, kind)()):
                with contextlib.suppress(Exception):  # a constant may be one that stock cannot live with
                    client.get("/page").text  # noqa: B018
                    if (owner.__module__ if isinstance(owner, type) else owner.__name__).startswith(
                        "urllib3.fi"
                    ):
                        client.post("/page", files={"file": ("ä", b"bytes", "text/plain", {"X": "y"})})
                if isinstance(owner, type) and issubclass(owner, BaseException):
                    fail(client)
                if client._native is None:
                    to_stock += 1
                elif calls or (owner, name) in READ or not matters(getattr(stock, kind)(), owner, calls):
                    honoured += 1
                    calls.clear()
                else:
                    silent.append(f"{owner.__name__}.{name}")
            if before._native is None:
                assert len(said()) > lines, (owner, name)
        for client in (before, *native.sessions):
            if client._native is not None:
                client._native.close()
        native.sessions.clear()
    native.close()
    stock.close()
    print(
        f"{kind}: {len(places)} names, {honoured // 2} honoured, {to_stock // 2} to stock, silent: {silent}"
    )
    assert silent == []


#: Read, and handed on to the native reader; two tests below.
READ = {(http.client, "_MAXHEADERS"), (http.client, "_MAXLINE")}


def fail(client: Any) -> None:
    """The kinds of failure for which stock makes an error of its own."""
    for url in (
        do(fault="cut", size=50),
        do(fault="close"),
        "http://127.0.0.1:9/",
        do(raw=b"x".hex(), close=1),
        do(fault="cut-chunk"),
    ):
        with client.get(url, name="x", catch_response=True) as response:
            repr(getattr(response, "error", None))


def matters(stock: Any, owner: Any, calls: list[str]) -> bool:
    """Whether stock's own client calls what stands there now: it may have the function from elsewhere."""
    stock.get("/page").text  # noqa: B018
    if isinstance(owner, type) and issubclass(owner, BaseException):
        fail(stock)
    return bool(calls)


def answer_with_fields(count: int) -> str:
    fields = b"".join(b"X-%d: %d\r\n" % (at, at) for at in range(count))
    return (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + fields + b"\r\nhi").hex()


@pytest.mark.parametrize("limit", [None, 10, 151, 152, 1_000])
def test_the_number_of_fields_is_that_of_http_client(same, monkeypatch, limit):
    if limit is not None:
        monkeypatch.setattr(http.client, "_MAXHEADERS", limit)

    def body(client: Any) -> Any:
        found = []
        for count in (5, 98, 99, 150):
            response = client.get(do(raw=answer_with_fields(count)), name="x")
            found.append((response.status_code, len(response.headers or ())))
        return found

    value, *_ = same(body)
    assert ((200, 151) in value) == (limit in (152, 1_000))


@pytest.mark.parametrize("limit", [None, 200, 200_000])
def test_the_length_of_a_line_is_that_of_http_client(same, monkeypatch, limit):
    if limit is not None:
        monkeypatch.setattr(http.client, "_MAXLINE", limit)
    answers = [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: " + b"x" * length + b"\r\n\r\nhi").hex()
        for length in (100, 196, 300)
    ]

    def body(client: Any) -> Any:
        return [client.get(do(raw=answer), name="x").status_code for answer in answers]

    same(body, connections=False)


RULES = {
    "should_strip_auth": lambda self, old, new: False,
    "rebuild_method": lambda self, prepared, response: None,
    "get_redirect_target": lambda self, response: None,
    "rebuild_auth": lambda self, prepared, response: None,
}


@pytest.mark.parametrize("owner", [requests.Session, requests.sessions.SessionRedirectMixin])
@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("when", ["before", "after"])
def test_rules_of_redirects_that_a_file_replaces_hold(same, server, monkeypatch, owner, name, when):
    """psf/requests#2949: the public recipe for keeping the Authorization header."""
    elsewhere = f"Location:{server.url.replace('127.0.0.1', 'localhost')}/page"

    def body(client: Any) -> Any:
        if when == "after":
            client.get("/page")
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, RULES[name], raising=False)
            first = client.get(do(status=302, header=elsewhere), auth=("a", "b"), name="x")
            second = client.post(do(status=302, header="Location:/page"), data="x", name="y")
        return first.status_code, second.status_code, second.request.method

    same(body, falls_back=True, connections=False)


LEGITIMATE = {
    "warnings are off": lambda: requests.packages.urllib3.disable_warnings(),
    "a default context of ssl": lambda: setattr(
        __import__("ssl"), "_create_default_https_context", __import__("ssl")._create_unverified_context
    ),
    "a name of one's own": lambda: setattr(requests, "my_own", 1),
    "gevent patches again": lambda: __import__("gevent.monkey").monkey.patch_all(),
    "a level of logging": lambda: __import__("logging").getLogger("urllib3").setLevel("ERROR"),
    "a default time-out of sockets": lambda: __import__("socket").setdefaulttimeout(None),
}


@pytest.mark.parametrize("do_it", LEGITIMATE.values(), ids=LEGITIMATE)
@pytest.mark.filterwarnings("ignore")
def test_what_every_other_file_does_costs_nobody_the_native_client(native, server, monkeypatch, do_it):
    import ssl

    monkeypatch.setattr(ssl, "_create_default_https_context", ssl._create_default_https_context)
    do_it()
    for client in (native.http(), native.fast()):
        assert client.get("/page").status_code == 200
        assert client._native is not None


def test_what_typing_writes_into_a_class_replaces_nothing(native):
    """`isinstance` with a protocol does."""
    isinstance("text", requests._types.SupportsRead)
    requests._types.SupportsRead.__annotations__ = {}
    for client in (native.http(), native.fast()):
        client.get("/page")
        assert client._native is not None
