"""Whether this process is a Jupyter kernel that importing Locust would hang: gevent's patches stop its event loop."""

from __future__ import annotations

import sys

from ..activation import switched_off

_WORDS = (
    "in a notebook: from locust_native.notebook import HttpUser, task, …; run it with ln.run "
    "(Locust itself would hang the kernel)"
)


def refusal() -> str | None:
    """Why Locust is not to be imported here and now; None where it may be."""
    application = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    if application is None or not application.initialized():
        return None
    off = switched_off()
    if off is not None and not off.misspelt:
        return None
    gevent = sys.modules.get("gevent.monkey")
    if gevent is not None and gevent.is_module_patched("socket"):
        return None  # a kernel that lives with that
    processes = sys.modules.get("multiprocessing.process")
    if processes is not None and processes.parent_process() is not None:
        return None  # forked off a kernel, and none itself
    return _WORDS
