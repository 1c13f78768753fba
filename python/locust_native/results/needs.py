"""Packages of the extra `notebook`, imported when they are first needed, and one line where one is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingPackage(ImportError):
    """A package that only tables, plots or Parquet files need is not installed; the message says how to get it."""


def needed(package: str, what: str, part: str | None = None) -> Any:
    """The module ``part`` (or ``package`` itself), which ``what`` cannot do without."""
    try:
        return import_module(part or package)
    except ImportError as error:
        # Installed, but broken: that is another story, and the error tells it.
        if not isinstance(error, ModuleNotFoundError) or (error.name or "").partition(".")[0] != package:
            raise
        line = f"{what} needs {package}: pip install 'locust-native[notebook]'"
        raise MissingPackage(line, name=package) from None
