"""The pre-1.0 user classes: today's User, HttpUser and FastHttpUser that take `task_set` and waits in ms."""

import functools
import inspect
import sys
from typing import Any

import locust
from locust import FastHttpUser, HttpUser, TaskSet, User
from locust.env import Environment
from locust.exception import LocustError
from locust.user.users import UserMeta
from locust.util import deprecation

from . import clients, runners, tasksets


class LocustMeta(UserMeta):
    """Turns an old class into today's while it is being created: `task_set = X` becomes `tasks = [X]`."""

    def __new__(mcs, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> type:
        if not _file_is_loading(namespace.get("__module__", sys._getframe(1).f_globals.get("__name__"))):
            for base in bases:  # not their ancestors: a class of the file's own may always be derived from
                if tombstone := vars(base).get("tombstone"):
                    return type(tombstone)(name, (tombstone,), namespace)  # raises Locust's ImportError
        # Locust warns when it sees `task_set`, and would add the bases' tasks to it; so it is set afterwards
        given = "task_set" in namespace
        task_set = namespace.pop("task_set", None)
        if not given and "tasks" not in namespace:
            task_set = next((base.task_set for base in bases if getattr(base, "task_set", None)), None)
        abstract = namespace.get("abstract")
        cls = super().__new__(mcs, name, bases, namespace)
        if given or task_set is not None:
            cls.task_set = task_set
        if abstract:
            cls.abstract = True
        else:
            cls.settle()
        return cls

    def __setattr__(cls, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "task_set" and value is not None:
            if not (isinstance(value, type) and issubclass(value, TaskSet)):
                raise tasksets.OldClassError(
                    f"{tasksets.where(cls)}: task_set must be a TaskSet class, not {value!r}"
                )
            cls.tasks = [value]
            cls.settle()

    def settle(cls) -> None:
        """Decide whether users of this class are run, and if so check its waits and adopt its task sets.

        As in 0.8, a class is run if it has tasks and its name has no leading underscore.
        """
        cls.abstract = not cls.tasks or cls.__name__.startswith("_")
        if cls.abstract:
            return
        runners.watch()
        in_ms = tasksets.is_default(cls.wait_time)
        if in_ms:
            tasksets.check_range(cls)
        for task in cls.tasks:
            if isinstance(task, type) and issubclass(task, TaskSet):
                tasksets.adopt(task)
                if in_ms and task.wait_time is tasksets.wait_time:
                    tasksets.check_range(task, fallback=cls)

    def __call__(cls, environment: Environment | None = None) -> Any:
        """Make a user; without an environment (`MyLocust().run()`) it gets one of its own.

        The environment is there before `__init__`, because old files write `def __init__(self)`.
        """
        user = cls.__new__(cls)
        user.environment = environment or Environment(
            events=locust.events, catch_exceptions=cls._catch_exceptions, host=cls.host
        )
        if environment is None:
            runners.enter(user.environment)
        if _takes_environment(cls.__init__):
            user.__init__(user.environment)
        else:
            user.__init__()
        return user


def _file_is_loading(module: str | None) -> bool:
    """Is some file's own code running: a locustfile, what it imports, or a program's main file, if it is its class?

    Elsewhere, as in the middle of somebody's test, the old names stay the errors that they are in Locust.
    """
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name == "<module>" and (
            frame.f_globals.get("__name__") != "__main__" or module == "__main__"
        ):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


@functools.cache
def _takes_environment(init: Any) -> bool:
    try:
        inspect.signature(init).bind(None, None)
    except TypeError:
        return False
    return True


class NoClient:
    """Stands where a client would be in a class that has none, and says so when used."""

    def __getattr__(self, name: str) -> Any:
        raise LocustError("No client instantiated. Did you intend to inherit from HttpLocust?")


class Locust(User, metaclass=LocustMeta):
    """A user with a `task_set`, for files that bring their own client."""

    abstract = True
    tombstone = deprecation.DeprecatedLocustClass
    task_set: type[TaskSet] | None = None
    min_wait: float = tasksets.DEFAULT_WAIT
    max_wait: float = tasksets.DEFAULT_WAIT
    wait_time = tasksets.pause
    weight = 10
    stop_timeout: float | None = None
    client: Any = NoClient()
    _catch_exceptions = True

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment or self.environment)
        clients.old_classes.add(type(self))
        for task in self.tasks:  # again, for task sets the file has filled or nested since
            tasksets.adopt(task)
        tasksets.prepare(self, self.environment)


class HttpLocust(Locust, HttpUser):
    """A user with today's HttpUser client."""

    abstract = True
    tombstone = deprecation.DeprecatedHttpLocustClass
    client: Any = None
    trust_env = False

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        if self.trust_env:
            self.client.trust_env = True


class FastHttpLocust(Locust, FastHttpUser):
    """A user with today's FastHttpUser client, which takes `path=` for `url=` as the old one did."""

    abstract = True
    tombstone = deprecation.DeprecatedFastHttpLocustClass
    client: Any = None

    def __init__(self, environment: Environment | None = None) -> None:
        super().__init__(environment)
        clients.accept_path(self.client)
