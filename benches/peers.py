"""CPU per request: unmodified locustfiles on ours and on stock Locust, and what other generators there are.

Usage: python benches/peers.py [--tls] [--rounds 3] [--seconds 2] [--shapes GET …] [--only NAME …] [--quick] [--write]

nginx on one core, client pinned to another; keep-alive, 50 users without waits. A client's CPU time (user and
system, all its threads) is read at two moments of its steady state, the requests between them are counted by the
server. The clients take turns, round by round, so that a slow moment of the machine meets all of them, and ratios
are taken within a round. wrk, hey, oha, k6 and Goose are measured where they are found (`make peers` gets the
last three). With `--tls` the same over TLS 1.3; nobody verifies the certificate then (`client.verify = False` for
HttpUser, as FastHttpUser has it anyway, and the like options of the others). Needs Linux, two cores and a release
build. Bodies, pages and redirects: benches/payloads.py.
"""

from __future__ import annotations

import argparse

import rig
from rig import Failed, clients, comparison, shapes

AGAINST = {
    clients.STOCK["HttpUser"]: (25, 40),
    clients.STOCK["FastHttpUser"]: (6, 10),
    "k6": (3.5, 5),
    "Goose": (1.3, 2),
}
WRK = {"wrk": (2.6, 1.7)}
STOCK_AND_OURS = [name for name, client in clients.CLIENTS.items() if client.native is not None]


def parser(about: str, chosen: list[str], seconds: float) -> argparse.ArgumentParser:
    made = rig.arguments(about, rounds=3, seconds=seconds, warm=0.7)
    made.add_argument("--tls", action="store_true", help="over TLS 1.3")
    made.add_argument("--only", nargs="+", metavar="NAME", help="clients whose name contains one of these")
    made.add_argument("--shapes", nargs="+", choices=list(shapes.SHAPES), default=chosen)
    return made


def compare(asked: argparse.Namespace, section: str) -> None:
    names = [
        name
        for name, client in clients.CLIENTS.items()
        if client.there and (not asked.only or any(word in name for word in asked.only))
    ]
    if not names:
        raise Failed(f"--only {' '.join(asked.only)}: no such client here")
    about = [rig.machine()]
    about += [f"- {name}: {clients.CLIENTS[name].told()}" for name in names if clients.CLIENTS[name].program]
    missing = [name for name, client in clients.CLIENTS.items() if not client.there]
    if missing:
        about += [f"- not here: {', '.join(missing)} (`make peers` gets oha, k6 and Goose)"]
    with rig.nginx(tls=asked.tls) as server:
        found = comparison.rounds(names, asked.shapes, server, asked.rounds, asked.warm, asked.seconds)
        about += [
            f"- server: {server.name}; keep-alive, {clients.USERS} users without waits; median of {asked.rounds} "
            f"interleaved rounds of {asked.seconds:g} s (least to greatest)"
        ]
    about += [f"- {shape}: {shapes.ABOUT[shape]}" for shape in asked.shapes]
    rows: comparison.Judged = []
    for shape in asked.shapes:
        if shape == "GET":
            rows += comparison.judged(found, shape, AGAINST)
            rows += comparison.judged(found, shape, WRK, most=True)
        else:
            rows += comparison.judged(found, shape, {clients.STOCK["FastHttpUser"]: (5, 8)})
    text = "\n".join(about), comparison.report(found, names, asked.shapes), rig.targets(rows)
    rig.show(f"{section}-tls" if asked.tls else section, *text, into_file=asked.write)


def main() -> None:
    compare(rig.parsed(parser(__doc__, ["GET"], 2.0)), "peers")


if __name__ == "__main__":
    rig.run(main)
