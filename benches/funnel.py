"""The user funnel against the mock shop, ours beside stock Locust: tasks per CPU-second, or many users' cost.

Usage: python benches/funnel.py [--rounds 3] [--seconds 20] [--write]
       python benches/funnel.py --users 5000 --minutes 2 [--write]

The first form takes the waits out (FUNNEL_SPEED) and asks how many funnel tasks a second of CPU time buys;
the locustfiles themselves are unmodified, BeautifulSoup and Faker included. The second keeps the real waits
and asks what so many users cost: share of one core, memory, failures. The mock shop runs in a process of its
own on one core, Locust pinned to another; tasks and requests are counted by the shop.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import rig
from rig import ROOT, Cost, Failed

NO_WAITS = "1e9"
RAMP = 40  # seconds in which many users arrive

RUNS: dict[str, tuple[str, bool]] = {
    "funnel_today.py, locust-native": ("funnel_today.py", True),
    "funnel.py (0.8 style), locust-native": ("funnel.py", True),
    "funnel_today.py, stock Locust": ("funnel_today.py", False),
}
"""Name → locustfile, native core. `funnel.py` on stock Locust is the ImportError it always was."""


def measure(
    name: str, users: int, spawn_rate: float, warm: float, seconds: float, **environment: str
) -> tuple[Cost, dict[str, int]]:
    """One run against a shop of its own; its cost, and Locust's own count of the whole run."""
    file, native = RUNS[name]
    with rig.mock() as shop, tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out")
        path = ROOT / "locustfiles" / file
        process = rig.locust(path, shop.url, users, native, output, spawn_rate, **environment)
        try:
            cost = rig.watch(process, shop.count, warm, seconds)
            own = rig.finish_locust(process, output, native)
        except Failed as reason:
            raise Failed(f"{name}: {reason}") from None
        finally:
            rig.stop(process)
    return cost, own


def without_waits(options: argparse.Namespace) -> str:
    """Tasks per CPU-second."""
    found: dict[str, list[Cost]] = {}
    for turn in range(1, options.rounds + 1):
        for name in RUNS:
            cost, own = measure(name, 50, 50, options.warm, options.seconds, FUNNEL_SPEED=NO_WAITS)
            if own["failures"]:
                raise Failed(f"{name}: {own['failures']} of {own['requests']} requests failed")
            found.setdefault(name, []).append(cost)
            print(
                f"round {turn}  {name:37} {per_second(cost):8.1f} tasks/CPU-s  {cost.micros:9.1f} µs/request "
                f"{cost.peak / 2**20:5.0f} MiB",
                file=sys.stderr,
            )
    rows = [
        [
            name,
            rig.spread([per_second(cost) for cost in costs]),
            rig.spread([cost.micros for cost in costs], ".0f"),
            rig.spread([cost.rate for cost in costs], ",.0f"),
            format(max(cost.peak for cost in costs) / 2**20, ".0f"),
        ]
        for name, costs in found.items()
    ]
    head = ["funnel without waits", "tasks/CPU-s", "CPU µs/request", "requests/s", "peak MiB"]
    return (
        f"- 50 users, FUNNEL_SPEED={NO_WAITS}; median of {options.rounds} interleaved rounds of "
        f"{options.seconds:g} s (least to greatest)\n\n{rig.table(head, rows)}"
    )


def per_second(cost: Cost) -> float:
    """Funnel tasks begun per second of CPU time."""
    return cost.counted["tasks"] / cost.cpu


def with_waits(options: argparse.Namespace) -> str:
    """What so many users cost."""
    users, seconds = options.users, options.minutes * 60
    rows = []
    for name in RUNS:
        cost, own = measure(name, users, users / RAMP, RAMP + options.warm, seconds)
        rows.append(
            [
                name,
                f"{cost.cpu / cost.wall * 100:.1f} %",
                f"{cost.rate:,.0f}",
                f"{cost.counted['tasks'] / cost.wall:,.0f}",
                f"{cost.resident / users / 1024:.1f}",
                f"{cost.peak / 2**20:.0f}",
                f"{own['failures']:,} of {own['requests']:,}",
            ]
        )
        print("  ".join(rows[-1]), file=sys.stderr)
    head = [
        f"{users:,} users with real waits",
        "CPU of one core",
        "requests/s",
        "tasks/s",
        "KiB per user",
        "peak MiB",
        "failed",
    ]
    return (
        f"- {options.minutes:g} minutes after a ramp-up of {RAMP} s; KiB per user is the whole process's "
        f"resident memory divided by its users\n\n{rig.table(head, rows)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    rig.common_arguments(parser, rounds=3, seconds=20, warm=5)
    parser.add_argument("--users", type=int, help="so many users with real waits")
    parser.add_argument("--minutes", type=float, default=2, help="how long these are measured (default 2)")
    options = parser.parse_args()
    if options.users is not None and options.users < 1:
        raise Failed(f"--users {options.users}: at least 1")
    about = rig.machine()
    text = f"{about}\n{with_waits(options) if options.users else without_waits(options)}"
    print(text)
    if options.write:
        rig.write("users" if options.users else "funnel", text)


if __name__ == "__main__":
    rig.run(main)
