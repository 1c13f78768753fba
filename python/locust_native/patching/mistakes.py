"""Mistakes at the command line, said in one line before the test, and once where Locust repeats itself thereafter.

Nothing that a locustfile could rely on is refused: what Locust would go on with, it goes on with.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

import gevent
import locust
from gevent.server import StreamServer
from locust.contrib.fasthttp import FastHttpUser
from locust.exception import StopTest
from locust.runners import WorkerRunner
from locust.user.users import HttpUser, User
from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema

from ..metrics.sentences import wrong_host
from ..output_files import why_not

logger = logging.getLogger("locust_native")

_INITS = (User.__init__, HttpUser.__init__, FastHttpUser.__init__)

#: Different texts of one kind of mistake that are logged.
_TEXTS = 10


_listening = False


def listen() -> None:
    """Look at the command line and the locustfile of the run that begins; called before the file is loaded."""
    global _listening
    if _listening:
        return
    _listening = True
    # Before the listeners of the file, which may have begun what would have to be ended.
    locust.events.init.add_listener(_options)
    once: list[bool] = []

    def after_the_locustfile(**_: Any) -> None:
        if not once:
            once.append(True)
            # And after those that may yet give a host, or tasks.
            locust.events.test_start.add_listener(_users)

    locust.events.init_command_line_parser.add_listener(after_the_locustfile)
    logging.getLogger("locust.user.task").addFilter(_Once())
    logging.getLogger("locust.main").addFilter(_name_the_file)


def _options(environment: Any, runner: Any = None, web_ui: Any = None, **_: Any) -> None:
    """Leave now, with Locust's status, where it would only get to know later."""
    options = environment.parsed_options
    if options is None:
        return
    for option, path in _outputs(options):
        if (reason := why_not(path)) is not None:
            sys.exit(f"locust: {option}: cannot write {path}: {reason}; name another file")
    _quieten(runner)
    if isinstance(runner, WorkerRunner):
        return
    at_once = getattr(options, "headless", False) or getattr(options, "autostart", False)
    users = getattr(options, "num_users", None)
    if at_once and environment.shape_class is None and isinstance(users, int) and users < 0:
        _leave(f"--users {users}: there cannot be fewer than 0")
    if web_ui is not None and (reason := _cannot_listen(web_ui.host, web_ui.port)) is not None:
        _leave(f"--web-port {web_ui.port}: {reason}")


def _leave(words: str) -> None:
    """With the status that Locust would end with: 2, that of an exception in a greenlet."""
    print(f"locust: {words}", file=sys.stderr)
    sys.exit(2)


def _outputs(options: Any) -> list[tuple[str, str]]:
    """The files that Locust writes when the test is over."""
    found = []
    if path := getattr(options, "html_file", None):
        found.append(("--html", path))
    if path := getattr(options, "json_file", None):
        found.append(("--json-file", f"{path}.json"))
    return found


def _cannot_listen(host: str, port: int) -> str | None:
    """Why the web page cannot be there; None if it can."""
    server = StreamServer((host, port), lambda *_: None)  # made as the page's will be
    try:
        server.init_socket()
        server.close()
    except OverflowError:
        return "is no port; the last one is 65535"
    except OSError as error:
        reason = str(error.strerror).partition(": (")[0]  # behind it gevent has the address
        return f"the web page cannot be there: {reason}; give another port, or --web-host"
    return None


def _users(environment: Any, **_: Any) -> None:
    """A test begins: say what is certain to go wrong. The workers have the same file."""
    if isinstance(environment.runner, WorkerRunner):
        return
    options = environment.parsed_options
    tags = bool(getattr(options, "tags", None) or getattr(options, "exclude_tags", None))
    for kind in environment.runner.user_classes:
        if kind.weight or kind.fixed_count:
            _host(kind, environment.host)
            _tasks(kind, tags)


def _host(kind: type[User], given: str | None) -> None:
    host = given or kind.host
    if not issubclass(kind, HttpUser | FastHttpUser):
        return
    if host is None and kind.__init__ in _INITS:
        logger.error("locust-native: %s has no host: give --host, or set `host` in the class", kind.__name__)
    elif isinstance(host, str) and host and (words := wrong_host(host)) is not None:
        logger.warning(
            "locust-native: host of %s: %s; requests without a full URL will fail", kind.__name__, words
        )


def _tasks(kind: type[User], tags: bool) -> None:
    gives_itself_tasks = kind.__init__ not in _INITS or kind.on_start is not User.on_start
    if kind.tasks or gives_itself_tasks or kind.run is not User.run:
        return
    words = " left by --tags and --exclude-tags" if tags else ": mark its methods with @task, or set `tasks`"
    logger.error("locust-native: %s has no task%s", kind.__name__, words)


