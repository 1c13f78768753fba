"""Comparison: what differs between two runs, name by name, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import comparison_chart, comparison_page, statistics
from .needs import needed
from .rows import checked_percents, named, percentiles, title
from .run import Run
from .statistics import TIMELINE, Times

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Draws of one percentile, and of all together: many names share what there is time for.
DRAWS, LEAST_DRAWS, ALL_DRAWS = 10_000, 2_000, 20_000_000
TOO_FEW, TOO_SHORT = "too few requests", "too short a run"
_COLUMNS = ["a", "b", "difference", "ratio", "ci_low", "ci_high", "ratio_low", "ratio_high", "p"]
_SHARES = ["a", "b", "difference", "ci_low", "ci_high", "p"]


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """What differs between two runs; `compare` makes it.

    table       one row per (method, name, percentile), all requests (Aggregated) last: `a` and `b` in ms, `difference`
                (b - a, ms) and `ratio` (b / a) with the ends of their confidence intervals, `p` (adjusted for the
                number of rows), `significant`, and in `note` why there is no p
    failures    one row per (method, name): the shares of failures (0 to 1) in the same way
    notes       what to know before believing it, in sentences
    confidence  of the intervals; `significant` is a `p` below 1 - confidence
    """

    table: DataFrame
    failures: DataFrame
    notes: list[str]
    confidence: float
    effects: dict[str, dict[float, float | None]] = field(default_factory=dict)

    def plot(self) -> Figure:
        """The change of each percentile in % with its confidence interval, name by name, as a matplotlib figure."""
        return comparison_chart.comparison_figure(self)

    def __repr__(self) -> str:
        return comparison_page.comparison_line(self)

    def _repr_html_(self) -> str:
        return comparison_page.comparison_html(self)


def compare(
    a: Run,
    b: Run,
    percentiles: Iterable[float] = (50, 95, 99),
    confidence: float = 0.95,
    seed: int = 0,
) -> Comparison:
    """What has changed from run `a` to run `b`, per name, with a statistical test.

    Each percentile's distribution is drawn from the run's histogram (`statistics` has the sources), for as many
    independent requests as the run's requests are worth: their number by the design effect, which is estimated from the
    percentiles of single seconds. From the draws come the confidence intervals, each for itself, and `p`, adjusted by
    Holm's method over all rows. Failure shares are compared by the test of two proportions. The same seed gives the
    same result.

    What no test of two runs can see: how much runs of one and the same system differ (other machines, caches,
    neighbours); repeat runs for that. Drifts that last longer than a tenth of a run may pass for a difference.
    Where there are too few requests for a percentile, or too few seconds to see whether requests depend on each
    other, `p` is NaN.
    Raises ValueError for a confidence that is not between 0 and 1 or a percent that is none, and where a run's figures
    have no histograms; TypeError for what is no Run; MissingPackage without pandas.
    """
    for run in (a, b):
        if not isinstance(run, Run):
            raise TypeError(
                f"compare takes two runs, not {type(run).__name__}: load(…) reads one from a file"
            )
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: {confidence} is not between 0 and 1")
    pandas, numpy = needed("pandas", "a comparison"), needed("numpy", "a comparison")
    percents, dice = checked_percents(percentiles), numpy.random.default_rng(seed)
    sides = [_Side(run, percents, dice) for run in (a, b)]
    keys = sorted({*sides[0].rows, *sides[1].rows}, key=lambda key: (key[1], key[0]))
    pairs = [(key, [side.rows.get(key) for side in sides]) for key in keys]
    pairs.append((_TOTAL, [run.figures["total"] for run in (a, b)]))
    draws = max(LEAST_DRAWS, min(DRAWS, ALL_DRAWS // max(1, len(pairs) * len(percents))))
    compared = [
        {"method": method, "name": name, "percentile": percent, **values}
        for (method, name), rows in pairs
        for percent, values in zip(
            percents, _percentiles(rows, sides, percents, draws, confidence, dice), strict=True
        )
    ]
    failed = [
        {"method": method, "name": name, **_failures(rows, sides, confidence)}
        for (method, name), rows in pairs
    ]
    table = _judged(pandas, compared, ["method", "name", "percentile", *_COLUMNS], confidence)
    failures = _judged(pandas, failed, ["method", "name", *_SHARES], confidence)
    effects = {"a": sides[0].effects, "b": sides[1].effects}
    return Comparison(table, failures, _notes(a, b, sides, pairs), confidence, effects)


_TOTAL = ("", "Aggregated")


class _Side:
    """One of the two runs: its rows, and what its requests are worth."""

    def __init__(self, run: Run, percents: Sequence[float], dice: Any) -> None:
        figures = run.figures
        self.rows = {(row["method"], row["name"]): row for row in figures["rows"]}
        times = Times.of(figures["total"])
        seconds = figures["seconds"]
        known: dict[int, float | None] = dict.fromkeys(TIMELINE)
        if times is not None:
            known = {each: statistics.design_effect(seconds, times, each, dice) for each in TIMELINE}
        self.effects = {percent: _between(known, percent) for percent in percents}
        total = figures["total"]
        share = total["failures"] / total["requests"] if total["requests"] else 0.0
        self.failure_effect = statistics.failure_effect(seconds, share)


def _between(known: dict[int, float | None], percent: float) -> float | None:
    """The design effect of any percentile: from those of its neighbours in the timeline, or the nearest.

    None where one of these is not known.
    """
    below = max((each for each in known if each <= percent), default=min(known))
    above = min((each for each in known if each >= percent), default=max(known))
    ends = known[below], known[above]
    if ends[0] is None or ends[1] is None:
        return None
    share = (min(max(percent, below), above) - below) / (above - below) if above > below else 0.0
    return ends[0] ** (1 - share) * ends[1] ** share


def _percentiles(
    rows: Sequence[dict[str, Any] | None],
    sides: Sequence[_Side],
    percents: Sequence[float],
    draws: int,
    confidence: float,
    dice: Any,
) -> list[dict[str, Any]]:
    """What there is to say of each percentile of one name."""
    numpy = needed("numpy", "a comparison")
    times = [None if row is None else Times.of(row) for row in rows]
    told = [percentiles(row, percents) if row else [None] * len(percents) for row in rows]
    found = []
    for place, percent in enumerate(percents):
        here = [math.nan if time is None else time for time in (each[place] for each in told)]
        values: dict[str, Any] = dict.fromkeys(_COLUMNS, math.nan)
        values.update(a=here[0], b=here[1], difference=here[1] - here[0])
        values["ratio"] = here[1] / here[0] if here[0] else math.nan
        values["note"] = _alone(times)
        sure = [] if values["note"] else [time for time in times if time is not None]
        effects = [side.effects[percent] for side in sides]
        worth = [
            time.count / effect for time, effect in zip(sure, effects, strict=False) if effect is not None
        ]
        if sure and len(worth) < len(sides):
            values["note"] = TOO_SHORT
        elif sure and min(worth) * min(percent, 100 - percent) / 100 < statistics.LEAST_BEYOND:
            values["note"] = TOO_FEW
        elif sure:
            a, b = (
                statistics.draw_percentile(time, percent, independent, draws, dice)
                for time, independent in zip(sure, worth, strict=True)
            )
            ends = [(1 - confidence) / 2, (1 + confidence) / 2]
            values["ci_low"], values["ci_high"] = numpy.quantile(b - a, ends)
            values["ratio_low"], values["ratio_high"] = numpy.quantile(b / a, ends)
            values["p"] = statistics.two_sided(b - a)
        found.append(values)
    return found


def _failures(
    rows: Sequence[dict[str, Any] | None], sides: Sequence[_Side], confidence: float
) -> dict[str, Any]:
    """What there is to say of the failures of one name."""
    from statistics import NormalDist

    asked = [row["requests"] if row else 0 for row in rows]
    failed = [row["failures"] if row else 0 for row in rows]
    shares = [part / whole if whole else math.nan for part, whole in zip(failed, asked, strict=True)]
    values: dict[str, Any] = dict.fromkeys(_SHARES, math.nan)
    values.update(a=shares[0], b=shares[1], difference=shares[1] - shares[0], note=_alone(asked))
    if values["note"] or failed == [0, 0]:
        return values
    effects = [side.failure_effect for side in sides if side.failure_effect is not None]
    if len(effects) < len(sides):
        return {**values, "note": TOO_SHORT}
    worth = [whole / effect for whole, effect in zip(asked, effects, strict=True)]
    pooled = sum(failed) / sum(asked)
    if min(worth) * min(pooled, 1 - pooled) < statistics.LEAST_BEYOND and pooled < 1:
        return {**values, "note": TOO_FEW}
    weighed = [share * each for share, each in zip(shares, worth, strict=True)]
    spread = math.sqrt(sum(share * (1 - share) / each for share, each in zip(shares, worth, strict=True)))
    width = NormalDist().inv_cdf((1 + confidence) / 2) * spread
    difference = values["difference"]
    values.update(
        ci_low=difference - width, ci_high=difference + width, p=statistics.two_shares(weighed, worth)
    )
    return values


def _alone(known: Sequence[Any]) -> str:
    """Which of the two runs has any of it, where it is only one."""
    if all(known):
        return ""
    if not any(known):
        return "no response times"
    return "only in a" if known[0] else "only in b"


def _judged(pandas: Any, records: list[dict[str, Any]], columns: list[str], confidence: float) -> Any:
    """The records as a table: p adjusted, and what is significant."""
    for record, chance in zip(records, statistics.holm([each["p"] for each in records]), strict=True):
        record["p"] = chance
        record["significant"] = chance < 1 - confidence
    table = pandas.DataFrame.from_records(records, columns=[*columns, "significant", "note"])
    numbers = [column for column in columns if column not in ("method", "name")]
    return table.astype({**dict.fromkeys(numbers, float), "significant": bool})


def _notes(a: Run, b: Run, sides: Sequence[_Side], pairs: Sequence[Any]) -> list[str]:
    notes = []
    for place, (letter, run) in enumerate((("a", a), ("b", b))):
        side = sides[place]
        alone = [title(rows[place]) for _, rows in pairs if rows[1 - place] is None]
        if alone:
            notes.append(f"only in {letter}: {', '.join(alone[:10])}{', …' if len(alone) > 10 else ''}")
        known = {percent: effect for percent, effect in side.effects.items() if effect is not None}
        if len(known) < len(side.effects):
            notes.append(
                f"{letter} has fewer than {statistics.LEAST_SECONDS} seconds with requests: too few to see whether "
                f"these depend on each other"
            )
        worst = max(known, key=lambda percent: known[percent], default=None)
        if worst is not None and known[worst] >= 2:
            notes.append(
                f"requests of {letter} depend on each other: for p{named(worst)}, {known[worst]:.0f} of them say as "
                f"much as one that stands alone"
            )
        if run.figures["total"].get("coarse"):
            notes.append(f"{letter} has response times rounded by workers without the native core")
        if (run.figures.get("generator") or {}).get("limited_share", 0) > 0.01:
            notes.append(f"in {letter} the generator was the limit in some seconds")
        if run.interrupted:
            notes.append(f"{letter} was interrupted")
    return notes
