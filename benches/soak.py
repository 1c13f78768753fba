"""Memory of a process over time, at full rate: what a test that goes on and on takes more every minute.

Usage: python benches/soak.py [--minutes 20] [--users 50] [--stock] [--write]

nginx on one core, Locust on the other; an `HttpUser` sends GETs of 1 KiB without a break. Resident memory is read every
minute. What grows in stock Locust grows in ours as well: a dictionary entry for each second and name.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import rig
from rig import locusts, processes

FILE = """
from locust import HttpUser, constant, task

class Visitor(HttpUser):
    wait_time = constant(0)

    @task
    def step(self):
        self.client.get("/")
"""


def soak(native: bool, minutes: int, users: int) -> tuple[list[float], float]:
    """(resident memory in MiB after each minute, requests/s)."""
    with rig.nginx() as server, tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "locustfile.py"), Path(folder, "out")
        file.write_text(FILE)
        process = locusts.locust(file, server.url, users, native, output)
        resident = []
        try:
            for minute in range(1, minutes + 1):
                time.sleep(60)
                resident.append(processes.memory(process, "VmRSS") / (1 << 20))
                rig.said(f"{'ours' if native else 'stock'}: minute {minute:3}: {resident[-1]:7.1f} MiB")
        finally:
            counted = locusts.finish_locust(process, output, native)
    return resident, counted["requests"] / (60 * minutes)


def main() -> None:
    parser = rig.arguments(__doc__, users=50)
    parser.add_argument("--minutes", type=int, default=20, help="of each run (default: %(default)s)")
    parser.add_argument("--stock", action="store_true", help="stock Locust as well")
    options = rig.parsed(parser)
    rows = []
    for native in (True, False)[: 1 + options.stock]:
        resident, rate = soak(native, options.minutes, options.users)
        half = len(resident) // 2
        later = resident[half:]
        growth = (later[-1] - later[0]) * 1024 / (60 * max(1, len(later) - 1))
        rows.append(
            [
                "locust-native" if native else "stock Locust",
                f"{rate:,.0f}",
                f"{resident[0]:.1f}",
                f"{resident[half]:.1f}",
                f"{resident[-1]:.1f}",
                f"{growth:.2f}",
            ]
        )
    head = [
        "at full rate",
        "requests/s",
        "MiB, minute 1",
        "half-way",
        f"minute {options.minutes}",
        "KiB/s since half-way",
    ]
    about = f"{rig.machine()}\n- {options.minutes} minutes, {options.users} users, one name"
    rig.show("soak", about, rig.table(head, rows), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