def _quieten(runner: Any) -> None:
    """A StopTest in Locust's own greenlets is in the log, in one line: no traceback of gevent's beside it."""
    hub = gevent.get_hub()
    print_error: Callable[..., None] = hub.handle_error

    def handle_error(
        context: Any, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        known = isinstance(error, StopTest) and isinstance(context, gevent.Greenlet)
        if not (known and context in runner.greenlet):
            print_error(context, kind, error, trace)

    hub.handle_error = handle_error


class _Once(logging.Filter):
    """Of what each turn of each user would say again, as long as the test lasts, the log has it once.

    Locust counts them all, and shows how many there were.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[type, set[str]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.args[0] if isinstance(record.args, tuple) and len(record.args) == 2 else None
        if not _is_of_the_file(error):
            return True
        said = self._said.setdefault(type(error), set())
        if str(error) in said or len(said) >= _TEXTS:
            return False
        said.add(str(error))
        record.args = (
            error,
            f"{record.args[1]}locust-native: this is logged once; all of them are counted\n",
        )
        return True


def _is_of_the_file(error: Any) -> bool:
    """Whether it will come again each time: a user without tasks, an address that is no URL."""
    if isinstance(error, MissingSchema | InvalidSchema | InvalidURL):
        return True
    return type(error) is Exception and str(error).startswith("No tasks defined on ")


def _name_the_file(record: logging.LogRecord) -> bool:
    if record.msg == "No User class found!":
        record.msg = "No User class found! Define one in %s that is not abstract"
        record.args = (", ".join(_files),)
    return True


_files: list[str] = []
"""The locustfiles as given."""


def of_files(files: str) -> None:
    """Which locustfiles the command line names, separated by commas."""
    _files[:] = [file.strip() for file in files.split(",")]


def in_words(error: BaseException) -> str | None:
    """What to tell the user instead of a traceback that would say no more; None where it would."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {error.msg}; the locustfile does not parse"
    if isinstance(error, ValueError) and error.args == ("There are no users with weight > 0.",):
        return (
            "locust: no user to run, since every user class has weight 0; give one of them a weight above 0"
        )
    if isinstance(error, ValueError) and str(error).startswith("LOCUST_NATIVE_"):
        return f"locust: {error}"
    if isinstance(error, OSError) and (option := _unwritable(error)) is not None:
        path = error.filename or _value(error, option)
        return f"locust: {option}: cannot write {path}: {error.strerror}; name another file"
    return None


def _unwritable(error: OSError) -> str | None:
    """The option of the file that Locust could not write."""
    names = [
        f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}"
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    if writer := next((_WRITERS[name] for name in names[-2:] if name in _WRITERS), None):
        return writer
    if "locust.main:main" in names and names[-1] == "os:makedirs":
        ends = "locust.main:main.<locals>.shutdown" in names
        return "--json-file" if ends else _WRITERS.get(names[names.index("os:makedirs") - 1], "--csv")
    return None


def _value(error: OSError, option: str) -> Any:
    """What the command line has for this option."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__") == "locust.main" and "options" in frame.f_locals:
            return getattr(
                frame.f_locals["options"], {"--html": "html_file"}.get(option, "json_file"), option
            )
    return option


_WRITERS = {
    "locust.main:main.<locals>.save_html_report": "--html",
    "locust.stats:save_stats_json": "--json-file",
    "locust.stats:StatsCSVFileWriter.__init__": "--csv",
}


def in_the_file(error: BaseException) -> tuple[TracebackType, str] | None:
    """Where the locustfile that was being loaded has raised this, and one line for it; None where it was not one."""
    path = next(
        (
            frame.f_locals.get("path")
            for frame, _ in traceback.walk_tb(error.__traceback__)
            if frame.f_globals.get("__name__") == "locust.util.load_locustfile"
        ),
        None,
    )
    begins = error.__traceback__
    while begins is not None and begins.tb_frame.f_code.co_filename != path:
        begins = begins.tb_next
    if begins is None:
        return None
    line = [frame.lineno for frame in traceback.extract_tb(begins) if frame.filename == path][-1]
    said = f"{type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")
    return begins, f"{path}:{line}: {said}; the locustfile cannot be imported"


def caret(error: BaseException) -> list[str]:
    """The line that does not parse, and where in it."""
    if not isinstance(error, SyntaxError):
        return []
    lines = "".join(traceback.format_exception_only(error)).splitlines()
    return [line for line in lines[1:-1] if line.startswith("    ")]
