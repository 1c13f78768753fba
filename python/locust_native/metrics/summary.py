"""All figures of a test in one value, of whatever has counted them; docs/native-json.md explains each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from .. import _core
from ..activation import _version
from . import limits
from .sentences import too_many_names

#: Grows when a field changes its meaning or goes; new fields do not change it.
VERSION = 1


def summary(
    record: _core.Record,
    meter: _core.Lateness,
    *,
    started_at: float,
    histograms: bool = True,
    users: Mapping[int, int] | None = None,
    locust: str | None = None,
    since: int = 0,
    stopped_at: float | None = None,
) -> dict[str, Any]:
    """The figures so far: times in ms, moments in unix seconds, sizes in bytes.

    ``users``: how many there were, by second; ``locust``: its version, if it took part; ``since``: the second from
    which on the generator's lateness is of this test; ``stopped_at``: when that was over, None while it goes on.
    """
    taken_at = time.time()
    late = {second: (lag, hiccup, limited) for second, lag, hiccup, limited in meter.seconds(since)}
    figures = record.figures(histograms)
    seconds = [_second(second, late, users or {}) for second in figures["seconds"]]
    width, points = record.series()
    limited = meter.limited(since)
    advice = limits.advice(meter.cpu(since, limited=True)) if limited else None
    share = _share(limited, seconds)
    spreads = meter.figures()
    return {
        "format": "locust-native figures",
        "version": VERSION,
        "locust_native": _version(),
        "locust": locust,
        # Every user waits for its answer before it goes on: a slow server is asked less often.
        "load_model": "closed",
        "started_at": started_at,
        "stopped_at": stopped_at,
        "taken_at": taken_at,
        "clock": {"resolution_ns": time.get_clock_info("monotonic").resolution * 1e9},
        "total": figures["total"],
        "rows": figures["rows"],
        "seconds": seconds,
        "series": {
            "width": width,
            "points": [*_points(points, seconds, (started_at, stopped_at or taken_at))],
        },
        "failures": [],
        "exceptions": [],
        "generator": {
            "lag": spreads["lag"],
            "hiccups": {"hub": spreads["hub"], "io": spreads["io"]},
            "limited": [{"from": first, "to": last} for first, last in limited],
            "limited_share": share,
            "advice": advice,
            "processes": [],
            "queue": None,
        },
        "users_time": None,
        "warnings": [
            # In less it is a note: `limited_share` and `limited` tell.
            *(
                [f"measurement limited by the generator {limits.moments(limited)}: {advice}"]
                if share > 0.01
                else []
            ),
            *_warnings(record, figures),
        ],
    }


def _second(
    second: dict[str, Any],
    late: Mapping[int, tuple[float | None, float | None, bool]],
    users: Mapping[int, int],
) -> dict[str, Any]:
    """A second, or a longer stretch, with the greatest lateness in it, and the users at its end."""
    within = range(second["at"], second["at"] + second["width"])
    told = [late[at] for at in within if at in late]
    return {
        **second,
        "users": next((users[at] for at in reversed(within) if at in users), None),
        "lag_max": max((lag for lag, _, _ in told if lag is not None), default=None),
        "hiccup_max": max((hiccup for _, hiccup, _ in told if hiccup is not None), default=None),
        "limited": any(limited for _, _, limited in told),
    }


def _points(
    points: list[dict[str, Any]], seconds: list[dict[str, Any]], test: tuple[float, float]
) -> Iterator[dict[str, Any]]:
    """Points with what is known of their seconds: the last users, the greatest lateness, how many were limited.

    ``test``: when it began and ended; a point at its edges covers less than its width, which rates must know.
    """
    left = iter(seconds)
    second = next(left, None)
    for point in points:
        users, latest, limited = None, {"lag_max": None, "hiccup_max": None}, 0
        while second is not None and second["at"] < point["at"] + point["width"]:
            users = second["users"] if second["users"] is not None else users
            for name, before in latest.items():
                latest[name] = max(
                    (each for each in (before, second[name]) if each is not None), default=None
                )
            limited += second["limited"]
            second = next(left, None)
        covered = min(point["at"] + point["width"], test[1]) - max(point["at"], test[0])
        covers = covered if covered > 0 else point["width"]  # a worker's clock may not be the master's
        yield {**point, "covers": covers, "users": users, **latest, "limited": limited}


def _share(limited: list[tuple[int, int]], seconds: list[dict[str, Any]]) -> float:
    """Seconds in which the generator was the limit, of all from the first request to the last."""
    if not seconds:
        return 0.0
    first, last = seconds[0]["at"], seconds[-1]["at"]
    sum_limited = sum(max(0, min(end, last) - max(begin, first) + 1) for begin, end in limited)
    return sum_limited / (last - first + 1)


def _warnings(record: Any, figures: dict[str, Any]) -> Iterator[str]:
    others = record.overflowed()
    if others is not None:
        yield too_many_names(others)
    total = figures["total"]
    if total["coarse"]:
        rows = [f"{row['method']} {row['name']}".strip() for row in figures["rows"] if row["coarse"]]
        yield f"rounded by workers without the same native core: {', '.join(rows[:5])}{', …' if len(rows) > 5 else ''}"
    if total["out_of_range"]:
        yield f"{total['out_of_range']} response times are longer than 1 h or below 0"
