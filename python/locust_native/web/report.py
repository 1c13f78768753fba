"""The native figures at the end of Locust's HTML report, in the same single file."""

from __future__ import annotations

import base64
import json
import logging
from functools import wraps
from typing import Any

from locust import html as stock

from ..metrics.percentiles import in_table
from . import assets
from .page import Source, for_view
from .view import view

logger = logging.getLogger(__name__)

_stock_report = stock.get_html_report


@wraps(_stock_report)
def get_html_report(environment: Any, *args: Any, **kwargs: Any) -> str:
    """Stands in place of `locust.html.get_html_report`: Locust's report, ours at its end."""
    return add(environment, in_table(_stock_report)(environment, *args, **kwargs))


def add(environment: Any, html: str, source: Source | None = None) -> str:
    """The report with the figures added; as it was, and a warning, where there are none to be had."""
    try:
        section = _section((source or for_view)(environment))
    except Exception as error:  # whoever ran an hour wants the report, if need be without ours
        logger.warning("no native figures in the HTML report: %s: %s", type(error).__name__, error)
        return html
    head, end, tail = html.rpartition("</body>")
    if not end:
        logger.warning("no native figures in the HTML report: it has no </body>")
        return html
    return f"{head}{section}{end}{tail}"


def _section(figures: dict[str, Any]) -> str:
    library = assets.charts()
    parts = [
        '<native-figures inline style="display:block;max-width:1200px;margin:0 auto 48px;padding:0 24px;'
        'box-sizing:border-box"></native-figures>',
        _script("native-figures-data", "application/json", _harmless(view(figures))),
    ]
    if library is not None:
        parts.append(_script("native-figures-charts", "text/plain", base64.b64encode(library).decode()))
    parts.append(f"<script>\n{assets.element()}\n</script>")
    return "\n".join(["", *parts, ""])


def _script(name: str, kind: str, text: str) -> str:
    return f'<script type="{kind}" id="{name}">{text}</script>'


def _harmless(value: Any) -> str:
    """JSON in which no name can end the script it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
