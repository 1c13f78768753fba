"""All figures of a test in one value, of whatever has counted them; docs/native-json.md explains each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from . import _core
from .activation import _version

#: Grows when a field changes its meaning or goes; new fields do not change it.
VERSION = 1


def summary(
    record: _core.Record,
    meter: _core.Meter,
    *,
    started_at: float,
    histograms: bool = True,
    users: Mapping[int, int] | None = None,
    locust: str | None = None,
    since: int = 0,
) -> dict[str, Any]:
    """The figures so far: times in ms, moments in unix seconds, sizes in bytes.

    ``users``: how many there were, by second; ``locust``: its version, if it took part; ``since``: the second from
    which on the generator's lateness is of this test.
    """
    late = {second: (most, limited) for second, most, limited in meter.seconds(since)}
    figures = record.figures(histograms)
    seconds = [
        _second(second, *late.get(second["at"], (None, False)), (users or {}).get(second["at"]))
        for second in figures["seconds"]
    ]
    width, points = record.series()
    stretches = [{"from": first, "to": last} for first, last in meter.limited() if last >= since]
    spreads = meter.figures()
    return {
        "format": "locust-native figures",
        "version": VERSION,
        "locust_native": _version(),
        "locust": locust,
        # Every user waits for its answer before it goes on: a slow server is asked less often.
        "load_model": "closed",
        "started_at": started_at,
        "taken_at": time.time(),
        "clock": {"resolution_ns": time.get_clock_info("monotonic").resolution * 1e9},
        "total": figures["total"],
        "rows": figures["rows"],
        "seconds": seconds,
        "series": {"width": width, "points": [*_points(points, seconds)]},
        "failures": [],
        "exceptions": [],
        "generator": {
            "lag": spreads["lag"],
            "hiccups": {"hub": spreads["hub"], "io": spreads["io"]},
            "limited": stretches,
            "limited_share": _share(stretches, seconds),
            "queue": None,
        },
        "users_time": None,
        "warnings": [*_warnings(record, figures, stretches, seconds)],
    }


def _second(second: dict[str, Any], most: float | None, limited: bool, users: int | None) -> dict[str, Any]:
    return {**second, "users": users, "lag_max": most, "limited": limited}


def _points(points: list[dict[str, Any]], seconds: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Points with what is known of their seconds: users at last, greatest lateness, how many were limited."""
    left = iter(seconds)
    second = next(left, None)
    for point in points:
        users, late, limited = None, None, 0
        while second is not None and second["at"] < point["at"] + point["width"]:
            users = second["users"] if second["users"] is not None else users
            late = max((each for each in (late, second["lag_max"]) if each is not None), default=None)
            limited += second["limited"]
            second = next(left, None)
        yield {**point, "users": users, "lag_max": late, "limited": limited}


def _share(stretches: list[dict[str, int]], seconds: list[dict[str, Any]]) -> float:
    """Seconds in which the generator was the limit, of all from the first request to the last."""
    if not seconds:
        return 0.0
    first, last = seconds[0]["at"], seconds[-1]["at"]
    limited = sum(max(0, min(stretch["to"], last) - max(stretch["from"], first) + 1) for stretch in stretches)
    return limited / (last - first + 1)


def _warnings(
    record: Any, figures: dict[str, Any], stretches: list[dict[str, int]], seconds: list[dict[str, Any]]
) -> Iterator[str]:
    if _share(stretches, seconds) > 0.01:
        shown = ", ".join(f"from {_clock(each['from'])} to {_clock(each['to'])}" for each in stretches[:5])
        more = f" and {len(stretches) - 5} times more" if len(stretches) > 5 else ""
        yield f"measurement limited by the generator {shown}{more}"
    others = record.overflowed()
    if others is not None:
        yield (
            f"more names than there is room for: {others['requests']} requests are counted as '(other names)', most "
            f"named like {others['shape']!r} ({others['example']!r}); give such requests one name=…"
        )
    total = figures["total"]
    if total["coarse"]:
        rows = [f"{row['method']} {row['name']}".strip() for row in figures["rows"] if row["coarse"]]
        yield f"rounded by workers without the native core: {', '.join(rows[:5])}{', …' if len(rows) > 5 else ''}"
    if total["out_of_range"]:
        yield f"{total['out_of_range']} response times are longer than 1 h or below 0"


def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))
