"""An honest little HTTP/1.1 server in a process of its own that records, byte by byte, what it is sent.

Without gevent and without the code under test. What it answers is asked for in the query of `/do?…` (or
`/do/…?…`):

    status=404 reason=… header=Name:value (repeatable) body=text | size=bytes | hex=…
    encoding=gzip|deflate|raw-deflate|br   chunked=1   length=none (until close)
    echo=1      the request as JSON          delay=ms     wait before answering
    stall=ms     wait in the middle of the body
    hold=1      answer when told to          close=after  close afterwards without having said so
    raw=hex     just these bytes, whatever else is asked for
    fault=close | reset | garbage | half-head | cut | cut-chunk | bad-chunk | reset-body

`/count/<n>` redirects to `/count/<n-1>` down to 0; every other path is a plain 200. A request whose target is
absolute, or `CONNECT`, is answered as a proxy would. `/_control/…` is for the tests and not recorded.
"""

import gzip
import json
import os
import select
import socket
import ssl
import struct
import sys
import threading
import time
import zlib
from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

LOCK = threading.Condition()
RECORDED: list[dict] = []
OPEN: set[int] = set()
HELD: set[int] = set()
COUNTS: dict[str, int] = defaultdict(int)
state = {"release": 0, "next": 0}


class Connection:
    """One accepted connection, with what has been read of it beyond the request at hand."""

    def __init__(self, sock: socket.socket, number: int, secure: bool) -> None:
        self.sock, self.number, self.secure, self.rest = sock, number, secure, b""
        self.to_be_reset = False

    def more(self) -> bool:
        data = self.sock.recv(65536)
        self.rest += data
        return bool(data)

    def until(self, mark: bytes) -> bytes | None:
        while mark not in self.rest:
            if not self.more() or self.rest.startswith(b"\x16"):  # a TLS hello on the plain port
                return None
        end = self.rest.index(mark) + len(mark)
        piece, self.rest = self.rest[:end], self.rest[end:]
        return piece

    def exactly(self, size: int) -> bytes | None:
        while len(self.rest) < size:
            if not self.more():
                return None
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece

    def body(self, fields: list[tuple[str, str]]) -> bytes | None:
        named = {name.lower(): value for name, value in fields}
        if "chunked" in named.get("transfer-encoding", ""):
            whole = b""
            while True:
                line = self.until(b"\r\n")
                if line is None:
                    return None
                piece = self.exactly(int(line, 16) + 2)
                if piece is None:
                    return None
                whole += line + piece
                if int(line, 16) == 0:
                    return whole
        return self.exactly(int(named.get("content-length", "0")))


def split(head: bytes) -> tuple[str, str, list[tuple[str, str]]]:
    line, *rest = head.decode("latin-1").split("\r\n")
    method, target, _version = line.split(" ")
    fields = []
    for field in filter(None, rest):
        name, _, value = field.partition(":")
        fields.append((name, value.strip(" ")))
    return method, target, fields


def compress(coding: str, body: bytes) -> bytes:
    if coding == "gzip":
        return gzip.compress(body, mtime=0)
    if coding == "deflate":
        return zlib.compress(body)
    if coding == "raw-deflate":
        return zlib.compress(body)[2:-4]
    if coding == "br":
        import brotli

        return brotli.compress(body)
    return body


def frame(body: bytes, chunked: bool) -> bytes:
    if not chunked:
        return body
    pieces = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def hold(connection: Connection) -> bool:
    """Wait until released; False if the client went away before."""
    with LOCK:
        HELD.add(connection.number)
        until = state["release"] + 1
        LOCK.notify_all()
    try:
        while state["release"] < until:
            ready, _, _ = select.select([connection.sock], [], [], 0.02)
            if ready and not connection.sock.recv(1, socket.MSG_PEEK):
                return False
        return True
    finally:
        with LOCK:
            HELD.discard(connection.number)
            LOCK.notify_all()


