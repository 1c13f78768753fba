"""The one table of what is replaced in Locust; nothing else in the project assigns into Locust."""

import importlib
import logging
import re
import sys
from types import ModuleType
from typing import Any, NamedTuple

from ..activation import Status, switched_off
from ..shape import Shape, find, mismatch

OLDEST, TOO_NEW = (2, 47, 0), (2, 48)
"""Locust versions we speak to: from the first, below the second; pyproject.toml says the same."""


class Row(NamedTuple):
    """One name in Locust and what stands there instead."""

    module: str
    attribute: str
    """The name in the module, dotted for an attribute of a class."""
    replacement: str
    """`module:name` in this package, imported only when Locust has passed every check."""
    shape: Shape


# A session's first parameters are what User.__init__ hands over; `request` is where both dialects meet.
_HTTP = Shape(
    bases=("requests:Session",),
    takes={
        "__init__": "self base_url request_event user",
        "request": "self method url name catch_response context",
        "_build_url": "self path",
        "_send_request_safe_mode": "self method url",
    },
    has=("rename_request",),
)
_FAST = Shape(
    takes={
        "__init__": "self base_url request_event user insecure client_pool ssl_context_factory",
        "request": "self method url name data catch_response stream headers auth json allow_redirects",
        "_build_url": "self path",
        "_send_request_safe_mode": "self method url",
    },
    has=("auth_header",),
)
_STATS = Shape(
    takes={
        "__init__": "self use_response_times_cache",
        "log_request": "self method name response_time content_length",
        "log_error": "self method name error",
        "get": "self name method",
        "reset_all": "self",
        "clear_all": "self",
        "serialize_stats": "self",
    },
    same_as="locust.stats:RequestStats",
)
_SELF = Shape(takes={"": "self"})
# How a user lives, and how it waits: both are only timed.
_LIFE = Shape(takes={"": "self"}, uses=("on_start", "_taskset_instance"))
_SLEEP = Shape(takes={"": "self seconds"}, uses=("gevent", "sleep"))
_WAIT_TIME = Shape(takes={"": "self"}, uses=("user", "wait_time"))
_WAIT = Shape(takes={"": "self"}, uses=("user", "_state", "_sleep", "wait_time", "StopUser"))
# The signature says nothing here; that it is a draw from the list does.
_NEXT_TASK = Shape(takes={"": "self"}, uses=("tasks", "random", "choice"))

