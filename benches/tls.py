"""CPU and memory of a new HTTPS user: a connection opened, one GET, then rest; ours beside stock Locust.

Usage: python benches/tls.py [--rounds 2] [--users 400] [--quick] [--write]

nginx with TLS 1.3 on one core, Locust on the other. A hundred users come first, so that nothing is loaded for the
first time; then so many more, at once. CPU time and resident memory of the whole process are read before and after,
the CPU time of an idle crowd is taken off, and the rest divided by the users who came. Nobody verifies the
certificate: `client.verify = False` for HttpUser, as FastHttpUser has it anyway.
"""

from __future__ import annotations

import statistics
import time

import rig
from rig import clients, crowds

FIRST = 100
SETTLED = 1.5  # seconds until handshakes' last bytes and Locust's own second are over


def measure(base: str, native: bool, users: int) -> tuple[float, float]:
    """(CPU ms, KiB) of one more user."""
    with rig.nginx(tls=True) as server, crowds.crowd(base, native, server, FIRST) as crowd:
        crowd.gather()
        time.sleep(SETTLED)
        before = crowd.look()
        crowd.ask(FIRST + users)
        crowd.gather()
        time.sleep(SETTLED)
        after = crowd.look()
        time.sleep(2 * SETTLED)
        idle = crowd.look()
        rest = (idle.cpu - after.cpu) / (idle.moment - after.moment) * (after.moment - before.moment)
        return (after.cpu - before.cpu - rest) / users * 1e3, (
            after.resident - before.resident
        ) / users / 1024


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=2, users=400))
    about = f"{rig.machine()}\n- {options.users} users more than {FIRST}; median of {options.rounds} rounds"
    runs = {name: (base, True) for base, name in clients.OURS.items()}
    runs |= {name: (base, False) for base, name in clients.STOCK.items()}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for turn in range(options.rounds):
        for name, (base, native) in runs.items():
            asked = base, native, options.users
            found[name].append(rig.patiently(lambda asked=asked: measure(*asked)))
            rig.said(
                f"round {turn + 1}  {name:28} {found[name][-1][0]:6.2f} ms {found[name][-1][1]:7.1f} KiB"
            )
    cpu = {name: [max(value[0], 0.01) for value in values] for name, values in found.items()}
    kib = {name: [value[1] for value in values] for name, values in found.items()}
    rows = [[name, rig.spread(cpu[name], ".2f"), rig.spread(kib[name])] for name in runs]
    rows.sort(key=lambda row: statistics.median(cpu[row[0]]))
    targets = []
    for base, name in clients.OURS.items():
        times = rig.quotients(cpu[clients.STOCK["FastHttpUser"]], cpu[name])
        targets.append((rig.Target(f"our {base}, CPU of FastHttpUser, stock Locust", 10), times))
        targets.append((rig.Target(f"our {base}, memory", 100, 48, at_most=True, unit="KiB"), kib[name]))
    table = rig.table(["a new HTTPS user", "CPU ms", "KiB"], rows)
    rig.show("tls", about, table, rig.targets(targets), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
