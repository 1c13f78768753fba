"""xdist's workers beside gevent: a thread of execnet's, unknown to gevent, fills their queue of tests."""

from typing import Any

import pytest
from gevent.monkey import get_original

_allocate_lock = get_original("_thread", "allocate_lock")
_RLock = get_original("_thread", "RLock")


class _Event:
    """`threading.Event` for one waiter, made of locks that gevent has not replaced."""

    def __init__(self) -> None:
        self._guard, self._gate, self._set = _allocate_lock(), _allocate_lock(), False
        self._gate.acquire()

    def set(self) -> None:
        with self._guard:
            if not self._set:
                self._set = True
                self._gate.release()

    def clear(self) -> None:
        with self._guard:
            if self._set:
                self._set = False
                self._gate.acquire()

    def wait(self) -> None:
        with self._gate:
            pass


def mend(config: pytest.Config) -> None:
    """In a worker, puts locks of the system in the place of those that gevent has given its queue of tests."""
    for plugin in config.pluginmanager.get_plugins():
        queue: Any = getattr(plugin, "torun", None)
        if queue is not None:
            waiting = bool(queue._items)
            queue._lock, queue._has_items_event = _RLock(), _Event()
            if waiting:
                queue._has_items_event.set()
