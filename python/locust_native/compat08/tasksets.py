"""What a pre-1.0 TaskSet had and today's lacks: `self.locust`, waits in ms, setup/teardown, TaskSequence."""

import logging
import random
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gevent.lock import RLock
from locust import TaskSet
from locust.exception import LocustError, StopUser

logger = logging.getLogger(__name__)

DEFAULT_WAIT = 1000
"""ms: `min_wait` and `max_wait` of a class that sets none, as Locust 0.8 had it."""


class OldClassError(SystemExit, LocustError):
    """A mistake in an old class: a wait that cannot be drawn, a `task_set` that is none.

    Also a SystemExit: there is nothing a traceback would explain, so a locustfile with such a class ends
    with this one line and exit status 1, the status of any locustfile that does not load.
    """


# --- waiting ----------------------------------------------------------------------------------------------


def pause(holder: Any) -> float:
    """Seconds to the next task, from the holder's `wait_function` or its `min_wait`/`max_wait`, all in ms."""
    if holder.wait_function:
        return holder.wait_function() / 1000.0
    low = DEFAULT_WAIT if holder.min_wait is None else holder.min_wait
    high = DEFAULT_WAIT if holder.max_wait is None else holder.max_wait
    return random.uniform(low, high) / 1000.0  # not randint: old files write 0.5 * 1000


def is_default(wait_time: Any) -> bool:
    """Is this the user's `wait_time` of ours, that is, has the file not set one of its own?"""
    return getattr(wait_time, "__func__", wait_time) is pause


def wait_time(self: TaskSet) -> float:
    """Seconds to wait: a `wait_time` of the user's (0.13 and later) before the old values in ms.

    TaskSet.__init__ has copied the user's ms values where the task set has none, so its own ones win.
    """
    if type(self).wait_function is None:
        own = getattr(self.user, "wait_time", None)
        if own is not None and not is_default(own):
            return own()
    return pause(self)


def check_range(holder: type, fallback: type | None = None) -> None:
    """Raise OldClassError if the class's ms values (or those it takes over from `fallback`) are no range."""
    if holder.wait_function or (fallback is not None and fallback.wait_function):
        return
    limits = {}
    for name in ("min_wait", "max_wait"):
        value = getattr(holder, name) or getattr(fallback or holder, name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise OldClassError(f"{where(holder)}: {name} must be a number of milliseconds, not {value!r}")
        limits[name] = DEFAULT_WAIT if value is None else value
    low, high = limits["min_wait"], limits["max_wait"]
    if low > high:
        unset = " (the default)" if high == DEFAULT_WAIT and "max_wait" not in vars(holder) else ""
        raise OldClassError(
            f"{where(holder)}: min_wait {low:g} ms is above max_wait {high:g} ms{unset}; "
            f"{'set max_wait as well' if unset else 'swap the two'}"
        )


def where(cls: type) -> str:
    """The class as a message names it: `locustfile.py: class Visitor`."""
    return f"{cls.__module__}.py: class {cls.__qualname__}"


# --- setup and teardown -----------------------------------------------------------------------------------

_prepared: dict[str, set[type]] = {"setup": set(), "teardown": set()}
_preparing = RLock()


def prepare(holder: Any, environment: Any) -> None:
    """Run `setup()` of the holder's class unless it has run in this process; book `teardown()` for the end.

    Others wait while a setup runs. A setup that raises is reported like a failed task and not repeated.
    """
    cls = type(holder)
    with _preparing:
        if hasattr(cls, "setup") and _first(cls, "setup"):
            try:
                holder.setup()
            except Exception as error:
                environment.events.user_error.fire(
                    user_instance=holder, exception=error, tb=error.__traceback__
                )
                logger.error("%s\n%s", error, traceback.format_exc())
        if hasattr(cls, "teardown") and _first(cls, "teardown"):
            environment.events.quitting.add_listener(lambda **_arguments: holder.teardown())


def _first(cls: type, step: str) -> bool:
    if not _prepared[step].isdisjoint(cls.__mro__):
        return False
    _prepared[step].add(cls)
    return True


# --- making a file's own task sets old ones -----------------------------------------------------------------


def execute_next_task(self: TaskSet) -> None:
    """Run the next task, unless the user class's `stop_timeout` (s) is over: then leave this task set."""
    limit = getattr(self.user, "stop_timeout", None)
    if limit is not None and time.time() - self._time_start > limit:
        if isinstance(self.parent, TaskSet):
            self.interrupt(reschedule=False)
        raise StopUser()
    TaskSet.execute_next_task(self)


def schedule_task(
    self: TaskSet,
    task_callable: Callable,
    args: Iterable | None = None,
    kwargs: dict[str, Any] | None = None,
    first: bool = False,
) -> None:
    """Queue a task, with arguments for it as the old signature had them."""
    if args or kwargs:
        bound = getattr(task_callable, "__self__", None) is self
        wanted, positional, named = task_callable, tuple(args or ()), dict(kwargs or {})

        def task_callable(task_set: TaskSet) -> Any:
            return wanted(*positional, **named) if bound else wanted(task_set, *positional, **named)

    TaskSet.schedule_task(self, task_callable, first=first)


OLD_BEHAVIOUR: dict[str, Any] = {
    "wait_time": wait_time,
    "execute_next_task": execute_next_task,
    "schedule_task": schedule_task,
}


def adopt(task_set: type[TaskSet]) -> None:
    """Give a task set of the file, and those nested in it, what 0.8 had; what the file defines itself stays.

    Only classes of the file are touched: Locust's own TaskSet, and with it every modern file, stays as it is.
    """
    for cls in _with_nested(task_set):
        if not hasattr(cls, "locust"):
            cls.locust = property(lambda self: self.user, doc="The user, by its old name.")
        for name, value in OLD_BEHAVIOUR.items():
            if getattr(cls, name) is getattr(TaskSet, name):
                setattr(cls, name, value)
        if (hasattr(cls, "setup") or hasattr(cls, "teardown")) and not hasattr(cls.__init__, "prepares"):
            cls.__init__ = _preparing_init(cls.__init__)


def _with_nested(task_set: Any, seen: set[type] | None = None) -> Iterator[type[TaskSet]]:
    seen = set() if seen is None else seen
    if not isinstance(task_set, type) or not issubclass(task_set, TaskSet) or task_set in seen:
        return
    seen.add(task_set)
    if not task_set.__module__.startswith("locust."):
        yield task_set
    for nested in task_set.tasks:
        yield from _with_nested(nested, seen)


def _preparing_init(init: Callable) -> Callable:
    def __init__(self: TaskSet, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        prepare(self, self.user.environment)

    __init__.prepares = True
    return __init__


# --- sequences --------------------------------------------------------------------------------------------


def seq_task(order: int) -> Callable:
    """Mark a task of a TaskSequence with its place; `@task(n)` beside it repeats it n times in a row."""

    def mark(task: Any) -> Any:
        task.locust_task_order = order
        if not hasattr(task, "locust_task_weight"):
            task.locust_task_weight = 1
        return task

    return mark


class TaskSequence(TaskSet):
    """Runs its tasks in the order of their `@seq_task(n)`, those without one at place 1, and starts again."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self._index = 0
        self.tasks.sort(key=lambda task: getattr(task, "locust_task_order", 1))

    def get_next_task(self) -> Any:
        """The task after the last one. Raises LocustError if there is none."""
        if not self.tasks:
            raise LocustError(f"{where(type(self))} has no tasks: mark them with @seq_task(n)")
        task = self.tasks[self._index % len(self.tasks)]
        self._index += 1
        return task
