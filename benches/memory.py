"""Memory of a process whose users are all connected: small pages, idle between; ours beside stock Locust.

Usage: python benches/memory.py [--users 5000] [--seconds 20] [--quick] [--write]

nginx on one core, Locust on the other. Each user sends a GET of 1 KiB every 4 to 8 s on a connection that stays
open. When all are there and `--seconds` later, by when each has sent several, the resident memory of the whole
process is divided by its users, the interpreter and Locust included.
"""

from __future__ import annotations

import time

import rig
from rig import clients, crowds

WAITS = (4.0, 8.0)
FIRST = 100  # users, to tell what Locust itself takes from what a user does


def measure(base: str, native: bool, users: int, seconds: float) -> tuple[float, float, float]:
    """(KiB a user, of these what each user more takes, CPU share of one core)."""
    with rig.nginx() as server, crowds.crowd(base, native, server, FIRST, WAITS) as crowd:
        crowd.gather()
        time.sleep(1)
        first = crowd.look()
        crowd.ask(users)
        crowd.gather()
        time.sleep(seconds / 2)
        before = crowd.look()
        time.sleep(seconds / 2)
        after = crowd.look()
    share = (after.cpu - before.cpu) / (after.moment - before.moment)
    more = (after.resident - first.resident) / (users - FIRST)
    return after.resident / users / 1024, more / 1024, share * 100


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=1, users=5000, seconds=20.0))
    if options.users <= FIRST:
        raise rig.Failed(f"--users {options.users}: more than {FIRST}")
    about = (
        f"{rig.machine()}\n- {options.users:,} users; {options.seconds:g} s after the last one's first answer"
    )
    runs = {name: (base, True) for base, name in clients.OURS.items()}
    runs |= {name: (base, False) for base, name in clients.STOCK.items()}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name, (base, native) in runs.items():
            asked = base, native, options.users, options.seconds
            found[name].append(rig.patiently(lambda asked=asked: measure(*asked)))
            rig.said(f"{name:28} {found[name][-1][0]:7.1f} KiB, {found[name][-1][2]:5.1f} % CPU")
    rows = [
        [name, *(rig.spread([value[at] for value in values]) for at in range(3))]
        for name, values in found.items()
    ]
    head = [
        f"{options.users:,} connected users",
        "KiB/user, whole process",
        "of it each user",
        "CPU % of a core",
    ]
    targets = [
        (
            rig.Target(f"our {base}, memory of a user", 26, 20, at_most=True, unit="KiB"),
            [value[0] for value in found[name]],
        )
        for base, name in clients.OURS.items()
    ]
    rig.show("memory", about, rig.table(head, rows), rig.targets(targets), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
