"""What the benches share: pinned processes, servers that count, tables, targets, and the page of results."""

from .command import arguments, parsed, patiently, run, said
from .locusts import check_core, finish_locust, locust
from .page import RESULTS, ROOT, first_line, machine, publish, show, write
from .processes import (
    CLIENT_CORE,
    CORES,
    SERVER_CORE,
    Cost,
    Failed,
    by_thread,
    memory,
    pinned,
    spent,
    stop,
    tracker,
    watch,
)
from .servers import BODY, COOKIES, PAGE, Server, fetch, mock, nginx, timed
from .tables import Target, quotients, spread, table, targets

__all__ = [
    "BODY",
    "CLIENT_CORE",
    "COOKIES",
    "CORES",
    "PAGE",
    "RESULTS",
    "ROOT",
    "SERVER_CORE",
    "Cost",
    "Failed",
    "Server",
    "Target",
    "arguments",
    "by_thread",
    "check_core",
    "fetch",
    "finish_locust",
    "first_line",
    "locust",
    "machine",
    "memory",
    "mock",
    "nginx",
    "parsed",
    "patiently",
    "pinned",
    "publish",
    "quotients",
    "run",
    "said",
    "show",
    "spent",
    "spread",
    "stop",
    "table",
    "targets",
    "timed",
    "tracker",
    "watch",
    "write",
]
