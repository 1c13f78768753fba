"""Statistics: how sure a percentile or a share of one run is, where its requests are not independent of each other.

A percentile of n independent times has a known bootstrap distribution, without drawing samples: the time at F(t) = B,
where F is the distribution of the times and B is drawn from Beta((n + 1)p, (n + 1)(1 - p)) (Harrell & Davis, "A new
distribution-free quantile estimator", Biometrika 1982; Hutson & Ernst, "The exact bootstrap mean and variance of an
L-estimator", JRSS B 2000).

Requests of a run share queues, pauses and drifts, so n of them say less than n independent ones: n / deff, where the
design effect deff (Kish, "Survey Sampling", 1965) is how much more the seconds of the run differ from each other than
seconds of independent requests would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

from ..needs import needed
from ..rows import histogram

#: With fewer seconds than this nobody can see whether a run's requests depend on each other.
LEAST_SECONDS = 20
TOO_SHORT = "too short a run"
#: A percentile needs so many independent requests on its short side: Locust's p99, 500 in all.
LEAST_BEYOND = 5
#: The greatest error of a bucket, on a logarithmic scale: what differs by less cannot be seen.
GRAIN = 0.0005
#: What a run has at least: independent moments, and degrees of freedom of the variance between them.
LEAST_MOMENTS, LEAST_FREEDOM = 2.0, 3.0
_SIMULATED = 400
TIMELINE = {50: "p50", 95: "p95", 99: "p99"}


@dataclass(frozen=True)
class Times:
    """Times (ms, in order) and how many requests had up to each of them."""

    values: Any
    cumulative: Any

    @classmethod
    def of(cls, row: dict[str, Any]) -> Times | None:
        """The times of a row; None if it has none."""
        numpy = needed("numpy", "a comparison")
        buckets = histogram(row).buckets()
        if not buckets:
            return None
        edges = numpy.array([(start + end) / 2 for start, end, _ in buckets])
        return cls(edges, numpy.cumsum([count for *_, count in buckets], dtype=float))

    @property
    def count(self) -> float:
        """How many there are."""
        return float(self.cumulative[-1])

    def at(self, shares: Any) -> Any:
        """The times within which these shares (0 to 1) finished."""
        numpy = needed("numpy", "a comparison")
        places = numpy.searchsorted(self.cumulative, shares * self.count, side="left")
        return self.values[numpy.minimum(places, len(self.values) - 1)]


def draw_percentile(times: Times, percent: float, independent: float, draws: int, dice: Any) -> Any:
    """What a percentile of so many independent requests of this distribution may come out as, in ms."""
    share = percent / 100
    # Beta has no parameter 0: the ends are the first and the last request.
    share = min(max(share, 1 / (independent + 1)), independent / (independent + 1))
    return times.at(dice.beta((independent + 1) * share, (independent + 1) * (1 - share), draws))


def design_effect(seconds: Sequence[dict[str, Any]], times: Times, percent: int, dice: Any) -> float | None:
    """By how much a percentile of a run (50, 95 or 99) is less sure than one of independent requests; at least 1.

    None where there are too few seconds to tell.
    """
    numpy = needed("numpy", "a comparison")
    known = [
        (second["requests"], second[TIMELINE[percent]])
        for second in seconds
        if second.get("requests") and second.get(TIMELINE[percent])
    ]
    if len(known) < LEAST_SECONDS:
        return None
    counts = numpy.array([count for count, _ in known])
    # Logarithms: so one slow second does not outweigh all others.
    seen = numpy.log([max(time, 1e-6) for _, time in known])
    centre, spread = _independent_seconds(counts, times, percent / 100, dice)
    return _effect((seen - centre) / numpy.hypot(spread, GRAIN), weights=counts)


def failure_effect(seconds: Sequence[dict[str, Any]], share: float) -> float | None:
    """The same for a run's share of failures (0 to 1)."""
    numpy = needed("numpy", "a comparison")
    known = [(second["requests"], second.get("failures", 0)) for second in seconds if second.get("requests")]
    if len(known) < LEAST_SECONDS:
        return None
    counts, failures = numpy.array(known, dtype=float).T
    if not 0 < share < 1:
        return 1.0
    return _effect((failures - counts * share) / numpy.sqrt(counts * share * (1 - share)), weights=counts)


def _independent_seconds(counts: Any, times: Times, share: float, dice: Any) -> tuple[Any, Any]:
    """Centre and spread, on a logarithmic scale, of what seconds with so many independent requests would show."""
    numpy = needed("numpy", "a comparison")
    # Counts within 2 % of each other are as good as the same.
    steps = numpy.round(numpy.log(counts) / 0.02)
    found = {}
    for step in numpy.unique(steps):
        count = int(numpy.median(counts[steps == step]))
        rank = min(int(count * share), count - 1) + 1  # Locust's, as the record has it
        drawn = numpy.log(numpy.maximum(times.at(dice.beta(rank, count - rank + 1, _SIMULATED)), 1e-6))
        found[step] = drawn.mean(), drawn.std(ddof=1)
    return tuple(numpy.array([found[step] for step in steps]).T)


