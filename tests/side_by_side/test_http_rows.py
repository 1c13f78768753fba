"""The table `HttpUser` of the odd cases: each row on stock Locust and on ours; a test is named after its row."""

from http_sides import Sides, error, get, response, tried  # isort: skip  first: it lets gevent patch
import pytest
from locust.exception import LocustError

from support import observe
from support.backends import do


@pytest.fixture
def sides(server):
    return Sides(server)


def test_with_without_catch_response(sides):
    def body(client):
        with client.get("/x") as answer:
            return answer

    (kind, raised), events, wire = sides(body)
    assert (kind, raised["class"]) == ("raised", "locust.exception.LocustError")
    assert len(events) == len(wire) == 1


def test_catch_response_without_with(sides):
    _, events, wire = sides(lambda client: response(client.get("/x", catch_response=True)))
    assert (len(events), len(wire)) == (0, 1)


@pytest.mark.parametrize("verdict", [lambda r: r.success(), lambda r: r.failure("no")], ids=["s", "f"])
@pytest.mark.parametrize("catch", [True, False])
def test_success_or_failure_outside_a_with_block(sides, verdict, catch):
    value, _, _ = sides(lambda client: tried(lambda: verdict(client.get("/x", catch_response=catch))))
    assert value[1]["class"].endswith(LocustError.__name__)


@pytest.mark.parametrize("verdicts", ["sf", "fs", "ss", "ff", "sfs", "fsf"])
@pytest.mark.parametrize("status", [200, 503])
def test_the_last_call_wins(sides, verdicts, status):
    def body(client):
        with client.get(do(status=status), catch_response=True) as answer:
            for number, verdict in enumerate(verdicts):
                answer.success() if verdict == "s" else answer.failure(f"failure {number}")

    _, events, _ = sides(body)
    assert len(events) == 1


@pytest.mark.parametrize(
    "words",
    [
        ValueError("v", 1),
        OSError(2, "gone"),
        {"a": 1},
        ["a"],
        None,
        0,
        "",
        "text",
        b"bytes",
        AssertionError(),
    ],
    ids=repr,
)
def test_failure_keeps_exceptions_and_wraps_the_rest(sides, words):
    def body(client):
        with client.get("/x", catch_response=True) as answer:
            answer.failure(words)

    sides(body)


def test_failure_without_an_argument(sides):
    def body(client):
        with client.get("/x", catch_response=True) as answer:
            answer.failure()

    value, _events, _ = sides(body)
    assert value[1]["class"] == "builtins.TypeError"


def test_request_meta_changed_inside_the_block(sides):
    def body(client):
        with client.get("/x?1", catch_response=True, name="before") as answer:
            answer.request_meta["name"] = "after"
            answer.request_meta["context"] = {"own": 1}
            answer.request_meta["request_type"] = "CHECK"
        with client.get(do(status=500), catch_response=True) as answer:
            answer.request_meta["name"] = "broken"  # its failure is grouped under this name
            answer.request_meta["response_time"] = 1
            answer.request_meta["exception"] = ValueError("set by hand")
        with client.get("/x", catch_response=True) as answer:
            answer.request_meta["extra"] = "for listeners"

    _, events, _ = sides(body)
    assert [event["name"] for event in events] == ["after", "broken", "/x"]


def test_headers_replaced_by_a_plain_dict(sides):
    def body(client):
        client.headers = {"X-Token": "t"}
        seen = [tried(lambda: client.headers["x-token"]), type(client.headers).__name__]
        return [*seen, response(client.get("/a")), response(client.post("/b", json={"a": 1}))]

    _, _, wire = sides(body)
    assert "Accept-Encoding: identity" in wire[0][1]


def test_headers_an_empty_string(sides):
    _, _, wire = sides(get("/x", headers=""))
    assert "Accept-Encoding: identity" in wire[0][1]


def test_an_explicit_cookie_header_wins_over_the_jar(sides):
    def body(client):
        client.get(do(header=["Set-Cookie:a=1; Path=/"]))
        client.cookies.set("b", "2")
        seen = [response(client.get("/x", headers={"Cookie": "own=1"}))]
        client.headers["Cookie"] = "session=1"
        return [*seen, response(client.get("/y")), observe.cookies(client.cookies)]

    sides(body)


