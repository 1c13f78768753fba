"""Crowds: as many users as a bench says, each on a connection of its own, and how many the server has met."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .locusts import check_core, locust
from .processes import Failed, memory, spent
from .servers import Server
from .shapes import UNVERIFIED

LOCUSTFILE = """
import time
from pathlib import Path

import urllib3
from locust import {base}, LoadTestShape, between, events, task

urllib3.disable_warnings()
PLACE = Path({place!r})

class Visitor({base}):
    wait_time = between({least}, {most})
    {before}
    @task
    def step(self):
        self.client.get("/")

class Asked(LoadTestShape):
    users = 0

    def tick(self):
        users = int((PLACE / "users").read_text())
        if users == 0:
            total = self.runner.stats.total
            tell("counts", "%d %d" % (total.num_requests, total.num_failures))
        elif users != self.users:
            self.users = users
            tell("asked-%d" % users, time.monotonic())
        return self.users, self.users

def tell(name, what):
    with open(PLACE / name, "a") as file:
        print(what, file=file)

@events.spawning_complete.add_listener
def complete(user_count, **kwargs):
    tell("complete-%d" % user_count, time.monotonic())
"""


@dataclass(frozen=True)
class Look:
    """What the crowd's process has used up to a moment."""

    moment: float
    cpu: float
    """Seconds."""
    resident: int
    """Bytes."""


@dataclass
class Crowd:
    """A running Locust whose users come when they are asked for."""

    process: subprocess.Popen
    server: Server
    place: Path
    met: int
    """What the server had counted before."""
    asked: int = 0

    def ask(self, users: int) -> None:
        """So many users, as soon as may be."""
        self.asked = users
        new = self.place / "users.new"
        new.write_text(str(users))
        new.rename(self.place / "users")

    def gather(self, seconds: float = 120) -> float:
        """Wait until each has had an answer; the moment of that. For users who wait for ever after the first."""
        patience = time.monotonic() + seconds
        while self.server.count()["requests"] - self.met < self.asked:
            if self.process.poll() is not None:
                raise Failed(f"ended with status {self.process.returncode}: {self.said()}")
            if time.monotonic() > patience:
                raise Failed(f"{self.asked} users did not come within {seconds:g} s: {self.said()}")
            time.sleep(0.02)
        return time.monotonic()

    def look(self) -> Look:
        return Look(time.monotonic(), spent(self.process), memory(self.process, "VmRSS"))

    def told(self, name: str) -> list[float]:
        """What the locustfile told under this name, so far."""
        file = self.place / name
        return [float(word) for word in file.read_text().split()] if file.exists() else []

    def check(self, native: bool) -> None:
        """Ask for Locust's own counts. Raises Failed where requests failed, or with the wrong core."""
        self.ask(0)
        patience = time.monotonic() + 30
        while len(counts := self.told("counts")) < 2:
            if self.process.poll() is not None or time.monotonic() > patience:
                raise Failed(f"Locust does not tell its counts: {self.said()}")
            time.sleep(0.1)
        if counts[1]:
            raise Failed(f"{counts[1]:.0f} of {counts[0]:.0f} requests failed")
        check_core((self.place / "out").read_text(errors="replace"), native)

    def said(self) -> str:
        return " ".join((self.place / "out").read_text(errors="replace").split())[-300:]


@contextlib.contextmanager
def crowd(
    base: str, native: bool, server: Server, users: int, waits: tuple[float, float] | None = None
) -> Iterator[Crowd]:
    """`users` to begin with; each sends a GET, and again after these waits, or never."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        before = UNVERIFIED if server.url.startswith("https") and base == "HttpUser" else ""
        least, most = waits or (1e6, 1e6)
        text = LOCUSTFILE.format(base=base, place=folder, before=before, least=least, most=most)
        (place / "locustfile.py").write_text(text)
        (place / "users").write_text(str(users))
        met = server.count()["requests"]
        process = locust(place / "locustfile.py", server.url, users, native, place / "out")
        try:
            gathered = Crowd(process, server, place, met, users)
            yield gathered
            gathered.check(native)
        except Failed as reason:
            raise Failed(f"{base}, {'locust-native' if native else 'stock Locust'}: {reason}") from None
        finally:
            process.kill()  # ending thousands of users in good order takes its time, and nobody asks for it
            process.wait()
