"""Bodies too large to be true: no slower and no larger in memory than with stock. Part of `make hostile` only."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    os.environ.get("HOSTILE") != "all", reason="minutes and gigabytes: make hostile"
)

SCRIPT = """
from support.backends import Backend
import json, resource, sys, time
kind, fast, url, path = sys.argv[1:]
backend = Backend(kind, url)
client = backend.fast(network_timeout=60) if fast == "fast" else backend.http()
started = time.monotonic()
answer = client.get(path)
length = len(answer.content or b"")
seconds = time.monotonic() - started
print(json.dumps([answer.status_code, length, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""


def measured(rogue, kind: str, user: str, path: str) -> tuple[int, int, float, float]:
    """Status, length, seconds and MiB at most of one request in a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind, user, rogue.url(), path],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return tuple(json.loads(run.stdout.splitlines()[-1]))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("path", ["/large/1024", "/bomb/512"])
@pytest.mark.parametrize("user", ["http", "fast"])
def test_large(rogue, user, path, capsys):
    stock, ours = (measured(rogue, kind, user, path) for kind in ("stock", "native"))
    with capsys.disabled():
        print(
            f"\n{user} {path}: stock {stock[2]:.1f} s {stock[3]:.0f} MiB, ours {ours[2]:.1f} s {ours[3]:.0f} MiB"
        )
    assert ours[:2] == stock[:2]
    assert ours[2] < stock[2] * 1.5 + 2
    assert ours[3] < stock[3] * 1.25 + 64
