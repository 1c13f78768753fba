"""What is said in the same words at the command line, in a notebook and in the figures."""

from __future__ import annotations

import signal
import time
from typing import Any


def killed_by(number: int) -> str:
    """The signal in words, and what it mostly means."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = "unknown"
    means = {signal.SIGKILL: ": out of memory, or somebody killed it", signal.SIGSEGV: ": it crashed"}
    return f"killed by signal {number} ({name}){means.get(number, '')}"  # type: ignore[call-overload]


def worker_ended(code: int) -> str:
    """How a worker process has ended; ``code``: its exit status, below 0 the signal."""
    return f"a worker process {f'ended with status {code}' if code >= 0 else f'was {killed_by(-code)}'}"


def clock(moment: float) -> str:
    """The time of day of a unix time."""
    return time.strftime("%H:%M:%S", time.localtime(moment))


def wrong_host(host: str) -> str | None:
    """What is wrong with the host of a user that speaks HTTP; None if it can be one."""
    if host.strip().lower().startswith(("http://", "https://")):
        return None
    return f"{host!r} does not begin with http:// or https://"


def too_many_names(others: dict[str, Any]) -> str:
    """What is said where there was no room for further names; ``others``: what `Record.overflowed` tells of them."""
    return (
        f"more names than there is room for: {others['requests']} requests are counted as '(other names)', most "
        f"named like {others['shape']!r} ({others['example']!r}); give such requests one name=…"
    )
