"""The fast paths of plain requests: what stands in for stock's steps is seen by whoever replaces or watches one."""

import gc
import sys
import time
import weakref

import gevent
import pytest
from locust import HttpUser
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment

from locust_native.metrics.locust_stats import RequestStats
from support import observe
from support.backends import Backend, do

KINDS = (HttpUser, FastHttpUser)


@pytest.fixture
def users(server):
    """Makes users of a class with our client, and a runner whose counter is the only listener."""
    environments = []

    def make(kind, **attributes):
        made = type("Visitor", (kind,), {"host": server.url, **attributes})
        environment = Environment(user_classes=[made])
        environment.stats = RequestStats()
        environment.create_local_runner()
        environments.append(environment)
        user = made(environment)
        ours = Backend("native", server.url)
        ours.hook = environment.events.request
        user.client = (ours.http if kind is HttpUser else ours.fast)(user=user)
        return user

    yield make
    for environment in environments:
        environment.runner.quit()


@pytest.mark.parametrize("kind", KINDS)
def test_a_response_is_freed_as_soon_as_nobody_holds_it(users, kind):
    user = users(kind)

    def is_freed():
        response = user.client.get("/")
        watched = weakref.ref(response)
        assert response.text is not None
        del response
        return watched() is None

    gc.disable()
    try:  # the first of a name, and of a second, goes the slow path, and is part of what listeners are told
        assert any(is_freed() for _ in range(4))
    finally:
        gc.enable()


_CALLS = {
    "get": lambda client: client.get("/"),
    "named": lambda client: client.get("/", name="home"),
    "json": lambda client: client.post("/", json={"a": 1}),
    "form": lambda client: client.post("/", data={"a": "b"}),
    "put": lambda client: client.request("PUT", "/"),
}
_HTTP_CALLS = {
    "headers": lambda client: client.get("/", headers={"X-A": "1", "accept": "x/y"}),
    "session's headers": lambda client: client.post("/", json={"a": 1}),
    "verify": lambda client: client.get("/", verify=True),
}


@pytest.mark.parametrize("call", _HTTP_CALLS.values(), ids=_HTTP_CALLS)
def test_nor_has_one_with_fields_of_its_own(users, call):
    test_a_plain_request_has_no_frames_but_the_response_s(users, HttpUser, call)
    own = users(HttpUser)
    own.client.headers["X-Token"] = "a"
    test_a_plain_request_has_no_frames_but_the_response_s(lambda kind: own, HttpUser, call)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("call", _CALLS.values(), ids=_CALLS)
