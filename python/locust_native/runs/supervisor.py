"""The process of a run: a guardian, and below it the Locust that it looks after.

The guardian does next to nothing, so that it can act whatever Locust is up to: a greenlet that never yields, a
pattern that keeps the interpreter lock for minutes. It ends Locust and its workers when the program that asked for
the run is gone, and the workers when their master is.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import sys
import time
from typing import Any

#: How long Locust may take to end by itself once nobody waits for it any more, in s.
GRACE = 2.0

#: What the program writes to our stdin: end the test, or end at once. The end of the file says that it is gone.
STOP, KILL = b"s", b"k"


def main() -> Any:
    """`python -m locust_native.runs.supervisor SPEC ARGUMENT…`: Locust with these arguments; its status is ours."""
    spec = json.loads(sys.argv[1])
    told, tell = os.pipe()
    locust = os.fork()
    if not locust:
        os.setpgid(0, 0)
        os.close(tell)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)  # else Locust would read the program's words to us
        os.close(nothing)
        sys.path += [folder for folder in spec["path"] if folder not in sys.path]
        from .in_locust import play

        return play(spec["folder"], told, sys.argv[2:])
    os.close(told)
    return _guard(locust, tell, spec["folder"])


def _guard(locust: int, tell: int, folder: str) -> int:
    """Wait for Locust, pass on what the program says, and leave nobody behind; gives Locust's exit status."""
    with contextlib.suppress(OSError):  # whoever of the two comes first
        os.setpgid(locust, locust)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: _say(tell))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(
        signal.SIGHUP, signal.SIG_IGN
    )  # a terminal that closes takes the program along, which we see
    program, deadline = os.getppid(), None
    while True:
        ended, status = os.waitpid(locust, os.WNOHANG)
        if ended:
            break
        if deadline is not None and time.monotonic() > deadline:
            _kill(locust)
        ready, _, _ = select.select([wake] if deadline else [wake, 0], [], [], 0.2 if deadline else 1)
        if wake in ready:
            os.read(wake, 512)
        gone = os.getppid() != program  # where another process of the program's holds our stdin open
        if deadline is None and (0 in ready or gone):
            words = os.read(0, 512) if 0 in ready else b""
            if KILL in words:
                _kill(locust)
            else:
                _say(tell)
            if not words:
                deadline = time.monotonic() + GRACE
    _kill(locust)
    if deadline:
        shutil.rmtree(folder, ignore_errors=True)
    return _as(os.waitstatus_to_exitcode(status))


def _say(tell: int) -> None:
    with contextlib.suppress(OSError):  # it is gone already
        os.write(tell, STOP)


def _kill(group: int) -> None:
    with contextlib.suppress(OSError):  # nobody is left
        os.killpg(group, signal.SIGKILL)


def _as(code: int) -> int:
    """Our own exit status; where a signal ended Locust, it ends us as well, so that the program sees which."""
    if code >= 0:
        return code
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if -code not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    return 128 - code


if __name__ == "__main__":
    sys.exit(main())
