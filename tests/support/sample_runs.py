"""Figures as a run would give them, of requests that a test makes up: (second, method, name, ms, failed)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from locust_native import Histogram

START = 1795376700
PERCENTILES = (50, 66, 75, 80, 90, 95, 98, 99, 99.9, 99.99)
PHASES = ("queued", "dns", "connect", "tls", "send", "wait", "download")
Request = tuple[int, str, str, float, bool]


def spread(times: Histogram) -> dict[str, Any]:
    told = times.percentiles(PERCENTILES) if times.count else [None] * len(PERCENTILES)
    return {
        "count": times.count,
        "min": times.min,
        "mean": times.mean,
        "max": times.max,
        "percentiles": {f"{percent:g}": time for percent, time in zip(PERCENTILES, told, strict=True)},
    }


def row(method: str, name: str, times: Iterable[float], failures: int = 0) -> dict[str, Any]:
    counted = Histogram(times)
    phases = dict.fromkeys(PHASES)
    if counted.count:
        phases["wait"] = spread(counted)
    return {
        "method": method,
        "name": name,
        **spread(counted),
        "requests": counted.count,
        "failures": failures,
        "without_time": 0,
        "ends": {"started": counted.count + 1, "cut_off": 1},
        "phases": phases,
        "bytes": {"out": 100 * counted.count, "in": 1000 * counted.count},
        "out_of_range": counted.out_of_range,
        "coarse": False,
        "histogram": counted.encode(),
    }


def figures(requests: Iterable[Request], **more: Any) -> dict[str, Any]:
    """What `--native-json` would have of these requests."""
    by_name: dict[tuple[str, str], list[Request]] = {}
    by_second: dict[int, list[Request]] = {}
    everything = list(requests)
    for request in everything:
        by_name.setdefault((request[2], request[1]), []).append(request)
        by_second.setdefault(request[0], []).append(request)

    def failed(some: list[Request]) -> int:
        return sum(request[4] for request in some)

    seconds = []
    for at, some in sorted(by_second.items()):
        p50, p95, p99, most = Histogram(each[3] for each in some).percentiles([50, 95, 99, 100])
        seconds.append({
            "at": START + at, "requests": len(some), "failures": failed(some), "p50": p50, "p95": p95, "p99": p99,
            "max": most, "lag_max": 0.5, "limited": False,
        })  # fmt: skip
    last = max(by_second, default=0)
    return {
        "format": "locust-native figures",
        "version": 1,
        "started_at": START + 0.25,
        "taken_at": START + last + 1.5,
        "total": row("", "Aggregated", (each[3] for each in everything), failed(everything)),
        "rows": [
            row(method, name, (each[3] for each in some), failed(some))
            for (name, method), some in sorted(by_name.items())
        ],
        "seconds": seconds,
        "generator": {"limited": [], "limited_share": 0.0},
        "warnings": [],
        **more,
    }


def drawn(
    dice: numpy.random.Generator,
    *,
    seconds: int = 60,
    rate: float = 100,
    names: int = 1,
    typical: float = 20.0,
    sigma: float = 0.5,
    together: float = 0.0,
    memory: float = 0.0,
    own: bool = False,
    failing: float = 0.0,
) -> list[Request]:
    """Requests with lognormal times: `typical` ms, and on the logarithmic scale a spread of `sigma`.

    `together`: the share of that spread's square that all requests of a second have in common (`own`: all of a name),
    `memory`: how much of it the next second keeps (an autoregressive process).
    """
    shared = numpy.zeros((seconds, names))
    for name in range(names):
        if name and not own:
            shared[:, name] = shared[:, 0]
            continue
        level = dice.standard_normal()
        for second in range(seconds):
            shared[second, name] = level
            level = memory * level + (1 - memory**2) ** 0.5 * dice.standard_normal()
    made: list[Request] = []
    for second in range(seconds):
        count = dice.poisson(rate)
        which = dice.integers(names, size=count)
        alone = dice.standard_normal(count)
        scores = together**0.5 * shared[second, which] + (1 - together) ** 0.5 * alone
        times = typical * numpy.exp(sigma * scores)
        fails = dice.random(count) < failing
        made += [
            (second, "GET", f"/{name}", float(time), bool(fail))
            for name, time, fail in zip(which, times, fails, strict=True)
        ]
    return made
