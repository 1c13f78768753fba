"""One test under way: the process, what it tells, how it is stopped. Whoever drives it looks now and then."""

from __future__ import annotations

import atexit
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

from ..saleor import MockSaleor
from . import outcome
from .command import Asked

if TYPE_CHECKING:
    from ..results import Run

#: Seconds for stopping, over those that the users are given to finish; then the process is killed.
_PATIENCE = 20.0

#: Seconds over its time after which a test that tells nothing any more is stopped.
_OVERDUE = 30.0


class Trial:
    """A test from its start to its end."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.told: dict[str, Any] = {}
        """What it told last; empty as long as it has not."""
        self.interrupted = False
        self._rest = b""
        self._heard = time.monotonic()
        self._deadline: float | None = None
        self._overdue: str | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="locust-native-"))
        self._log = self._folder / "log"
        self._mock: MockSaleor | None = None
        self._feed = self._control = -1
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
        self._feed, told = os.pipe()
        control, self._control = os.pipe()
        try:
            os.set_blocking(self._feed, False)
            variables = {**os.environ, "PYTHONUNBUFFERED": "1", **dict(self._asked.env)}
            words = ["-m", "locust_native.runs.child", str(told), str(control)]
            with self._log.open("wb") as log:
                # A session of its own: what interrupts a notebook or a terminal goes to all of the group, and stopping
                # is for us to do.
                self._process = subprocess.Popen(
                    [sys.executable, *words, *self._asked.arguments(self._folder)],
                    env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                    pass_fds=(told, control), start_new_session=True,
                )  # fmt: skip
        finally:
            os.close(told)
            os.close(control)
        atexit.register(self.close)

    def running(self) -> bool:
        """Read what it has told since; whether it still runs."""
        process = self._process
        assert process is not None
        self._read()
        if process.poll() is not None:
            self._read()
            return False
        now = time.monotonic()
        if self._deadline is None and self._is_overdue(now):
            self._overdue = (
                f"the test did not end at its time and tells nothing any more, as if a task never gave way: killed "
                f"{_OVERDUE:g} s later"
            )
            self.kill()
        elif self._deadline is not None and now > self._deadline:
            self._overdue = (
                f"the test did not stop within {self._patience():g} s, as if a task never gave way: killed"
            )
            self.kill()
        return True

    def _patience(self) -> float:
        return _PATIENCE + self._asked.stop_timeout

    def _is_overdue(self, now: float) -> bool:
        run_time, elapsed = self.told.get("run_time"), self.told.get("elapsed") or 0.0
        if run_time is None:
            return False
        silent = now - self._heard
        return silent > _OVERDUE and elapsed + silent > run_time + self._asked.stop_timeout + _OVERDUE

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._feed, 1 << 16)
            except BlockingIOError:
                return
            if not piece:
                return
            self._heard = time.monotonic()
            *lines, self._rest = (self._rest + piece).split(b"\n")
            if lines:
                with contextlib.suppress(ValueError):
                    self.told = json.loads(lines[-1])
                    self.told["mock"] = self.told["mock"] or isinstance(self._asked.host, MockSaleor)

    def stop(self) -> None:
        """Have Locust stop its users and write its figures."""
        self.interrupted = True
        process = self._process
        if process is not None and self._deadline is None:
            self._deadline = time.monotonic() + self._patience()
            if self.told:
                process.terminate()
            else:  # it has not got as far as to know what that means
                process.kill()

    def kill(self) -> None:
        """End it at once, with all of its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def result(self) -> Run:
        """What has become of it. Raises RunError."""
        assert self._process is not None
        log = self._log.read_text(encoding="utf-8", errors="replace")
        options = self._asked.told()
        if host := self.told.get("host"):
            options["host"] = host
        if self.told.get("mock"):
            options["mock"] = True
        if not self.told and self.interrupted:
            raise outcome.RunError("interrupted before the test began", log, self._process.returncode)
        return outcome.result(
            self._process.returncode, self._folder / "figures.json", log, options,
            interrupted=self.interrupted, lost=self.told.get("lost", 0), overdue=self._overdue,
        )  # fmt: skip

    def close(self) -> None:
        """Leave nothing behind: no process, no descriptor, no file."""
        atexit.unregister(self.close)
        self.kill()  # its group: workers whose master is gone, too
        if self._process is not None:
            self._process.wait()
        for descriptor in (self._feed, self._control):
            if descriptor >= 0:
                os.close(descriptor)
        self._feed = self._control = -1
        if self._mock is not None:
            self._mock.stop()
            self._mock = None
        shutil.rmtree(self._folder, ignore_errors=True)
