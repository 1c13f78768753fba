"""Servers that count what they answer: nginx, the mock shop, and one that answers at a fixed time."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .page import ROOT
from .processes import SERVER_CORE, Cores, Failed, pinned, stop

MOCK = ROOT / "target" / "release" / "mock-saleor"

BODY = "x" * 1024
COOKIES = {"sessionid": "k3v9q0x1s7d2m5b8n4c6z" * 2, "csrftoken": "Jq8rT2vYx0pLm4Zk" * 4}
PAGE = "<p>A page of some thirty thousand bytes, as a shop sends them.</p>\n" * 450

NGINX = """
daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log {place}/error.log;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
  map $http_cookie $bare {{ default 0; "" 1; }}
  log_format bare "$remote_port";
  access_log off; keepalive_requests 1000000000; keepalive_timeout 3600; default_type text/plain;
  client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
  uwsgi_temp_path {place}/d; scgi_temp_path {place}/e; open_file_cache max=10;
  server {{
    listen 127.0.0.1:{port} backlog=8192;
    {listen_tls}
    location / {{ return 200 "{body}"; }}
    location = /page {{
      alias {place}/page.html; default_type text/html; {cookies}
      access_log {place}/bare.log bare if=$bare;
    }}
    location = /moved {{ return 302 /; }}
    location = /status {{ stub_status; }}
  }}
}}
"""
LISTEN_TLS = """listen 127.0.0.1:{port} ssl backlog=8192;
    ssl_certificate {place}/server.pem; ssl_certificate_key {place}/server.key; ssl_protocols TLSv1.3;"""


@dataclass(frozen=True)
class Server:
    """A server on its own core that counts what it answers."""

    name: str
    url: str
    count: Callable[[], dict[str, int]]
    process: subprocess.Popen
    bare: Callable[[], int] = lambda: 0
    """How many requests for /page came without a cookie."""


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def nginx(tls: bool = False, core: Cores = SERVER_CORE, files: int = 16_000) -> Iterator[Server]:
    """nginx, one process: 1 KiB from memory; at /page 30 KB and two cookies; at /moved a redirect to /.

    With `tls`, over TLS 1.3 with a throw-away certificate; it is asked for its counts without.
    """
    program = shutil.which("nginx")
    if program is None:
        raise Failed("nginx is not installed, and this bench needs it")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        port, tls_port = free_port(), free_port()
        (place / "page.html").write_text(PAGE)
        if tls:
            certificate(place)
        configuration = place / "nginx.conf"
        configuration.write_text(
            NGINX.format(
                place=place,
                port=port,
                body=BODY,
                files=files,
                listen_tls=LISTEN_TLS.format(place=place, port=tls_port) if tls else "",
                cookies=" ".join(f'add_header Set-Cookie "{k}={v}; Path=/";' for k, v in COOKIES.items()),
            )
        )
        process = pinned([program, "-c", configuration, "-p", place], core)
        plain = f"http://127.0.0.1:{port}"

        asked = itertools.count(1)

        def count() -> dict[str, int]:
            numbers = fetch(f"{plain}/status").split("handled requests")[1].split()
            return {"requests": int(numbers[2]) - next(asked)}  # asking is a request, too

        def bare() -> int:
            return len((place / "bare.log").read_bytes().splitlines())

        try:
            wait_for(count, process, "nginx")
            url = f"https://127.0.0.1:{tls_port}" if tls else plain
            yield Server("nginx, TLS 1.3" if tls else "nginx", url, count, process, bare)
        finally:
            stop(process)


def certificate(place: Path) -> None:
    """A key and a certificate that nobody trusts, for localhost."""
    try:
        import trustme
    except ImportError:
        raise Failed("TLS needs the package trustme: pip install 'locust-native[test]'") from None
    made = trustme.CA().issue_cert("localhost", "127.0.0.1")
    made.private_key_pem.write_to_path(place / "server.key")
    for part in made.cert_chain_pems:
        part.write_to_path(place / "server.pem", append=True)


@contextlib.contextmanager
def mock(*options: str) -> Iterator[Server]:
    """The mock shop's binary."""
    if not MOCK.exists():
        raise Failed(f"{MOCK.relative_to(ROOT)} is not there: cargo build --release -p mock-saleor")
    process = pinned([MOCK, "--port", "0", *options], SERVER_CORE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        address = re.search(r"http://[\d.]+:\d+", line)
        if address is None:
            raise Failed(f"the mock shop did not start: {line!r}")

        def count() -> dict[str, int]:
            seen = json.loads(fetch(f"{address[0]}/__mock__/seen"))
            return {
                "requests": seen["requests"],
                # Every task of the funnel begins at the home page.
                "tasks": sum(seen["routes"].get("GET /", {}).values()),
                "orders": seen["orders"],
                "errors": sum(
                    number
                    for classes in seen["routes"].values()
                    for status, number in classes.items()
                    if status not in ("2xx", "3xx")
                ),
            }

        yield Server("the mock shop", address[0], count, process)
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


@contextlib.contextmanager
def timed(milliseconds: float) -> Iterator[tuple[Server, Callable[[], list[list[float]]]]]:
    """timed.py, which answers after so many ms; and what asks it for its own [ms, requests]."""
    command = [sys.executable, ROOT / "benches" / "timed.py", f"{milliseconds:g}"]
    process = pinned(command, SERVER_CORE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().decode().strip()
        if not url.startswith("http://"):
            raise Failed("timed.py did not start")

        def seen() -> dict:
            return json.loads(fetch(f"{url}/seen"))

        yield (
            Server(f"timed.py, {milliseconds:g} ms", url, lambda: {"requests": seen()["requests"]}, process),
            lambda: seen()["times"],
        )
    finally:
        stop(process)
        if process.stdout is not None:
            process.stdout.close()


def wait_for(ready: Callable[[], object], process: subprocess.Popen, name: str) -> None:
    """Return when `ready` no longer raises OSError. Raises Failed if the process ends or never gets ready."""
    patience = time.monotonic() + 10
    while True:
        try:
            ready()
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > patience:
                raise Failed(f"{name} did not start: {error}") from None
            time.sleep(0.05)
