"""Modules that pre-1.0 files import and that are gone today."""

import types
from typing import Any

import locust
import locust.clients
import locust.exception
import locust.user.wait_time
from locust import TaskSet, task
from locust.user.task import TaskSetMeta

from . import tasksets, users

core = types.ModuleType("locust.core", "What `locust/core.py` offered until 0.14, from where it is today.")
vars(core).update(
    Locust=users.Locust,
    HttpLocust=users.HttpLocust,
    NoClientWarningRaiser=users.NoClient,
    TaskSet=TaskSet,
    TaskSetMeta=TaskSetMeta,
    TaskSequence=tasksets.TaskSequence,
    task=task,
    seq_task=tasksets.seq_task,
    events=locust.events,
    StopLocust=locust.exception.StopUser,
    **{
        name: getattr(locust.exception, name)
        for name in (
            "InterruptTaskSet",
            "LocustError",
            "MissingWaitTimeError",
            "RescheduleTask",
            "RescheduleTaskImmediately",
        )
    },
)


def _of_today(name: str) -> Any:
    if name == "HttpSession":  # looked up when asked for: it may have been replaced meanwhile
        return locust.clients.HttpSession
    raise AttributeError(f"module 'locust.core' has no attribute {name!r}")


core.__getattr__ = _of_today  # type: ignore[method-assign]

MODULES: dict[str, Any] = {
    "locust.core": core,
    "locust.events": locust.events,  # `import locust.events` and `from locust import events` are one object
    "locust.wait_time": locust.user.wait_time,
}
