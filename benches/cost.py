"""What a change costs: two installations take turns at the same unmodified locustfiles; CPU per request of each.

Usage: python benches/cost.py --beside VENV/bin/python [--rounds 7] [--seconds 3] [--instructions] [--write]

`make bench BEFORE=COMMIT` builds such an installation. nginx on one core, client
pinned to another, as in peers.py. The two are measured one right after the other, in a different order
each round, and their ratio is taken round by round: what slows the machine down for longer than a round meets both.
With `--instructions`, valgrind also counts the instructions of requests in the middle of a run, which is exact to
about a percent whatever else the machine does.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import rig
from rig import Cost, Failed, Server, callgrind, clients, shapes

USERS = clients.USERS
CALL = shapes.SHAPES["GET"].call
BASES = ("HttpUser", "FastHttpUser")

NOW, BEFORE = "this tree", "beside"


def measure(base: str, python: Path, server: Server, warm: float, seconds: float) -> Cost:
    """One installation, once. Raises Failed if it failed requests or ran without the native core."""
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "locustfile.py"), Path(folder, "out")
        file.write_text(shapes.locustfile(base, CALL, False))
        process = rig.locust(file, server.url, USERS, True, output, python=python)
        try:
            cost = rig.watch(process, server.count, warm, seconds)
            own = rig.finish_locust(process, output, True)
        except Failed as reason:
            raise Failed(f"{base} of {python}: {reason}") from None
        finally:
            rig.stop(process)
    if own["failures"]:
        raise Failed(f"{base} of {python}: {own['failures']} of {own['requests']} requests failed")
    return cost


def ask(python: Path, what: str) -> str:
    """What a Python says of its locust-native."""
    code = f"import pathlib, locust_native; from locust_native import _core; print({what})"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode:
        raise Failed(f"--beside {python}: {(done.stderr.strip() or 'no such Python').splitlines()[-1]}")
    return done.stdout.strip()


def report(found: dict[tuple[str, str], list[Cost]], counted: dict[tuple[str, str], float]) -> str:
    rows = []
    for base in BASES:
        now, before = found[base, NOW], found[base, BEFORE]
        for label, costs in ((BEFORE, before), (NOW, now)):
            row = [f"{base}, {label}", rig.spread([cost.micros for cost in costs])]
            row += [rig.spread([cost.rate for cost in costs], ",.0f")]
            row += [f"{counted[base, label]:,.0f}"] if counted else []
            rows.append(row)
        ratios = [
            f"{statistics.median([one.micros / other.micros for one, other in zip(now, before, strict=True)]):.3f}",
            f"{statistics.median([one.rate / other.rate for one, other in zip(now, before, strict=True)]):.3f}",
        ]
        ratios += [f"{counted[base, NOW] / counted[base, BEFORE]:.3f}"] if counted else []
        rows.append([f"{base}, ratio (median of the rounds')", *ratios])
    head = ["GET 1 KiB", "CPU µs/request", "requests/s", *(["instructions/request"] if counted else [])]
    return rig.table(head, rows)


def main() -> None:
    parser = rig.arguments(__doc__, rounds=7, seconds=3.0, warm=1.0)
    parser.add_argument("--beside", type=Path, required=True, metavar="PYTHON", help="the other one's Python")
    parser.add_argument("--called", metavar="NAME", help="what to call it in the table: its commit, say")
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions, too (needs valgrind)"
    )
    options = rig.parsed(parser)
    # Not resolved: the link is what tells Python which environment it is.
    pythons = {NOW: Path(sys.executable), BEFORE: options.beside.absolute()}
    if ask(pythons[BEFORE], "_core.OPTIMISED") != "True":
        raise Failed(f"--beside {options.beside}: its extension is a debug build")
    version = ask(pythons[BEFORE], "locust_native.__version__")
    about = f"{rig.machine()}\n- beside: locust-native {version}{f' at {options.called}' if options.called else ''}"
    found: dict[tuple[str, str], list[Cost]] = {}
    counted: dict[tuple[str, str], float] = {}
    with rig.nginx() as server:
        for turn in range(options.rounds):
            for base in BASES:
                for label in (NOW, BEFORE) if turn % 2 else (BEFORE, NOW):
                    cost = measure(base, pythons[label], server, options.warm, options.seconds)
                    found.setdefault((base, label), []).append(cost)
                    print(
                        f"round {turn + 1}  {base:12}  {label:9} {cost.micros:7.1f} µs/request "
                        f"{cost.rate:9,.0f} requests/s",
                        file=sys.stderr,
                    )
        for base in BASES if options.instructions else ():
            for label, python in pythons.items():
                counted[base, label] = callgrind.instructions(base, CALL, server, python)
                print(
                    f"{base:12}  {label:9} {counted[base, label]:,.0f} instructions/request", file=sys.stderr
                )
        text = (
            f"{about}\n- server: {server.name}; keep-alive, {USERS} users without waits; median of {options.rounds} "
            f"interleaved rounds of {options.seconds:g} s (least to greatest)"
        )
        if counted:
            text += f"\n- {callgrind.about()}"
    rig.publish("cost", text, report(found, counted), options.write)


if __name__ == "__main__":
    rig.run(main)
