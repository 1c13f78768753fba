"""FastHttpUser, ``rest()`` and ``rest_()``: every branch says, sends and counts what stock Locust does."""

import re

import pytest
from locust.contrib.fasthttp import FastHttpUser
from locust.env import Environment
from locust.exception import RescheduleTask, StopUser

from support import observe
from support.backends import Backend, do


def user(client):
    """A user that has this client, and has not been through the spawning of a test."""
    made = object.__new__(FastHttpUser)
    made.client = client
    return made


def visit(way, *arguments, block=lambda r: None, **keywords):
    """A body that enters `rest` or `rest_`, runs `block(r)` in it, and shows what can be seen."""

    def body(client):
        try:
            with getattr(user(client), way)(*arguments, **keywords) as r:
                seen = (repr(r.js), observe.fast_response(r))
                block(r)
        except Exception as raised:
            return observe.error(raised)
        verdict = r._manual_result
        return seen, repr(r.js), observe.error(verdict) if isinstance(verdict, Exception) else verdict

    return body


@pytest.mark.parametrize(
    "answer",
    [
        {"body": '{"a": 1}'},
        {"body": "[1, 2]"},
        {"body": "5"},
        {"body": "null"},
        {"body": ""},
        {"body": "no json"},
        {"body": "<html>" + "x" * 300},
        {"body": '{"a": 1}', "status": 404},
        {"body": "no json", "status": 500},
        {"body": "", "status": 500},
        {"status": 204},
        {"hex": "fffe00"},
        {"hex": "efbbbf7b7d"},
        {"body": '{"a": NaN}'},
        {"fault": "close"},
        {"fault": "cut", "size": 4000},
        {"fault": "cut-chunk", "size": 4000},
    ],
    ids=repr,
)
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_answers(alike, answer, verb):
    alike(visit("rest", verb, do(**answer)))


def failing(error, *arguments):
    def block(r):
        raise error(*arguments)

    return block


def wrong(r):
    assert r.js["a"] == 2, f"a is {r.js['a']},"


@pytest.mark.parametrize(
    "block",
    [
        wrong,
        failing(AssertionError),
        failing(AssertionError, "plain words"),
        failing(AssertionError, "with a comma,"),
        failing(AssertionError, "", 1),
        failing(AssertionError, 5),
        failing(KeyError, "k"),
        failing(ValueError, "two\nlines"),
        failing(StopUser),
        failing(RescheduleTask),
        failing(ZeroDivisionError),
        lambda r: r.js["no such key"],
        lambda r: r.failure("said so"),
        lambda r: r.success(),
        lambda r: r.nonsense,
        lambda r: setattr(r, "js", {"mine": 1}),
    ],
    ids=lambda block: getattr(block, "__name__", "") + str(block.__code__.co_firstlineno),
)
@pytest.mark.parametrize(
    "answer",
    [{"body": '{"a": 1}'}, {"body": "no json"}, {"body": "x" * 500}, {"fault": "close"}, {"body": ""}],
)
def test_what_happens_in_the_block(alike, block, answer):
    alike(visit("rest", "GET", do(**answer), block=block))


def test_where_it_happened_is_in_the_message(alike):
    _, events, _ = alike(visit("rest", "GET", do(body="{}"), block=lambda r: r.js["no such key"]))
    assert re.search(
        r"KeyError: 'no such key' at .*test_fast_rest.py:\d+.*Response was \{\}", events[0]["exception"][2]
    )


@pytest.mark.parametrize(
    "keywords",
    [
        {"json": {"a": 1}},
        {"json": {"a": 1}, "headers": {"Accept": "text/html"}},
        {"json": {"a": 1}, "headers": {"accept": "text/html", "content-type": "x/y"}},
        {"data": {"a": 1}},
        {"data": "text"},
        {"headers": {"ACCEPT": "x"}},
        {"name": "named"},
        {"params": {"p": 1}},
        {"context": {"k": 1}},
        {"auth": ("a", "b")},
        {"allow_redirects": False},
    ],
    ids=repr,
)
def test_keywords(alike, keywords):
    alike(visit("rest", "POST", do(echo=1), **keywords))


@pytest.mark.parametrize("kind", ["native", "stock"])
def test_a_keyword_that_rest_gives_itself(server, kind):
    """Of a method without a Python frame, Python says not the module it is in."""
    said = r"^(locust\.contrib\.fasthttp\.)?FastHttpSession\.request\(\) got multiple values for keyword argument"
    client = Backend(kind, server.url).fast()
    user = type("User", (FastHttpUser,), {"host": server.url})(Environment())
    user.client = client
    with pytest.raises(TypeError, match=said), user.rest("POST", "/x", catch_response=True):
        pass


@pytest.mark.parametrize("path", ["/x", "/x?a=1", "/x?"])
@pytest.mark.parametrize("keywords", [{}, {"name": "named"}, {"json": {}}], ids=repr)
def test_rest_with_a_timestamp(alike, monkeypatch, path, keywords):
    monkeypatch.setattr("locust.user.users.time.time", lambda: 1_700_000_000.1234)
    _, events, wire = alike(visit("rest_", "GET", path, **keywords))
    assert "_=1700000000123 " in wire[0][1]
    assert events[0]["name"] == keywords.get("name") or events[0]["name"].endswith("_=...")


def test_rest_after_a_redirect_and_with_cookies(alike):
    first = do(status=302, header=["Location:" + do(echo=1), "Set-Cookie:z=1"])
    alike(visit("rest", "POST", first, json={"a": 1}))


def test_rest_in_a_run(run_locust):
    text = """
from locust import FastHttpUser, task
class Visitor(FastHttpUser):
    @task
    def visit(self):
        with self.rest("POST", "/do?echo=1", json={"a": 1}) as r:
            print("say:", r.js["method"], r.js["body"])
        with self.rest("GET", "/do?body=text", name="text") as r:
            print("say:", r.js)
        with self.rest("GET", "/do?status=404&echo=1", name="missing") as r:
            pass
        with self.rest("GET", "/do?echo=1", name="asserts") as r:
            assert r.js["method"] == "POST", "wrong,"
        with self.rest("GET", "/do?echo=1", name="raises") as r:
            r.js["nothing"]
        self.environment.runner.quit()
"""
    runs = [run_locust(text, "-u", "1", native=native) for native in ("0", "1")]
    shown = [
        (
            r.code,
            r.said,
            {name: (e["num_requests"], e["num_failures"]) for name, e in r.stats.items()},
            re.findall(r"^\d.*(?:GET|POST).*$", r.err.partition("Error report")[2], re.MULTILINE),
        )
        for r in runs
    ]
    assert shown[0] == shown[1]
    assert shown[1][1] == ['POST {"a": 1}', "None"]
