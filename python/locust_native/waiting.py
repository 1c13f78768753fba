"""Where greenlets wait for their native requests: a ``_core.Room`` for each gevent hub."""

from __future__ import annotations

import sys

from gevent import get_hub, getcurrent
from gevent.monkey import get_original

from . import _core, forking

_READ = 1  # libev's EV_READ, which gevent's loop.io takes

#: Seconds for which finished requests may keep the hub at a stretch.
#: Without a limit 200 users who parse pages kept it for a second at a time, and stopping them took six times
#: as long as on stock Locust.
_STRETCH = sys.getswitchinterval()

#: What each thread holds until it ends. A real thread-local, which gevent's are not; and not an attribute of the hub,
#: since gevent does not free the hubs of threads that have ended, and each would keep a descriptor.
_own = get_original("_thread", "_local")()


class _Lease:
    """Closes a waiting room as its thread ends, or as the thread takes another for a new hub."""

    __slots__ = ("room",)

    def __init__(self, room: _core.Room) -> None:
        self.room = room

    def __del__(self) -> None:
        self.room.close()


def here() -> _core.Room:
    """The waiting room of the current thread's hub."""
    hub = get_hub()
    try:
        room: _core.Room = _own.lease.room
        if room.hub is hub:
            return room
    except AttributeError:
        pass
    room = _core.Room(hub, getcurrent, _STRETCH)
    assert room.queue is not None
    room.watch(hub.loop.io(room.queue.fileno(), _READ))
    _own.lease = _Lease(room)
    return room


def present() -> _core.Room | None:
    """The waiting room of the current thread, if there is one."""
    try:
        room: _core.Room = _own.lease.room
    except AttributeError:
        return None
    return room


def _after_fork() -> None:
    # The runtime's threads did not survive: leave the queue behind and start afresh on demand. Other threads did not,
    # either, and Python has dropped what was theirs.
    lease = _own.__dict__.pop("lease", None)
    if lease is not None:
        lease.room.unwatch()
        _left_behind.append(lease)


# The greenlets that wait in the parent are here, too, and it still is the room they wait in.
_left_behind: list[_Lease] = []

forking.in_child.append(_after_fork)
