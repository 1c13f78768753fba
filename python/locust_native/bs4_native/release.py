"""Which release of bs4 is loaded, and what depends on that."""

import re
from types import ModuleType

MIXED_SLASHES = (4, 15)
"""From here on `<br>` and `<br/>` are alike in one page."""


def release(bs4: ModuleType) -> tuple[int, ...]:
    """Its version to the minor release; nothing for what has none."""
    numbers = re.match(r"(\d+)\.(\d+)", str(getattr(bs4, "__version__", "")))
    return tuple(map(int, numbers.groups())) if numbers else ()
