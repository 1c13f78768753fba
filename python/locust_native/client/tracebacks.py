"""Tracebacks as stock Locust files them: it groups exceptions by that text, so no frame of ours may be in it.

Where a function of ours does the work of one of stock's, the entry of the latter is made by a rehearsal: stock's own
function runs over stand-ins, and raises where it would have.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import CodeType, SimpleNamespace, TracebackType
from typing import Any

_OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep

Entries = list[TracebackType]

_stands_for: dict[CodeType, Callable[[TracebackType], Entries]] = {}


class Rehearsed(Exception):
    """What is raised in a rehearsal."""


def fails(*_: Any, **__: Any) -> Any:
    """Stands in for what a function of stock's calls where it is to fail."""
    raise Rehearsed


def rehearsed(function: Callable[..., Any], *arguments: Any) -> Entries:
    """The entries that this function of stock's adds to a traceback; none if it does not come to `fails`."""
    try:
        function(*arguments)
    except Rehearsed as raised:
        return [entry for entry in _entries(raised.__traceback__) if not _is_ours(entry)]
    except Exception:  # a Locust we do not know
        pass
    return []


def stands_for(function: Any, entries: Callable[[TracebackType], Entries]) -> None:
    """Say what stock's traceback shows where ours has a frame of this function."""
    _stands_for[function.__code__] = entries


def left(session: Any, name: str, error: BaseException) -> None:
    """Raise what has left a request that went the fast path through stock's method, `name` being ours of it."""

    def request(*_: Any, **__: Any) -> None:
        raise error

    if name == "_request":
        raise error
    getattr(type(session), name)(SimpleNamespace(request=request), "")


def _is_ours(entry: TracebackType) -> bool:
    return entry.tb_frame.f_code.co_filename.startswith(_OURS)


def _entries(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _as_stock(traceback: TracebackType | None) -> TracebackType | None:
    entries: Entries = []
    for entry in _entries(traceback):
        if not _is_ours(entry):
            entries.append(entry)
        elif entry.tb_frame.f_code in _stands_for:
            entries += _stands_for[entry.tb_frame.f_code](entry)
    made = None
    for entry in reversed(entries):
        made = TracebackType(made, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return made


def clean(exception: Any = None, tb: TracebackType | None = None, **_: Any) -> None:
    """A listener of `user_error`, the first: what the others see, and Locust logs, is as stock's.

    The first entry is Locust's own, which has caught the exception, so that the rest can be put in place below it.
    """
    if tb is not None:
        tb.tb_next = _as_stock(tb.tb_next)
    seen = {id(exception)}
    while exception is not None:
        exception = exception.__cause__ or exception.__context__
        if exception is None or id(exception) in seen:
            break
        seen.add(id(exception))
        exception.__traceback__ = _as_stock(exception.__traceback__)


def listen(events: Any) -> None:
    """Be the first listener of `user_error`."""
    handlers = events.user_error._handlers
    if clean not in handlers:
        handlers.insert(0, clean)
