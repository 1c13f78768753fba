"""Bodies as text, decoded natively where they are plain UTF-8."""

from __future__ import annotations

import functools
import sys
from typing import Any

from requests.utils import get_encoding_from_headers

#: How UTF-8 is called, in lower case.
UTF8 = ("utf-8", "utf8")


def encoding_of(exchange: Any, hop: int) -> str | None:
    """The encoding named by the header fields of a hop, as requests reads them; None where that takes a closer look."""
    content_type = exchange.content_type(hop)
    return _encoding_named(content_type) if content_type else None


@functools.lru_cache(100)
def _encoding_named(content_type: str) -> str | None:
    return get_encoding_from_headers({"content-type": content_type})  # type: ignore[arg-type]


def text_of(exchange: Any, hop: int, encoding: Any) -> str | None:
    """A body in UTF-8 as text; None for anything else."""
    if type(encoding) is str and encoding.lower() in UTF8:
        return exchange.text(hop, "bs4" in sys.modules)
    return None
