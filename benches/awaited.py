"""CPU per request of clients that asyncio tasks await: ours beside aiohttp and httpx, on asyncio's loop and on uvloop.

Usage: python benches/awaited.py [--tasks 50 1000] [--rounds 3] [--seconds 2] [--quick] [--write]

nginx on one core, client pinned to another; GET of 1 KiB, keep-alive, tasks without waits. CPU time (user and system,
all threads) between two moments of the steady state, requests between them as the server counted them; the clients
take turns, round by round, and ratios are taken within a round. Ours counts each request in its statistics, with a
session a user; aiohttp and httpx count nothing, each in the way that is cheapest for it (benches/rig/awaiting.py).
Needs `pip install '.[bench]'`.
"""

from __future__ import annotations

import importlib.metadata
import statistics
import sys
import tempfile
from pathlib import Path

import rig
from rig import Cost, Failed

PEERS = ("ours", "aiohttp", "httpx")
LOOPS = ("uvloop", "asyncio")
SCRIPT = Path(rig.__file__).parent / "awaiting.py"


def measure(client: str, loop: str, server: rig.Server, users: int, warm: float, seconds: float) -> Cost:
    """One client, once."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out"
        command = [sys.executable, SCRIPT, client, loop, server.url, str(users)]
        process = rig.pinned(command, rig.CLIENT_CORE, output)
        try:
            return rig.watch(process, server.count, warm, seconds, least=2 * users)
        except Failed as reason:
            said = " ".join(output.read_text(errors="replace").split())[-300:]
            raise Failed(f"{client} on {loop}: {reason}: {said}") from None
        finally:
            rig.stop(process)


def main() -> None:
    asked = rig.arguments(__doc__, rounds=3, seconds=2.0, warm=0.7)
    asked.add_argument("--tasks", type=int, nargs="+", default=[50, 1000])
    options = rig.parsed(asked)
    try:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in ("aiohttp", "httpx", "uvloop")]
    except importlib.metadata.PackageNotFoundError as missing:
        raise Failed(f"{missing.name} is not installed: pip install '.[bench]'") from None
    kinds = [(client, loop) for client in PEERS for loop in LOOPS]
    found: dict[tuple[int, str, str], list[Cost]] = {}
    with rig.nginx() as server:
        about = (
            f"{rig.machine()}\n- {', '.join(versions)}\n- server: {server.name}; median of {options.rounds} "
        )
        about += f"interleaved rounds of {options.seconds:g} s (least to greatest)"
        for turn in range(options.rounds):
            for users in options.tasks:
                for client, loop in kinds if turn % 2 == 0 else reversed(kinds):
                    what = client, loop, server, users, options.warm, options.seconds
                    cost = rig.patiently(lambda what=what: measure(*what))
                    found.setdefault((users, client, loop), []).append(cost)
                    rig.said(
                        f"round {turn + 1}  {users:5} users  {client:8} {loop:8} {cost.micros:8.1f} µs/request "
                        f"{cost.rate:9,.0f} requests/s  {cost.peak / 2**20:4.0f} MiB"
                    )
    texts, targets = [], []
    for users in options.tasks:
        rows = []
        for client, loop in kinds:
            costs = found[users, client, loop]
            times = rig.quotients(cpu(costs), cpu(found[users, "ours", loop]))
            rows.append(
                [
                    f"{'AsyncSession' if client == 'ours' else client}, {loop}",
                    rig.spread(cpu(costs)),
                    rig.spread([cost.rate for cost in costs], ",.0f"),
                    format(max(cost.peak for cost in costs) / 2**20, ".0f"),
                    f"{statistics.median(times):.1f}",
                ]
            )
            if client == "aiohttp":
                targets.append((rig.Target(f"{users} users on {loop}: CPU of aiohttp", 3), times))
        head = [f"{users} users", "CPU µs/request", "requests/s", "peak MiB", "times ours"]
        texts.append(rig.table(head, rows))
    rig.show("awaited", about, *texts, rig.targets(targets), into_file=options.write)


def cpu(costs: list[Cost]) -> list[float]:
    """CPU µs per request, round by round."""
    return [cost.micros for cost in costs]


if __name__ == "__main__":
    rig.run(main)