TABLE: tuple[Row, ...] = (
    Row("locust.clients", "HttpSession", "http_user.session:HttpSession", _HTTP),
    Row(
        "locust.user.users",
        "HttpSession",
        "http_user.session:HttpSession",
        Shape(same_as="locust.clients:HttpSession"),
    ),
    Row("locust.contrib.fasthttp", "FastHttpSession", "fast_user.session:FastHttpSession", _FAST),
    Row("locust.env", "RequestStats", "metrics.locust_stats:RequestStats", _STATS),
    Row(
        "locust.runners",
        "setup_distributed_stats_event_listeners",
        "metrics.distributed:setup_distributed_stats_event_listeners",
        Shape(takes={"": "events stats"}),
    ),
    Row("locust.stats", "StatsEntry.median_response_time", "metrics.percentiles:median_response_time", _SELF),
    Row(
        "locust.stats",
        "StatsEntry.get_response_time_percentile",
        "metrics.percentiles:get_response_time_percentile",
        Shape(takes={"": "self percent"}),
    ),
    Row("locust.stats", "StatsEntry.to_dict", "metrics.percentiles:to_dict", _SELF),
    Row(
        "locust.stats",
        "StatsEntry.to_string",
        "metrics.percentiles:to_string",
        Shape(takes={"": "self current"}),
    ),
    Row("locust.stats", "StatsEntry.percentile", "metrics.percentiles:percentile", _SELF),
    Row(
        "locust.stats",
        "get_stats_summary",
        "metrics.percentiles:get_stats_summary",
        Shape(takes={"": "stats current"}, uses=("to_string",)),
    ),
    Row(
        "locust.stats",
        "get_percentile_stats_summary",
        "metrics.percentiles:get_percentile_stats_summary",
        Shape(takes={"": "stats"}, uses=("percentile",)),
    ),
    Row(
        "locust.runners",
        "MasterRunner.quit",
        "metrics.distributed:quit_master",
        Shape(takes={"": "self"}, uses=("stop", "clients", "send_to_client", "gevent", "sleep")),
    ),
    Row(
        "locust.stats",
        "StatsCSV._percentile_fields",
        "metrics.percentiles:percentile_fields",
        Shape(takes={"": "self stats_entry use_current"}),
    ),
    Row(
        "locust.stats",
        "StatsCSV._requests_data_rows",
        "metrics.percentiles:requests_data_rows",
        Shape(takes={"": "self csv_writer"}, uses=("_percentile_fields",)),
    ),
    Row(
        "locust.stats",
        "StatsCSVFileWriter._stats_history_data_rows",
        "metrics.percentiles:stats_history_data_rows",
        Shape(takes={"": "self csv_writer now"}, uses=("_percentile_fields",)),
    ),
    Row(
        "locust.web",
        "WebUI.__init__",
        "web.page:init",
        Shape(takes={"": "self environment host port"}),
    ),
    Row(
        "locust.html",
        "get_html_report",
        "web.report:get_html_report",
        Shape(takes={"": "environment show_download_link theme"}),
    ),
    Row(
        "locust.web",
        "get_html_report",
        "web.report:get_html_report",
        Shape(same_as="locust.html:get_html_report"),
    ),
    Row("locust.user.task", "TaskSet.get_next_task", "loop.tasks:next_task", _NEXT_TASK),
    Row("locust.user.task", "DefaultTaskSet.get_next_task", "loop.tasks:next_default_task", _NEXT_TASK),
    Row("locust.user.task", "TaskSet.user", "loop.tasks:user", Shape(takes={"": "self"}, uses=("_user",))),
    Row(
        "locust.user.task",
        "TaskSet.client",
        "loop.tasks:client",
        Shape(takes={"": "self"}, uses=("user", "client")),
    ),
    Row("locust.user.task", "TaskSet.wait_time", "loop.tasks:wait_time", _WAIT_TIME),
    Row("locust.user.task", "TaskSet.wait", "loop.tasks:wait", _WAIT),
    Row("locust.user.users", "User.run", "metrics.users_time:run", _LIFE),
    Row("locust.user.task", "TaskSet._sleep", "metrics.users_time:sleep", _SLEEP),
)
"""The native core. All of it or nothing; `compat08.NAMES` and `.MODULES` come with it."""

_LOG = Shape(takes={"": "loglevel logfile"})
_OPTIONS = Shape(takes={"": "parser"})
_CLOSE = Shape(takes={"": "self"})

VOICE: tuple[Row, ...] = (
    Row("locust.log", "setup_logging", "patching.cli:setup_logging", _LOG),
    Row("locust.argument_parser", "setup_parser_arguments", "patching.cli:setup_parser_arguments", _OPTIONS),
    Row(
        "locust.argument_parser",
        "parse_locustfile_option",
        "patching.cli:parse_locustfile_option",
        Shape(takes={"": "args"}),
    ),
    Row(
        "locust.runners",
        "WorkerRunner.handle_message",
        "patching.cli:handle_message",
        Shape(takes={"": "self msg"}),
    ),
    # The last that Locust does before it ends with its status.
    Row("locust.stats", "StatsCSV.close_files", "patching.cli:close_files", _CLOSE),
    Row("locust.stats", "StatsCSVFileWriter.close_files", "patching.cli:close_csv_files", _CLOSE),
)
"""What a person at the command line sees of us: there when the core is off, too, and alters nothing else."""

