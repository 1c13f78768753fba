"""Fixtures for all tests: a recording server, both kinds of sessions, `locust` processes."""

from support.backends import Backend, Same, Server  # isort: skip  first of all: it imports Locust, which lets gevent patch
import json
import logging
import os
import socket
import subprocess
import sys
from _queue import SimpleQueue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import settings

import locust_native
from locust_native.client import fallback
from support import running

HERE = Path(__file__).parent

# Our own plug-in has switched the core on in this process, and here stock Locust is compared with it.
locust_native.uninstall()

# The gate draws the same examples every time; HYPOTHESIS_PROFILE=default goes looking for new ones,
# HYPOTHESIS_PROFILE=explore for many.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

# What requests would read of the environment is for single tests to set.
for name in list(os.environ):
    if name.lower() in (
        "requests_ca_bundle",
        "curl_ca_bundle",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
        "netrc",
    ):
        del os.environ[name]


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two workers for each processor, since tests wait a lot; none where files or names are asked for."""
    narrow = config.option.keyword or not all(Path(argument).is_dir() for argument in config.args)
    return 0 if narrow else min(2 * (os.cpu_count() or 1), 8)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no worker ends with one alone."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Give an xdist worker a queue that gevent has not patched: execnet fills it from a thread of the system's."""
    for plugin in session.config.pluginmanager.get_plugins():
        if hasattr(plugin, "torun"):
            plugin.torun = SimpleQueue()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    authority = trustme.CA()
    folder = tmp_path_factory.mktemp("tls")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    process = subprocess.Popen(
        [sys.executable, HERE / "support" / "recording_server.py", folder / "server.pem"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    plain, _second, tls_port = json.loads(process.stdout.readline())
    yield Server(plain, tls_port, folder / "ca.pem")
    process.stdin.close()
    process.wait(timeout=10)
    process.stdout.close()


@pytest.fixture(params=["stock", "native"])
def backend(request: pytest.FixtureRequest, server: Server) -> Iterator[Backend]:
    """Each kind in turn: what a test asserts must hold for both."""
    server.take()
    server.counts()
    made = Backend(request.param, server.url)
    yield made
    made.close()


@pytest.fixture
def native(server: Server) -> Iterator[Backend]:
    server.take()
    server.counts()
    made = Backend("native", server.url)
    yield made
    made.close()


@pytest.fixture
def same(server: Server) -> Same:
    return Same(server)


@pytest.fixture
def alike(same: Same) -> Callable[..., Any]:
    """`same` for fast sessions."""
    return lambda body, **arguments: same(body, fast=True, **arguments)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What was logged about falling back since the test began."""
    monkeypatch.setattr(fallback, "_said", set())
    caplog.set_level(logging.WARNING, logger="locust_native")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "locust_native"]


@pytest.fixture
def run_locust(tmp_path: Path, server: Server) -> Callable[..., running.Run]:
    """Run a locustfile's text headless against `server`; `native="0"` for stock Locust."""

    def run(text: str, *arguments: str, native: str = "1", **variables: str) -> running.Run:
        (tmp_path / "locustfile.py").write_text(text)
        options = ["--headless", "--json", "--only-summary", "--host", server.url, *arguments]
        return running.run(
            ["-m", "locust", *options], tmp_path, timeout=60, LOCUST_NATIVE=native, **variables
        )

    return run


@pytest.fixture
def free_port() -> int:
    return running.free_port()


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port that accepts no further connection: its queue is full, connecting hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
            fillers.append(filler)
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()
