"""One test under way: the process, what it tells, how it is stopped. Whoever drives it looks now and then."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..mock_saleor import MockSaleor
from . import outcome
from .spec import RunSpec
from .supervisor import KILL, STOP

if TYPE_CHECKING:
    from ..results import Run

#: Seconds for stopping, over those that the users are given to finish; then the process is killed.
_PATIENCE = 20.0

#: Seconds over its time after which a test that tells nothing any more is stopped.
_OVERDUE = 30.0


class RunProcess:
    """A test from its start to its end."""

    def __init__(self, asked: RunSpec) -> None:
        self._asked = asked
        self.told: dict[str, Any] = {}
        """What it told last, see `in_locust`; empty as long as it has not."""
        self.interrupted = False
        self._heard = time.time()
        self._deadline: float | None = None
        self._overdue: str | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="locust-native-"))
        self._log = self._folder / "log"
        self._mock: MockSaleor | None = None
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self) -> None:
        host = self._asked.host
        if isinstance(host, MockSaleor) and not host.is_open:
            self._mock = host.start()
        # What can be imported here is to be there as well.
        spec = {"folder": str(self._folder), "path": [os.path.abspath(entry) for entry in sys.path]}
        with self._log.open("wb") as log:
            # A session of its own: what interrupts a notebook or a terminal goes to all of the group, and stopping
            # is for us to do. Through its stdin: its end says that we are gone, however that came about.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "locust_native.runs.supervisor", json.dumps(spec),
                 *self._asked.arguments(self._folder)],
                env={**os.environ, "PYTHONUNBUFFERED": "1", **dict(self._asked.env)}, bufsize=0,
                stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def started(self) -> bool:
        """Whether users have been started, so that there is something to lose."""
        return "started" in self.told

    def running(self) -> bool:
        """Look what it has told since; whether it still runs."""
        assert self._process is not None
        running = self._process.poll() is None
        self._look()
        if not running:
            self._end_rest()
        if running and self._overdue is None:
            now = time.time()
            if self._deadline is None and self._is_overdue(now):
                self._overdue = (
                    f"the test did not end at its time and tells nothing any more, as if a task never gave way: killed "
                    f"{_OVERDUE:g} s later"
                )
            elif self._deadline is not None and now > self._deadline:
                seconds = f"{self._patience():g} s"
                self._overdue = f"the test did not stop within {seconds}, as if a task never gave way: killed"
            if self._overdue is not None:
                self.kill()
        return running

    def _patience(self) -> float:
        return _PATIENCE + self._asked.stop_timeout

    def _is_overdue(self, now: float) -> bool:
        if not self.started or not self.told.get("run_time"):
            return False
        end = self.told["started"] + self.told["run_time"] + self._asked.stop_timeout
        return now > max(self._heard, end) + _OVERDUE

    def _look(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # not there yet
            told = json.loads((self._folder / "state.json").read_text(encoding="utf-8"))
            told["mock"] = told.get("mock") or isinstance(self._asked.host, MockSaleor)
            if told != self.told:
                self.told, self._heard = told, time.time()

    def interrupt(self) -> bool:
        """Have Locust stop its users and write its figures; False where it is ended at once, as nothing has been
        measured, or since it was asked before."""
        self._look()
        again, self.interrupted = self.interrupted, True
        if again or not self.started:
            self.kill()
            return False
        self._deadline = time.time() + self._patience()
        self._say(STOP)
        return True

    def kill(self) -> None:
        """End it at once, with all of its processes: the first of them sees to the others, and ends as Locust does."""
        self._say(KILL)

    def _say(self, word: bytes) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it is gone
            os.write(process.stdin.fileno(), word)

    def result(self) -> Run:
        """What has become of it. Raises RunError."""
        assert self._process is not None
        log = self._log.read_text(encoding="utf-8", errors="replace")
        options = self._asked.told()
        if host := self.told.get("host"):
            options["host"] = host
        if self.told.get("mock"):
            options["mock"] = True
        return outcome.result(
            self._process.returncode, self._folder, log, options, self.told, interrupted=self.interrupted,
            overdue=self._overdue,
        )  # fmt: skip

    def _end_rest(self) -> None:
        """What killed the process may have been meant for Locust, and then all is over; or it was the guardian's end
        alone, and nobody else sees to Locust."""
        assert self._process is not None
        if self._process.returncode < 0 and "pid" in self.told:
            _end_group(self.told["pid"])

    def close(self) -> None:
        """Leave nothing behind: no process, no file."""
        process = self._process
        if process is not None:
            assert process.stdin is not None
            if process.poll() is None:
                self.kill()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            self._end_rest()
            process.stdin.close()
        if self._mock is not None:
            self._mock.stop()
            self._mock = None
        shutil.rmtree(self._folder, ignore_errors=True)


def _end_group(group: int) -> None:
    """Kill what is left of a group of processes, and wait until they are gone, a second at most."""
    end = time.monotonic() + 1
    with contextlib.suppress(OSError):  # nobody is left, which is mostly so from the start
        while time.monotonic() < end:
            os.killpg(group, signal.SIGKILL)
            time.sleep(0.01)