LATE = ("locust.main", "locust.pytestplugin")
"""No part of `import locust`; they take names from the modules above under the same name. When they are
loaded before us, the names in them are replaced, too; after us, they find ours by themselves."""

_ABSENT = object()

PACKAGE = "locust_native"


class _Change(NamedTuple):
    owner: object
    name: str
    stock: object
    ours: object


_changes: dict[tuple[str, str], _Change] = {}
_modules: dict[str, tuple[ModuleType | None, ModuleType]] = {}
_status: Status | None = None


def status() -> Status:
    """Whether the native core is on, and if not, why not. Imports nothing, changes nothing."""
    if _status is not None:
        return _status
    if "locust" not in sys.modules:
        return Status(on=False, reason="Locust has not been imported", wanted=False)
    return switched_off() or Status(
        on=False, reason="the start-up hook did not run; import locust_native.auto"
    )


def install() -> Status:
    """Put the native core in Locust's place, unless LOCUST_NATIVE says no; imports Locust if need be.

    Everything is checked before anything is touched: on any mismatch Locust stays stock, and the status
    returned says why. Calling it again changes nothing. Raises only what `import locust` raises.
    """
    global _status
    importlib.import_module("locust")
    # What is on stays on until uninstall(); only a reload of `locust` itself undoes part of it.
    refused = None if _still_on() else switched_off() or _refusal()
    if refused is None:
        try:
            if not _still_on():
                _apply(TABLE)
                _ours("native_json").listen()
                _ours("bs4_native").switch_on()
            _apply_compat08()
            _status = Status(on=True)
        except Exception as error:
            uninstall()
            refused = Status(on=False, reason=_one_line(error))
    if refused is not None:
        _status = refused
    _speak()
    return status()


def uninstall() -> Status:
    """Put back everything that was replaced, except where somebody has put their own on top since."""
    global _status
    for change in reversed(_changes.values()):
        for late in _late_modules():
            if change.stock is not _ABSENT and vars(late).get(change.name) is change.ours:
                setattr(late, change.name, change.stock)
        if vars(change.owner).get(change.name) is not change.ours:
            continue
        if change.stock is _ABSENT:
            delattr(change.owner, change.name)
        else:
            setattr(change.owner, change.name, change.stock)
    for name, (stock, ours) in _modules.items():
        if sys.modules.get(name) is ours:
            del sys.modules[name]
            if stock is not None:
                sys.modules[name] = stock
    _changes.clear()
    _modules.clear()
    if f"{PACKAGE}.native_json" in sys.modules:
        _ours("native_json").forget()
    if f"{PACKAGE}.bs4_native" in sys.modules:
        _ours("bs4_native").switch_off()
    _status = Status(on=False, reason="uninstalled", wanted=False)
    return _status


def _refusal() -> Status | None:
    """Why Locust, as it is loaded here, cannot be patched as a whole; None if it can."""
    version = getattr(sys.modules["locust"], "__version__", None)
    numbers = re.match(r"(\d+)\.(\d+)(?:\.(\d+))?", version) if isinstance(version, str) else None
    if numbers is None:  # somebody's own locust.py, most likely, and none of our business
        return Status(on=False, reason="the module `locust` imported here is not Locust", wanted=False)
    if not OLDEST <= tuple(int(number or 0) for number in numbers.groups()) < TOO_NEW:
        needs = f">={'.'.join(map(str, OLDEST))},<{'.'.join(map(str, TOO_NEW))}"
        return Status(on=False, reason=f"Locust {version} is not supported, it takes {needs}")
    if (reason := next(filter(None, map(_probe, TABLE)), None)) is not None:
        return Status(on=False, reason=f"{reason} (Locust {version})")
    reason = _unfit_replacement()
    return None if reason is None else Status(on=False, reason=reason)


