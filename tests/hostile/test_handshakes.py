"""TLS that fails, connections that cannot be made: the same exceptions as with stock, and then all is well again."""

import pytest
from geventhttpclient.connectionpool import SSLConnectionPool
from rogue import chain, event

from support import observe
from support.backends import Backend

#: name -> (port, scheme, host, verified)
PLACES = {
    "good": ("good", "https", "localhost", True),
    "good-unverified": ("good", "https", "localhost", False),
    "by-address": ("good", "https", "127.0.0.1", True),
    "expired": ("expired", "https", "localhost", True),
    "expired-unverified": ("expired", "https", "localhost", False),
    "elsewhere": ("elsewhere", "https", "localhost", True),
    "elsewhere-by-address": ("elsewhere", "https", "127.0.0.1", True),
    "elsewhere-unverified": ("elsewhere", "https", "localhost", False),
    "unknown": ("unknown", "https", "localhost", True),
    "unknown-unverified": ("unknown", "https", "localhost", False),
    "selfsigned": ("selfsigned", "https", "localhost", True),
    "selfsigned-unverified": ("selfsigned", "https", "localhost", False),
    "handshake-cut": ("cut", "https", "localhost", True),
    "handshake-reset": ("reset", "https", "localhost", True),
    "handshake-refused": ("alert", "https", "localhost", True),
    "handshake-in-words": ("words", "https", "localhost", True),
    "handshake-hang": ("hang", "https", "localhost", True),
    "tls-to-plain": ("port", "https", "localhost", True),
    "plain-to-tls": ("good", "http", "localhost", True),
    "refused": ("free", "http", "127.0.0.1", True),
    "refused-tls": ("free", "https", "127.0.0.1", True),
    "refused-name": ("free", "http", "localhost", True),
    "unresolved": ("port", "http", "no-such-host.invalid", True),
    "unresolved-long": ("port", "http", "a" * 64 + ".invalid", True),
    "no-network": ("port", "http", "0.0.0.1", True),
}

#: Where ours differs still, and why.
_SHAKING = "transport: a handshake has a time limit of its own, and words of its own"
PENDING: dict[str, dict[str, str]] = {
    "http": {"handshake-hang": _SHAKING},
    "fast": {"handshake-hang": _SHAKING},
}


#: Peers that rustls refuses and OpenSSL might not: a native HttpUser asks it as well, on a connection of its own.
ASKED_TWICE = ("selfsigned", "handshake-refused")


def seen(rogue, kind: str, fast: bool, place: str, monkeypatch) -> dict:
    port, scheme, host, verified = PLACES[place]
    backend = Backend(kind, rogue.url(port, scheme, host))
    if fast:
        monkeypatch.setitem(SSLConnectionPool.default_options, "ca_certs", str(rogue.authority))
        client = backend.fast(insecure=not verified, network_timeout=2, connection_timeout=2)
        asked = {}
    else:
        client = backend.http()
        asked = {"timeout": 2, "verify": str(rogue.authority) if verified else False}
    show = observe.fast_response if fast else observe.response
    found = {}
    rogue.take()
    for turn in ("first", "second"):
        answer = observe.tried(lambda: client.get("/ok", **asked))
        found[turn] = (
            answer if isinstance(answer, tuple) else observe.tried(lambda answer=answer: show(answer)),
            chain(getattr(answer, "error", None)),
        )
    accepted = rogue.take()["accepted"]
    if place not in ASKED_TWICE:
        found["connections"] = accepted
    found["events"] = [event(arguments) for arguments in backend.events]
    found["else"] = observe.tried(lambda: client.get(rogue.url() + "/ok").status_code)
    backend.close()
    return found


def parameters(fast: bool) -> list:
    pending = PENDING["fast" if fast else "http"]
    return [
        pytest.param(name, marks=[pytest.mark.xfail(reason=pending[name])] if name in pending else [])
        for name in PLACES
    ]


def compare(rogue, fast, place, monkeypatch):
    stock = seen(rogue, "stock", fast, place, monkeypatch)
    ours = seen(rogue, "native", fast, place, monkeypatch)
    found = observe.differences(tuple(stock), tuple(ours.values()), tuple(stock.values()))
    if found:
        pytest.fail("\n".join(found), pytrace=False)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("place", parameters(False))
def test_http(rogue, place, monkeypatch):
    compare(rogue, False, place, monkeypatch)


@pytest.mark.parametrize("place", parameters(True))
def test_fast(rogue, place, monkeypatch):
    compare(rogue, True, place, monkeypatch)
