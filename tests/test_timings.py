"""The phases of a native request: they add up, a delay shows where it is and nowhere else, failures have theirs."""

from support.backends import Person, do  # isort: skip  first: it lets gevent patch
import contextlib
import copy
import json
import pickle
import socket
import ssl
import time

import gevent
import pytest
from gevent.server import StreamServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locust_native.client.timings import for_context

PHASES = ("queued", "dns", "connect", "tls", "send", "wait", "download")
DELAY = 120.0
"""What a server delays a phase by, in ms."""
TRIES = 6
"""So often may the machine be too busy to look at its sockets in time."""

BOTH = pytest.mark.parametrize("kind", ["http", "fast"])


def phases(timings):
    return {name: getattr(timings, name) for name in PHASES}


def check(timings, response_time=None):
    """What holds of all timings; a call's hops are in order and add up to it."""
    known = [value for value in phases(timings).values() if value is not None]
    assert sum(known) == pytest.approx(timings.total, rel=0.01)
    assert all(value >= 0 for value in known)
    assert timings.held >= 0
    if timings.reused:
        assert (timings.dns, timings.connect, timings.tls) == (0.0, 0.0, 0.0)
        assert timings.handshake is None
    if timings.hops:
        for field in ("total", "held", "bytes_out", "bytes_in"):
            assert sum(getattr(hop, field) for hop in timings.hops) == pytest.approx(getattr(timings, field))
        for hop in timings.hops:
            assert hop.hops == ()
            check(hop)
    if response_time is not None:
        assert response_time == pytest.approx(timings.total, abs=1e-6)


def delayed(phase, ask):
    """The timings `ask()` returns, in which a delay is in one phase and nowhere else."""
    for left in reversed(range(TRIES)):
        timings = ask()
        check(timings)
        found = phases(timings)
        long = found.pop(phase)
        others = sum(value for value in found.values() if value is not None)
        if long >= DELAY - 1 and others < DELAY / 2:
            return timings
        assert left, timings
    raise AssertionError


def pause():
    gevent.sleep(DELAY / 1000)


def join(one, other):
    """Pass on what either end sends."""

    def pump(source, target):
        with contextlib.suppress(OSError):  # it may have gone away
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    with one, other:
        gevent.joinall([gevent.spawn(pump, one, other), gevent.spawn(pump, other, one)])


ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"


def read_head(sock):
    got = b""
    while b"\r\n\r\n" not in got:
        got += sock.recv(65536)
    return got


def slow_hello(sock, secured):
    pause()
    with secured(sock) as stream:
        read_head(stream)
        stream.sendall(ANSWER)


def slow_to_read(sock, secured):
    """Reads the head, and the body only after a while."""
    with secured(sock) as stream:
        got = len(read_head(stream))
        pause()
        while got < BIG:
            got += len(stream.recv(1 << 20))
        stream.sendall(ANSWER)


def slow_to_answer(sock, secured):
    with secured(sock) as stream:
        read_head(stream)
        pause()
        stream.sendall(ANSWER)


def slow_head(sock, secured):
    with secured(sock) as stream:
        read_head(stream)
        stream.sendall(ANSWER[:9])
        pause()
        stream.sendall(ANSWER[9:])


def slow_body(sock, secured):
    with secured(sock) as stream:
        read_head(stream)
        stream.sendall(ANSWER[:-3])
        pause()
        stream.sendall(ANSWER[-3:])


def slow_chunks(sock, secured):
    with secured(sock) as stream:
        read_head(stream)
        stream.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n")
        pause()
        stream.sendall(b"5\r\n56789\r\n0\r\n\r\n")


def slow_to_close(sock, secured):
    with secured(sock) as stream:
        read_head(stream)
        stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n0123456789")
        pause()


BIG = 6 << 20
"""More than the system takes while nobody reads, in bytes."""
SLOW = [
    ("tls", slow_hello),
    ("send", slow_to_read),
    ("wait", slow_to_answer),
    ("download", slow_head),
    ("download", slow_body),
    ("download", slow_chunks),
    ("download", slow_to_close),
]


@pytest.fixture
def slow_server(server):
    """Serves every connection by a function of the socket and what puts it under TLS; returns the URL."""
    running = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.authority.parent / "server.pem")

    def start(serve, secure):
        def secured(sock):
            return context.wrap_socket(sock, server_side=True) if secure else sock

        def handle(sock, _):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(sock, secured)

        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)  # of the connections, too
        made = StreamServer(listener, handle)
        made.start()
        running.append(made)
        return f"http{'s' if secure else ''}://localhost:{made.server_port}"

    yield start
    for made in running:
        made.stop()


