"""The side wing that lets files written for Locust 0.8 to 0.14 run on today's; it knows Locust alone.

Nothing in Locust changes by importing this. `NAMES` and `MODULES` say what is to be put where, and whoever
owns the patching does it: `NAMES` maps (module, attribute) to the value, the attribute dotted where it is one
of a class or an object in the module; `MODULES` maps a name in `sys.modules` to the object that stands there.
"""

from typing import Any

from locust.event import EventHook
from locust.exception import InterruptTaskSet, RescheduleTaskImmediately, ResponseError, StopUser

from . import cli, clients, events, runners, tasksets, users
from .modules import MODULES, core

__all__ = ["MODULES", "NAMES"]

NAMES: dict[tuple[str, str], Any] = {
    ("locust", "HttpLocust"): users.HttpLocust,
    ("locust", "Locust"): users.Locust,
    ("locust", "TaskSequence"): tasksets.TaskSequence,
    ("locust", "seq_task"): tasksets.seq_task,
    ("locust", "InterruptTaskSet"): InterruptTaskSet,
    ("locust", "RescheduleTaskImmediately"): RescheduleTaskImmediately,
    ("locust", "ResponseError"): ResponseError,
    ("locust", "core"): core,
    ("locust.contrib.fasthttp", "FastHttpLocust"): users.FastHttpLocust,
    ("locust.exception", "StopLocust"): StopUser,
    ("locust.clients", "ResponseContextManager.__enter__"): clients.enter,
    ("locust.argument_parser", "get_parser"): cli.get_parser,
    ("locust.runners", "__getattr__"): runners.of_runners,
    ("locust.stats", "__getattr__"): runners.of_stats,
    ("locust.web", "__getattr__"): runners.of_web,
    ("locust.event", "EventHook.__iadd__"): events.add,
    ("locust.event", "EventHook.__isub__"): events.remove,
    ("locust", "events.EventHook"): EventHook,
    **{("locust", f"events.{name}"): hook for name, hook in events.HOOKS.items()},
}
