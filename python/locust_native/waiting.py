"""Park a greenlet until its native request is done; one completion queue per gevent hub."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections import deque
from typing import Any

from gevent import get_hub, getcurrent
from gevent.monkey import get_original

from . import _core

_READ = 1  # libev's EV_READ, which gevent's loop.io takes

#: Seconds for which finished requests may keep the hub at a stretch.
#: Without a limit 200 users who parse pages kept it for a second at a time, and stopping them took six times
#: as long as on stock Locust.
_STRETCH = sys.getswitchinterval()

#: What each thread holds until it ends. A real thread-local, which gevent's are not; and not an attribute of the hub,
#: since gevent does not free the hubs of threads that have ended, and each would keep a descriptor.
_own = get_original("_thread", "_local")()


class Waiting:
    """The requests of one hub that are under way, and the greenlets that wait for them."""

    def __init__(self, hub: Any) -> None:
        self.hub = hub
        self._switch = hub.switch
        self.queue: Any = _core.Queue()
        self._waiters: dict[int, Any] = {}
        #: Answers whose greenlets have not had their turn; at most one for each greenlet that waits.
        self.ready: deque[tuple[int, Any]] = deque()
        #: The most there ever were.
        self.longest = 0
        self._watcher = hub.loop.io(self.queue.fileno(), _READ)
        # Watched all the time, but counted as a reason for the loop to go on only while somebody waits.
        self._watcher.ref = False
        self._watcher.start(self._on_ready)

    def wait(self, token: int, begun: _core.Begun) -> Any:
        """Wait for a request that was started on this room's queue; ``begun`` is told that it was answered.

        Returns the ``_core.Exchange``, or None if its task vanished. A kill or a ``gevent.Timeout``
        leaves through here: the request is then given up and its connection closed.
        """
        waiters = self._waiters
        if not waiters:
            self._watcher.ref = True
        waiters[token] = getcurrent()
        done = False
        try:
            # Whoever else switches to this greenlet has nothing for us: only our own answer counts.
            while True:
                answer = self._switch()
                if type(answer) is tuple and answer[0] == token:
                    done = True
                    begun.answered(exchange := answer[1])
                    return exchange
        finally:
            if not done:
                waiters.pop(token, None)
                if self.queue is not None:
                    self.queue.cancel(token)
            if not waiters:
                self._watcher.ref = False

    def _on_ready(self) -> None:
        ready = self.ready
        ready.extend(self.queue.drain())
        if not ready:
            return  # asked for a sign of life only
        if len(ready) > len(self._waiters):
            # Some have given up on theirs since, and may have asked anew: the queue is never longer than they are many.
            live = [answer for answer in ready if answer[0] in self._waiters]
            ready.clear()
            ready.extend(live)
        if len(ready) > self.longest:
            self.longest = len(ready)
        pop, clock = self._waiters.pop, time.perf_counter
        until = clock() + _STRETCH
        while ready:
            answer = ready.popleft()
            greenlet = pop(answer[0], None)
            if greenlet is None:
                continue
            try:
                greenlet.switch(answer)
            except BaseException:  # what a raw greenlet lets out goes where gevent puts it
                self.hub.handle_error(greenlet, *sys.exc_info())
            if clock() > until and ready:
                # Timers, kills, the web page and heartbeats get their turn before the rest. By way of the
                # descriptor: of callbacks, gevent runs fifty before it looks at the clock.
                self.queue.wake()
                return

    def unwatch(self) -> None:
        """Take the descriptor out of the loop, before it is closed or left to a parent process."""
        with contextlib.suppress(Exception):  # the loop may be gone, and then so is the watch
            self._watcher.stop()
            self._watcher.close()

    def close(self) -> None:
        """Give up what is under way, and the descriptor."""
        self.unwatch()
        self.queue = None


class _Lease:
    """Closes a waiting room as its thread ends, or as the thread takes another for a new hub."""

    __slots__ = ("room",)

    def __init__(self, room: Waiting) -> None:
        self.room = room

    def __del__(self) -> None:
        self.room.close()


def here() -> Waiting:
    """The waiting room of the current thread's hub."""
    hub = get_hub()
    try:
        room = _own.lease.room
        if room.hub is hub:
            return room
    except AttributeError:
        pass
    room = Waiting(hub)
    _own.lease = _Lease(room)
    return room


def present() -> Waiting | None:
    """The waiting room of the current thread, if there is one."""
    try:
        room: Waiting = _own.lease.room
    except AttributeError:
        return None
    return room


def _after_fork() -> None:
    # The runtime's threads did not survive: leave queue and runtime behind and start afresh on demand. Other
    # threads did not, either, and Python has dropped what was theirs.
    _core.forget_after_fork()
    lease = _own.__dict__.pop("lease", None)
    if lease is not None:
        lease.room.unwatch()
        _left_behind.append(lease)


# The greenlets that wait in the parent are here, too, and it still is the room they wait in.
_left_behind: list[_Lease] = []

os.register_at_fork(
    before=_core.rest_before_fork, after_in_parent=_core.resume_after_fork, after_in_child=_after_fork
)
