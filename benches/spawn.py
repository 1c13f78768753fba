"""Users spawned per second, until all are there and each has had its first answer; ours beside stock Locust.

Usage: python benches/spawn.py [--users 10000] [--rounds 2] [--quick] [--write]

nginx on one core, Locust on the other. Users are asked for all at once; each opens a connection, sends one GET and
rests. `spawned` is Locust's own event that all are there, `steady` the server's count of their answers.
"""

from __future__ import annotations

import rig
from rig import Failed, clients, crowds


def measure(base: str, native: bool, users: int) -> tuple[float, float, float]:
    """Users a second until spawned, and until steady; CPU µs a user."""
    with rig.nginx() as server, crowds.crowd(base, native, server, 1) as crowd:
        crowd.gather()
        before = crowd.look()
        crowd.ask(1 + users)
        steady = crowd.gather()
        after = crowd.look()
        began, spawned = crowd.told(f"asked-{1 + users}"), crowd.told(f"complete-{1 + users}")
        if not began or not spawned:
            raise Failed("Locust did not say that its users are there")
    whole = max(steady, spawned[0]) - began[0]
    return users / (spawned[0] - began[0]), users / whole, (after.cpu - before.cpu) / users * 1e6


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=2, users=10_000))
    about = f"{rig.machine()}\n- {options.users:,} users at once; median of {options.rounds} rounds"
    runs = {name: (base, True) for base, name in clients.OURS.items()}
    runs |= {name: (base, False) for base, name in clients.STOCK.items()}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
    for turn in range(options.rounds):
        for name, (base, native) in runs.items():
            asked = base, native, options.users
            found[name].append(rig.patiently(lambda asked=asked: measure(*asked)))
            spawned, steady, cpu = found[name][-1]
            rig.said(f"round {turn + 1}  {name:28} {spawned:8,.0f}/s {steady:8,.0f}/s {cpu:7.0f} µs")
    rows = [
        [name, *(rig.spread([value[at] for value in values], ",.0f") for at in range(3))]
        for name, values in found.items()
    ]
    head = ["users a second", "spawned", "steady", "CPU µs/user"]
    targets = []
    for base, name in clients.OURS.items():
        stock = [value[1] for value in found[clients.STOCK[base]]]
        ratios = rig.quotients([value[1] for value in found[name]], stock)
        targets.append((rig.Target(f"our {base}, steady, against stock", 1, 2, form=".2f"), ratios))
    rig.show("spawn", about, rig.table(head, rows), rig.targets(targets), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
