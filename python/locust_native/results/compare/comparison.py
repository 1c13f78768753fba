"""Comparison: what differs between two runs, name by name, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from ..needs import needed
from ..page import where
from ..rows import checked_percents, named, percentiles, title
from ..run import Run
from . import chart, design_effect, page
from .design_effect import TIMELINE, Times

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Draws of one percentile, and of all together: many names share what there is time for.
DRAWS, LEAST_DRAWS, ALL_DRAWS = 10_000, 2_000, 20_000_000
TOO_FEW, TOO_SHORT = "too few requests", design_effect.TOO_SHORT
_COLUMNS = ["a", "b", "difference", "ratio", "ci_low", "ci_high", "ratio_low", "ratio_high", "p"]
_SHARES = ["a", "b", "difference", "ci_low", "ci_high", "p"]


@dataclass(frozen=True, repr=False, eq=False)
class Comparison:
    """What differs between two runs; `compare` makes it.

    table       one row per (method, name, percentile), all requests (Aggregated) last: `a` and `b` in ms, `difference`
                (b - a, ms) and `ratio` (b / a) with the ends of their confidence intervals, `p`, `significant`, and
                in `note` why there is no p. p and intervals are adjusted for the number of rows: zero is outside the
                interval just where it is significant
    failures    one row per (method, name): the shares of failures (0 to 1) in the same way
    notes       what to know before believing it, in sentences
    confidence  of all intervals together; `significant` is a `p` below 1 - confidence
    names       what the two runs are called, by host and date, say
    """

    table: DataFrame
    failures: DataFrame
    notes: list[str]
    confidence: float
    effects: dict[str, dict[float, float | None]] = field(default_factory=dict)
    names: tuple[str, str] = ("a", "b")

    def plot(self) -> Figure:
        """The change of each percentile in % with its confidence interval, name by name, as a matplotlib figure."""
        return chart.comparison_figure(self)

    def __repr__(self) -> str:
        return page.comparison_line(self)

    def _repr_html_(self) -> str:
        return page.comparison_html(self)


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
    percentiles of single seconds. From the draws come `p`, adjusted by Holm's method over all rows, and the confidence
    intervals, each at the level at which that method tests its row. Failure shares are compared by the test of two
    proportions. The same seed gives the same result.

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
    failed = [{"method": method, "name": name, **_failures(rows, sides)} for (method, name), rows in pairs]
    table = _judged(pandas, compared, ["method", "name", "percentile", *_COLUMNS], confidence)
    failures = _judged(pandas, failed, ["method", "name", *_SHARES], confidence)
    effects = {"a": sides[0].effects, "b": sides[1].effects}
    notes = _notes(a, b, sides, pairs)
    return Comparison(table, failures, notes, confidence, effects, _names(a, b))


def _names(a: Run, b: Run) -> tuple[str, str]:
    """What tells two runs apart: the host, else the locustfile or classes; and when they were."""
    called = []
    for run in (a, b):
        options, started = run.options, run.figures.get("started_at")
        kinds = ", ".join(options.get("classes") or []) or options.get("locustfile")
        at = f"{datetime.fromtimestamp(started):%Y-%m-%d %H:%M:%S}" if started else ""
        called.append((str(kinds or ""), where(options), at))
    parts = zip(*called, strict=True)
    telling = [place for place, both in enumerate(parts) if both[0] != both[1]]
    first, second = (" ".join(filter(None, (each[place] for place in telling))) for each in called)
    return first or "a", second or "b"


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
            known = {each: design_effect.design_effect(seconds, times, each, dice) for each in TIMELINE}
        self.effects = {percent: _between(known, percent) for percent in percents}
        total = figures["total"]
        share = total["failures"] / total["requests"] if total["requests"] else 0.0
        self.failure_effect = design_effect.failure_effect(seconds, share)


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
        elif sure and min(worth) * min(percent, 100 - percent) / 100 < design_effect.LEAST_BEYOND:
            values["note"] = TOO_FEW
        elif sure:
            a, b = (
                design_effect.draw_percentile(time, percent, independent, draws, dice)
                for time, independent in zip(sure, worth, strict=True)
            )
            values["p"] = design_effect.two_sided(b - a)
            values["draws"] = [design_effect.Draws.of(each, 1 - confidence) for each in (b - a, b / a - 1)]
        found.append(values)
    return found


def _failures(rows: Sequence[dict[str, Any] | None], sides: Sequence[_Side]) -> dict[str, Any]:
    """What there is to say of the failures of one name."""
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
    if min(worth) * min(pooled, 1 - pooled) < design_effect.LEAST_BEYOND and pooled < 1:
        return {**values, "note": TOO_FEW}
    weighed = [share * each for share, each in zip(shares, worth, strict=True)]
    spread = math.sqrt(sum(share * (1 - share) / each for share, each in zip(shares, worth, strict=True)))
    values.update(spread=spread, p=design_effect.two_shares(weighed, worth))
    return values


def _alone(known: Sequence[Any]) -> str:
    """Which of the two runs has any of it, where it is only one."""
    if all(known):
        return ""
    if not any(known):
        return "no response times"
    return "only in a" if known[0] else "only in b"


def _judged(pandas: Any, records: list[dict[str, Any]], columns: list[str], confidence: float) -> Any:
    """The records as a table: p adjusted, what is significant, and intervals at the level at which each is tested."""
    chances, levels = design_effect.holm([each["p"] for each in records], 1 - confidence)
    for record, chance, level in zip(records, chances, levels, strict=True):
        record["p"] = chance
        record["significant"] = chance < 1 - confidence
        if chance == chance:
            _add_intervals(record, level)
    table = pandas.DataFrame.from_records(records, columns=[*columns, "significant", "note"])
    numbers = [column for column in columns if column not in ("method", "name")]
    return table.astype({**dict.fromkeys(numbers, float), "significant": bool})


def _add_intervals(record: dict[str, Any], level: float) -> None:
    """The intervals of one row; zero is in them just where it is not significant."""
    if "spread" in record:
        width = NormalDist().inv_cdf(1 - level / 2) * record["spread"]
        ends = [(record["difference"] - width, record["difference"] + width)]
    else:
        ends = [draws.interval(level) for draws in record["draws"]]
    judged = [_agreeing(low, high, record) for low, high in ends]
    record["ci_low"], record["ci_high"] = judged[0]
    if len(judged) > 1:
        record["ratio_low"], record["ratio_high"] = (1 + end for end in judged[1])


def _agreeing(low: float, high: float, record: dict[str, Any]) -> tuple[float, float]:
    """An interval whose end is that of the test: p and the interval of a ratio or of shares are approximated each in
    their own way, and near zero they need not agree."""
    if not record["significant"]:
        return min(low, 0.0), max(high, 0.0)
    if low <= 0 <= high:
        nearest = math.ulp(1.0)
        return (nearest, high) if record["difference"] > 0 else (low, -nearest)
    return low, high


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
                f"{letter} has fewer than {design_effect.LEAST_SECONDS} seconds with requests: too few to see whether "
                f"these depend on each other"
            )
        worst = max(known, key=lambda percent: known[percent], default=None)
        if worst is not None and known[worst] >= 2:
            notes.append(
                f"requests of {letter} depend on each other: for p{named(worst)}, {known[worst]:.0f} of them say as "
                f"much as one that stands alone"
            )
        if run.figures["total"].get("coarse"):
            notes.append(f"{letter} has response times rounded by workers without the same native core")
        if (run.figures.get("generator") or {}).get("limited_share", 0) > 0.01:
            notes.append(f"in {letter} the generator was the limit in some seconds")
        if run.interrupted:
            notes.append(f"{letter} was interrupted")
    return notes
