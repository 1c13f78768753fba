"""Puts the native page in Beautiful Soup's place, when and if a program imports bs4; the one place that does.

What is replaced is `bs4.BeautifulSoup.__new__`, which serves a program that imported the class before Locust, too.
bs4 is never imported by us: that takes longer than many a program runs.
"""

import contextlib
import importlib.util
import logging
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from ..activation import switched_off
from ..shape import Shape, mismatch
from .release import release

SWITCH = "LOCUST_NATIVE_HTML"
OLDEST, TOO_NEW = (4, 12), (4, 16)
"""bs4 versions whose reading of a page was compared with ours: from the first, below the second."""

SHAPES = (
    (
        "BeautifulSoup",
        Shape(
            bases=("bs4.element:Tag",),
            takes={
                "__init__": "self markup features builder parse_only from_encoding exclude_encodings element_classes",
                "handle_starttag": "self name namespace nsprefix attrs",
            },
        ),
    ),
    ("BeautifulSoup.handle_starttag", Shape(uses=("element_classes", "Tag"))),
    (
        "Tag",
        Shape(
            takes={
                "__init__": "self parser builder name namespace prefix attrs parent previous",
                "find": "self name attrs recursive string",
                "find_all": "self name attrs recursive string limit",
                "select": "self selector namespaces limit",
                "select_one": "self selector namespaces",
                "get": "self key default",
                "has_attr": "self key",
                "get_text": "self separator strip types",
                "__getattr__": "self",
                "__getitem__": "self key",
            },
            has=("text", "stripped_strings", "get_attribute_list"),
        ),
    ),
)
"""What ours relies on, by the name in bs4."""

_log = logging.getLogger("locust_native")


class _Finder:
    """Answers for the name `bs4` once, and for no other."""

    asking = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "bs4" or self.asking:
            return None
        self.asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.asking = False
        loader = None if spec is None else spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return spec

        def exec_module(module: ModuleType) -> None:
            vars(loader).pop("exec_module", None)
            execute(module)
            if module.__name__ == "bs4":
                _forget_finder()
                _replace(module)

        with contextlib.suppress(AttributeError):  # a loader without room for it: bs4 stays stock
            loader.exec_module = exec_module  # type: ignore[union-attr]
        return spec


_finder = _Finder()


def switch_on() -> None:
    """Read pages natively from now on, or from when bs4 is imported, unless LOCUST_NATIVE_HTML says no."""
    refused = switched_off(SWITCH)
    if refused is not None:
        if refused.misspelt:
            _log.warning("%s; Beautiful Soup runs without the native core", refused.reason)
    elif "bs4" in sys.modules:
        _replace(sys.modules["bs4"])
    elif _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def switch_off() -> None:
    """Leave Beautiful Soup as it was; soups that were made stay right."""
    _forget_finder()
    classes = sys.modules.get(f"{__package__}.classes")
    if classes is not None:
        classes.detach()


def _forget_finder() -> None:
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)


def _replace(bs4: ModuleType) -> None:
    reason = _refusal(bs4)
    if reason is None:
        try:
            from . import classes

            classes.attach()
        except Exception as error:  # the program asked for bs4, not for us
            reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
    if reason is not None:
        _log.warning("locust-native: Beautiful Soup stays stock: %s", reason)


def _refusal(bs4: ModuleType) -> str | None:
    """Why this bs4 is not one to answer for; None if it is."""
    version = getattr(bs4, "__version__", None)
    numbers = release(bs4)
    if not OLDEST <= numbers < TOO_NEW:
        known = f">={'.'.join(map(str, OLDEST))},<{'.'.join(map(str, TOO_NEW))}"
        return f"bs4 {version} is not supported, it takes {known}"
    for name, shape in SHAPES:
        found: Any = bs4
        for part in name.split("."):
            found = getattr(found, part, None)
        if (reason := mismatch(f"bs4.{name}", found, shape)) is not None:
            return f"{reason} (bs4 {version})"
    return None
