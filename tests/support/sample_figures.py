"""Figures as a run would give them, drawn with a fixed seed: what the pages are tested with."""

import math
import random
from typing import Any

START = 1795376700
PERCENTILES = ("50", "66", "75", "80", "90", "95", "98", "99", "99.9", "99.99")
PHASES = ("queued", "dns", "connect", "tls", "send", "wait", "download")
NAMES = (
    ("GET", "/"),
    ("GET", "/products/[slug]-[id]/"),
    ("POST", "/products/[slug]-[id]/add/"),
    ("GET", "/cart/"),
    ("POST", "/cart/update/[variant]/"),
    ("GET", "/checkout/shipping-address/"),
    ("POST", "/checkout/shipping-address/"),
    ("POST", "/checkout/shipping-method/"),
    ("POST", "/checkout/summary/"),
    ("GET", "/order/[token]/payment/"),
    ("POST", "/graphql/"),
)
LONG = "/search/?q=" + "a-very-long-name-that-somebody-forgot-to-group-" * 5
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>\"'&amp;"


def spread(values: list[float]) -> dict[str, Any]:
    ordered = sorted(values)
    if not ordered:
        return {
            "count": 0,
            "min": None,
            "mean": None,
            "max": None,
            "percentiles": dict.fromkeys(PERCENTILES),
        }
    return {
        "count": len(ordered),
        "min": round(ordered[0], 3),
        "mean": round(sum(ordered) / len(ordered), 4),
        "max": round(ordered[-1], 3),
        "percentiles": {
            key: round(ordered[min(len(ordered), math.ceil(len(ordered) * float(key) / 100)) - 1], 3)
            for key in PERCENTILES
        },
    }


def row(dice: random.Random, method: str, name: str, requests: int) -> dict[str, Any]:
    typical = dice.choice([0.3, 1.2, 2.5, 4.5, 9.0])
    phases: dict[str, list[float]] = {phase: [] for phase in PHASES}
    for _ in range(requests):
        new = dice.random() < 0.05
        for phase, part in zip(PHASES, (0.02, 0.3, 0.4, 1.5, 0.03, 1, 0.2), strict=True):
            drawn = dice.lognormvariate(math.log(typical * part), 0.5)
            phases[phase].append(drawn if new or phase not in ("dns", "connect", "tls") else 0.0)
    times = [sum(parts) for parts in zip(*phases.values(), strict=True)]
    failures = requests // 200
    opened = sum(1 for value in phases["dns"] if value)
    return {
        "method": method,
        "name": name,
        **spread(times),
        "requests": requests,
        "failures": failures,
        "without_time": 0,
        "failed": spread(times[:failures]),
        "succeeded": spread(times[failures:]),
        "held": None,
        "ends": {
            "started": requests + 2,
            "succeeded": requests - failures,
            "failed": failures,
            "in_flight": 2,
            "cut_off": 0,
            "unreported": 0,
        },
        "cut_off_age": spread([]),
        "phases": {phase: spread(values) for phase, values in phases.items()},
        "connections": {"new": opened, "reused": requests - opened},
        "tls": {"full": opened, "resumed": 0},
        "bytes": {"out": requests * 412, "in": requests * dice.randrange(2_000, 40_000)},
        "versions": {"1.1": requests},
        "out_of_range": 0,
        "coarse": False,
        "histogram": "HISTFAAAA",
    }


def total_of(rows: list[dict[str, Any]], times: list[float]) -> dict[str, Any]:
    def sums(key: str) -> dict[str, int]:
        return {name: sum(row[key][name] for row in rows) for name in (rows[0][key] if rows else {})}

    requests, failures = sum(row["requests"] for row in rows), sum(row["failures"] for row in rows)
    return {
        "method": "",
        "name": "Aggregated",
        **spread(times),
        "requests": requests,
        "failures": failures,
        "without_time": 0,
        "failed": spread(times[:failures]),
        "succeeded": spread(times[failures:]),
        "held": None,
        "ends": sums("ends"),
        "cut_off_age": spread([]),
        "phases": {phase: (rows[0]["phases"][phase] if rows else None) for phase in PHASES},
        "connections": sums("connections"),
        "tls": sums("tls"),
        "bytes": sums("bytes"),
        "versions": {"1.1": requests} if rows else {},
        "out_of_range": 0,
        "coarse": False,
        "histogram": "HISTFAAAA",
    }


def figures(seconds: int = 300, limited: bool = False, names: tuple = NAMES, seed: int = 7) -> dict[str, Any]:
    """A run of that length; `limited` with two stretches in which the generator could not keep up."""
    dice = random.Random(seed)
    stretches = [(120, 131), (204, 206)] if limited else []
    line, times = [], []
    for at in range(seconds):
        slow = any(first <= at <= last for first, last in stretches)
        typical = (3 + math.sin(at / 40)) * (6 if slow else 1)
        drawn = sorted(dice.lognormvariate(math.log(typical), 0.6) for _ in range(60 + at % 17))
        times += drawn
        found = spread(drawn)
        line.append({
            "at": START + at,
            "width": 1,
            "users": 10,
            "requests": len(drawn),
            "failures": 1 if at % 40 == 7 else 0,
            "p50": found["percentiles"]["50"],
            "p95": found["percentiles"]["95"],
            "p99": found["percentiles"]["99"],
            "max": found["max"],
            "lag_max": round(dice.lognormvariate(math.log(90 if slow else 0.5), 0.4), 3),
            "hiccup_max": round(dice.lognormvariate(math.log(90 if slow else 0.5), 0.4), 3),
            "limited": slow,
        })  # fmt: skip
    rows = [row(dice, method, name, dice.randrange(400, 4000)) for method, name in names] if seconds else []
    rows.sort(key=lambda row: (row["name"], row["method"]))
    lags = [second["lag_max"] for second in line]
    return {
        "format": "locust-native figures",
        "version": 1,
        "locust_native": "0.1.0",
        "locust": "2.47.0",
        "load_model": "closed",
        "started_at": START + 0.12,
        "stopped_at": None,
        "taken_at": START + seconds + 0.9,
        "clock": {"resolution_ns": 41},
        "total": total_of(rows, times),
        "rows": rows,
        "seconds": line,
        "series": {
            "width": 1,
            "points": [{**second, "covers": 1, "limited": int(second["limited"])} for second in line],
        },
        "generator": {
            "lag": spread(lags),
            "hiccups": {"hub": spread(lags), "io": spread([value / 20 for value in lags])},
            "limited": [{"from": START + first, "to": START + last} for first, last in stretches],
            "limited_share": sum(last - first + 1 for first, last in stretches) / max(1, seconds),
            "advice": "use more processes (--processes) or fewer users" if limited else None,
        },
        "warnings": ["measurement limited by the generator in 5 % of the seconds"] if limited else [],
    }
