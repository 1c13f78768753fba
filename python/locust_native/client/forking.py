"""What a fork asks of the native core: the I/O thread rests meanwhile, and the child leaves it behind."""

from __future__ import annotations

import os
from collections.abc import Callable

from .. import _core

#: Called in the child, once the parent's runtime has been left behind: to leave what belonged to it.
in_child: list[Callable[[], None]] = []


def _after_fork() -> None:
    _core.forget_after_fork()
    for leave in in_child:
        leave()


os.register_at_fork(
    before=_core.rest_before_fork, after_in_parent=_core.resume_after_fork, after_in_child=_after_fork
)
