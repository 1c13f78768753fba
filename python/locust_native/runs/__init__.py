"""A load test from a notebook cell or a script: Locust in processes of its own, its figures back as a `Run`.

`api` has `run` and `run_sync`; `spec` makes a command line of their arguments, `export_source` a locustfile of classes
that were defined in a notebook; `process` looks after the processes: `supervisor` is the first of them, which guards
the others, and `in_locust` what Locust does for us in them; `progress` shows how it gets on; `outcome` makes of what is
left a `Run`, or a `RunError`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .api import run, run_sync
    from .outcome import RunError

__all__ = ["RunError", "run", "run_sync"]


def __getattr__(name: str) -> object:
    # Late, since `supervisor` is in this package: gevent is to patch a process in which little has been imported.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import api, outcome

    return getattr(outcome if name == "RunError" else api, name)
