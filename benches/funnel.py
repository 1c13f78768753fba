"""The user funnel against the mock shop, ours beside stock Locust: tasks per CPU-second, or many users' cost.

Usage: python benches/funnel.py [--rounds 3] [--seconds 8] [--quick] [--write]
       python benches/funnel.py --users 5000 [--seconds 40] [--all] [--quick] [--write]

The first form takes the waits out (FUNNEL_SPEED) and asks how many funnel tasks a second of CPU time buys;
the locustfiles themselves are unmodified, BeautifulSoup and Faker included. The second keeps the real waits
and asks what so many users cost: share of one core, memory, errors the shop answered with; stock Locust, with as many
users, does what it can (`--all` has the file in 0.8 style, too). The mock shop runs in a process of its own on one
core, Locust pinned to another; tasks and requests are counted by the shop.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import rig
from rig import ROOT, Cost, Failed

NO_WAITS = "1e9"
RAMP = 20  # seconds in which many users arrive
SETTLED = 20  # and until the first of them are through the longest task

OURS, STOCK = "funnel_today.py, locust-native", "funnel_today.py, stock Locust"
RUNS: dict[str, tuple[str, bool]] = {
    OURS: ("funnel_today.py", True),
    "funnel.py (0.8 style), locust-native": ("funnel.py", True),
    STOCK: ("funnel_today.py", False),
}
"""Name → locustfile, native core. `funnel.py` on stock Locust is the ImportError it always was."""


def measure(
    name: str,
    users: int,
    spawn_rate: float,
    warm: float,
    seconds: list[float],
    patience: float = 30,
    **environment: str,
) -> tuple[list[Cost], dict[str, int]]:
    """One run against a shop of its own; its cost in stretches of so many seconds, and Locust's own count of it all.

    Without patience it is not waited for Locust to end in good order, and there is no such count.
    """
    file, native = RUNS[name]
    with rig.mock() as shop, tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out")
        path = ROOT / "locustfiles" / file
        process = rig.locust(path, shop.url, users, native, output, spawn_rate, **environment)
        try:
            costs = []
            for at, stretch in enumerate(seconds):
                # Many users who parse pages send nothing for seconds, at times.
                more = {"warm": 0, "least": 0, "fewest": 0} if at else {"warm": warm, "fewest": 0}
                costs.append(rig.watch(process, shop.count, seconds=stretch, **more))
            own = rig.finish_locust(process, output, native, patience) if patience else {}
            rig.check_core(output.read_text(errors="replace"), native)
        except Failed as reason:
            raise Failed(f"{name}: {reason}") from None
        finally:
            rig.stop(process, patience)
    return costs, own


def once(name: str, warm: float, seconds: float) -> Cost:
    (cost,), own = measure(name, 50, 50, warm, [seconds], FUNNEL_SPEED=NO_WAITS)
    if cost.counted["tasks"] < 1:
        raise Failed(f"{name}: no task in {seconds:g} s")
    if own["failures"]:
        raise Failed(f"{name}: {own['failures']} of {own['requests']} requests failed")
    return cost


def without_waits(options: argparse.Namespace) -> tuple[str, ...]:
    """Tasks per CPU-second."""
    found: dict[str, list[Cost]] = {name: [] for name in RUNS}
    for turn in range(options.rounds):
        for name in RUNS:
            cost = rig.patiently(lambda name=name: once(name, options.warm, options.seconds))
            found[name].append(cost)
            rig.said(
                f"round {turn + 1}  {name:37} {per_second(cost):8.1f} tasks/CPU-s  {cost.micros:9.1f} µs/request "
                f"{cost.peak / 2**20:5.0f} MiB"
            )
    tasks = {name: [per_second(cost) for cost in costs] for name, costs in found.items()}
    rows = [
        [
            name,
            rig.spread(tasks[name]),
            rig.spread([cost.micros for cost in costs], ".0f"),
            rig.spread([cost.rate for cost in costs], ",.0f"),
            format(max(cost.peak for cost in costs) / 2**20, ".0f"),
        ]
        for name, costs in found.items()
    ]
    head = ["funnel without waits", "tasks/CPU-s", "CPU µs/request", "requests/s", "peak MiB"]
    about = (
        f"- 50 users, FUNNEL_SPEED={NO_WAITS}; median of {options.rounds} interleaved rounds of "
        f"{options.seconds:g} s (least to greatest)"
    )
    target = rig.Target("funnel tasks per CPU-second, against stock", 15, 40)
    ratios = rig.quotients(tasks[OURS], tasks[STOCK])
    return about, rig.table(head, rows), rig.targets([(target, ratios)])


def per_second(cost: Cost) -> float:
    """Funnel tasks begun per second of CPU time."""
    return cost.counted["tasks"] / cost.cpu


def with_waits(options: argparse.Namespace) -> tuple[str, ...]:
    """What so many users cost."""
    users, quarter = options.users, options.seconds / 4
    rows, shares = [], []
    for name in RUNS if options.all else (OURS, STOCK):
        costs, _ = measure(name, users, users / RAMP, RAMP + SETTLED, [quarter] * 4, patience=0)
        shares.append([cost.cpu / cost.wall * 100 for cost in costs])
        row = [
            name,
            rig.spread(shares[-1]),
            rig.spread([cost.rate for cost in costs], ",.0f"),
            rig.spread([cost.counted["tasks"] / cost.wall for cost in costs], ",.0f"),
            f"{costs[-1].resident / users / 1024:.1f}",
            f"{costs[-1].peak / users / 1024:.1f}",
            f"{sum(cost.counted['errors'] for cost in costs):,}",
        ]
        rows.append(row)
        rig.said("  ".join(row))
    head = [f"{users:,} users with real waits", "CPU % of a core", "requests/s", "tasks/s"]
    head += ["KiB per user", "at most", "errors"]
    about = (
        f"- four stretches of {quarter:g} s, {SETTLED} s after a ramp-up of {RAMP} s; KiB per user is the whole "
        f"process's resident memory divided by its users"
    )
    target = rig.Target(f"CPU of one core for {users:,} users", 15, 8, at_most=True, unit="%")
    return about, rig.table(head, rows), rig.targets([(target, shares[0])])


def main() -> None:
    parser = rig.arguments(__doc__, rounds=3, seconds=8.0, warm=3.0)
    parser.add_argument("--users", type=int, help="so many users with real waits (then --seconds 40)")
    parser.add_argument("--all", action="store_true", help="with --users: the file in 0.8 style, too")
    asked = parser.parse_args()
    if asked.users:
        parser.set_defaults(seconds=40.0)
    options = rig.parsed(parser)
    first, *rest = with_waits(options) if options.users else without_waits(options)
    section = "users" if options.users else "funnel"
    rig.show(section, f"{rig.machine()}\n{first}", *rest, into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
