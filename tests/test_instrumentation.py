"""Code that stands between a stock client and the wire sees the requests: they are the stock client's then."""

import pytest
import requests
from geventhttpclient.useragent import UserAgent
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool

from backends import do
from locust_native import instrumentation


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
