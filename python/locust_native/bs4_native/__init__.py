"""Beautiful Soup over `html.parser`, answered natively where that is certain: the door."""

import sys
from typing import TYPE_CHECKING, Any

from .hook import switch_off, switch_on

if TYPE_CHECKING:
    from bs4 import BeautifulSoup

__all__ = ["of", "switch_off", "switch_on"]


def of(response: Any) -> "BeautifulSoup":
    """The page of a response as `BeautifulSoup(response.text, "html.parser")`, made when first asked for."""
    kept = vars(response)
    soup = kept.get("_html")
    if soup is None:
        bs4 = sys.modules.get("bs4")
        if bs4 is None:
            import bs4
        soup = kept["_html"] = bs4.BeautifulSoup(response.text or "", "html.parser")
    return soup
