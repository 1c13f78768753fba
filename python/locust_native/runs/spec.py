"""The command line of Locust that the arguments of `run` stand for."""

from __future__ import annotations

import math
import os
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import notebook
from ..metrics.sentences import wrong_host
from ..mock_saleor import MockSaleor
from . import export_source
from .outcome import RunError

_SPAN = re.compile(r"\d+|(?:\d+h)?(?:\d+m)?(?:\d+s)?")


@dataclass
class RunSpec:
    """What `run` was asked for, checked as far as that can be without Locust."""

    what: tuple[Any, ...]
    users: int | None
    spawn_rate: float | None
    run_time: str | float | None
    host: str | MockSaleor | None
    processes: int
    tags: Sequence[str]
    exclude_tags: Sequence[str]
    stop_timeout: float
    web_port: int | None
    env: Mapping[str, str]
    options: Sequence[str]
    files: list[str] = field(default_factory=list)
    text: str | None = None

    def __post_init__(self) -> None:
        _above_zero("users", self.users, int)
        _above_zero("spawn_rate", self.spawn_rate, (int, float))
        _above_zero("processes", self.processes, int)
        if not isinstance(self.stop_timeout, (int, float)) or not 0 <= self.stop_timeout < 1e6:
            raise RunError(f"stop_timeout: {self.stop_timeout!r} is no number of seconds")
        if self.users is not None and self.users < self.processes:
            raise RunError(
                f"processes: {self.processes} are more than there are users ({self.users}); give fewer, or more users"
            )
        if isinstance(self.run_time, str):
            # What Locust takes, but for "0s", which would be for ever.
            if not _SPAN.fullmatch(self.run_time) or not re.search("[1-9]", self.run_time):
                raise RunError(
                    f'run_time: {self.run_time!r} is no time above 0; give "90s", "1m30s", "2h" or a number of seconds'
                )
        elif self.run_time is not None:
            _above_zero("run_time", self.run_time, (int, float))
        if self.web_port is not None:
            _above_zero("web_port", self.web_port, int)
            if self.web_port > 65_535:
                raise RunError(f"web_port: {self.web_port} is no port; the last one is 65535")
        for name in ("tags", "exclude_tags", "options"):
            if isinstance(getattr(self, name), str):
                raise RunError(f"{name}: {getattr(self, name)!r} is one text; give a list of texts")
        if self.host is not None and not isinstance(self.host, (str, MockSaleor)):
            raise RunError(f"host: {self.host!r} is neither a URL nor a MockSaleor")
        if isinstance(self.host, str) and (words := wrong_host(self.host)) is not None:
            raise RunError(f"host: {words}")
        self._find()

    def _find(self) -> None:
        """Files, or the text of one that classes have become."""
        paths = [each for each in self.what if isinstance(each, (str, os.PathLike))]
        kinds = [each for each in self.what if isinstance(each, type)]
        if not self.what:
            raise RunError("nothing to run: give the path of a locustfile, or User classes")
        if len(paths) + len(kinds) < len(self.what):
            unsupported = next(each for each in self.what if each not in paths and each not in kinds)
            raise RunError(f"cannot run {unsupported!r}: give the path of a locustfile, or User classes")
        if paths and kinds:
            raise RunError("give paths of locustfiles or User classes, not both")
        for path in paths:
            text = os.fspath(path)
            if text.startswith(("http://", "https://")):
                continue  # Locust fetches it
            if not Path(path).exists():
                raise RunError(f"locustfile {text!r} is not there (looked in {Path.cwd()})")
            if Path(path).is_file() and Path(path).suffix != ".py":
                raise RunError(f"locustfile {text!r}: Locust reads files that end with .py; rename it")
            if "," in text:
                raise RunError(f"locustfile {text!r}: Locust takes a comma for the end of a path; rename it")
        self.files = [os.fspath(path) for path in paths]
        if kinds:
            self.text = export_source.text_of(kinds)

    def told(self) -> dict[str, Any]:
        """The same for `Run.options`."""
        host = self.host.url if isinstance(self.host, MockSaleor) else self.host
        told = {
            "locustfile": ",".join(self.files) or None,
            "locustfile_text": self.text,
            "classes": [each.__name__ for each in self.what if isinstance(each, type)],
            "users": self.users,
            "spawn_rate": self.spawn_rate,
            "run_time": self.run_time,
            "host": host,
            "processes": self.processes,
            "tags": list(self.tags),
            "exclude_tags": list(self.exclude_tags),
            "stop_timeout": self.stop_timeout,
            "options": list(self.options),
        }
        return {name: value for name, value in told.items() if value not in (None, [])}

    def arguments(self, folder: Path) -> list[str]:
        """Locust's arguments; files of this test are put into ``folder``."""
        files = self.files
        if self.text is not None:
            written = folder / "notebook_classes.py"
            written.write_text(self.text, encoding="utf-8")
            files = [str(written)]
        # Others of the file, which these are made from, do not run.
        kinds = [each.__name__ for each in self.what if isinstance(each, type) and notebook.is_user(each)]
        words = ["-f", ",".join(files), *kinds, "--only-summary"]
        words += ["--native-json", str(folder / "figures.json")]
        words += ["--stop-timeout", str(math.ceil(self.stop_timeout))]
        if self.web_port is None:
            words += ["--headless"]
        else:
            words += ["--autostart", "--autoquit", "0", "--web-host", "127.0.0.1"]
            words += ["--web-port", str(self.web_port)]
        if self.users is not None:
            words += ["--users", str(self.users)]
        if self.spawn_rate is not None:
            words += ["--spawn-rate", f"{self.spawn_rate:g}"]
        if self.run_time is not None:
            given = self.run_time
            words += ["--run-time", given if isinstance(given, str) else f"{math.ceil(given)}s"]
        if self.host is not None:
            words += ["--host", self.host.url if isinstance(self.host, MockSaleor) else self.host]
        if self.processes > 1:
            port = str(_free_port())
            words += ["--processes", str(self.processes)]
            words += ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
            words += ["--master-host", "127.0.0.1", "--master-port", port]
        if self.tags:
            words += ["--tags", *self.tags]
        if self.exclude_tags:
            words += ["--exclude-tags", *self.exclude_tags]
        return [*words, *map(str, self.options)]


def _above_zero(name: str, value: Any, kinds: Any) -> None:
    if value is None and name in ("users", "spawn_rate"):
        return
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < 1e9:
        what = "whole number" if kinds is int else "number"
        raise RunError(f"{name}: {value!r} is no {what} above 0")


def _free_port() -> int:
    """A TCP port that nobody listens on; two runs at once must not meet at one master."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
