"""Comparison page: two runs beside each other in one line, and as HTML for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from .page import MOST_ROWS, html_table, plain, short, shown
from .rows import named

if TYPE_CHECKING:
    from .comparison import Comparison

_HEAD = ("method", "name", "percentile", "a", "b", "change", "interval", "p", "")


def comparison_line(comparison: Comparison) -> str:
    """The comparison in one line."""
    table = comparison.table
    sure = table[table["significant"]]
    parts = [
        f"{row.method} {row.name} p{named(row.percentile)} {change(row.ratio)}".strip()
        for row in sure.itertuples()
    ]
    listed = f": {', '.join(map(short, parts[:5]))}{', …' if len(parts) > 5 else ''}" if parts else ""
    failing = int(comparison.failures["significant"].sum())
    also = f", failures of {failing}" if failing else ""
    return f"<Comparison: {len(parts)} of {len(table)} percentiles differ{listed}{also}>"


def comparison_html(comparison: Comparison) -> str:
    """The comparison as a notebook shows it: what differs first, then the rest."""
    table = comparison.table
    ordered = table.sort_values("significant", ascending=False, kind="stable")
    body = [_cells(row) for row in ordered.head(MOST_ROWS).itertuples()]
    more = len(table) - len(body)
    lines = [f"<div>{escape(plain(note))}</div>" for note in comparison.notes]
    if more > 0:
        lines.append(f"<div>{more:,} rows more: comparison.table has them all</div>")
    lines += [
        f"<div>{_share_line(row)}</div>"
        for row in comparison.failures[comparison.failures["significant"]].head(MOST_ROWS).itertuples()
    ]
    sure = int(table["significant"].sum())
    return (
        f"<div><strong>{sure} of {len(table)} percentiles differ</strong>{html_table(_HEAD, body)}{''.join(lines)}"
        f"<div>times in ms; intervals of {comparison.confidence:.4g} for each row, p adjusted for their number (Holm)"
        f"</div></div>"
    )


def change(ratio: float) -> str:
    """A ratio as a change in %: +12.3 %."""
    return "" if ratio != ratio else f"{100 * (ratio - 1):+.1f} %"


def _cells(row: Any) -> list[str]:
    tested = row.p == row.p
    interval = f"{change(row.ratio_low)} to {change(row.ratio_high)}" if tested else ""
    chance = ("<0.0001" if row.p < 0.0001 else f"{row.p:.4f}") if tested else ""
    judged = "differs" if row.significant else row.note
    times = [shown(row.a), shown(row.b)]
    cells = [
        row.method,
        row.name,
        f"p{named(row.percentile)}",
        *times,
        change(row.ratio),
        interval,
        chance,
        judged,
    ]
    return [short(cell) for cell in cells]


def _share_line(row: Any) -> str:
    where = escape(short(f"{row.method} {row.name}".strip()))
    return f"failures of {where}: {100 * row.a:.2f} % in a, {100 * row.b:.2f} % in b (p {row.p:.2g})"
