"""A server that misbehaves on request, in a process of its own: `/case/<name>` plays that case's steps.

`/ok…` is answered honestly, `/count/<n>` redirects to `/count/<n-1>`, `/raw/<hex>` is answered with these
bytes, `/large/<n>` with n MiB, `/bomb/<n>` with gzip of n MiB of nothing. On standard input it takes the tests' own
questions, one a line, and answers each with a line of JSON: `take` (requests and connections since the last time,
once nothing is under way any more), `open` (how many connections are open).
"""

import json
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from typing import Any

from catalogue import CASES
from misdeeds import CLOSE, HANG, OK, READ, RESET, Case, Repeat, Slow, head, plain

LOCK = threading.Condition()
RECORDED: list[tuple[int, str]] = []
BUSY: set[int] = set()
OPEN: set[int] = set()
state: dict[str, Any] = {"accepted": 0, "next": 0, "ports": {}}
PATIENCE = 20.0


class Gone(Exception):
    """The connection is over."""


class Visit:
    """One accepted connection."""

    def __init__(self, sock: Any, number: int) -> None:
        self.sock, self.number, self.rest = sock, number, b""

    def serve(self) -> None:
        while True:
            while b"\r\n\r\n" not in self.rest:
                self.more()
                if self.rest.startswith(b"\x16"):  # a TLS hello on the plain port
                    raise Gone
            with LOCK:
                BUSY.add(self.number)
            first, _, self.rest = self.rest.partition(b"\r\n\r\n")
            text = first.decode("latin-1")
            _method, target, *_ = text.split(" ")
            length = 0
            for line in text.split("\r\n")[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            case = CASES.get(target.removeprefix("/case/")) or honest(target)
            with LOCK:
                RECORDED.append((self.number, text))
            body = b"" if case.early else self.exactly(length)
            for step in case.steps:
                if step == READ:
                    body = self.exactly(length)
                else:
                    self.play(step)
            if body:
                with LOCK:
                    RECORDED.append((self.number, f"body of {len(body)}"))
            self.rest_now()

    def rest_now(self) -> None:
        with LOCK:
            BUSY.discard(self.number)
            LOCK.notify_all()

    def more(self) -> None:
        data = self.sock.recv(1 << 16)
        if not data:
            raise Gone
        self.rest += data

    def exactly(self, size: int) -> bytes:
        while len(self.rest) < size:
            self.more()
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece

    def play(self, step: Any) -> None:
        send = self.sock.sendall
        if isinstance(step, bytes):
            send(fill(step))
        elif isinstance(step, Slow):
            for at in range(0, len(step.data), step.size):
                send(step.data[at : at + step.size])
                time.sleep(step.pause)
        elif isinstance(step, Repeat):
            for _ in range(step.times):
                send(step.data)
        elif step == HANG:
            self.rest_now()
            while True:
                self.more()
        elif step == CLOSE:
            self.sock.shutdown(socket.SHUT_WR)
            self.rest_now()
            self.sock.settimeout(0.5)
            while True:
                self.more()
        elif step == RESET:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Gone


def fill(data: bytes) -> bytes:
    if b"{" not in data:
        return data
    for name, port in state["ports"].items():
        data = data.replace(b"{%b}" % name.encode(), b"%d" % port)
    return data


def honest(target: str) -> Case:
    path, _, left = target.rpartition("/")
    if path == "/raw":  # these very bytes
        return Case((bytes.fromhex(left), CLOSE))
    if path == "/count" and left != "0":
        return Case((plain(b"Location: /count/%d" % (int(left) - 1), status=b"HTTP/1.1 302 Found"),))
    if path == "/large":  # so many MiB
        return Case((head(b"Content-Length: %d" % (int(left) << 20)), Repeat(b"x" * (1 << 20), int(left))))
    if path == "/bomb":  # gzip that grows to so many MiB
        packer = zlib.compressobj(9, wbits=31)
        packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(int(left))) + packer.flush()
        return Case((plain(b"Content-Encoding: gzip", body=packed),))
    return Case((OK,))


def greet(sock: socket.socket, context: ssl.SSLContext | str | None) -> None:
    with LOCK:
        state["next"] += 1
        state["accepted"] += 1
        number = state["next"]
        OPEN.add(number)
    sock.settimeout(PATIENCE)
    secured = sock
    try:
        if context == "cut":
            sock.recv(1 << 16)
            return
        if context == "reset":
            sock.recv(1 << 16)
            Visit(sock, number).play(RESET)
        if context == "alert":
            sock.recv(1 << 16)
            sock.sendall(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal, handshake_failure
            return
        if context == "words":
            sock.recv(1 << 16)
            sock.sendall(head(status=b"HTTP/1.1 400 Bad Request"))
            return
        if context == "hang":
            Visit(sock, number).play(HANG)
        if isinstance(context, ssl.SSLContext):
            secured = context.wrap_socket(sock, server_side=True)
        Visit(secured, number).serve()
    except (OSError, Gone):
        pass
    finally:
        secured.close()
        with LOCK:
            OPEN.discard(number)
            BUSY.discard(number)
            LOCK.notify_all()


def accept(listener: socket.socket, context: ssl.SSLContext | str | None) -> None:
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=greet, args=(sock, context), daemon=True).start()


def listen(context: ssl.SSLContext | str | None) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=1000)
    threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    return listener.getsockname()[1]


def main() -> None:
    """Arguments: `name=certificate.pem` for each TLS port."""
    ports = state["ports"]
    ports["port"] = listen(None)
    for how in ("cut", "reset", "alert", "words", "hang"):
        ports[how] = listen(how)
    for argument in sys.argv[1:]:
        name, _, path = argument.partition("=")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        ports[name] = listen(context)
    unheard = socket.socket()
    unheard.bind(("127.0.0.1", 0))  # bound and not listening: refused for as long as we live
    ports["free"] = unheard.getsockname()[1]
    print(json.dumps(ports), flush=True)
    for line in sys.stdin:
        with LOCK:
            if line.strip() == "take":
                LOCK.wait_for(lambda: not BUSY, timeout=PATIENCE)
                said: Any = {"requests": list(RECORDED), "accepted": state["accepted"]}
                RECORDED.clear()
                state["accepted"] = 0
            else:
                said = len(OPEN)
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
