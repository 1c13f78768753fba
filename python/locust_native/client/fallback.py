"""Say once per reason that a user's requests run on stock Locust's client, and why."""

from __future__ import annotations

import logging

logger = logging.getLogger("locust_native")

_said: set[str] = set()


class Unsupported(Exception):
    """A request asks for something the native client does not do; the argument says what."""


def say(user: object, reason: str) -> None:
    """Log one line for ``reason``, the first time it is met in this process."""
    if reason not in _said:
        _said.add(reason)
        who = type(user).__name__ if user is not None else "a session without user"
        logger.warning("locust-native: %s runs on Locust's own client: %s", who, reason)
