"""Comparison page: two runs beside each other in one line, and as HTML for a notebook."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ..page import MOST_ROWS, html_table, plain, short, shown
from ..rows import named
from .design_effect import LEAST_SECONDS, TOO_SHORT

if TYPE_CHECKING:
    from .comparison import Comparison

_HEAD = ("method", "name", "percentile", "a", "b", "change", "interval", "p", "")


def comparison_line(comparison: Comparison) -> str:
    """The comparison in one line."""
    return f"<Comparison: {headline(comparison)}>"


def headline(comparison: Comparison) -> str:
    """What differs, what could not be compared and why, and what became of the failures."""
    table = comparison.table
    sure, untold = table[table["significant"]], table[table["p"].isna()]
    parts = [
        f"{row.method} {row.name} p{named(row.percentile)} {change(row.ratio)}".strip()
        for row in sure.itertuples()
    ]
    said = []
    told = len(table) - len(untold)
    if told:
        listed = f": {', '.join(map(short, parts[:5]))}{', …' if len(parts) > 5 else ''}" if parts else ""
        said.append(f"{len(parts)} of {told} percentiles differ{listed}")
    if len(untold):
        why = untold["note"].value_counts()
        reasons = ", ".join(
            _WHY.get(note, note) + (f" ({count})" if len(why) > 1 else "") for note, count in why.items()
        )
        said.append(f"no verdict for {len(untold)} of {len(table)}: {reasons}")
    said += _failures(comparison)
    return "; ".join(said)


_WHY = {TOO_SHORT: f"runs shorter than {LEAST_SECONDS} s"}


def _failures(comparison: Comparison) -> list[str]:
    """The failures of all requests together, where there are any, and how many names differ in theirs."""
    failures = comparison.failures
    total = failures.iloc[-1]
    said = []
    if total["a"] > 0 or total["b"] > 0:
        judged = "differ" if total["significant"] else total["note"] or "cannot be told from chance"
        said.append(f"failures {_percent(total['a'])} → {_percent(total['b'])} ({_WHY.get(judged, judged)})")
    names = int(failures["significant"].iloc[:-1].sum())
    if names:
        said.append(f"failures differ in {names} name{'' if names == 1 else 's'}")
    return said


def _percent(share: float) -> str:
    if share != share:
        return "-"
    return (
        f"{100 * share:.0f} %"
        if share in (0, 1)
        else f"{100 * share:.2g} %"
        if share < 0.1
        else f"{100 * share:.1f} %"
    )


def comparison_html(comparison: Comparison) -> str:
    """The comparison as a notebook shows it: what differs first, then the rest."""
    table = comparison.table
    ordered = table.sort_values("significant", ascending=False, kind="stable")
    body = [_cells(row) for row in ordered.head(MOST_ROWS).itertuples()]
    more = len(table) - len(body)
    a, b = (short(name) for name in comparison.names)
    lines = [f"<div>a: {escape(a)}; b: {escape(b)}</div>"] if (a, b) != ("a", "b") else []
    lines += [f"<div>{escape(plain(note))}</div>" for note in comparison.notes]
    if more > 0:
        lines.append(f"<div>{more:,} rows more: comparison.table has them all</div>")
    lines += [
        f"<div>{_share_line(row)}</div>"
        for row in comparison.failures[comparison.failures["significant"]].head(MOST_ROWS).itertuples()
    ]
    head = ("method", "name", "percentile", a, b, *_HEAD[5:])
    return (
        f"<div><strong>{escape(short(headline(comparison)))}</strong>{html_table(head, body)}{''.join(lines)}"
        f"<div>times in ms; p and intervals (all together {comparison.confidence:.4g}) adjusted for the number of rows "
        f"(Holm)</div></div>"
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
