"""Attributes of a session that are made when they are first read.

Not by ``__getattr__``: Python looks up every attribute and method of a class that has one the slow way, which took
4 % of a request's time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core import own_names


class Made:
    """Such an attribute. It is not there before ``__init__``, nor where ``make`` answers None."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, session: Any, owner: type) -> Any:
        value = None
        if session is not None and "_native" in own_names(session):
            value = self._make(session)
        if value is None:
            whose = (
                f"type object {owner.__name__!r}" if session is None else f"{type(session).__name__!r} object"
            )
            raise AttributeError(f"{whose} has no attribute {self._name!r}", name=self._name, obj=session)
        own_names(session)[self._name] = value
        return value
