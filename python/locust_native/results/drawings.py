"""How a ``Histogram`` and a ``Picker`` look in a notebook: HTML without script or style sheet, on light and on dark."""

from __future__ import annotations

from html import escape
from math import log
from typing import TYPE_CHECKING

from .page import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._core import Histogram, Picker

#: Blue that stands out on white and on black alike; all text has the notebook's own colour.
COLOUR = "#4c8bd6"
#: The percentiles of a histogram's table.
PERCENTS = (50, 75, 90, 95, 99, 99.9)
#: Columns of a histogram's drawing, and its size in px.
COLUMNS, WIDTH, HEIGHT = 60, 480, 80
#: So many weights of a picker are shown.
MOST_WEIGHTS = 20


def histogram(times: Histogram) -> str:
    """Percentiles, and a drawing of how the times are spread."""
    if not times.count:
        return "<div><strong>Histogram</strong>: empty</div>"
    head = ["count", "min", "mean", *(f"p{percent:g}" for percent in PERCENTS), "max"]
    values = [times.min, times.mean, *times.percentiles([*PERCENTS, 100])]
    left_out = times.out_of_range
    note = f"<div>{left_out:,} above 1 h or below 0, not in the drawing</div>" if left_out else ""
    return _table("Histogram (ms)", head, [[f"{times.count:,}", *map(shown, values)]], _columns(times) + note)


def picker(chooser: Picker) -> str:
    """Weights and shares."""
    weights = chooser.weights
    whole, greatest = sum(weights), max(weights)
    rows = [
        [str(index), f"{weight:g}", f"{weight / whole:.2%}".replace("%", " %"), _bar(weight / greatest)]
        for index, weight in enumerate(weights[:MOST_WEIGHTS])
    ]
    more = len(weights) - MOST_WEIGHTS
    return _table("Picker", ["index", "weight", "share", ""], rows, f"and {more} more" if more > 0 else "")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return "".join(f'<{tag} style="text-align:right">{cell}</{tag}>' for cell in cells)

    body = "".join(f"<tr>{line('td', cells)}</tr>" for cells in rows)
    return (
        f"<div><strong>{escape(title)}</strong><table><thead><tr>{line('th', head)}</tr></thead>"
        f"<tbody>{body}</tbody></table>{note}</div>"
    )


def _bar(share: float) -> str:
    return (
        f'<svg width="100" height="10" role="presentation"><rect width="{100 * share:.1f}" height="10" '
        f'fill="{COLOUR}"/></svg>'
    )


def _columns(times: Histogram) -> str:
    """Times of the same ratio are as far apart: response times span decades."""
    buckets = times.buckets()
    if not buckets:
        return ""

    def at(ms: float) -> float:
        return log(max(ms, 1e-3))  # below 1 µs there are no digits to show

    start, end = buckets[0][0], buckets[-1][1]
    width = max(at(end) - at(start), 1e-9)
    heights = [0] * COLUMNS
    for low, high, count in buckets:
        heights[min(int((at((low + high) / 2) - at(start)) / width * COLUMNS), COLUMNS - 1)] += count
    step = WIDTH / COLUMNS
    rects = []
    for place, height in enumerate(heights):
        if height:
            tall = max(HEIGHT * height / max(heights), 1)  # what was seen at all can be seen
            rects.append(
                f'<rect x="{place * step:.1f}" y="{HEIGHT - tall:.1f}" width="{step - 1:.1f}" '
                f'height="{tall:.1f}" fill="{COLOUR}"/>'
            )
    first, last, below = f"{shown(start)} ms", f"{shown(end)} ms", HEIGHT + 14
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT + 18}" width="{WIDTH}" style="max-width:100%" role="img" '
        f'aria-label="how often which time was seen, from {first} to {last}">{"".join(rects)}'
        f'<path d="M0 {HEIGHT}H{WIDTH}" stroke="currentColor" stroke-opacity="0.4"/>'
        f'<text x="0" y="{below}" font-size="12" fill="currentColor">{first}</text>'
        f'<text x="{WIDTH}" y="{below}" font-size="12" fill="currentColor" text-anchor="end">{last}</text></svg>'
    )
