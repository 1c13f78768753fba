"""What a person at the command line sees of us: the version line, lines in the log, one line for mistakes."""

import functools
import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import gevent
import locust
from locust import argument_parser, log
from locust import stats as stock
from locust.runners import MasterRunner, WorkerRunner

from ..activation import Status
from ..metrics import workers

status: Callable[[], Status] = lambda: Status(on=False, reason="not asked", wanted=False)  # noqa: E731
"""Where the current status comes from; `patch` sets it."""

#: Seconds after which a worker says that no master answers.
_UNANSWERED = 3

_logger = logging.getLogger("locust_native")
_said = False
_begun = False
_options: Any = None
_status_of_ours: int | None = None
_stock_setup_logging = log.setup_logging
_stock_setup_parser_arguments = argument_parser.setup_parser_arguments
_stock_parse_locustfile_option = argument_parser.parse_locustfile_option
# In another Locust they may be missing; then what stands for them is not asked.
_stock_handle_message = getattr(WorkerRunner, "handle_message", _stock_setup_logging)
_stock_close_files = getattr(stock.StatsCSV, "close_files", _stock_setup_logging)
_stock_close_csv_files = getattr(stock.StatsCSVFileWriter, "close_files", _stock_setup_logging)


@functools.wraps(_stock_setup_logging)
def setup_logging(*args, **kwargs):
    _stock_setup_logging(*args, **kwargs)
    global _said
    if not _said:  # a child of --processes inherits the flag with the rest of the process
        _said = True
        _logger.log(status().log_level, "%s", status().log_line)
        if status().on and getattr(_options, "worker", False):
            gevent.spawn_later(_UNANSWERED, _no_master)


def _no_master() -> None:
    if not _begun:
        master = f"{_options.master_host}:{_options.master_port}"
        _logger.info(
            "locust-native: no answer yet from a master at %s (--master-host, --master-port)", master
        )


@functools.wraps(_stock_setup_parser_arguments)
def setup_parser_arguments(parser):
    _stock_setup_parser_arguments(parser)
    for action in getattr(parser, "_actions", ()):
        if "--version" in action.option_strings and isinstance(getattr(action, "version", None), str):
            action.version += f", {status()}"
    # There when the core is off, too: whoever compares with it and without has one command line for both.
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
    global _options
    if status().on and sys.excepthook is sys.__excepthook__:
        sys.excepthook = _one_line
    if _begin not in locust.events.init._handlers:
        locust.events.init.add_listener(_begin)
    if status().on:
        from . import mistakes  # here, since it needs more of Locust than one that is not supported may have

        mistakes.listen()
    _options = _stock_parse_locustfile_option(*args, **kwargs)
    if status().on:
        mistakes.of_files(_options.locustfile)
    return _options


def _begin(environment: Any, runner: Any = None, **_: Any) -> None:
    """Without the core: say what is missed for that, at the end as well if nobody has wished it off."""
    global _begun
    _begun = True
    if status().on or isinstance(runner, WorkerRunner):
        return
    if path := getattr(environment.parsed_options, "native_json", None):
        _logger.warning("locust-native: --native-json: %s will not be written; %s", path, status())
    if isinstance(runner, MasterRunner):
        environment.events.worker_report.add_listener(_Reports())
    if status().log_level == logging.WARNING:
        environment.events.quit.add_listener(
            lambda **_: _logger.warning("%s; all figures above are stock Locust's", status().log_line)
        )


class _Reports:
    """Listens to the workers of a master without the core."""

    def __init__(self) -> None:
        self._native: set[str] = set()

    def __call__(self, client_id: str, data: Any, **_: Any) -> None:
        if workers.KEY in data and client_id not in self._native:
            self._native.add(client_id)
            _logger.warning(
                "locust-native: worker %s has the native core and this master has not: only its rounded figures are "
                "taken",
                client_id,
            )


@functools.wraps(_stock_handle_message)
def handle_message(self, msg):
    """A worker hears from its master; one with locust-native has our options among its own."""
    if msg.type == "spawn" and status().on:
        options = msg.data.get("parsed_options")
        if options and "native_json" not in options:
            _only_rounded()
    return _stock_handle_message(self, msg)


@functools.cache
def _only_rounded() -> None:
    _logger.warning(
        "locust-native: the master runs without locust-native: it takes only the rounded figures of this worker"
    )


def end_with(code: int) -> None:
    """Have Locust, which is about to end with status 0, end with this one."""
    global _status_of_ours
    _status_of_ours = code


@functools.wraps(_stock_close_files)
def close_files(self):
    _stock_close_files(self)
    _end()


@functools.wraps(_stock_close_csv_files)
def close_csv_files(self):
    _stock_close_csv_files(self)
    _end()


def _end() -> None:
    if _status_of_ours is not None:
        sys.exit(_status_of_ours)


def _one_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """An excepthook; the exit status stays Locust's."""
    from . import mistakes

    if (words := mistakes.in_words(error)) is not None:
        lines = [words, *mistakes.caret(error)]
    elif (found := mistakes.in_the_file(error)) is not None:
        begins, words = found
        lines = [*traceback.format_exception(kind, error, begins), f"locust: {words}"]
    else:
        sys.__excepthook__(kind, error, trace)
        return
    print("\n".join(line.rstrip("\n") for line in lines), file=sys.stderr)
