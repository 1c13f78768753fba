"""Bodies of tests that make one request of a FastHttpSession and show all that can be seen of it."""

from collections.abc import Callable
from typing import Any

from support import observe

VERBS = ("get", "options", "head", "post", "put", "patch", "delete")


def shows(method: str, *arguments: Any, **keywords: Any) -> Callable[[Any], Any]:
    """A body that makes one request and returns all one can see of the response."""
    return lambda client: observe.fast_response(getattr(client, method)(*arguments, **keywords))
