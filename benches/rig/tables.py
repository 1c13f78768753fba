"""Tables of figures, with spread, and targets beside them with whether they are met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def spread(values: Sequence[float], form: str = ".1f") -> str:
    """Median and, where there are several, least and greatest."""
    middle = format(statistics.median(values), form)
    if len(values) < 2:
        return middle
    return f"{middle} ({format(min(values), form)} to {format(max(values), form)})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that also reads well in a terminal."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = (
        "|"
        + "|".join(
            "-" * (width + 2) if at == 0 else "-" * (width + 1) + ":" for at, width in enumerate(widths)
        )
        + "|"
    )
    return "\n".join([line(head), rule, *map(line, rows)])


@dataclass(frozen=True)
class Target:
    """What a row of the project's table of targets asks for: so many times better, or at most so much."""

    what: str
    least: float
    aim: float | None = None
    at_most: bool = False
    unit: str = "x"
    form: str = ".1f"

    def met(self, value: float, bound: float) -> bool:
        return value <= bound if self.at_most else value >= bound

    def row(self, values: Sequence[float]) -> list[str]:
        """What was measured, what was asked for, and whether it is met, by the median."""

        def shown(number: float) -> str:
            return f"{number:,g} {self.unit}".replace(" x", "x")

        middle = statistics.median(values)
        word = "at most " if self.at_most else "at least "
        answer = "yes" if self.met(middle, self.least) else "NO"
        if self.aim is not None and self.met(middle, self.aim):
            answer = "yes, and the aim"
        aim = "" if self.aim is None else shown(self.aim)
        return [self.what, f"{spread(values, self.form)} {self.unit}", word + shown(self.least), aim, answer]


def targets(rows: Sequence[tuple[Target, Sequence[float]]]) -> str:
    """The table of targets; nothing where there is nothing to judge."""
    judged = [target.row(values) for target, values in rows if values]
    return table(["target", "measured", "asked", "aim", "met"], judged) if judged else ""


def quotients(upper: Sequence[float], lower: Sequence[float]) -> list[float]:
    """Ratios round by round: what slows the machine down for longer than a round meets both."""
    return [above / below for above, below in zip(upper, lower, strict=True)]
