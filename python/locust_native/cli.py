"""What a person at Locust's command line sees of us: the version line, one line in the log, one line for mistakes."""

import functools
import logging
import sys
from collections.abc import Callable
from types import TracebackType

from locust import argument_parser, log

from .activation import Status

status: Callable[[], Status] = lambda: Status(on=False, reason="not asked", wanted=False)  # noqa: E731
"""Where the current status comes from; `patch` sets it."""

_logger = logging.getLogger("locust_native")
_said = False
_stock_setup_logging = log.setup_logging
_stock_setup_parser_arguments = argument_parser.setup_parser_arguments
_stock_parse_locustfile_option = argument_parser.parse_locustfile_option


@functools.wraps(_stock_setup_logging)
def setup_logging(*args, **kwargs):
    _stock_setup_logging(*args, **kwargs)
    global _said
    if not _said:  # a child of --processes inherits the flag with the rest of the process
        _said = True
        _logger.log(status().log_level, "%s", status().log_line)


@functools.wraps(_stock_setup_parser_arguments)
def setup_parser_arguments(parser):
    _stock_setup_parser_arguments(parser)
    for action in getattr(parser, "_actions", ()):
        if "--version" in action.option_strings and isinstance(getattr(action, "version", None), str):
            action.version += f", {status()}"
    if status().on:
        parser.add_argument_group("locust-native options").add_argument(
            "--native-json",
            metavar="<filename>",
            help="Write all precise figures (percentiles, phases, generator lag, what became of every request) as "
            "JSON into this file when Locust ends.",
            env_var="LOCUST_NATIVE_JSON",
        )


@functools.wraps(_stock_parse_locustfile_option)
def parse_locustfile_option(*args, **kwargs):
    """The first thing Locust's main does, and nobody else: from here on a mistake in the locustfile is one line."""
    if status().on and sys.excepthook is sys.__excepthook__:
        sys.excepthook = _one_line
    return _stock_parse_locustfile_option(*args, **kwargs)


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An excepthook; the exit status stays Locust's."""
    words = mistake(error)
    if words is None:
        sys.__excepthook__(kind, error, trace)
    else:
        print(words, file=sys.stderr)


def mistake(error: BaseException) -> str | None:
    """What to tell the user instead of a traceback that would say no more; None where it would."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {error.msg}; the locustfile does not parse"
    if isinstance(error, ValueError) and error.args == ("There are no users with weight > 0.",):
        return (
            "locust: no user to run, since every user class has weight 0; give one of them a weight above 0"
        )
    if isinstance(error, ValueError) and str(error).startswith("LOCUST_NATIVE_"):
        return f"locust: {error}"
    return None
