"""The next task of a TaskSet, chosen natively; `patch.py` puts these two in place of Locust's own."""

from __future__ import annotations

import random
from operator import attrgetter
from typing import Any

from locust.user.task import DefaultTaskSet, TaskSet

from ._core import choose_task

# Locust's own, taken when this module is first imported, which is before anything is replaced.
_stock_next_task = TaskSet.get_next_task
_stock_next_default_task = DefaultTaskSet.get_next_task


#: `TaskSet.user` and `TaskSet.client`, without a Python frame: Locust's loop asks seven times between two tasks.
user = property(attrgetter("_user"), doc=TaskSet.user.__doc__)
client = property(attrgetter("_user.client"), doc=TaskSet.client.__doc__)


def next_task(self: TaskSet) -> Any:
    """`TaskSet.get_next_task`: a task of the list as it is now; raises what Locust raises if there is none.

    The random word comes from Python's `random` at every draw, so that `random.seed()` in a locustfile makes
    the draws repeatable. Whatever is not simply a list with something in it goes Locust's own way.
    """
    tasks = self.tasks
    if type(tasks) is list and tasks:
        return choose_task(tasks, random.getrandbits(64))
    return _stock_next_task(self)


def next_default_task(self: DefaultTaskSet) -> Any:
    """`DefaultTaskSet.get_next_task`: the same for tasks declared on the User itself."""
    tasks = self.user.tasks
    if type(tasks) is list and tasks:
        return choose_task(tasks, random.getrandbits(64))
    return _stock_next_default_task(self)
