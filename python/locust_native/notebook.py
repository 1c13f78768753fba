"""What a notebook defines its users with: Locust's names, without Locust.

    from locust_native.notebook import HttpUser, between, task

Importing Locust lets gevent patch the process, and a Jupyter kernel hangs. So in a process without Locust these are
stand-ins, which do nothing but to let classes be defined; `locust_native.run` takes such classes to where Locust is.
There, and wherever else Locust has been imported, they are Locust's own: the same line works in a locustfile.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from locust import (  # noqa: F401
        FastHttpUser,
        HttpUser,
        LoadTestShape,
        SequentialTaskSet,
        TaskSet,
        User,
        between,
        constant,
        constant_pacing,
        constant_throughput,
        tag,
        task,
    )


class _User:
    """The base of all users' stand-ins."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise TypeError(
            f"{type(self).__name__} only runs in a test: locust_native.run({type(self).__name__}, …)"
        )


class _Tasks:
    """The base of all other classes' stand-ins."""

    __init__ = _User.__init__


_USERS = ("User", "HttpUser", "FastHttpUser", "Locust", "HttpLocust", "FastHttpLocust")
_TASKS = ("TaskSet", "SequentialTaskSet", "MarkovTaskSet", "TaskSequence", "LoadTestShape")
_WAITS = ("between", "constant", "constant_pacing", "constant_throughput")
_MARKS = ("tag", "seq_task", "transition", "transitions")

_made: dict[str, Any] = {}


def _task() -> Any:
    """A decorator, called with what it decorates or with a weight before that."""

    def task(weight: Any = 1) -> Any:
        return weight if callable(weight) else lambda decorated: decorated

    return task


def _mark() -> Any:
    return lambda *_, **__: lambda decorated: decorated


def _wait() -> Any:
    def wait_time(user: Any) -> float:
        raise TypeError("a wait_time only runs in a test: locust_native.run(…)")

    return lambda *_: wait_time


def _stand_in(name: str) -> Any:
    if name in _USERS or name in _TASKS:
        base = _User if name in _USERS else _Tasks
        return type(name, (base,), {"__module__": __name__, "__doc__": f"Stands for locust.{name}."})
    if name == "task":
        return _task()
    return _mark() if name in _MARKS else _wait()


def __getattr__(name: str) -> Any:
    known = name in (*_USERS, *_TASKS, *_WAITS, *_MARKS, "task")
    locust = sys.modules.get("locust")
    if locust is not None and not name.startswith("_"):
        return getattr(locust, name)
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if not known:
        # Of an AttributeError, `from … import` would not tell the words.
        raise ImportError(
            f"locust_native.notebook has no {name!r}: only users, task sets, shapes, tasks and waits can be defined in "
            "a notebook; write a locustfile for the rest (%%writefile locustfile.py)"
        )
    if name not in _made:
        _made[name] = _stand_in(name)
    return _made[name]


def __dir__() -> list[str]:
    return sorted((*_USERS, *_TASKS, *_WAITS, *_MARKS, "task"))


def name_of(value: Any) -> str | None:
    """The name here of a stand-in, or of what stands here; None if it is neither."""
    for name, made in _made.items():
        if made is value:
            return name
    locust = sys.modules.get("locust")
    if locust is not None:
        for name in __dir__():
            if vars(locust).get(name) is value:
                return name
    return None


def is_user(kind: type) -> bool:
    """Whether a class is one of users."""
    if issubclass(kind, _User):
        return True
    locust = sys.modules.get("locust")
    return locust is not None and issubclass(kind, locust.User)