@BOTH
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize(("phase", "serve"), SLOW, ids=[serve.__name__ for _, serve in SLOW])
def test_a_delay_shows_in_its_phase_only(native, slow_server, kind, secure, phase, serve):
    if phase == "tls" and not secure:
        pytest.skip("there is no hello to delay")
    url = slow_server(serve, secure)

    def ask():
        client = getattr(native, kind)(url)
        client.verify = False
        response = client.post("/", data=b"x" * BIG) if phase == "send" else client.get("/")
        assert response.content == b"0123456789"
        check(response.timings, native.events[-1]["response_time"])
        return response.timings

    timings = delayed(phase, ask)
    assert timings.reused is False
    assert timings.handshake == ("full" if secure else None)
    assert (timings.tls > 0) is secure


def test_a_delay_of_a_proxys_tunnel_is_connecting(native, server, slow_server):
    def serve(sock, secured):
        line = read_head(sock).split()
        host, port = line[1].decode().split(":")
        pause()
        far = socket.create_connection((host, int(port)))
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        join(sock, far)

    proxy = slow_server(serve, False)

    def ask():
        client = native.http(server.tls_url)
        client.verify, client.proxies = False, {"https": proxy}
        timings = client.get("/x").timings
        client.close()
        return timings

    timings = delayed("connect", ask)
    assert (timings.handshake, timings.bytes_in) == ("full", 42)


def test_the_wait_for_a_free_connection_is_queued(native, server):
    """With ``concurrency = 1`` the second request waits for the first."""

    def ask():
        client = native.fast(concurrency=1)
        client.get("/x")  # opens the connection
        client.get("/x")
        asked = [gevent.spawn(client.get, path) for path in (do(delay=DELAY), "/x")]
        first, second = (greenlet.get().timings for greenlet in asked)
        assert first.wait > DELAY / 2
        return second

    assert delayed("queued", ask).reused is True


@BOTH
def test_one_that_is_used_again_opens_nothing(native, kind):
    client = getattr(native, kind)()
    first, *others = (client.get(do(delay=5)).timings for _ in range(5))
    assert (first.reused, first.connect > 0) == (False, True)
    for timings in others:
        check(timings)
        assert (timings.reused, timings.version) == (True, "1.1")
        assert timings.wait > 2
    # Known to keep connections now, the server is not given time to hang up again.
    assert all(timings.held == 0 for timings in others[1:])


@BOTH
def test_bytes_are_those_on_the_wire(native, server, kind):
    client = getattr(native, kind)()
    answers = [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n",
    ]
    for answer in answers:
        for data in (None, b"x" * 20_000):
            timings = client.post(do(raw=answer.hex()), data=data).timings
            (seen,) = server.take()
            assert timings.bytes_out == len(seen["head"]) + len(seen["body"])
            assert timings.bytes_in == len(answer)
    packed = client.get(do(encoding="gzip", size=100_000))
    assert packed.timings.bytes_in < 1000 < len(packed.content) == 100_000


@BOTH
def test_redirects(native, server, kind):
    response = getattr(native, kind)().get("/count/3")
    timings = response.timings
    check(timings, native.events[-1]["response_time"])
    assert [hop.reused for hop in timings.hops] == [False, True, True, True]
    assert (timings.reused, timings.handshake) == (False, None)
    assert timings.bytes_out == sum(len(seen["head"]) for seen in server.take())
    assert [hop.timings for hop in response.history] == list(timings.hops[:-1])


def test_to_a_server_with_tls(native, server):
    client = native.http()
    client.verify = False
    timings = client.get(do(status=302, header=f"Location:{server.tls_url}/x")).timings
    check(timings)
    assert [hop.handshake for hop in timings.hops] == [None, "full"]
    assert (timings.handshake, timings.reused) == ("full", False)


@BOTH
def test_an_old_version(native, kind):
    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"
    assert getattr(native, kind)().get(do(raw=answer.hex())).timings.version == "1.0"


