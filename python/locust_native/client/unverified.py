"""Warns of certificates that nobody has looked at (``verify=False``), in urllib3's words and in its name."""

from __future__ import annotations

import functools
import inspect
import warnings
from typing import Any
from urllib.parse import urlsplit

from urllib3 import connectionpool
from urllib3.exceptions import InsecureRequestWarning


def warn(exchange: Any) -> None:
    """Warn as urllib3 does, in its words and its name, of each hop whose certificate nobody has looked at."""
    if warnings.filters != _met[0]:
        _met[:] = [*warnings.filters], _ignored()
    if _met[1]:
        return
    unmade = exchange.error is not None and exchange.error[0] in _NO_CONNECTION
    for hop in range(exchange.hops - unmade):
        parts = urlsplit(exchange.url(hop))
        if parts.scheme == "https":
            warnings.warn_explicit(
                f"Unverified HTTPS request is being made to host '{parts.hostname}'. Adding certificate "
                "verification is strongly advised. See: "
                "https://urllib3.readthedocs.io/en/latest/advanced-usage.html#tls-warnings",
                InsecureRequestWarning,
                connectionpool.__file__,
                _line_of_warning(),
                connectionpool.__name__,
                vars(connectionpool).setdefault("__warningregistry__", {}),
            )


#: The filters that were there last, and whether by them any such warning is ignored, whatever the host.
_met: list[Any] = [[], False]


def _ignored() -> bool:
    for action, message, category, module, line in warnings.filters:
        if not issubclass(InsecureRequestWarning, category):
            continue
        if message is not None or module is not None or line:  # only `warnings` can tell
            return False
        return action == "ignore"
    return False


_NO_CONNECTION = ("dns", "connect", "connect_timeout", "tls", "proxy", "tunnel")


@functools.cache
def _line_of_warning() -> int:
    """Where urllib3 warns, since the line is part of what is printed."""
    lines, first = inspect.getsourcelines(connectionpool.HTTPSConnectionPool._validate_conn)
    return next((first + at for at, line in enumerate(lines) if "warnings.warn(" in line), first)
