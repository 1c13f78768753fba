"""A real browser, Chromium without a window, driven by its DevTools protocol over a pipe."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.os import make_nonblocking, nb_read

COMMANDS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip


def found() -> str:
    """The browser's path; the test is skipped where there is none."""
    path = next(filter(None, map(shutil.which, COMMANDS)), None)
    if path is None:
        pytest.skip(f"no browser to look at the page with: none of {', '.join(COMMANDS)} is on the PATH")
    return path


class Browser:
    """One browser with one page open. Reads give way to other greenlets, so the page may be served from here."""

    def __init__(self, profile: Path, width: int = 1400, height: int = 1000) -> None:
        commands, self._commands = os.pipe()
        self._answers, answers = os.pipe()

        def at_their_numbers() -> None:  # the browser reads descriptor 3 and writes 4
            one, other = os.dup(commands), os.dup(answers)
            os.dup2(one, 3)
            os.dup2(other, 4)

        self._process = subprocess.Popen(
            [
                found(),
                *_FLAGS,
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                "about:blank",
            ],
            preexec_fn=at_their_numbers,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands)
        os.close(answers)
        make_nonblocking(self._answers)
        self._buffer, self._number, self._session = b"", 0, None
        self.said: list[str] = []
        page = next(
            target for target in self.ask("Target.getTargets")["targetInfos"] if target["type"] == "page"
        )
        self._session = self.ask("Target.attachToTarget", targetId=page["targetId"], flatten=True)[
            "sessionId"
        ]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        os.close(self._commands)
        os.close(self._answers)
        self._process.terminate()
        self._process.wait(timeout=20)

    def ask(self, method: str, **parameters: Any) -> Any:
        """The answer to one command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        with gevent.Timeout(20, AssertionError(f"no answer to {method}")):
            while True:
                answer = self._next()
                if answer.get("id") == self._number:
                    assert "error" not in answer, f"{method}: {answer['error']}"
                    return answer["result"]

    def open(self, address: str) -> None:
        """Leaves the page there is, forgets what it said, and goes to another."""
        self.ask("Page.navigate", url="about:blank")
        self.said.clear()
        self.ask("Page.navigate", url=address)

    def value(self, script: str) -> Any:
        """What an expression is in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, script: str, wanted: Callable[[Any], bool] = bool) -> Any:
        """Asks until an expression is as wanted, and answers with it."""
        value: Any = None
        try:
            with gevent.Timeout(20):
                while not wanted(value := self.value(script)):
                    gevent.sleep(0.05)
        except gevent.Timeout:
            raise AssertionError(f"{script} stayed {value!r}; the browser said {self.said}") from None
        return value

    def picture(self, path: Path) -> None:
        """The page as a PNG, down to its end."""
        height = self.value("document.documentElement.scrollHeight")
        width = self.value("innerWidth")
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        gevent.sleep(0.3)
        shot = self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))
        self.ask("Emulation.clearDeviceMetricsOverride")

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            piece = nb_read(self._answers, 1 << 16)
            assert piece, "the browser has gone"
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        event = json.loads(message)
        kind, details = event.get("method"), event.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.said.append(details["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif kind == "Log.entryAdded" and details["entry"]["level"] in ("error", "warning"):
            self.said.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
        elif kind == "Runtime.consoleAPICalled" and details["type"] in ("error", "warning"):
            self.said.append(" ".join(str(part.get("value", part)) for part in details["args"]))
        return event
