"""Real `locust` processes with the old API in place, and a real server for them to call."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

PYTHON = Path(__file__).parents[2] / "python"

# Where the package is installed, its start-up hook puts the wing in place; elsewhere the wing is tried alone,
# on stock Locust: assigned here as patch.py would.
NATIVE = importlib.util.find_spec("_locust_native_startup") is not None
ALONE = """
import importlib, sys
import locust, locust.clients
from locust_native.compat08 import MODULES, NAMES, clients

for (module, path), value in NAMES.items():
    owner = importlib.import_module(module)
    *owners, name = path.split(".")
    for part in owners:
        owner = getattr(owner, part)
    setattr(owner, name, value)
sys.modules.update(MODULES)
# our own session takes a base URL alone; Locust's is made to here
locust.clients.HttpSession.__init__ = clients.base_url_alone(locust.clients.HttpSession.__init__)
"""
APPLY = "import sys, locust\n" if NATIVE else ALONE
RUN_LOCUST = APPLY + "sys.argv[0] = 'locust'\nfrom locust.main import main\nmain()"
RUN_FILE = APPLY + "import runpy\nrunpy.run_path(sys.argv[1], run_name='__main__')"


@pytest.fixture
def server():
    """An HTTP server on a free port: `.url`, and `.seen`, how often each `METHOD path` came."""
    seen: Counter = Counter()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

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

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield SimpleNamespace(url=f"http://127.0.0.1:{httpd.server_port}", seen=seen)
    httpd.shutdown()
    httpd.server_close()
    thread.join()


class Run(SimpleNamespace):
    """What came of a process: `code`, `out`, `err`, `log`, and `stats`, the `--json` entries by name."""

    @property
    def said(self) -> list[str]:
        """What the locustfile printed, line by line, as `say: ...`."""
        return [line[5:] for line in self.out.splitlines() if line.startswith("say: ")]

    @property
    def stats(self) -> dict[str, dict]:
        start = re.search(r"^\[", self.out, re.MULTILINE)
        assert start, f"no statistics in {self.out}\n{self.err}"
        entries, _end = json.JSONDecoder().raw_decode(self.out[start.start() :])
        return {entry["name"]: entry for entry in entries}


def _run(program: str, arguments: list[str], cwd: Path, native: bool = NATIVE) -> Run:
    env = {key: value for key, value in os.environ.items() if not key.startswith("LOCUST")}
    if not NATIVE:  # where it is installed, the source folder, without its extension, must not come first
        env["PYTHONPATH"] = str(PYTHON)
    env["PYTHONUNBUFFERED"] = "1"
    if not native:
        env["LOCUST_NATIVE"] = "0"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=cwd, env=env, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Run(code=done.returncode, out=done.stdout, err=done.stderr)


@pytest.fixture
def run_locust(tmp_path, server):
    """Run a locustfile's text headless against `server` (1 user, unless the arguments say more)."""

    def run(text: str, *arguments: str, plain: bool = False) -> Run:
        (tmp_path / "locustfile.py").write_text(text)
        if not plain:
            arguments = ("--headless", "--json", "--only-summary", "--host", server.url, *arguments)
        return _run(RUN_LOCUST, list(arguments), tmp_path)

    return run


@pytest.fixture
def run_file(tmp_path):
    """Run a file's text as `python locustfile.py` would."""

    def run(text: str) -> Run:
        (tmp_path / "locustfile.py").write_text(text)
        return _run(RUN_FILE, ["locustfile.py"], tmp_path)

    return run


@pytest.fixture
def run_wing(tmp_path):
    """Run Python text with the tables applied."""
    return lambda text: _run(APPLY + text, [], tmp_path)


@pytest.fixture
def run_bare(tmp_path):
    """Run Python text with stock Locust."""
    return lambda text: _run(text, [], tmp_path, native=False)


@pytest.fixture
def free_port() -> int:
    """A TCP port nobody listens on; `locust --master` cannot be asked to choose one."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
