"""Comparison chart: the change of each percentile with its confidence interval, name by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..charts import BLUE, GREEN, GREY, ORANGE, RED, figure, literal
from ..rows import named

if TYPE_CHECKING:
    from .comparison import Comparison

#: Names that are drawn: those with the smallest p.
MOST_NAMES = 30
_COLOURS = (BLUE, ORANGE, RED, GREEN, "#CC79A7", "#56B4E9")


def comparison_figure(comparison: Comparison) -> Any:
    """A dot for each percentile that could be compared; filled where the difference is significant."""
    table = comparison.table[comparison.table["p"].notna()]
    keys = list(dict.fromkeys(zip(table["method"], table["name"], strict=True)))
    shown = _most_telling(table, keys)
    percents = list(dict.fromkeys(table["percentile"]))
    made = figure(9, 1.6 + 0.17 * max(1, len(shown)) * max(1, len(percents)))
    axes = made.subplots()
    axes.axvline(0, color=GREY, linewidth=1)
    step = 0.7 / max(1, len(percents))
    for place, percent in enumerate(percents):
        colour = _COLOURS[place % len(_COLOURS)]
        axes.plot([], [], "o", color=colour, label=f"p{named(percent)}")
        for row in table[table["percentile"] == percent].itertuples():
            if (row.method, row.name) not in shown:
                continue
            height = shown.index((row.method, row.name)) + (place - (len(percents) - 1) / 2) * step
            low, middle, high = (100 * (ratio - 1) for ratio in (row.ratio_low, row.ratio, row.ratio_high))
            axes.plot([low, high], [height, height], color=colour, linewidth=1.5)
            face = colour if row.significant else axes.get_facecolor()
            axes.plot(middle, height, "o", color=colour, markerfacecolor=face, markersize=5)
    if percents:
        axes.plot([], [], "o", color=GREY, label="differs")
        axes.plot([], [], "o", color=GREY, markerfacecolor="none", label="cannot be told from chance")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
    else:
        axes.text(
            0.5, 0.5, "nothing that could be compared", transform=axes.transAxes, ha="center", color=GREY
        )
    axes.set_yticks(range(len(shown)), [literal(" ".join(key).strip()) for key in shown])
    axes.set_ylim(len(shown) - 0.5 if shown else 0.5, -0.5)
    a, b = (literal(name) for name in comparison.names)
    axes.set_xlabel(
        f"change in %, from {a} to {b}, with intervals of {comparison.confidence:.4g} all together"
    )
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    left = len(keys) - len(shown)
    if left:
        axes.set_title(f"{len(shown)} of {len(keys)} names, the most telling ones", fontsize="medium")
    return made


def _most_telling(table: Any, keys: list[tuple[str, str]]) -> list[tuple[str, str]]:
    if len(keys) <= MOST_NAMES:
        return keys
    least = table.groupby(["method", "name"])["p"].min().sort_values(kind="stable")
    chosen = set(least.index[:MOST_NAMES])
    return [key for key in keys if key in chosen]
