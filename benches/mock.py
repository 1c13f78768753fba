"""How many funnel pages a second the mock shop serves on one core.

Usage: python benches/mock.py [--rounds 3] [--seconds 4] [--users 50] [--quick] [--write]

The shop on one core, wrk on the other, asking for home, category and product page in turn. Pages are counted by the
shop. Where wrk is the slower of the two, the shop's core is not full: pages per second of the shop's CPU time say then
what it could do.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import rig
from rig import clients

PAGES = ["/", "/products/category/apparel-1/", "/products/codemash-1/"]
SCRIPT = """
local paths = { %s }
local turn = 0
request = function()
  turn = turn + 1
  return wrk.format("GET", paths[turn %% #paths + 1])
end
"""


def measure(paths: list[str], users: int, warm: float, seconds: float) -> tuple[float, float, float]:
    """(pages/s, share of its core that the shop used, pages per CPU-second of the shop)."""
    with rig.mock() as shop, tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "pages.lua")
        script.write_text(SCRIPT % ", ".join(f'"{path}"' for path in paths))
        command = [clients.program("wrk") or "wrk", "-t1", f"-c{users}", "-d600s", "-s", script, shop.url]
        client = rig.pinned(command, rig.CLIENT_CORE)
        try:
            rig.tracker(client, shop.count)
            time.sleep(warm)
            spent = rig.spent(shop.process)
            cost = rig.watch(client, shop.count, 0, seconds)
            used = rig.spent(shop.process) - spent
        finally:
            rig.stop(client)
    return cost.rate, used / cost.wall, cost.counted["requests"] / used


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=3, seconds=4.0, warm=0.5, users=50))
    if clients.program("wrk") is None:
        raise rig.Failed("wrk is not installed, and this bench needs it")
    length = f"median of {options.rounds} rounds of {options.seconds:g} s"
    about = f"{rig.machine()}\n- wrk, {options.users} connections; {length}"
    kinds = {"all three in turn": PAGES, **{path: [path] for path in PAGES}}
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in kinds}
    with rig.mock() as shop:
        sizes = {path: len(rig.fetch(shop.url + path)) for path in PAGES}
    for turn in range(options.rounds):
        for name, paths in kinds.items():
            asked = paths, options.users, options.warm, options.seconds
            found[name].append(rig.patiently(lambda asked=asked: measure(*asked)))
            rate, share, capacity = found[name][-1]
            rig.said(f"round {turn + 1}  {name:30} {rate:9,.0f}/s at {share:.0%}: {capacity:9,.0f} per CPU-s")
    rows = [
        [
            f"{name} ({sizes[name] / 1000:.0f} kB)" if name in sizes else name,
            rig.spread([value[0] for value in values], ",.0f"),
            rig.spread([value[1] * 100 for value in values], ".0f"),
            rig.spread([value[2] for value in values], ",.0f"),
        ]
        for name, values in found.items()
    ]
    head = ["funnel pages", "pages/s", "shop's core %", "pages per CPU-second"]
    values = [value[2] for value in found["all three in turn"]]
    target = rig.Target("funnel pages a second of one core", 60_000, unit="pages/s", form=",.0f")
    rig.show("mock", about, rig.table(head, rows), rig.targets([(target, values)]), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
