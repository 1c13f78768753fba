"""A load test from a notebook cell or a script: Locust in a process of its own, its figures back as a `Run`.

`driving` has `run` and `run_sync`; `command` makes a command line of their arguments, `travel` a locustfile of classes
that were defined in a notebook; `trial` looks after the process, in which `child` is; `progress` shows how it gets on;
`outcome` makes of what it left a `Run`, or a `RunError`.
"""

from .driving import run, run_sync
from .outcome import RunError

__all__ = ["RunError", "run", "run_sync"]
