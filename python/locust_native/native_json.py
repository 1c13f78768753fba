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

from . import console, output_files
from .metrics.collect import collect
from .patching import cli

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
    if path and (reason := output_files.why_not(path)) is not None:
        # Now, in one line, rather than after the test.
        sys.exit(f"locust: --native-json: cannot write {path}: {reason}; name another file")

    def end(exit_code: int = 0, **_: Any) -> None:
        gc.collect()  # an answer that nobody has reported holds itself, and would count as still in flight
        try:
            figures = collect(environment, histograms=bool(path), over=True)
            if not getattr(options, "json_file", None) and figures["total"]["requests"]:
                for line in console.lines(figures):
                    _console.info(line)
                _console.info("")
            if path:
                text = json.dumps(figures, allow_nan=False) + "\n"
                os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
                output_files.write(path, lambda file: file.write(text.encode()))
        except Exception as error:
            if not path:
                raise
            reason = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
            _not_written(f"--native-json: cannot write {path}: {reason}", environment, exit_code)

    environment.events.quit.add_listener(end)


def _not_written(words: str, environment: Any, status: int) -> None:
    """Say that a file which was asked for is missing; so does the exit status, unless the locustfile has set it."""
    if environment.process_exit_code is not None:
        words += f"; the exit status stays {status}, as the locustfile has set it"
    elif not status:
        words += "; exit status 1"
        cli.end_with(1)
    logging.getLogger("locust_native").error("locust-native: %s", words)
