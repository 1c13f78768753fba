"""What a run at the command line does with its figures: on the console and into a file as it ends."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
from typing import Any

import locust
from locust.runners import WorkerRunner

from . import console
from .collect import collect

#: Locust's own tables go there.
_console = logging.getLogger("locust.stats_logger")


def listen() -> None:
    """Take part in runs that begin from now on."""
    forget()
    locust.events.init.add_listener(_begin)


def forget() -> None:
    """Take no part in further runs."""
    if _begin in locust.events.init._handlers:
        locust.events.init.remove_listener(_begin)


def _begin(environment: Any, runner: Any = None, **_: Any) -> None:
    options = environment.parsed_options
    if options is None or isinstance(runner, WorkerRunner):
        return
    path = getattr(options, "native_json", None)
    if path:
        _check(path)

    def end(**_: Any) -> None:
        gc.collect()  # an answer that nobody has reported holds itself, and would count as still in flight
        figures = collect(environment, histograms=bool(path))
        if not getattr(options, "json_file", None) and figures["total"]["requests"]:
            for line in console.lines(figures):
                _console.info(line)
            _console.info("")
        if path:
            save(figures, path)

    environment.events.quit.add_listener(end)


def save(figures: dict[str, Any], path: str) -> None:
    """Write figures as JSON. A run is over then: what cannot be written is said, and is no reason to fail."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(figures, file, allow_nan=False)
            file.write("\n")
    except OSError as error:
        logging.getLogger("locust_native").error(
            "locust-native: --native-json: cannot write %s: %s", path, error.strerror
        )


def _check(path: str) -> None:
    """Leave now, in one line, rather than after the test."""
    try:
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as error:
        sys.exit(f"locust: --native-json: cannot write {path}: {error.strerror}; name another file")
