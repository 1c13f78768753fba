"""What pre-1.0 files asked of the HTTP clients and today's refuse."""

import functools
from collections.abc import Callable
from typing import Any

import gevent
import locust
from locust import User
from locust.clients import ResponseContextManager

_stock_enter = ResponseContextManager.__enter__

old_classes: set[type] = set()
"""The old classes that have had a user."""

VERBS = ("request", "get", "options", "head", "post", "put", "patch", "delete")


def accept_path(client: Any) -> None:
    """Let this fast client's methods take the URL as `path=`, its name before 1.0."""

    def renaming(send: Callable) -> Callable:
        @functools.wraps(send)
        def call(*args: Any, **kwargs: Any) -> Any:
            if "path" in kwargs:
                kwargs["url"] = kwargs.pop("path")
            return send(*args, **kwargs)

        return call

    for verb in VERBS:
        if hasattr(client, verb):
            setattr(client, verb, renaming(getattr(client, verb)))


def enter(self: ResponseContextManager) -> ResponseContextManager:
    """`with client.get(...)`: without catch_response, to old users a plain response that is counted already.

    It costs requests without a `with` nothing, and users of today still get Locust's error.
    """
    if not self._catch_response and in_old_user():
        self.__class__ = plain(type(self))
        self._report_request = _counted_already  # Python has fetched the other class's __exit__ by now
        return self
    return _stock_enter(self)


def _counted_already(_exception: Any = None) -> None:
    pass


def in_old_user() -> bool:
    """Does the running greenlet belong to an old user? One that is nobody's counts as theirs."""
    arguments = getattr(gevent.getcurrent(), "args", None)
    if arguments and isinstance(arguments[0], User):
        return type(arguments[0]) in old_classes
    return bool(old_classes)


@functools.cache
def plain(response_class: type) -> type:
    """A class like this response class, for responses whose verdict has been reported already."""

    def gone(name: str) -> property:
        def get(_response: Any) -> Any:
            raise AttributeError(f"{name}() needs catch_response=True")

        return property(get)

    return type(
        response_class.__name__,
        (response_class,),
        {
            "__enter__": lambda self: self,
            "__exit__": lambda self, *_error: None,
            "success": gone("success"),
            "failure": gone("failure"),
        },
    )


def base_url_alone(init: Callable) -> Callable:
    """A session's `__init__` that can do with the base URL: requests then count in `locust.events`."""

    @functools.wraps(init)
    def __init__(
        self: Any, base_url: str, request_event: Any = None, user: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        init(self, base_url, request_event or locust.events.request, user, *args, **kwargs)

    return __init__
