"""FastHttpUser, the odd cases: one test for each row of the table of what stock Locust does in them."""

import re

import gevent.ssl
import pytest
from geventhttpclient.client import HTTPClientPool

from support import observe
from support.backends import do
from support.cases import named
from support.fast_requests import VERBS, shows
from support.running import Run

ECHO = do(echo=1)


class TestUnknownKeywords:
    """``verify=False``, ``timeout=5``, ``cookies={...}``, any unknown keyword: no error, but parameters."""

    @pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "post"])
    def test_become_query_parameters(self, alike, verb):
        _, _, wire = alike(shows(verb, "/x?a=1", verify=False, timeout=5, cookies={"a": "b"}))
        assert wire[0][1].startswith(f"{verb.upper()} /x?a=1&verify=False&timeout=5&cookies=a ")

    def test_become_the_form_body_of_a_post_without_one(self, alike):
        _, _, wire = alike(shows("post", "/x", verify=False, timeout=5, cookies={"a": "b"}))
        assert wire[0][3] == "verify=False&timeout=5&cookies=%7B%27a%27%3A+%27b%27%7D"

    def test_are_merged_into_a_dict_body_and_into_the_caller_s_dict(self, alike):
        def body(client):
            form = {"a": 1}
            return observe.fast_response(client.post(ECHO, data=form, verify=False)), form

        (_, form), _, wire = alike(body)
        assert wire[0][3] == "a=1&verify=False"
        assert form == {"a": 1, "verify": False}

    @pytest.mark.parametrize("given", [{"data": "text"}, {"data": b"bytes"}, {"json": [1]}], ids=named)
    def test_are_dropped_beside_other_bodies(self, alike, given):
        _, _, wire = alike(shows("post", "/x", verify=False, **given))
        assert "verify" not in str(wire)


def test_headers_update_is_an_attribute_error(alike):
    value, _, _ = alike(lambda client: client.headers.update({"a": "b"}))
    assert value[1][1] == "AttributeError"


def test_headers_and_verify_assigned_are_ignored(alike):
    def body(client):
        client.headers, client.verify = {"X-Ignored": "1"}, False
        return shows("get", ECHO)(client), client.headers, client.verify

    _, _, wire = alike(body)
    assert "x-ignored" not in str(wire)


def test_with_but_without_catch_response_does_nothing(alike):
    def body(client):
        with client.get("/x") as response:
            assert response.status_code == 200
        with client.get(do(status=404)) as response:
            return observe.fast_response(response)

    _, events, _ = alike(body)
    assert len(events) == 2


def test_with_but_without_catch_response_on_a_failed_connection(alike, free_port):
    def body(client):
        with client.get(f"http://127.0.0.1:{free_port}/x"):
            pass

    alike(body)


def test_catch_response_without_with_is_never_counted(alike):
    _, events, wire = alike(shows("get", "/x", catch_response=True))
    assert (events, len(wire)) == ([], 1)


def test_data_as_a_dict_is_a_form_with_a_charset(alike):
    _, _, wire = alike(shows("post", "/x", data={"ä": "1 2", "b": None}))
    assert ("content-type", " application/x-www-form-urlencoded; charset=utf-8") in [
        (name, value) for name, value in wire[0][2]
    ]


@pytest.mark.parametrize(
    ("data", "kind"), [(b"x", "application/octet-stream"), ("x", "text/plain; charset=utf-8")]
)
def test_data_as_bytes_or_text_without_content_type(alike, data, kind):
    _, _, wire = alike(shows("post", "/x", data=data))
    assert dict(wire[0][2])["content-type"].strip() == kind


def test_data_as_a_list_is_an_attribute_error(alike):
    value, events, _ = alike(lambda client: client.post("/x", data=[("a", 1)]))
    assert value[1][1] == "AttributeError"
    assert events == []


