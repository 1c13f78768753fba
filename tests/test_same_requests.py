"""Generated requests: bytes on the wire, response and event are stock's, whatever is asked."""

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support import observe
from support.backends import Backend, do

NASTY = st.text("ab/.:?#[]@!$&'()*+,;=% \"<>\\^`{|}~äß€%2F%zz-_0", max_size=14)
NAMES = st.sampled_from(
    ["X-A", "x-b", "Accept", "user-agent", "Content-Type", "Referer", "Cookie", "Authorization"]
)
VALUES = st.one_of(
    st.none(), st.text('abc ;=,"é/*', max_size=8), st.sampled_from([b"bytes", "", "text/plain", " a", 1])
)
SCALARS = st.one_of(st.text("aä&= +", max_size=4), st.integers(-9, 9), st.booleans(), st.none())
FORMS = st.dictionaries(
    st.text("abä[]", max_size=3), st.one_of(SCALARS, st.lists(SCALARS, max_size=3)), max_size=3
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
HTTP_BODIES = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"data": st.one_of(st.text(max_size=6), st.binary(max_size=6), FORMS)}),
    st.fixed_dictionaries({"json": JSON}),
    st.fixed_dictionaries({"data": FORMS, "files": st.just({"f": ("n.txt", b"content")})}),
)
FAST_BODIES = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"data": st.one_of(st.text(max_size=6), st.binary(max_size=6), FORMS)}),
    st.fixed_dictionaries({"json": JSON}),
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "PURGE"])
HTTP_EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(NAMES, VALUES, max_size=3),
        "params": st.one_of(FORMS, st.text("ab=&ä ", max_size=5)),
        "cookies": st.dictionaries(st.sampled_from(["a", "b"]), st.text('xyz" ', max_size=3), max_size=2),
        "auth": st.tuples(st.text("aé:", max_size=3), st.text("bé", max_size=3)),
        "allow_redirects": st.booleans(),
        "timeout": st.sampled_from([5, 2.5, (3, 4), None]),
        "name": st.sampled_from(["named", ""]),
    },
)
FAST_EXTRAS = st.fixed_dictionaries(
    {},
    optional={
        "headers": st.dictionaries(NAMES, VALUES.filter(lambda value: value is not None), max_size=3),
        "params": FORMS,
        "auth": st.tuples(st.text("aé:", max_size=3), st.text("bé", max_size=3)),
        "allow_redirects": st.booleans(),
        "verify": st.booleans(),
        "name": st.sampled_from(["named", ""]),
    },
)
CALM = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))


def outcome(kind, server, fast, method, path, keywords):
    backend = Backend(kind, server.url)
    client = (backend.fast if fast else backend.http)()
    server.take()
    client.get(do(header=["Set-Cookie:jar=1; Path=/", "Set-Cookie:deep=2"]))
    try:
        answer = client.request(method, path, **{name: _copy(value) for name, value in keywords.items()})
        value = (observe.fast_response if fast else observe.response)(answer)
    except Exception as raised:
        value = ("raised", observe.error(raised))
    events = [observe.event(event) for event in backend.events]
    backend.close()
    # what only the stock libraries can read or refuse, their client sends, on a connection of its own
    return value, events, [request[1:] for request in observe.wire(server.take())]


def _copy(value):
    return dict(value) if isinstance(value, dict) else value


def compare(server, fast, method, path, keywords):
    stock = outcome("stock", server, fast, method, path, keywords)
    ours = outcome("native", server, fast, method, path, keywords)
    differences = observe.differences(("value", "events", "wire"), ours, stock)
    assert not differences, "\n".join([f"{method} {path!r} {keywords!r}", *differences])


@CALM
@given(method=METHODS, path=NASTY.map("/".__add__), body=HTTP_BODIES, extras=HTTP_EXTRAS)
@example(method="POST", path="/", body={"data": {"a": None}}, extras={})
def test_http(server, method, path, body, extras):
    compare(server, False, method, path, {**body, **extras})


@CALM
@given(method=METHODS, path=NASTY.map("/".__add__), body=FAST_BODIES, extras=FAST_EXTRAS)
def test_fast(server, method, path, body, extras):
    compare(server, True, method, path, {**body, **extras})


@pytest.mark.parametrize("fast", [False, True])
@CALM
@given(
    location=NASTY,
    status=st.sampled_from([301, 302, 303, 307, 308]),
    method=st.sampled_from(["GET", "POST", "PUT"]),
)
def test_locations(server, fast, location, status, method):
    path = do(status=status, header="Location:" + location.replace("€", "").strip())
    stock = outcome("stock", server, fast, method, path, {"data": "x"})
    ours = outcome("native", server, fast, method, path, {"data": "x"})
    differences = observe.differences(("value", "events", "wire"), ours, stock)
    assert not differences, "\n".join([f"{status} {location!r}", *differences])
