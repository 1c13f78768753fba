"""A server that answers each request a fixed time after it came, to a tenth of a millisecond; counts and times them.

Usage: python benches/timed.py MILLISECONDS

Prints its address. Who waits costs nothing here but a place in a queue: requests are answered in the order they
came, so the next deadline is the first one's. `GET /seen` answers at once: how many, and how long each took.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import deque

PAGE = (
    "<!doctype html><html><body><form action='/cart/add/' method='post'>"
    + "".join(f"<label>{size}<input name='size' value='{size}'></label>" for size in ("S", "M", "L"))
    + "<input type='hidden' name='csrfmiddlewaretoken' value='0123456789abcdef'><button>Add</button></form>"
    + "<ul>"
    + "".join(f"<li><a href='/products/{n}/'>Hoodie {n}</a> <b>29.90</b></li>" for n in range(4))
    + "</ul></body></html>"
)

GRAIN = 0.000_05
"""Closer to a deadline than this it does not sleep any more: the system wakes sleepers so late."""
LONGEST = 1.0
"""What took longer counts as this long (s)."""


def answer(body: str, kind: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


class Timed:
    """The server; one thread, one connection a client, no request bodies, no pipelining."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.ready = select.epoll()
        self.ready.register(self.listener, select.EPOLLIN)
        self.connections: dict[int, socket.socket] = {}
        self.heads: dict[int, bytes] = {}
        self.waiting: deque[tuple[float, socket.socket]] = deque()
        self.page = answer(PAGE, "text/html")
        self.took = [0] * int(LONGEST * 1e5)  # requests by hundredths of a millisecond

    def serve(self) -> None:
        while True:
            self.rest()
            for descriptor, _ in self.ready.poll(0):
                if descriptor == self.listener.fileno():
                    self.accept()
                else:
                    self.read(self.connections[descriptor])
            self.answer_due()

    def rest(self) -> None:
        """Sleep until there is something to do. By select: epoll counts whole milliseconds."""
        if not self.waiting:
            select.select([self.ready], [], [])
            return
        left = self.waiting[0][0] + self.delay - time.monotonic() - GRAIN
        if left > 0:
            select.select([self.ready], [], [], left)

    def accept(self) -> None:
        try:
            while True:
                connection, _ = self.listener.accept()
                connection.setblocking(False)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections[connection.fileno()] = connection
                self.ready.register(connection, select.EPOLLIN)
        except BlockingIOError:
            return

    def read(self, connection: socket.socket) -> None:
        came = time.monotonic()
        descriptor = connection.fileno()
        try:
            read = connection.recv(65536)
        except OSError:
            read = b""
        if not read:
            del self.connections[descriptor]
            self.heads.pop(descriptor, None)
            self.ready.unregister(connection)
            connection.close()
            return
        head = self.heads.pop(descriptor, b"") + read
        if not head.endswith(b"\r\n\r\n"):
            self.heads[descriptor] = head
        elif head.startswith(b"GET /seen "):
            self.send(connection, answer(json.dumps(self.seen()), "application/json"))
        else:
            self.waiting.append((came, connection))

    def answer_due(self) -> None:
        waiting, delay, took = self.waiting, self.delay, self.took
        while waiting and waiting[0][0] + delay <= (now := time.monotonic()):
            came, connection = waiting.popleft()
            took[min(int((now - came) * 1e5), len(took) - 1)] += 1
            self.send(connection, self.page)

    def send(self, connection: socket.socket, text: bytes) -> None:
        try:
            connection.send(text)  # small enough for any socket's buffer
        except OSError:
            return  # gone; reading will tell

    def seen(self) -> dict[str, object]:
        """Requests answered, and [ms, requests] of how long they took."""
        times = [[at / 100, count] for at, count in enumerate(self.took) if count]
        return {"requests": sum(self.took), "times": times}


def main() -> None:
    server = Timed(float(sys.argv[1]) / 1000)
    host, port = server.listener.getsockname()
    print(f"http://{host}:{port}", flush=True)
    server.serve()


if __name__ == "__main__":
    main()
