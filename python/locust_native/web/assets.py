"""What a browser loads: the element that shows the figures, and Chart.js out of the package chartkick."""

from __future__ import annotations

import gzip
import json
import logging
from functools import cache
from importlib import metadata, resources

_PARTS = ("units.js", "series.js", "tables.js", "charts.js", "element.js")
_CHARTS = "django/static/chartkick/Chart.bundle.js"
_LICENCES = tuple(
    f"LICENSE-{part}.txt" for part in ("chart.js", "kurkle-color", "chartjs-adapter-date-fns", "date-fns")
)


def text(name: str) -> str:
    """A file of ours, by its name."""
    return (resources.files(__package__) / "browser" / name).read_text("utf-8")


@cache
def element() -> str:
    """The script that defines `<native-figures>`, its style included."""
    style = f"const STYLE = {json.dumps(text('figures.css'))};"
    return "\n".join(['"use strict";(() => {', style, *map(text, _PARTS), "})();"])


@cache
def charts() -> bytes | None:
    """Chart.js with its licences, gzip'ed; None where chartkick does not hold it, and a warning."""
    try:
        package = resources.files("chartkick")
        library = (package / _CHARTS).read_text("utf-8")
        licences = "\n".join((package / "licenses" / name).read_text("utf-8") for name in _LICENCES)
    except (ImportError, OSError) as error:
        logging.getLogger(__name__).warning(
            "no charts on the native page and in the report: %s; pip install --force-reinstall chartkick",
            error,
        )
        return None
    return gzip.compress(f"/*\n{licences}\n*/\n{library}".encode(), mtime=0)


@cache
def charts_version() -> str:
    """Which chartkick the charts came from, for an address that changes with it."""
    try:
        return metadata.version("chartkick")
    except metadata.PackageNotFoundError:
        return "0"
