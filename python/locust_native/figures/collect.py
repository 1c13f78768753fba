"""All figures of a test in one value, as `--native-json` writes them; docs/native-json.md explains each."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import locust

from .. import closed_loop, generator
from ..activation import _version
from ..stats import RequestStats

#: Grows when a field changes its meaning or goes; new fields do not change it.
VERSION = 1


def collect(environment: Any, histograms: bool = True) -> dict[str, Any]:
    """The figures of this environment so far: times in ms, moments in unix seconds, sizes in bytes.

    Without histograms, what only a person will look at is there at once, however many names there are.
    """
    stats = environment.stats
    if not isinstance(stats, RequestStats):
        raise TypeError(f"environment.stats is {type(stats).__name__}, not the statistics of the native core")
    record = stats._precise
    _forget_lost_workers(record, environment.runner)
    meter = generator.of(environment.events).meter
    late = {second: (most, limited) for second, most, limited in meter.seconds()}
    figures = record.figures(histograms)
    seconds = [_second(second, *late.get(second["at"], (None, False))) for second in figures["seconds"]]
    stretches = [{"from": first, "to": last} for first, last in meter.limited()]
    spreads = meter.figures()
    users_time = stats._user_time.figures(figures["total"])
    return {
        "format": "locust-native figures",
        "version": VERSION,
        "locust_native": _version(),
        "locust": locust.__version__,
        # Every user waits for its answer before it goes on: a slow server is asked less often.
        "load_model": "closed",
        "started_at": stats.start_time,
        "taken_at": time.time(),
        "clock": {"resolution_ns": time.get_clock_info("monotonic").resolution * 1e9},
        "total": figures["total"],
        "rows": figures["rows"],
        "seconds": seconds,
        "generator": {
            "lag": spreads["lag"],
            "hiccups": {"hub": spreads["hub"], "io": spreads["io"]},
            "limited": stretches,
            "limited_share": _share(stretches, seconds),
            "queue": stats._user_time.queue(),
        },
        "users_time": users_time,
        "warnings": [
            *_warnings(record, figures, stretches, seconds),
            *filter(None, [closed_loop.law(users_time)]),
        ],
    }


def _forget_lost_workers(record: Any, runner: Any) -> None:
    clients = getattr(runner, "clients", None)
    if clients is not None:
        for source in record.sources():
            if source not in clients:
                record.forget(source)


def _second(second: dict[str, Any], most: float | None, limited: bool) -> dict[str, Any]:
    return {**second, "lag_max": most, "limited": limited}


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
