"""The next task of a TaskSet, chosen natively, and the wait before it; `patch.py` puts these in place of Locust's own.

What Locust's loop asks a TaskSet's `user` property for, time and again, these have from where it is kept.
"""

from __future__ import annotations

import random
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

from locust.exception import StopUser
from locust.user.task import (
    LOCUST_STATE_RUNNING,
    LOCUST_STATE_STOPPING,
    LOCUST_STATE_WAITING,
    DefaultTaskSet,
    TaskSet,
)

from .._core import choose_task
from ..client import tracebacks

# Locust's own, taken when this module is first imported, which is before anything is replaced.
_stock_next_task = TaskSet.get_next_task
_stock_next_default_task = DefaultTaskSet.get_next_task
_stock_wait_time = TaskSet.wait_time
_stock_wait = TaskSet.wait


#: `TaskSet.user` and `TaskSet.client`, without a Python frame: Locust's loop asks seven times between two tasks.
user = property(attrgetter("_user"), doc=TaskSet.user.__doc__)
client = property(attrgetter("_user.client"), doc=TaskSet.client.__doc__)


def next_task(self: TaskSet) -> Any:
    """`TaskSet.get_next_task`: a task of the list as it is now; raises what Locust raises if there is none.

    The random number comes from Python's `random` at every draw, so that `random.seed()` in a locustfile makes
    the draws repeatable. Whatever is not simply a list with something in it goes Locust's own way.
    """
    tasks = self.tasks
    if type(tasks) is list and tasks:
        return choose_task(tasks, random.random())
    return _stock_next_task(self)


def next_default_task(self: DefaultTaskSet) -> Any:
    """`DefaultTaskSet.get_next_task`: the same for tasks declared on the User itself."""
    tasks = self._user.tasks
    if type(tasks) is list and tasks:
        return choose_task(tasks, random.random())
    return _stock_next_default_task(self)


def wait_time(self: TaskSet) -> Any:
    """`TaskSet.wait_time`, in s: that of the user, else what Locust makes of the TaskSet's own settings."""
    of_user = self._user.wait_time
    return of_user() if of_user else _stock_wait_time(self)  # type: ignore[no-untyped-call]


def wait(self: TaskSet) -> None:
    """`TaskSet.wait`: sleeps for the `wait_time`; raises StopUser where the user is to stop."""
    user: Any = self._user
    if user._state == LOCUST_STATE_STOPPING:
        raise StopUser()
    user._state = LOCUST_STATE_WAITING
    self._sleep(self.wait_time())  # type: ignore[no-untyped-call]
    if user._state == LOCUST_STATE_STOPPING:
        raise StopUser()
    user._state = LOCUST_STATE_RUNNING


def _stock_waits(entry: Any) -> tracebacks.Entries:
    below, fails = entry.tb_next, tracebacks.fails
    asked = below is not None and below.tb_frame.f_code.co_name in ("sleep", "_sleep")
    user = SimpleNamespace(_state=None)
    wait_time = (lambda: None) if asked else fails
    return tracebacks.rehearsed(
        _stock_wait, SimpleNamespace(user=user, wait_time=wait_time, _sleep=fails if asked else None)
    )


def _stock_asks_the_user(entry: Any) -> tracebacks.Entries:
    if not entry.tb_frame.f_locals.get("of_user"):
        return []  # Locust's own has raised it
    user = SimpleNamespace(wait_time=tracebacks.fails)
    return tracebacks.rehearsed(_stock_wait_time, SimpleNamespace(user=user))


tracebacks.stands_for(wait, _stock_waits)
tracebacks.stands_for(wait_time, _stock_asks_the_user)
