"""A server that closes the connection after each answer without saying so: every request gets its answer, once."""

from support.backends import Backend  # isort: skip  first of all: it imports Locust, which lets gevent patch
import subprocess
import sys
from collections.abc import Iterator

import pytest

SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

seen = []

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        seen.append(self.path)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = str(len(seen)).encode() if self.path == "/seen" else b"ok"
        self.send_response(302 if self.path == "/from" else 200)
        self.send_header("Location", "/to")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.close_connection = True

    do_POST = do_GET

    def log_message(self, *words):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def silent() -> Iterator[str]:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.mark.parametrize("fast", [False, True])
def test_every_request_is_answered_once(silent, fast):
    backend = Backend("native", silent)
    client = backend.fast() if fast else backend.http()
    rounds = 100
    for _ in range(rounds):
        for answer in (client.get("/from"), client.post("/to", data=b"x"), client.post("/from", data=b"x")):
            assert (answer.status_code, answer.text) == (200, "ok")
    assert int(client.get("/seen").text) == rounds * 5 + 1
