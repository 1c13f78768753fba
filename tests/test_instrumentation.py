"""Code that stands between a stock client and the wire sees the requests: they are the stock client's then."""

import http.client
import socket
import types

import pytest
import requests
from geventhttpclient.useragent import UserAgent
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from locust_native import _core
from locust_native.client import instrumentation
from locust_native.http_user.session import HttpSession
from support.backends import do


def watched(monkeypatch, owner, name):
    """Replace a function as a tracer does; returns the list of its calls."""
    calls, stock = [], vars(owner)[name]

    def traced(*arguments, **keywords):
        calls.append(name)
        return stock(*arguments, **keywords)

    monkeypatch.setattr(owner, name, traced)
    return calls


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (requests.Session, "send"),
        (requests.Session, "request"),
        (requests.Session, "get_adapter"),
        (HTTPAdapter, "send"),
        (HTTPConnectionPool, "urlopen"),
    ],
)
def test_an_instrumented_requests_sees_the_request(native, monkeypatch, owner, name):
    client = native.http()
    assert client.get(do(body="before")).text == "before"
    calls = watched(monkeypatch, owner, name)
    assert client.get(do(body="after")).text == "after"
    assert calls == [name]
    assert client._native is None


def test_an_instrumented_geventhttpclient_sees_the_request(native, monkeypatch):
    client = native.fast()
    calls = watched(monkeypatch, UserAgent, "urlopen")
    assert client.get(do(body="after")).text == "after"
    assert calls == ["urlopen"]


def test_nothing_is_instrumented_here():
    assert instrumentation.of_requests() is None
    assert instrumentation.of_geventhttpclient() is None


def holder():
    """A class with a base and a metaclass, a module, and what tells whether what they have is guard."""

    class Meta(type):
        pass

    class Plain:
        def inherited(self): ...

    class Kind(Plain):
        own = 7

        def send(self): ...

    class Ruled(metaclass=Meta):
        def send(self): ...

    module = types.ModuleType("module")
    module.function = lambda: None
    guard = _core.PatchGuard(
        [("send", Kind.send), ("inherited", Plain.inherited)],
        [
            (Kind, "own", 7),
            (Ruled, "send", Ruled.send),
            (module, "function", module.function),
        ],
    )
    return types.SimpleNamespace(guard=guard, Meta=Meta, Plain=Plain, Kind=Kind, Ruled=Ruled, module=module)


def put(owner, name, value):
    """Sets an attribute; returns what puts back what was there."""
    missing = object()
    before = vars(owner).get(name, missing)
    setattr(owner, name, value)
    return lambda: delattr(owner, name) if before is missing else setattr(owner, name, before)


REPLACED = {
    "the class's own": lambda it: put(it.Kind, "send", lambda self: None),
    "its number": lambda it: put(it.Kind, "own", 8),
    "the base's": lambda it: put(it.Plain, "inherited", lambda self: None),
    "in front of the base's": lambda it: put(it.Kind, "inherited", lambda self: None),
    "a descriptor's": lambda it: put(it.Kind, "send", property(lambda self: None)),
    "the module's": lambda it: put(it.module, "function", lambda: None),
    "the metaclass's": lambda it: put(it.Meta, "send", property(lambda kind: None)),
    "of another class, whose metaclass is asked": lambda it: put(
        it.Meta, "__getattribute__", lambda kind, name: None
    ),
}


@pytest.mark.parametrize("replace", REPLACED.values(), ids=REPLACED)
def test_what_is_replaced_is_seen_at_once_and_so_is_what_is_put_back(replace):
    it = holder()
    for _ in range(3):
        assert it.guard.holds(it.Kind)
        assert it.guard.holds(it.Kind)
        back = replace(it)
        assert not it.guard.holds(it.Kind)
        assert not it.guard.holds(it.Kind)
        back()


def test_other_bases_are_seen_and_so_is_another_metaclass_and_another_kind_of_module():
    it = holder()

    class Other:
        def inherited(self): ...

    class Meta(type):
        @property
        def send(cls):
            return None

    class Module(types.ModuleType):
        @property
        def function(self):
            return None

    for owner, name, other in (
        (it.Kind, "__bases__", (Other,)),
        (it.Ruled, "__class__", Meta),
        (it.module, "__class__", Module),
    ):
        before = getattr(owner, name)
        assert it.guard.holds(it.Kind)
        setattr(owner, name, other)
        assert not it.guard.holds(it.Kind)
        setattr(owner, name, before)
        assert it.guard.holds(it.Kind)


def test_what_a_descriptor_answers_is_asked_for_each_time():
    answers = []

    class Changing:
        def __get__(self, instance, owner):
            return answers[-1]

    class Kind:
        send = Changing()

    first = object()
    answers.append(first)
    guard = _core.PatchGuard([("send", first)], [])
    assert guard.holds(Kind)
    assert guard.holds(Kind)
    answers.append(object())
    assert not guard.holds(Kind)


def test_one_class_does_not_vouch_for_another():
    it = holder()

    class Heir(it.Kind):
        def send(self): ...

    assert it.guard.holds(it.Kind)
    assert not it.guard.holds(Heir)
    assert it.guard.holds(it.Kind)
    del Heir.send
    assert it.guard.holds(Heir)
    assert it.guard.holds(it.Kind)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (socket, "getaddrinfo"),
        (requests.Session, "send"),
        (HTTPAdapter, "send"),
        (HTTPConnectionPool, "urlopen"),
        (HTTPConnection, "request"),
        (http.client.HTTPConnection, "getresponse"),
    ],
)
def test_a_step_of_stock_s_is_missed_as_soon_as_it_is_replaced(monkeypatch, owner, name):
    for _ in range(3):
        assert instrumentation.GUARD.holds(HttpSession)
        assert instrumentation.GUARD.holds(HttpSession)
        with monkeypatch.context() as patch:
            watched(patch, owner, name)
            assert not instrumentation.GUARD.holds(HttpSession)