def test_a_host_header_names_the_cookies_host(sides):
    def body(client):
        client.headers["Host"] = "shop.example"
        client.get(do(header=["Set-Cookie:a=1; Path=/", "Set-Cookie:b=2; Domain=shop.example; Path=/"]))
        seen = [response(client.get("/x"))]
        del client.headers["Host"]
        return [*seen, response(client.get("/y")), observe.cookies(client.cookies)]

    sides(body)


@pytest.mark.parametrize("data", ["text", "ünï", "a=b", "0"])
def test_data_as_str_has_no_content_type(sides, data):
    sides(get("/x", method="post", data=data))
    sides(get("/x", method="post", data=data, headers={"Content-Type": "text/csv"}))


def test_connection_close(sides, server):
    def body(client):
        seen, others = [], server.connections()
        for _ in range(3):
            seen.append(response(client.get("/x", headers={"Connection": "close"})))
            server.wait(
                connections=others
            )  # else the next request may meet a connection that is just closing
        return seen

    _, _, wire = sides(body)
    assert [request[0] for request in wire] == [0, 1, 2]


def test_cookies_of_another_response(sides):
    def body(client):
        first = client.get(do(header=["Set-Cookie:a=1; Path=/", "Set-Cookie:b=2; Path=/deep"]))
        seen = [response(client.get("/deep/x", cookies=first.cookies))]
        client.cookies.clear()
        seen.append(response(client.get("/deep/y", cookies=first.cookies)))
        return [*seen, response(client.get("/z")), observe.cookies(client.cookies)]

    sides(body, falls_back=None, connections=False)


def test_cookies_as_a_dict_for_one_request(sides):
    def body(client):
        client.get(do(header=["Set-Cookie:a=1; Path=/"]))
        seen = [response(client.get("/x", cookies={"a": "2", "c": "3"}))]
        return [*seen, response(client.get("/z")), observe.cookies(client.cookies)]

    sides(body)


@pytest.mark.parametrize(
    "params",
    [{"a": [1, 2], "b": None}, {"a": [None, 1, None, ""]}, {"a": None}, {"a": []}, {"b": (1, None)}],
    ids=repr,
)
def test_params_lists_and_none(sides, params):
    sides(get("/x", params=params))


def test_params_given_positionally(sides):
    value, _, wire = sides(lambda client: client.get("/x", {"a": 1}))
    assert value[1]["class"] == "builtins.TypeError"
    assert wire == []


@pytest.mark.parametrize("path", ["chat/completions", "/v1", "", "?a=1", "#f", "x"])
@pytest.mark.parametrize("base", ["", "/v1/", "/v1", "/v1?key=", "/", ":443", "x"])
def test_base_url_and_path_are_glued(sides, server, base, path):
    value, _, _ = sides(get(path), base_url=server.url + base)
    if base + path in ("chat/completions", "x"):
        assert value[1]["class"] == "requests.exceptions.InvalidURL"


@pytest.mark.parametrize(
    "url",
    ["http://", "http:///x", "nothing", "ftp://127.0.0.1/x", "127.0.0.1/x", "http://[::1", "http://a..b/"],
)
def test_an_invalid_url_leaves_the_call(sides, url):
    def body(client):
        client.base_url = ""
        return client.get(url).status_code

    value, events, wire = sides(body)
    assert (value[0], events, wire) == ("raised", [], [])


def test_any_other_request_exception_is_a_response_of_status_0(sides, free_port):
    value, events, _ = sides(get(f"http://127.0.0.1:{free_port}/x"))
    assert (value["status_code"], value["content"], len(events)) == (0, None, 1)


@pytest.mark.parametrize("status", [200, 204, 399, 400, 404, 500, 599, 600])
def test_bool_is_below_400_whatever_the_body(sides, status):
    def body(client):
        return [bool(client.get(do(status=status, body=text))) for text in ("", "x")]

    sides(body)


@pytest.mark.parametrize("text", ["", "no json", "{", '{"a": 1} trailing', "[1,", "NaN", '"\\ud800"'])
def test_json_on_a_bad_body(sides, text):
    import json

    import requests

    def body(client):
        try:
            return repr(client.get(do(body=text)).json())
        except requests.exceptions.JSONDecodeError as caught:
            return isinstance(caught, json.JSONDecodeError), error(caught)

    sides(body)
