"""The benches start, every one has its place in the page of results, and what they print can be read back."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHES = Path(__file__).parents[1] / "benches"
SCRIPTS = sorted(file.stem for file in BENCHES.glob("*.py") if file.stem != "timed")
sys.path.append(str(BENCHES))

import instructions  # noqa: E402
import rig  # noqa: E402

needs_nginx = pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed")


def start(name: str, *options: str) -> subprocess.Popen:
    command = [sys.executable, BENCHES / f"{name}.py", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


# All in one process: an interpreter each would take longer than the rest of this file.
ASKED = """
import runpy, sys
folder, *names = sys.argv[1:]
sys.path.insert(0, folder)
for name in names:
    sys.argv = [name, "--help"]
    try:
        runpy.run_path(f"{folder}/{name}.py", run_name="__main__")
    except SystemExit as end:
        assert end.code == 0, (name, end.code)
"""


def test_all_benches_start():
    done = subprocess.run(
        [sys.executable, "-c", ASKED, BENCHES, *SCRIPTS], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("--write") >= len(SCRIPTS)


def test_every_command_of_the_page_is_one_of_make_bench():
    commands = re.findall(r"^## .*`python benches/(.+?)`$", rig.RESULTS.read_text(), re.M)
    makefile = (rig.ROOT / "Makefile").read_text()
    assert len(commands) == 18
    for command in commands:
        asked = command.removesuffix(" --write")
        assert f'"{asked}"' in makefile or f"benches/{asked.split()[0]} --beside" in makefile, command


def test_section_of_the_page_is_replaced(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    monkeypatch.setattr("rig.page.ROOT", tmp_path)
    rig.write("a", "new", page)
    assert page.read_text() == "before\n<!-- a -->\nnew\n<!-- /a -->\nafter\n"
    with pytest.raises(rig.Failed, match="has no place for b"):
        rig.write("b", "new", page)


def test_targets_are_judged_by_the_median():
    least, most = rig.Target("times", 2, 4), rig.Target("memory", 100, 48, at_most=True, unit="KiB")
    rows = rig.targets([(least, [1, 3, 3]), (most, [130, 101, 40]), (least, [5.0]), (most, [])]).splitlines()
    assert [row.split("|")[-2].strip() for row in rows[2:]] == ["yes", "NO", "yes, and the aim"]
    assert "at least 2x" in rows[2]
    assert "at most 100 KiB" in rows[3]


def test_recorded_instructions_are_read_back(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    table = rig.table(["instructions of", "a request", "before"], [["HttpUser GET", "123,456", ""]])
    page.write_text(f"<!-- instructions -->\n- about\n\n{table}\n<!-- /instructions -->\n")
    monkeypatch.setattr(rig, "RESULTS", page)
    assert instructions.recorded() == {"HttpUser GET": 123456}


@needs_nginx
def test_stages_are_those_of_a_request():
    """The one bench that knows our own modules: a stage that is renamed must be renamed there."""
    process = start("stages", "--quick")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "| whole" in output


@needs_nginx
def test_a_comparison_runs():
    process = start(
        "payloads", "--quick", "--only", "HttpUser, locust-native", "--shapes", "page", "--seconds", "0.2"
    )
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "| HttpUser, locust-native" in output