LATE, BRIEF = {"delay": DELAY}, {"timeout": DELAY / 1000}
#: what is asked for, with what arguments, how long that takes at least, the first phase it does not come to
FAILURES = {
    "refused": ("http://127.0.0.1:{free_port}/", {}, 0, "tls"),
    "connect timeout": ("http://127.0.0.1:{full_port}/", BRIEF, DELAY, "tls"),
    "no such host": ("http://no-such-host.invalid/", {}, 0, "connect"),
    "no TLS": ("https://127.0.0.1:{port}/", {}, 0, "send"),
    "read timeout": (do(hold=1), BRIEF, DELAY, "download"),
    "body timeout": (do(stall=10 * DELAY, size=1000), BRIEF, DELAY, None),
    "closed": (do(fault="close", **LATE), {}, DELAY, "download"),
    "reset": (do(fault="reset", **LATE), {}, DELAY, "download"),
    "garbage": (do(fault="garbage", **LATE), {}, DELAY, None),
    "half a head": (do(fault="half-head", **LATE), {}, DELAY, None),
    "body cut": (do(fault="cut", size=1000, **LATE), {}, DELAY, None),
    "body reset": (do(fault="reset-body", size=1000, stall=DELAY), {}, DELAY, None),
    "bad chunk": (do(fault="bad-chunk", **LATE), {}, DELAY, None),
    "bad coding": (do(header="Content-Encoding:gzip", **LATE), {}, DELAY, None),
    "endless": ("/count/40", {}, 0, None),
    "bad status": (do(status=500, **LATE), {}, DELAY, None),
}
#: Of a head cut short http.client makes a good one.
NO_FAILURE = {("half a head", "http")}


def ask_for_failure(backend, kind, url, keywords):
    """Ask once; the response and how long that took in ms."""
    settings = {}
    if kind == "fast" and "timeout" in keywords:
        settings = {"connection_timeout": keywords["timeout"], "network_timeout": keywords["timeout"]}
        keywords = {}
    client = getattr(backend, kind)(**settings)
    began = time.perf_counter()
    with client.get(url, catch_response=True, **keywords) as response:
        took = (time.perf_counter() - began) * 1000
    return response, took


@BOTH
@pytest.mark.parametrize("case", FAILURES)
def test_failures_have_their_time_and_phases(native, server, full_port, free_port, kind, case):
    url, keywords, least, missing = FAILURES[case]
    url = url.format(full_port=full_port, free_port=free_port, port=server.port)
    response, took = ask_for_failure(native, kind, url, keywords)
    server.release()
    (event,) = native.events
    assert (event["exception"] is None) is ((case, kind) in NO_FAILURE)
    assert least - 1 <= event["response_time"] <= took
    timings = response.timings
    check(timings, event["response_time"])
    reached = [name for name, value in phases(timings).items() if value is not None]
    assert reached == list(PHASES[: PHASES.index(missing)] if missing else PHASES)
    if missing:
        assert getattr(timings, reached[-1]) >= least / 2
        assert timings.version is None


@BOTH
@pytest.mark.parametrize("step", [3600, -3600])
@pytest.mark.parametrize("path", [do(delay=50), do(delay=50, fault="reset"), do(delay=50, status=500)])
def test_the_wall_clock_changes_no_duration(native, monkeypatch, kind, path, step):
    """It is stepped while the request is under way."""
    client = getattr(native, kind)()
    real, begun = time.time, time.perf_counter()
    asked = gevent.spawn(client.get, path)
    gevent.sleep(0.02)
    monkeypatch.setattr(time, "time", lambda: real() + step)
    response = asked.get()
    took = (time.perf_counter() - begun) * 1000
    (event,) = native.events
    assert 49 <= event["response_time"] <= took
    check(response.timings, event["response_time"])
    assert abs(event["start_time"] - real()) < 60, "a moment, not a duration"


ASKS = st.sampled_from(
    [
        "/x",
        "/count/2",
        do(size=100_000),
        do(size=20_000, chunked=1),
        do(length="none"),
        do(header="Connection:close"),
        do(encoding="gzip", size=5000),
        do(fault="close"),
        do(fault="cut", size=100),
        do(status=500),
        do(status=204),
        do(status=302, header=["Location:/x", "Connection:close"]),
    ]
)


