"""Instructions that a request takes, counted by valgrind in the middle of a run.

Valgrind makes everything fifty times slower, so what happens by the clock (a hundred times a second the generator is
asked how late it is) would weigh fifty times too much. It is counted alone afterwards, while the users rest, and taken
off.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from .processes import CLIENT_CORE, Failed, pinned, stop
from .servers import Server

COUNTED = """
import os, time
import gevent
from locust import {base}, task

done = 0

def callgrind(*words):
    if os.system("callgrind_control " + " ".join(words) + " " + str(os.getpid())):
        os._exit(3)

class Visitor({base}):
    @task
    def step(self):
        global done, began
        if done >= {warm} + {count}:
            gevent.sleep(600)
        self.client.{call}
        done += 1
        if done == {warm}:
            callgrind("-i", "on")
            began = time.monotonic()
        if done == {warm} + {count}:
            print("busy", time.monotonic() - began, flush=True)
            callgrind("-d")
            gevent.sleep(1)
            callgrind("-z")
            began = time.monotonic()
            gevent.sleep({idle})
            print("idle", time.monotonic() - began, flush=True)
            callgrind("-d")
            os._exit(0)
"""
WARM, COUNT, IDLE = 2_000, 2_000, 4
USERS = 10


def instructions(base: str, call: str, server: Server, python: Path, native: bool = True) -> float:
    """Instructions per request of a user of class `base` whose task is `self.client.<call>`, without the system's."""
    if not shutil.which("valgrind"):
        raise Failed("valgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "locustfile.py"), Path(folder, "out")
        file.write_text(COUNTED.format(base=base, call=call, warm=WARM, count=COUNT, idle=IDLE))
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={folder}/calls"]
        command += [python, "-m", "locust", "-f", file, "--headless", "--only-summary"]
        command += ["-u", str(USERS), "-r", str(USERS), "--host", server.url]
        environment = {"PYTHONHASHSEED": "0", "LOCUST_NATIVE": "1" if native else "0"}
        process = pinned(command, CLIENT_CORE, output, environment)
        try:
            status = process.wait(600)
        except subprocess.TimeoutExpired:
            raise Failed(f"{base} of {python}: {COUNT} requests took valgrind more than 600 s") from None
        finally:
            stop(process)
        text = output.read_text(errors="replace")
        seconds = {word: float(number) for word, number in re.findall(r"^(busy|idle) ([\d.]+)$", text, re.M)}
        counted = [total(Path(folder, f"calls.{part}")) for part in (1, 2)]
    if status or len(seconds) < 2 or None in counted:
        raise Failed(f"{base} of {python} under valgrind: status {status}: {text[-500:]}")
    return (counted[0] - counted[1] / seconds["idle"] * seconds["busy"]) / COUNT


def total(part: Path) -> int | None:
    """All instructions of one of callgrind's files."""
    found = re.search(r"^totals: (\d+)", part.read_text(), re.M) if part.exists() else None
    return int(found[1]) if found else None


def about() -> str:
    """What is counted, for the page of results."""
    return (
        f"instructions: by callgrind, of {COUNT:,} requests of {USERS} users; without the system's own, and without "
        f"what goes by the clock"
    )
