"""Which certificates each kind of user accepts, ours beside stock; and that no log line shows a password."""

import datetime
import json
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import trustme
import urllib3

from support import running
from support.backends import Backend

HERE = Path(__file__).parent
KINDS = ["good", "expired", "wrong host", "unknown authority"]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """A server for each kind of certificate: name → URL; and `ca`, the file of the authority to be trusted."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = trustme.CA(), trustme.CA()
    ours.cert_pem.write_to_path(folder / "ca.pem")
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificates = {
        "good": ours.issue_cert("localhost"),
        "expired": ours.issue_cert("localhost", not_after=past),
        "wrong host": ours.issue_cert("elsewhere.example"),
        "unknown authority": other.issue_cert("localhost"),
    }
    urls, processes = {"ca": str(folder / "ca.pem")}, []
    for kind, certificate in certificates.items():
        file = folder / f"{kind.replace(' ', '-')}.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(file)
        process = subprocess.Popen(
            [sys.executable, HERE / "support" / "recording_server.py", file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        urls[kind] = f"https://localhost:{json.loads(process.stdout.readline())[2]}"
    yield urls
    for process in processes:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def outcome(client, **arguments):
    """The status, or the class of what went wrong."""
    try:
        response = client.get("/x", **arguments)
    except Exception as raised:
        return type(raised).__name__
    return response.status_code, type(getattr(response, "error", None)).__name__


def both(url, fast=False, settings=None, trust_env=None, **arguments):
    """What stock and ours come to; ours must not have fallen back."""
    found = []
    for kind in ("stock", "native"):
        backend = Backend(kind, url)
        client = backend.fast(**(settings or {})) if fast else backend.http()
        if trust_env is not None:
            client.trust_env = trust_env
        for name, value in arguments.items():
            setattr(client, name, value)
        found.append(outcome(client))
        backend.close()
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("verify", [True, False, "ca"])
def test_http_user_verify(servers, kind, verify):
    trusted = servers["ca"] if verify == "ca" else verify
    stock, ours = both(servers[kind], verify=trusted)
    assert ours == stock
    accepted = verify is False or (verify == "ca" and kind == "good")
    assert (ours[0] == 200) is accepted


_WARNED = {
    "nobody has said anything": lambda: None,
    "always": lambda: warnings.simplefilter("always"),
    "once": lambda: warnings.simplefilter("once"),
    "ignored": lambda: urllib3.disable_warnings(),
    "errors": lambda: warnings.simplefilter("error"),
    "some hosts ignored": lambda: warnings.filterwarnings("ignore", ".*host 'localhost'"),
    "other hosts ignored": lambda: warnings.filterwarnings("ignore", ".*host 'example.com'"),
    "a module ignored": lambda: warnings.filterwarnings("ignore", module="urllib3.connectionpool"),
}


@pytest.mark.parametrize("then", _WARNED.values(), ids=_WARNED)
@pytest.mark.parametrize("first", _WARNED.values(), ids=_WARNED)
def test_warnings_of_certificates_nobody_looked_at(servers, first, then):
    """In the same words, from the same place, as often, whatever becomes of the filters in between."""

    def told(kind):
        backend = Backend(kind, servers["good"])
        client = backend.http()
        client.verify = False
        vars(urllib3.connectionpool).pop("__warningregistry__", None)
        with warnings.catch_warnings(record=True) as caught:
            for say in (first, then):
                say()
                for _ in range(2):
                    try:
                        client.get("/")
                    except Warning as error:
                        caught.append(type(error))
            found = [(str(w.message), w.filename, w.lineno) if hasattr(w, "message") else w for w in caught]
        return found, backend.close()

    assert told("native") == told("stock")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("trust_env", [True, False])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_http_user_bundle_of_the_environment(servers, monkeypatch, kind, variable, trust_env):
    monkeypatch.setenv(variable, servers["ca"])
    stock, ours = both(servers[kind], trust_env=trust_env)
    assert ours == stock
    assert (ours[0] == 200) is (kind == "good" and trust_env and variable != "SSL_CERT_FILE")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("insecure", [True, False])
def test_fast_http_user_insecure(servers, kind, insecure):
    """FastHttpUser verifies nothing unless told to."""
    stock, ours = both(servers[kind], fast=True, settings={"insecure": insecure})
    assert ours == stock
    assert (ours[0] == 200) is insecure


def test_fast_http_user_bundle_of_the_environment(servers, tmp_path):
    """SSL_CERT_FILE counts as geventhttpclient is imported, and not later."""
    text = """
import json, os, sys
import locust, gevent.ssl
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook
found = []
for url in sys.argv[1:]:
    client = FastHttpSession(url, EventHook(), None, insecure=False, max_retries=0)
    found.append(client.get("/x").status_code)
    os.environ.pop("SSL_CERT_FILE", None)
print(found, getattr(client, "_native", None) is not None)
"""
    urls = [servers[kind] for kind in ("good", *KINDS)]
    for native in "01":
        done = running.run(["-c", text, *urls], tmp_path, SSL_CERT_FILE=servers["ca"], LOCUST_NATIVE=native)
        assert (done.out, done.err) == (f"[200, 200, 0, 0, 0] {native == '1'}\n", "")


SECRET = "s3cr3t-Passw0rd"
LOUD = f"""
from locust import FastHttpUser, HttpUser, task
from locust.exception import StopUser
import requests.auth

class Visits:
    def visit(self):
        self.client.get("/a", headers={{"Authorization": "Bearer {SECRET}", "Cookie": "k={SECRET}"}})
        self.client.get("/do/b?fault=close", headers={{"Authorization": "Bearer {SECRET}"}}, name="b")

class Visitor(Visits, HttpUser):
    @task
    def tasks_(self):
        self.visit()
        self.client.auth = requests.auth.HTTPDigestAuth("me", "{SECRET}")  # falls back
        self.client.proxies = {{"http": "http://me:{SECRET}@127.0.0.1:9"}}
        self.client.get("/c", name="c")
        raise StopUser()

class FastVisitor(Visits, FastHttpUser):
    proxy_host = None
    max_retries = 1  # falls back
    @task
    def tasks_(self):
        self.visit()
        raise StopUser()
"""


def test_no_credentials_in_logs(run_locust, server):
    """Not in the lines about falling back, nor in errors, nor at DEBUG; the host's own never reach a message."""
    host = server.url.replace("http://", f"http://me:{SECRET}@")
    done = run_locust(LOUD, "-u", "2", "-r", "10", "-t", "5s", "--loglevel", "DEBUG", "--host", host)
    ours = [line for line in done.err.splitlines() if "locust-native" in line or "locust_native" in line]
    assert any("runs on Locust's own client" in line for line in ours), done.err
    assert SECRET not in "\n".join(ours)
    assert SECRET not in done.out
    stock = run_locust(
        LOUD, "-u", "2", "-r", "10", "-t", "5s", "--loglevel", "DEBUG", "--host", host, native="0"
    )
    assert done.err.count(SECRET) <= stock.err.count(SECRET), done.err
