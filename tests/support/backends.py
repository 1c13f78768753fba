"""The recording server and both kinds of sessions, for a test body that runs on both and is compared."""

import locust  # noqa: F401, I001  first of all: it lets gevent patch ssl and socket before anybody else imports them
import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from support import observe
from locust.contrib.fasthttp import FastHttpUser
from locust.event import EventHook

from locust_native.fast_user import session as fast
from locust_native.http_user import session


def do(**asked: Any) -> str:
    """The path that makes the server answer so (see recording_server.py)."""
    return f"/do?{urlencode(asked, doseq=True)}"


@dataclass
class Server:
    """The recording server: its addresses, and what it has seen."""

    port: int
    tls_port: int
    authority: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"https://localhost:{self.tls_port}"

    def _ask(self, question: str) -> Any:
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as sock:
            sock.sendall(f"GET /_control/{question} HTTP/1.1\r\n\r\n".encode())
            answer = b""
            while piece := sock.recv(1 << 20):
                answer += piece
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def take(self) -> list[dict]:
        """The requests since the last call, as they came."""
        return self._ask("take")

    def counts(self) -> dict[str, int]:
        """How often each `METHOD path` came since the last call."""
        return self._ask("counts")

    def release(self) -> None:
        """Let the requests that are held be answered."""
        self._ask("release")

    def connections(self) -> int:
        """How many connections are open."""
        return self._ask("wait?")["connections"]

    def wait(self, **numbers: int) -> None:
        """Wait until at most so many `connections=` are open, or just so many requests `held=`.

        Fails after 10 s.
        """
        reached = self._ask("wait?" + urlencode(numbers))
        assert reached["connections"] <= numbers.get("connections", reached["connections"]), reached
        assert reached["held"] == numbers.get("held", reached["held"]), reached


def stock_of(kind: type) -> Any:
    """The class of Locust's that a session class of ours is made from; Locust's own is its own."""
    return next(base for base in kind.__mro__ if base.__module__.startswith("locust."))


class Person:
    """Stands for the user of a session."""

    def context(self) -> dict[str, Any]:
        return {"who": "me"}


@dataclass
class Backend:
    """One kind of client; makes sessions whose request events are in `events`."""

    kind: str
    url: str
    events: list[dict[str, Any]] = field(default_factory=list)
    hook: Any = None
    sessions: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hook = EventHook()
        self.hook.add_listener(lambda **arguments: self.events.append(arguments))

    def http(self, base_url: str | None = None, user: Any = None, **arguments: Any) -> Any:
        """A session as ``HttpUser.client``."""
        made = session.HttpSession if self.kind == "native" else stock_of(session.HttpSession)
        client = self._kept(made(base_url or self.url, self.hook, user or Person(), **arguments))
        client.trust_env = False  # as HttpUser does
        return client

    def fast(self, base_url: str | None = None, user: Any = None, **arguments: Any) -> Any:
        """A session as ``FastHttpUser.client``."""
        made = fast.FastHttpSession if self.kind == "native" else stock_of(fast.FastHttpSession)
        names = (
            "network_timeout",
            "connection_timeout",
            "max_redirects",
            "max_retries",
            "insecure",
            "concurrency",
            "client_pool",
            "ssl_context_factory",
            "proxy_host",
            "proxy_port",
        )
        settings = {name: getattr(FastHttpUser, name) for name in names} | {"headers": None} | arguments
        arguments = {"base_url": base_url or self.url, "request_event": self.hook, "user": user or Person()}
        return self._kept(made(**arguments, **settings))

    def _kept(self, session: Any) -> Any:
        self.sessions.append(session)
        return session

    def close(self) -> None:
        """Close the connections of all sessions."""
        for made in self.sessions:
            if "adapters" in vars(made):
                made.close()
            if getattr(made, "_native", None) is not None:
                made._native.close()
            elif hasattr(made, "close"):
                made.close()
            else:
                made.client.close()


@dataclass
class Same:
    """Runs one body on stock Locust and on ours and compares all that comes of it."""

    server: Server

    def __call__(
        self,
        body: Callable[[Any], Any],
        *,
        fast: bool = False,
        falls_back: bool | None = False,
        connections: bool = True,
        **arguments: Any,
    ) -> tuple[Any, list[dict], list[tuple]]:
        """Compare value or error of `body(session)`, request events, and bytes on the wire; return them.

        `falls_back`: whether ours is expected to hand over to Locust's client on the way; None: either.
        `connections`: whether requests must share connections as stock's do.
        """
        outcomes = []
        for kind in ("stock", "native"):
            self.server.take()
            backend = Backend(kind, self.server.url)
            session = (backend.fast if fast else backend.http)(**arguments)
            try:
                value = body(session)
            except Exception as raised:
                value = ("raised", observe.error(raised))
            if kind == "native" and falls_back is not None:
                assert (session._native is None) == falls_back
            events = [observe.event(event) for event in backend.events]
            wire = observe.wire(self.server.take())
            outcomes.append((value, events, wire if connections else [request[1:] for request in wire]))
            backend.close()
        stock, ours = outcomes
        differences = observe.differences(("value", "events", "wire"), ours, stock)
        if differences:
            pytest.fail("\n".join(differences), pytrace=False)
        return ours