def test_a_plain_request_has_no_frames_but_the_response_s(users, kind, call):
    client, frames = users(kind).client, []

    def profile(frame, event, _):
        if event == "call":
            frames.append(frame.f_code.co_qualname)

    def watched():
        for _ in range(4):  # the first of a name, and of a second, goes the slow path
            frames.clear()
            sys.setprofile(profile)
            try:
                call(client)
            finally:
                sys.setprofile(None)
            if len(frames) == 2:
                break

    gevent.spawn(watched).get()
    assert frames in (["<lambda>", "Response.__init__"], ["<lambda>", "FastResponse.__init__"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_listener_that_comes_later_is_told_what_the_first_requests_would_have_told(users, kind):
    user = users(kind)
    events, told = user.environment.events.request, []
    user.client.get("/a")
    events.add_listener(lambda **arguments: told.append(arguments))
    user.client.get("/a", name="same")
    user.client.get("/a")
    first, second = told
    assert (first["name"], second["name"]) == ("same", "/a")
    assert first["context"] == {}
    assert first["context"] is not second["context"]
    entries = user.environment.stats.entries
    counted = {key: entry.num_requests for key, entry in entries.items()}
    assert counted == {("/a", "GET"): 2, ("same", "GET"): 1}
    total = user.environment.stats._precise.figures()["total"]
    assert total["ends"]["succeeded"] == total["requests"] == 3


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_a_response(users, kind):
    response = users(kind).client.get(do(body='<form><input name="token" value="7"></form>'))
    assert response.html.select_one("form input[name=token]")["value"] == "7"
    assert response.html is response.html


@pytest.mark.parametrize("kind", KINDS)
def test_a_context_of_one_s_own_is_asked_for_once_a_request(users, kind):
    calls = []

    def context(self):
        calls.append(1)
        return {"user": "me"}

    user = users(kind, context=context)
    told = []
    user.environment.events.request.add_listener(lambda **arguments: told.append(arguments["context"]))
    user.client.get("/a")
    user.client.get("/a", context={"more": 1})
    assert told == [{"user": "me"}, {"user": "me", "more": 1}]
    assert len(calls) == 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["instance", "class"])
def test_a_request_method_replaced_is_called_as_stock_calls_it(same, kind, where):
    def body(client):
        calls = []
        own = type(client)
        original = own.request

        def request(*arguments, **keywords):
            arguments = arguments if where == "instance" else arguments[1:]
            calls.append((arguments, keywords))
            return original(client, *arguments, **keywords)

        owner = client if where == "instance" else own
        owner.request = request
        try:
            response = client.get("/a")
            client.post("/b")
        finally:
            if where == "instance":
                del client.request
            else:
                own.request = original
        return calls, observe.response(response) if kind is HttpUser else response.text

    same(body, fast=kind is FastHttpUser)


def test_a_step_replaced_between_two_requests_is_taken(same, monkeypatch):
    def body(client):
        first = client.get(do(echo=1)).json()
        with monkeypatch.context() as patch:
            patch.setattr(type(client), "_build_url", lambda self, path: f"{self.base_url}{path}&more=1")
            second = client.get(do(echo=1)).json()
        return first["target"], second["target"], client.get(do(echo=1)).json()["target"]

    same(body)


def test_fields_changed_between_two_requests_are_sent(same):
    def body(client):
        client.own = "an attribute of one's own"
        for token in ("1", "2"):
            client.headers["X-Token"] = token
            client.get("/a")
            client.get("/a", headers={"X-Own": token, "x-token": None})
            client.post("/a", json={"a": token}, headers={"Content-Type": "application/x-own"})
            client.post("/a", headers={"Content-Length": "0"})
            client.get(
                "/a", headers={"X-TOKEN": "own", "Accept": None, "user-agent": "me", "X-Odd": " b"[1:]}
            )
            client.get("/a", headers={"Accept-Encoding": None})
            client.headers["connection"] = client.headers.pop("X-Token")

    same(body)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_replaced_between_two_requests_on_the_way_to_the_statistics_is_taken_at_once(users, kind):
    user = users(kind)
    environment, get = user.environment, lambda: user.client.get("/a")
    event, stats = environment.events.request, environment.stats
    for _ in range(3):
        get()
    counted = stats.entries["/a", "GET"].num_requests
    told = []

    event.fire = lambda **arguments: told.append(arguments["name"])
    get()
    del event.fire
    assert told == ["/a"]

    handlers, event._handlers = event._handlers, [lambda **arguments: told.append("own")]
    get()
    event._handlers = handlers
    assert told == ["/a", "own"]

    stats.log_request = lambda *arguments: told.append(arguments[1])
    get()
    del stats.log_request
    assert told == ["/a", "own", "/a"]

    original = RequestStats.log_request
    RequestStats.log_request = lambda self, *arguments: told.append("class")
    try:
        get()
    finally:
        RequestStats.log_request = original
    assert told == ["/a", "own", "/a", "class"]

    other = environment.stats = RequestStats()
    get()
    environment.stats = stats
    assert other.entries["/a", "GET"].num_requests == 1
    assert stats.entries["/a", "GET"].num_requests == counted
    get()
    assert stats.entries["/a", "GET"].num_requests == counted + 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_environment_whose_class_answers_for_its_statistics_is_asked(users, kind):
    user = users(kind)
    environment, known = user.environment, user.environment.stats
    other = RequestStats()
    for _ in range(2):
        user.client.get("/a")

    class Answering(type(environment)):
        stats = property(lambda self: other, lambda self, value: None)

    before = type(environment)
    environment.__class__ = Answering
    user.client.get("/a")
    user.client.get("/a")
    assert other.entries["/a", "GET"].num_requests == 2
    del Answering.stats
    user.client.get("/a")
    environment.__class__ = before
    user.client.get("/a")
    assert known.entries["/a", "GET"].num_requests == 4
    assert other.entries["/a", "GET"].num_requests == 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_clock_of_the_statistics_may_be_replaced(users, kind, monkeypatch):
    user = users(kind)
    for _ in range(2):
        user.client.get("/a")
    entry = user.environment.stats.entries["/a", "GET"]
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: 1000.5)
        user.client.get("/a")
        user.client.get("/a")
        assert entry.last_request_timestamp == 1000.5
    user.client.get("/a")
    user.client.get("/a")
    assert abs(entry.last_request_timestamp - time.time()) < 60


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cleared_or_reset_between_two_requests_begins_anew(users, kind):
    user = users(kind)
    stats = user.environment.stats
    for forget in (stats.clear_all, stats.reset_all):
        for name in ("/a", "/b", "/a"):
            user.client.get(name)
        forget()
        for name in ("/b", "/a", "/b", "/b"):
            user.client.get(name)
        counted = {name: entry.num_requests for (name, _), entry in stats.entries.items()}
        assert counted == {"/a": 1, "/b": 3}
        rows = {row["name"]: row for row in stats._precise.figures()["rows"]}
        assert {name: row["requests"] for name, row in rows.items()} == counted
        for row in rows.values():
            assert row["ends"]["succeeded"] == row["ends"]["started"] == row["requests"]
        assert stats.total.num_requests == 4
        stats.clear_all()


@pytest.mark.parametrize("kind", KINDS)
def test_requests_for_whose_names_there_is_no_room_are_counted_with_the_others(users, kind, monkeypatch):
    monkeypatch.setenv("LOCUST_NATIVE_NAMES", "1")
    user = users(kind)
    stats = user.environment.stats
    for name in ("/a", "/b", "/c", "/b", "/a", "/c", "/c"):
        user.client.get(name)
    counted = {name: entry.num_requests for (name, _), entry in stats.entries.items()}
    assert counted == {"/a": 2, "/b": 2, "/c": 3}
    rows = {row["name"]: row["requests"] for row in stats._precise.figures()["rows"]}
    assert rows == {"/a": 2, "(other names)": 5}
    assert stats._precise.overflowed()["requests"] == 5