def _effect(scores: Any, weights: Any) -> float:
    """The long-run variance of scores that have variance 1 where nothing depends on anything; at least 1.

    The longer seconds depend on each other, the fewer independent moments a run has: as many as its seconds divided
    by the autocorrelation time. That is the greater one of Geyer's initial positive sequence ("Practical Markov chain
    Monte Carlo", Statistical Science 1992) and of an autoregressive process whose coefficient is freed of its bias
    (Marriott & Pope, "Bias in the estimation of autocorrelations", Biometrika 1954): short runs seem to remember too
    little. How sure the variance itself is follows from these moments: what exceeds 1 is made greater by the variance
    of Student's t with so many degrees of freedom. A run that is one long drift has hardly more than one moment; its
    requests are then worth so little that only differences far beyond the drift are found, or none.
    """
    numpy = needed("numpy", "a comparison")
    scores = scores * numpy.sqrt(weights / weights.mean())
    scores = scores - scores.mean()
    size = len(scores)
    padded = numpy.fft.rfft(scores, 2 * size)
    covariances = numpy.fft.irfft(padded * padded.conj())[:size] / size
    alone = float(covariances[0])
    if alone <= GRAIN:
        return 1.0  # all seconds are the same
    pairs = numpy.minimum.accumulate(covariances[: size // 2 * 2].reshape(-1, 2).sum(axis=1))
    geyer = float(2 * pairs[pairs > 0].sum() / alone) - 1
    memory = float(covariances[1]) / alone
    memory = min(memory + (1 + 3 * memory) / size, 0.99)
    moments = max(size / max(1.0, geyer, (1 + memory) / (1 - memory)), LEAST_MOMENTS)
    variance = alone * size / (moments - 1)
    freedom = max(moments - 1, LEAST_FREEDOM)
    return 1 + max(0.0, variance - 1) * freedom / (freedom - 2)


def two_sided(differences: Any) -> float:
    """How often draws lie on the other side of zero than most of them, both sides counted.

    Where too few do to be counted, the tail of a normal distribution with their mean and spread.
    """
    numpy = needed("numpy", "a comparison")
    size = len(differences)
    fewer = min((differences <= 0).sum(), (differences >= 0).sum())
    counted = min(1.0, 2 * (fewer + 1) / (size + 1))
    spread = differences.std()
    if fewer >= 10 or not spread:
        return float(counted)
    return min(float(counted), normal_tail(abs(numpy.mean(differences)) / spread))


@dataclass(frozen=True)
class Draws:
    """What is kept of many draws: their mean and spread, and the ends that an interval may need."""

    size: int
    mean: float
    spread: float
    lowest: Any
    highest: Any

    @classmethod
    def of(cls, values: Any, level: float) -> Draws:
        """Enough for intervals that miss in a share of ``level`` or less."""
        numpy = needed("numpy", "a comparison")
        size = len(values)
        kept = min(size, max(1, math.ceil(level / 2 * (size + 1))))
        ordered = numpy.sort(values)
        return cls(
            size, float(values.mean()), float(values.std()), ordered[:kept].copy(), ordered[-kept:].copy()
        )

    def interval(self, level: float) -> tuple[float, float]:
        """Two-sided, missing in a share of ``level``. It leaves out zero just where `two_sided` is below that."""
        place = math.ceil(level / 2 * (self.size + 1)) - 2
        low, high = -math.inf, math.inf
        if place < 9 and (self.spread or place < 0):  # too few draws to be counted
            width = NormalDist().inv_cdf(1 - level / 2) * self.spread
            low, high = self.mean - width, self.mean + width
        if place >= 0:
            low = max(low, float(self.lowest[min(place, len(self.lowest) - 1)]))
            high = min(high, float(self.highest[max(0, len(self.highest) - 1 - place)]))
        return low, high


def normal_tail(score: float) -> float:
    """Both tails of the normal distribution beyond a score."""
    return math.erfc(score / math.sqrt(2))


def two_shares(failed: Sequence[float], asked: Sequence[float]) -> float:
    """p of the test for two proportions, pooled, of so many independent requests each."""
    pooled = sum(failed) / sum(asked)
    spread = math.sqrt(pooled * (1 - pooled) * sum(1 / each for each in asked))
    shares = [part / whole for part, whole in zip(failed, asked, strict=True)]
    return normal_tail(abs(shares[1] - shares[0]) / spread) if spread else 1.0


def holm(chances: Sequence[float], level: float) -> tuple[list[float], list[float]]:
    """Adjusted so that the chance of any false alarm among all of them is no greater than of one; NaN stays NaN.

    And the level at which each is tested, when all of them together are at ``level``: of what differs, that of its
    step; of the rest, that of the step at which the method ends.
    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979.
    """
    adjusted, levels = [math.nan] * len(chances), [math.nan] * len(chances)
    known = sorted((chance, place) for place, chance in enumerate(chances) if chance == chance)
    greatest, ended = 0.0, 0
    for before, (chance, place) in enumerate(known):
        greatest = max(greatest, min(1.0, chance * (len(known) - before)))
        adjusted[place] = greatest
        ended = ended or (len(known) - before if greatest >= level else 0)
        levels[place] = level / (ended or len(known) - before)
    return adjusted, levels