def reset(connection: Connection) -> None:
    connection.to_be_reset = True
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def answer(connection: Connection, method: str, target: str, fields: list, body: bytes) -> bool:
    """Answer one request; whether the connection goes on."""
    parts = urlsplit(target)
    ask = parse_qs(parts.query, keep_blank_values=True)
    one = (
        {name: values[-1] for name, values in ask.items()}
        if parts.path == "/do" or parts.path.startswith("/do/")
        else {}
    )
    send = connection.sock.sendall
    with LOCK:
        COUNTS[f"{method} {parts.path}"] += 1
    if parts.path.startswith("/count/"):
        left = int(parts.path.rpartition("/")[2])
        if left:
            send(b"HTTP/1.1 302 Found\r\nLocation: /count/%d\r\nContent-Length: 0\r\n\r\n" % (left - 1))
            return True
    if "delay" in one:
        time.sleep(float(one["delay"]) / 1000)
    if "hold" in one and not hold(connection):
        return False
    fault = one.get("fault")
    if fault == "close":
        return False
    if fault == "reset":
        reset(connection)
        return False
    if fault == "garbage":
        send(b"this is no HTTP at all\r\n\r\n")
        return False
    if fault == "half-head":
        send(b"HTTP/1.1 200 OK\r\nContent-Le")
        return False
    if "raw" in one:
        send(bytes.fromhex(one["raw"]))
        return "close" not in one
    status = int(one.get("status", "200"))
    if "echo" in one:
        lower = [(name.lower(), value) for name, value in fields]
        shown = {"method": method, "target": target, "fields": lower, "body": body.decode("latin-1")}
        content = json.dumps(shown).encode()
    elif "size" in one:
        content = b"0123456789" * (int(one["size"]) // 10) + b"x" * (int(one["size"]) % 10)
    elif "hex" in one:
        content = bytes.fromhex(one["hex"])
    else:
        content = one.get("body", "ok").encode()
    out = [f"HTTP/1.1 {status} {one.get('reason', 'Fine')}"]
    coding = one.get("encoding")
    if coding:
        content = compress(coding, content)
        out.append(f"Content-Encoding: {'deflate' if coding == 'raw-deflate' else coding}")
    given = [field.partition(":") for field in ask.get("header", [])] if one else []
    out += [f"{name}: {value}" for name, _, value in given]
    chunked = "chunked" in one or fault in ("cut-chunk", "bad-chunk")
    bodiless = method == "HEAD" or status in (204, 304)
    if chunked:
        out.append("Transfer-Encoding: chunked")
    elif one.get("length") != "none" and status not in (204, 304):
        out.append(f"Content-Length: {len(content)}")
    framed = b"" if bodiless else frame(content, chunked)
    if fault in ("cut", "cut-chunk", "reset-body"):
        framed = framed[: len(framed) // 2]
    if fault == "bad-chunk":
        framed = b"zz\r\nno chunk\r\n"
    head = "\r\n".join([*out, "", ""]).encode("latin-1")
    if "stall" in one:
        half = len(framed) // 2
        send(head + framed[:half])
        time.sleep(float(one["stall"]) / 1000)
        head, framed = b"", framed[half:]
    send(head + framed)
    if fault == "reset-body":
        reset(connection)
    announced = any(name.lower() == "connection" and value.strip() == "close" for name, _, value in given)
    asked = any(name.lower() == "connection" and value.lower() == "close" for name, value in fields)
    return not (fault or announced or asked or one.get("length") == "none" or one.get("close") == "after")


def tunnel(connection: Connection, target: str) -> None:
    host, _, port = target.rpartition(":")
    try:
        far = socket.create_connection((host.strip("[]"), int(port)))
    except OSError:
        connection.sock.sendall(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        return
    with far:
        connection.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        far.sendall(connection.rest)
        ways = {connection.sock: far, far: connection.sock}
        while True:
            for end in select.select(list(ways), [], [])[0]:
                data = end.recv(65536)
                if not data:
                    return
                ways[end].sendall(data)


def control(connection: Connection, target: str) -> None:
    """The tests' own questions: take, release, counts, wait for a number of connections or held requests."""
    parts = urlsplit(target)
    verb = parts.path.rpartition("/")[2]
    asked = {name: int(values[-1]) for name, values in parse_qs(parts.query).items()}
    with LOCK:
        OPEN.discard(connection.number)
        said: object = None
        if verb == "take":
            said, RECORDED[:] = list(RECORDED), []
        elif verb == "counts":
            said = dict(COUNTS)
            COUNTS.clear()
        elif verb == "release":
            state["release"] += 1
        elif verb == "wait":

            def reached() -> bool:
                return asked.get("connections", len(OPEN)) >= len(OPEN) and asked.get(
                    "held", len(HELD)
                ) == len(HELD)

            LOCK.wait_for(reached, timeout=10)
            said = {"connections": len(OPEN), "held": len(HELD)}
    text = json.dumps(said).encode()
    connection.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(text), text))


def serve(connection: Connection) -> None:
    try:
        while True:
            head = connection.until(b"\r\n\r\n")
            if head is None:
                return
            method, target, fields = split(head)
            if target.startswith("/_control/"):
                control(connection, target)
                break
            body = connection.body(fields)
            if body is None:
                return
            with LOCK:
                RECORDED.append(
                    {
                        "connection": connection.number,
                        "secure": connection.secure,
                        "head": head.decode("latin-1"),
                        "body": body.decode("latin-1"),
                    }
                )
            if method == "CONNECT":
                tunnel(connection, target)
                return
            if not answer(connection, method, target, fields, body):
                break
        if not connection.to_be_reset:  # the end of the stream first, so that no answer is lost to a reset
            connection.sock.shutdown(socket.SHUT_WR)
    except (OSError, ssl.SSLError):
        pass
    finally:
        with LOCK:
            OPEN.discard(connection.number)
            LOCK.notify_all()
        drain(connection)
        connection.sock.close()


def drain(connection: Connection) -> None:
    """Let the client see the end of the stream and close in its turn, for half a second at most."""
    if not connection.to_be_reset:
        try:
            connection.sock.settimeout(0.5)
            while connection.sock.recv(65536):
                pass
        except (OSError, ssl.SSLError):
            pass


def accept(listener: socket.socket, context: ssl.SSLContext | None) -> None:
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=greet, args=(sock, context), daemon=True).start()


def greet(sock: socket.socket, context: ssl.SSLContext | None) -> None:
    with LOCK:
        state["next"] += 1
        number = state["next"]
        OPEN.add(number)
    try:
        secured = sock if context is None else context.wrap_socket(sock, server_side=True)
    except (OSError, ssl.SSLError):
        with LOCK:
            OPEN.discard(number)
            LOCK.notify_all()
        sock.close()
        return
    serve(Connection(secured, number, context is not None))


def main() -> None:
    ports = []
    contexts: list[ssl.SSLContext | None] = [None, None]
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
        contexts.append(context)
    for context in contexts:
        listener = socket.create_server((os.environ.get("WIRE_HOST", "127.0.0.1"), 0), backlog=1000)
        ports.append(listener.getsockname()[1])
        threading.Thread(target=accept, args=(listener, context), daemon=True).start()
    print(json.dumps(ports), flush=True)
    sys.stdin.read()  # until the tests are over


if __name__ == "__main__":
    main()