def _unfit_replacement() -> str | None:
    for source in ("_core", "compat08", *(row.replacement for row in TABLE)):
        try:
            _ours(source)
        except Exception as error:
            return f"cannot import locust_native.{source.partition(':')[0]}: {_one_line(error)}"
    return next(filter(None, map(_estranged, TABLE)), None)


def _estranged(row: Row) -> str | None:
    """Whether ours was made from another object than the one in place: Locust imported twice, say."""
    ours, current = _ours(row.replacement), find(row.module, row.attribute)
    if isinstance(current, type):
        kin = isinstance(ours, type) and issubclass(ours, current)
    else:
        kin = current is ours or getattr(ours, "__wrapped__", current) is current
    return (
        None if kin else f"locust_native.{row.replacement} was made from another {row.module}.{row.attribute}"
    )


def _still_on() -> bool:
    """Whether the Locust that was patched is still the one in sys.modules."""
    return (
        _status is not None
        and _status.on
        and all(
            _changes[row[:2]].owner is find(row.module, row.attribute.rpartition(".")[0]) for row in TABLE
        )
    )


def _probe(row: Row) -> str | None:
    """What in Locust does not fit the row; None if it fits, or is ours already."""
    name = f"{row.module}.{row.attribute}"
    found = find(row.module, row.attribute)
    if found is None:
        return f"{name} does not exist"
    if _is_ours(row, found):
        return None
    module, _, home_name = row.shape.same_as.partition(":")
    home = _changes.get((module, home_name))
    if home is not None and found in (home.stock, home.ours):  # bound before or after its home became ours
        return None
    return mismatch(name, found, row.shape)


def _is_ours(row: Row, found: object) -> bool:
    change = _changes.get((row.module, row.attribute))
    return change is not None and change.ours is found


def _ours(source: str) -> Any:
    module, _, name = source.partition(":")
    loaded = importlib.import_module(f"{PACKAGE}.{module}")
    return getattr(loaded, name) if name else loaded


def _apply(rows: tuple[Row, ...]) -> None:
    for row in rows:
        _set(row.module, row.attribute, _ours(row.replacement))


def _apply_compat08() -> None:
    wing = _ours("compat08")
    for name, module in wing.MODULES.items():
        if sys.modules.get(name) is not module:
            _modules[name] = (sys.modules.get(name), module)
            sys.modules[name] = module
    for (path, name), value in wing.NAMES.items():
        _set(path, name, value)


def _set(module: str, attribute: str, ours: object) -> None:
    path, _, name = f"{module}.{attribute}".rpartition(".")
    owner = _owner(path)
    stock = vars(owner).get(name, _ABSENT)
    if stock is ours:
        return
    _changes[module, attribute] = _Change(owner, name, stock, ours)
    setattr(owner, name, ours)
    for late in _late_modules():
        if stock is not _ABSENT and vars(late).get(name) is stock:
            setattr(late, name, ours)


def _owner(path: str) -> object:
    """The module, class or object at a dotted path. Raises AttributeError if there is none."""
    # A module goes by its full name: `locust.user.task` as an attribute is the decorator.
    if isinstance(module := sys.modules.get(path), ModuleType):
        return module
    outer, _, name = path.rpartition(".")
    if not outer:
        raise AttributeError(f"{path} is not imported")
    return getattr(_owner(outer), name)


def _late_modules() -> list[ModuleType]:
    return [sys.modules[name] for name in LATE if name in sys.modules]


def _speak() -> None:
    """Let Locust's log and version line tell the status; say it now where they cannot."""
    try:
        fitting = tuple(row for row in VOICE if _probe(row) is None and _estranged(row) is None)
        if fitting:
            _ours("patching.cli").status = status
            _apply(fitting)
    except Exception:  # a Locust so different that cli.py cannot be imported beside it
        fitting = ()
    if not any(row.attribute == "setup_logging" for row in fitting) and status().log_level == logging.WARNING:
        logging.getLogger(PACKAGE).warning("%s", status().log_line)


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