@pytest.mark.parametrize("kind", ["http", "fast", "http tls", "fast tls"])
@given(asks=st.lists(st.tuples(ASKS, st.sampled_from(["get", "post", "head"])), max_size=6))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_asked_phases_add_up_and_bytes_are_the_servers(native, server, kind, asks):
    kind, _, secure = kind.partition(" ")
    client = getattr(native, kind)(server.tls_url if secure else server.url)
    client.verify = False
    server.take()
    fresh = True
    for path, verb in asks:
        native.events.clear()
        keywords = {"data": b"y" * 1000} if verb == "post" else {}
        with getattr(client, verb)(path, catch_response=True, **keywords) as response:
            timings = response.timings
        check(timings, native.events[-1]["response_time"])
        seen = server.take()
        assert timings.bytes_out == sum(len(one["head"]) + len(one["body"]) for one in seen)
        if fresh:
            assert timings.reused is False
            assert timings.handshake == ("full" if secure else None)
        fresh = False
    native.close()
    native.sessions.clear()


@BOTH
def test_they_survive_copies_and_the_response(native, kind):
    response = getattr(native, kind)().get("/x")
    timings = response.timings
    assert response.timings is timings
    assert pickle.loads(pickle.dumps(timings)) == copy.deepcopy(timings) == timings
    assert list(timings._asdict())[:8] == [*PHASES, "total"]


def test_for_the_context_of_an_event(native):
    """Whoever writes contexts down writes JSON."""
    response = native.http().get("/count/2")
    figures = for_context(response._exchange)
    assert json.loads(json.dumps(figures)) == figures
    assert {**figures, "hops": response.timings.hops} == response.timings._asdict()
    assert for_context(None) is None


@BOTH
def test_a_request_by_stocks_client_has_none(native, kind):
    """Nothing is known of it, and nothing made up."""
    client = getattr(native, kind)()
    response = client.get("/count/1", stream=True)
    assert client._native is None
    assert response.timings is None
    assert [hop.timings for hop in response.history] == [None]
    with client.get("/x", catch_response=True) as response:
        assert response.timings is None
    assert client.get(do(fault="close")).timings is None


@BOTH
def test_a_listener_finds_none_too(native, kind):
    """One locustfile runs everywhere, whoever answers."""
    user = Person()
    user.native_timings = True
    seen = []
    native.hook.add_listener(lambda response, context, **rest: seen.append((response.timings, context)))
    client = getattr(native, kind)(user=user)
    client.get("/x")
    client.get("/x", stream=True)
    assert client._native is None
    client.get("/x", context={"mine": 1})
    (first, known), (_, streamed), (last, mine) = seen
    assert first.total == known["timings"]["total"]
    assert (streamed["timings"], last) == (None, None)
    assert mine == {"who": "me", "mine": 1, "timings": None}


def test_one_request_that_only_stocks_fast_client_can_refuse(native):
    client = native.fast()
    response = client.get("http://a b/")
    assert client._native is not None
    assert response.timings is None
    assert client.get("/x").timings.total > 0


def test_what_a_proxy_hides_is_not_known(native, slow_server):
    """The transport for SOCKS tells the whole time and no more."""

    def serve(sock, secured):
        sock.recv(100)  # the ways to say who one is
        sock.sendall(b"\x05\x00")
        asked = sock.recv(100)
        far = socket.create_connection((socket.inet_ntoa(asked[4:8]), int.from_bytes(asked[8:10])))
        sock.sendall(b"\x05\x00\x00\x01" + bytes(6))
        join(sock, far)

    client = native.http()
    client.proxies = {"http": slow_server(serve, False).replace("http:", "socks5:")}
    timings = client.get(do(delay=DELAY)).timings
    assert timings.total >= DELAY - 1
    assert (timings.version, timings.hops[0].total) == ("1.1", timings.total)
    assert timings.queued < DELAY / 2
    unknown = [*PHASES[1:], "reused", "handshake", "bytes_out", "bytes_in"]
    assert [getattr(timings, name) for name in unknown] == [None] * len(unknown)
    assert native.events[-1]["response_time"] == pytest.approx(timings.total)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("wanted", [True, False])
def test_in_the_context_of_the_event_on_request(native, fast, wanted):
    user = Person()
    user.native_timings = wanted
    client = native.fast(user=user) if fast else native.http(user=user)
    client.get("/x")
    context = native.events[-1]["context"]
    if wanted:
        assert context["timings"]["wait"] > 0
        assert context["timings"]["total"] >= context["timings"]["wait"]
        json.dumps(context)
    else:
        assert "timings" not in context
