"""A comparison: clients take turns at one server, in rounds, and each pays for its calls in CPU time."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .clients import CLIENTS, OURS, USERS, Client
from .command import patiently, said
from .locusts import finish_locust
from .processes import Cost, Failed, stop, watch
from .servers import Server
from .shapes import SHAPES, Shape
from .tables import Target, quotients, spread, table

Found = Mapping[tuple[str, str], Sequence[Cost]]
"""(client, shape) → its cost, round by round."""


def measure(client: Client, shape: Shape, server: Server, warm: float, seconds: float) -> Cost:
    """One client, once.

    Raises Failed if it failed requests, forgot its cookies, or if Locust's count is not the server's.
    """
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        before, bare = server.count()["requests"], server.bare()
        process = client.start(shape, server.url, place)
        try:
            cost = watch(process, server.count, warm, seconds, least=4 * USERS)  # all are connected
            if client.native is not None:
                own = finish_locust(process, place / "out", client.native)
                counted = server.count()["requests"] - before
                if own["failures"]:
                    raise Failed(f"{own['failures']} of {own['requests']} requests failed")
                # The end cuts users off in the middle of a call.
                if not 0 <= counted - own["requests"] * shape.requests <= 2 * USERS:
                    raise Failed(f"Locust counted {own['requests']} calls, the server {counted} requests")
            if shape.cookies and server.bare() - bare > 4 * USERS:
                raise Failed(f"{server.bare() - bare} requests came without cookies")
            return cost
        except Failed as reason:
            if process.poll() is not None and client.native is None:
                raise Failed(f"{client.name}, {shape.name}: {reason}: {tail(place / 'out')}") from None
            raise Failed(f"{client.name}, {shape.name}: {reason}") from None
        finally:
            stop(process)


def tail(output: Path) -> str:
    return " ".join(output.read_text(errors="replace").split())[-300:] if output.exists() else ""


def rounds(
    names: Sequence[str], shapes: Sequence[str], server: Server, turns: int, warm: float, seconds: float
) -> Found:
    """All of them in turn, so that a slow moment of the machine meets all."""
    found: dict[tuple[str, str], list[Cost]] = {}
    for turn in range(turns):
        for shape in shapes:
            # Once up, once down the list: who comes first is not always the same.
            for name in names if turn % 2 == 0 else reversed(names):
                asked = CLIENTS[name], SHAPES[shape], server, warm, seconds
                cost = patiently(lambda asked=asked: measure(*asked))
                found.setdefault((name, shape), []).append(cost)
                said(
                    f"round {turn + 1}  {shape:9}  {name:28} {micros(cost, shape):7.1f} µs/call "
                    f"{cost.rate:9,.0f} requests/s  {cost.peak / 2**20:5.0f} MiB"
                )
    return found


def micros(cost: Cost, shape: str) -> float:
    """CPU µs per call; a call may be several requests."""
    return cost.micros * SHAPES[shape].requests


def cpu(found: Found, name: str, shape: str) -> list[float]:
    return [micros(cost, shape) for cost in found.get((name, shape), ())]


def ratios(found: Found, dearer: str, cheaper: str, shape: str) -> list[float]:
    """How many times as much CPU time one takes as the other, round by round; empty where one is missing."""
    upper, lower = cpu(found, dearer, shape), cpu(found, cheaper, shape)
    return quotients(upper, lower) if upper and lower else []


def report(found: Found, names: Sequence[str], shapes: Sequence[str]) -> str:
    """A table for each shape, cheapest first."""
    return "\n\n".join(_table(found, names, shape) for shape in shapes)


def _table(found: Found, names: Sequence[str], shape: str) -> str:
    rows = []
    for name in sorted(names, key=lambda name: statistics.median(cpu(found, name, shape))):
        costs = found[name, shape]
        row = [name, spread(cpu(found, name, shape)), spread([cost.rate for cost in costs], ",.0f")]
        row += [format(max(cost.peak for cost in costs) / 2**20, ".0f")]
        for ours in OURS.values():
            times = ratios(found, name, ours, shape)
            row += [f"{statistics.median(times):.2f}" if times else ""]
        rows.append(row)
    units = [f"our {base} = 1" for base in OURS]
    return table([shape, "CPU µs/call", "requests/s", "peak MiB", *units], rows)


Judged = list[tuple[Target, list[float]]]


def judged(found: Found, shape: str, peers: Mapping[str, tuple[float, float]], most: bool = False) -> Judged:
    """Targets of both our classes against these peers: {name: (at least, aim)}; with `most`, ours may be dearer."""
    rows: Judged = []
    for base, ours in OURS.items():
        for peer, (least, aim) in peers.items():
            what = (
                f"{shape}: our {base}, CPU of {peer}"
                if not most
                else f"{shape}: our {base}, in CPU of {peer}"
            )
            pair = (ours, peer) if most else (peer, ours)
            rows.append((Target(what, least, aim, at_most=most, form=".2f"), ratios(found, *pair, shape)))
    return rows
