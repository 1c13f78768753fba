"""Real `locust` processes with files of the old API, and a real server for them to call."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from support import running
from support.fork_server import ForkServer


@pytest.fixture
def server():
    """An HTTP server on a free port: `.url`, and `.seen`, how often each `METHOD path` came."""
    seen: Counter = Counter()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                seen[f"{self.command} {self.path}"] += 1
            body = b"hello"
            self.send_response(500 if self.path.startswith("/broken") else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *_args):
            pass

    # Five may wait by default: the sixth user to connect at once would come a second late.
    httpd = type("Server", (ThreadingHTTPServer,), {"request_queue_size": 128})(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{httpd.server_port}", seen=seen)
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture(scope="session")
def fork_server():
    made = ForkServer()
    yield made
    made.close()


@pytest.fixture
def run_locust(tmp_path, server, fork_server):
    """Run a locustfile's text headless against `server` (1 user, unless the arguments say more)."""

    def run(text: str, *arguments: str, plain: bool = False) -> running.Run:
        (tmp_path / "locustfile.py").write_text(text)
        if not plain:
            arguments = ("--headless", "--json", "--only-summary", "--host", server.url, *arguments)
        code, out, err = fork_server.run(["locust", *arguments], tmp_path)
        return running.Run(code=code, out=out, err=err)

    return run


@pytest.fixture
def run_file(tmp_path, fork_server):
    """Run a file's text as `python locustfile.py` does."""

    def run(text: str) -> running.Run:
        (tmp_path / "locustfile.py").write_text(text)
        code, out, err = fork_server.run(["locustfile.py"], tmp_path)
        return running.Run(code=code, out=out, err=err)

    return run


@pytest.fixture
def run_wing(tmp_path):
    """Run Python text in a process of its own, with the wing in place."""
    return lambda text: running.run(["-c", "import sys, locust\n" + text], tmp_path)


@pytest.fixture
def run_bare(tmp_path):
    """Run Python text with stock Locust."""
    return lambda text: running.run(["-c", text], tmp_path, LOCUST_NATIVE="0")
