"""The Rust tests, run by pytest, so that one command tests all there is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(1500)  # the first run compiles every crate
def test_the_rust_tests_pass_without_python():
    """The engine and the mock shop build and work with no Python in sight."""
    if not (ROOT / "Cargo.toml").is_file():
        pytest.skip("no checkout around these tests: there is no Rust source to test")
    cargo = shutil.which("cargo")
    if cargo is None:
        pytest.skip("cargo is not installed: the Rust tests need a Rust toolchain")
    done = subprocess.run(
        [cargo, "test", "-p", "locust-native-engine", "-p", "mock-saleor", "--locked", "--quiet"],
        cwd=ROOT,
        env={**os.environ, "CARGO_TERM_COLOR": "never"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        pytest.fail(f"cargo test ended with status {done.returncode}:\n{done.stdout}", pytrace=False)
    passed = sum(int(count) for count in re.findall(r"^test result: ok\. (\d+) passed", done.stdout, re.M))
    assert passed > 0, done.stdout