def test_files_are_multipart(alike):
    _, _, wire = alike(
        shows("post", "/x", files={"f": ("a.txt", b"content", "text/plain")}, data={"a": [1, 2], "b": "ä"})
    )
    assert wire[0][3].count("form-data") == 4


def test_cookies_and_reason_are_no_attributes(alike):
    for name in ("cookies", "reason", "links", "next", "apparent_encoding"):
        value, _, _ = alike(lambda client, name=name: getattr(client.get("/x"), name))
        assert value[1][1] == "AttributeError"
        alike(lambda client, name=name: getattr(client.get("/x", catch_response=True), name))


@pytest.mark.parametrize(
    ("how", "truth"),
    [({}, True), ({"body": ""}, False), ({"chunked": 1}, "TypeError"), ({"status": 404}, True)],
)
def test_bool_of_a_response_is_its_declared_length(alike, how, truth):
    value, _, _ = alike(lambda client: bool(client.get(do(**how))))
    assert value == truth or value[1][1] == truth


def test_a_pool_manager_on_the_class_is_ignored(alike_runs):
    alike_runs(
        """
from urllib3 import PoolManager
from locust import FastHttpUser, task
class Visitor(FastHttpUser):
    pool_manager = PoolManager()
    @task
    def visit(self):
        self.client.get("/x")
        self.environment.runner.quit()
"""
    )


def test_a_client_pool_shared_by_all_users_is_honoured(alike, server, native):
    pool = HTTPClientPool(concurrency=12_000)
    alike(shows("get", ECHO), client_pool=pool, falls_back=True)
    pool.close()
    shared = HTTPClientPool(concurrency=2)
    server.take()
    for _ in range(3):
        native.fast(client_pool=shared).get("/x")
    assert len({request["connection"] for request in server.take()}) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"concurrency": 1},
        {"network_timeout": 5.5, "connection_timeout": 3},
        {"network_timeout": None, "connection_timeout": None},
        {"max_redirects": 1},
        {"max_redirects": "2"},
        {"default_headers": {"X-A": "1"}},
        {"insecure": False},
        {"insecure": True},
    ],
    ids=named,
)
def test_class_attributes_are_honoured(alike, settings):
    if "default_headers" in settings:
        settings = {"headers": settings["default_headers"]}
    alike(shows("get", "/count/2"), **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_retries": 2},
        {"max_redirects": -1},
        {"network_timeout": -1},
        {"network_timeout": "5"},
        {"concurrency": "5"},
        {"concurrency": -1},
        {"ssl_context_factory": gevent.ssl.create_default_context},
        {"proxy_host": "127.0.0.1", "proxy_port": 1},
    ],
    ids=named,
)
def test_class_attributes_that_only_stock_honours(alike, said, settings):
    alike(shows("get", "/count/2"), falls_back=True, **settings)
    assert len(said()) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"max_redirects": "x"},
        {"max_retries": None},
        {"headers": "text"},
        {"headers": {1: "a"}},
        {"nonsense": 1},
    ],
    ids=named,
)
def test_class_attributes_that_nobody_takes(server, settings):
    """They fail as the session is made, or with its first request that needs them, and in the same words."""
    from support.backends import Backend

    outcomes = []
    for kind in ("stock", "native"):
        backend = Backend(kind, server.url)
        outcomes.append(observe.tried(lambda backend=backend: backend.fast(**settings).get("/x").status_code))
        backend.close()
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.get("/x", {"a": 1}),
        lambda c: c.get(),
        lambda c: c.get(None),
        lambda c: c.get(b"/x"),
        lambda c: c.get("/x", json=object()),
        lambda c: c.get("/x", params=5),
        lambda c: c.get("/x", payload="x"),
        lambda c: c.get("/x", method="POST"),
        lambda c: c.get("/x", headers="text"),
        lambda c: c.get("/x", headers=5),
        lambda c: c.get("/x", auth=5),
        lambda c: c.get("/x", context=None),
        lambda c: c.cookies,
        lambda c: c.nonsense,
        lambda c: c.request("GE T", "/x"),
        lambda c: c.request("", "/x"),
        lambda c: c.request(b"GET", "/x"),
        lambda c: c.request(None, "/x"),
        lambda c: c.request("CONNECT", "/x"),
        lambda c: c.get("/x").nonsense,
        lambda c: c.get("/x", catch_response=True).nonsense,
        lambda c: c.get("/x").success(),
        lambda c: c.get("/x").failure("x"),
        lambda c: c.get("/x", catch_response=True).success(),
        lambda c: c.get("/x", catch_response=True).failure("x"),
    ],
)
def test_misuse_says_the_same(alike, call):
    def body(client):
        said = observe.tried(lambda: re.sub("0x[0-9a-f]+", "", repr(call(client))))
        return said, shows("get", ECHO)(client)

    alike(body, connections=False)


