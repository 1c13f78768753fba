"""Files that are written as a test ends: whole or not at all, and a run without its file does not look like success."""

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import time

import pytest

from locust_native import output_files
from support import running

pytestmark = pytest.mark.slow

USERS = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def visit(self):
        self.client.get("/page")
"""


def write(path, text):
    output_files.write(path, lambda file: file.write(text.encode()))


def test_a_new_file_has_the_permissions_of_any_other(tmp_path):
    write(tmp_path / "x.json", "ü\n")
    (tmp_path / "other").write_text("")
    assert (tmp_path / "x.json").read_text(encoding="utf-8") == "ü\n"
    assert (tmp_path / "x.json").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["other", "x.json"]


def test_an_old_file_keeps_its_permissions_and_its_links(tmp_path):
    (tmp_path / "x").write_text("old")
    (tmp_path / "x").chmod(0o640)
    (tmp_path / "link").symlink_to("x")
    write(str(tmp_path / "link"), "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "x").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


@pytest.mark.parametrize("old", [None, "old"])
def test_a_full_disk_leaves_what_was_there(tmp_path, old):
    """A limit to the size of files stands for the disk."""
    if old is not None:
        (tmp_path / "x").write_text(old)
    code = """
    import resource, signal
    from locust_native import output_files
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    assert output_files.why_not("x") is None
    try:
        output_files.write("x", lambda file: file.write(b"y" * 100_000))
    except OSError as error:
        print(error.strerror)
    """
    done = running.run(["-c", textwrap.dedent(code)], tmp_path)
    assert (done.out, done.err) == ("File too large\n", "")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == ({} if old is None else {"x": old})


def test_an_interrupt_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "x").write_text("old")

    def interrupted(file):
        file.write(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        output_files.write(tmp_path / "x", interrupted)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "old"}


@pytest.mark.parametrize("code", [1, 16], ids=["in a folder that may not be changed", "a mount of its own"])
def test_an_old_file_that_cannot_be_replaced_is_written_to(tmp_path, monkeypatch, code):
    (tmp_path / "x").write_text("older")

    def replace(new, old):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", replace)
    write(str(tmp_path / "x"), "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"x": "new"}


def test_why_not_names_the_reason_and_makes_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    os.mkfifo(tmp_path / "pipe")
    reasons = {
        "folder": "Is a directory",
        "file": None,
        "pipe": None,
        "new": None,
        "folder/to/be/made": None,
        "file/x": "Not a directory",
        "x" * 300: "File name too long",
    }
    assert {path: output_files.why_not(str(tmp_path / path)) for path in reasons} == reasons
    assert output_files.why_not("/proc/none.json") is not None
    assert output_files.why_not("/dev/full") is None
    assert sorted(os.listdir(tmp_path)) == ["file", "folder", "pipe"]


def test_a_pipe_gets_it_all(run_locust, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE, text=True) as reader:
        try:
            done = run_locust(USERS, "-t", "1", "--native-json", "pipe")
            assert done.code == 0, done.err
            assert json.loads(reader.communicate(timeout=10)[0])["total"]["requests"] > 0
        finally:
            reader.kill()


def test_standard_output_keeps_its_other_lines(run_locust, tmp_path):
    done = run_locust(USERS, "-t", "1", "--native-json", "/dev/stdout")
    assert done.code == 0, done.err
    table, figures = (line for line in done.out.split("]\n") if line.strip())
    assert json.loads(f"{table}]")
    assert json.loads(figures)["total"]["requests"] > 0


VANISHES = (
    USERS
    + """
import os
from locust import events

@events.quitting.add_listener
def quitting(environment, **arguments):
    os.rmdir("figures")
    open("figures", "w").close()
    CODE
"""
)


@pytest.mark.parametrize(
    ("path", "reason"), [("/dev/full", "No space left on device"), ("figures/x.json", "File exists")]
)
@pytest.mark.parametrize(
    ("sets", "code", "end"),
    [
        ("pass", 1, "exit status 1"),
        (
            "environment.process_exit_code = 0",
            0,
            "the exit status stays 0, as the locustfile has set it",
        ),
        ("environment.process_exit_code = 7", 7, "the exit status stays 7, as the locustfile has set it"),
    ],
)
def test_a_file_that_could_not_be_written_is_no_success(run_locust, tmp_path, path, reason, sets, code, end):
    (tmp_path / "figures").mkdir()
    done = run_locust(VANISHES.replace("CODE", sets), "-t", "1", "--native-json", path, "--csv", "run")
    assert done.code == code, done.err
    (line,) = (line for line in done.err.splitlines() if "ERROR" in line)
    assert line.endswith(
        f"ERROR/locust_native: locust-native: --native-json: cannot write {path}: {reason}; {end}"
    )
    assert "Traceback" not in done.err
    # Locust's own files are whole.
    assert (tmp_path / "run_stats.csv").read_text().splitlines()[-1].startswith(",Aggregated,")


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("how", ["killed", "interrupted twice"])
def test_a_run_that_is_ended_leaves_no_empty_file(tmp_path, server, how, old):
    if old is not None:
        (tmp_path / "x.json").write_text(old)
    (tmp_path / "file.py").write_text(USERS)
    server.counts()
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", "file.py", "--headless", "--only-summary", "-t", "60", "--native-json",
         "x.json", "--host", server.url],
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={key: value for key, value in os.environ.items() if not key.startswith("LOCUST")},
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while not server.counts():
            assert time.monotonic() < end
            time.sleep(0.05)
        if how == "killed":
            process.kill()
        else:
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGINT)
        process.wait(30)
    finally:
        process.kill()
        process.wait()
    found = (tmp_path / "x.json").read_text() if (tmp_path / "x.json").exists() else None
    # The second interrupt may come too late to be one.
    assert found == old or (how != "killed" and json.loads(found)["total"]["requests"] > 0)
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".new")]


@pytest.mark.parametrize("variables", [{}, {"LOCUST_NATIVE_JSON": "x.json"}], ids=["option", "environment"])
def test_without_the_core_it_is_said_that_there_will_be_no_file(run_locust, tmp_path, variables):
    options = () if variables else ("--native-json", "x.json")
    done = run_locust(USERS, "-t", "1", *options, native="0", **variables)
    assert done.code == 0, done.err
    (line,) = (line for line in done.err.splitlines() if "WARNING" in line)
    assert "locust-native: --native-json: x.json will not be written; locust-native " in line
    assert line.endswith(": native core off: LOCUST_NATIVE=0")
    assert not (tmp_path / "x.json").exists()
