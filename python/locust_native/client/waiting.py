"""Where greenlets wait for their native requests: a ``_core.GreenletWaiters`` for each gevent hub."""

from __future__ import annotations

import sys

from gevent import get_hub
from gevent.monkey import get_original

from .. import _core
from . import forking

_READ = 1  # libev's EV_READ, which gevent's loop.io takes

#: Seconds for which finished requests may keep the hub at a stretch.
#: Without a limit 200 users who parse pages kept it for a second at a time, and stopping them took six times
#: as long as on stock Locust.
_STRETCH = sys.getswitchinterval()

#: What each thread holds until it ends. A real thread-local, which gevent's are not; and not an attribute of the hub,
#: since gevent does not free the hubs of threads that have ended, and each would keep a descriptor.
_own = get_original("_thread", "_local")()


class _Lease:
    """Closes a greenlet waiters as its thread ends, or as the thread takes another for a new hub."""

    __slots__ = ("waiters",)

    def __init__(self, waiters: _core.GreenletWaiters) -> None:
        self.waiters = waiters

    def __del__(self) -> None:
        self.waiters.close()


def here() -> _core.GreenletWaiters:
    """The greenlet waiters of the current thread's hub."""
    hub = get_hub()
    try:
        waiters: _core.GreenletWaiters = _own.lease.waiters
        if waiters.hub is hub:
            return waiters
    except AttributeError:
        pass
    waiters = _core.GreenletWaiters(hub, _STRETCH)
    assert waiters.queue is not None
    waiters.watch(hub.loop.io(waiters.queue.fileno(), _READ))
    _own.lease = _Lease(waiters)
    return waiters


def present() -> _core.GreenletWaiters | None:
    """The greenlet waiters of the current thread, if there is one."""
    try:
        waiters: _core.GreenletWaiters = _own.lease.waiters
    except AttributeError:
        return None
    return waiters


def _after_fork() -> None:
    # The runtime's threads did not survive: leave the queue behind and start afresh on demand. Other threads did not,
    # either, and Python has dropped what was theirs.
    lease = _own.__dict__.pop("lease", None)
    if lease is not None:
        lease.waiters.unwatch()
        _left_behind.append(lease)


# The greenlets that wait in the parent are here, too, and it still is the waiters they wait in.
_left_behind: list[_Lease] = []

forking.in_child.append(_after_fork)