@pytest.fixture
def alike_runs(run_locust):
    """Runs a locustfile on stock and on ours and compares exit status, output, statistics and messages."""

    def run(text: str, *arguments: str) -> Run:
        seen = []
        for native in ("0", "1"):
            r = run_locust(text, "-u", "1", *arguments, native=native)
            counts = {
                name: (e["method"], e["num_requests"], e["num_failures"]) for name, e in r.stats.items()
            }
            said = [re.sub("0x[0-9a-f]+", "", line) for line in r.said]
            seen.append((r.code, said, counts, complaints(r.err)))
        differences = observe.differences(("status", "said", "statistics", "messages"), seen[1], seen[0])
        if differences:
            pytest.fail("\n".join(differences), pytrace=False)
        return r

    return run


def complaints(text: str) -> list[str]:
    """The lines of a log that are errors, and the exceptions in it, without what differs from run to run."""
    kept = []
    for line in text.splitlines():
        line = line.removesuffix(" (approximated)")
        if line.startswith(("Requests that succeeded, without", "Connections: ")):
            break  # our table comes last
        if re.match(r"(Type|[A-Z]+) .*(\d|failures/s|# reqs)$", line):
            continue  # times
        if "/ERROR/" in line or "/CRITICAL/" in line:
            kept.append(line.partition("]")[2].partition("/")[2])
        elif line and not line.startswith((" ", "[", "Traceback")):
            kept.append(line)
    return kept


def test_rows_in_a_run_end_with_the_same_status_and_messages(alike_runs):
    r = alike_runs(
        """
from locust import FastHttpUser, task, events
class Visitor(FastHttpUser):
    default_headers = {"X-A": "1"}
    def on_start(self):
        self.steps = iter([
            lambda: self.client.headers.update({"a": "b"}),
            lambda: self.client.post("/list", data=[1]),
            lambda: self.client.get("/keyword", verify=False, timeout=5),
            lambda: self.client.get("/cookies").cookies,
            lambda: bool(self.client.get("/do?chunked=1")),
            lambda: self.client.get("/uncounted", catch_response=True),
            lambda: self.client.get("/do?status=404", name="missing"),
            lambda: self.client.get("/do?status=500&hex=ff", name="undecodable"),
            lambda: self.client.get("http://127.0.0.1:1/refused", name="refused"),
            lambda: self.client.get("/with").failure("too late"),
            lambda: self.client.get("/positional", {"a": 1}),
        ])
    @task
    def visit(self):
        step = next(self.steps, None)
        if step is None:
            self.environment.runner.quit()
        else:
            print("say:", step())
"""
    )
    assert r.code == 1


def test_a_listener_that_trusts_the_length_of_a_response(alike_runs):
    r = alike_runs(
        """
from locust import FastHttpUser, task, events
@events.request.add_listener
def on_request(response, exception, **_):
    if response and response.status_code == 200:
        print("say: full")
class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/do?body=")
        self.client.get("/x")
        self.client.get("/do?chunked=1")
        self.environment.runner.quit()
"""
    )
    assert r.said == ["full"]
