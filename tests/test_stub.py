"""The stub of the extension says what the extension is; mypy's stubtest compares the two."""

import os
import subprocess
import sys
from pathlib import Path

STUB = Path(__file__).parents[1] / "python" / "locust_native" / "_core.pyi"


def stubtest(folder: Path) -> subprocess.CompletedProcess:
    """Compare the installed extension with the stub under a folder of stubs."""
    return subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "locust_native._core", "--concise"],
        cwd=folder,  # mypy's cache and no configuration
        env={**os.environ, "MYPYPATH": str(folder), "LOCUST_NATIVE": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )


def package(folder: Path, stub: str) -> Path:
    """A folder of stubs in which the package consists of this stub alone."""
    inside = folder / "locust_native"
    inside.mkdir()
    (inside / "__init__.pyi").touch()
    (inside / "_core.pyi").write_text(stub)
    return folder


def test_the_stub_is_the_extension(tmp_path):
    done = stubtest(package(tmp_path, STUB.read_text()))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_check_sees_what_is_missing(tmp_path):
    without = STUB.read_text().replace("def in_flight", "def in_flight_of_old")
    done = stubtest(package(tmp_path, without))
    assert done.returncode != 0
    assert "Queue.in_flight" in done.stdout, done.stdout + done.stderr
