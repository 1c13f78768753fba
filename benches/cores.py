"""One Locust process with one core and with two: what the second, the I/O thread's, is worth.

Usage: python benches/cores.py [--rounds 3] [--seconds 3] [--quick] [--write]

GET of 1 KiB, 50 users without waits. With three cores or more nginx has one of its own. With two it has to share the
second with the I/O thread, which is the server's part of the table; what would be without it follows from what each
thread pays for a request: the busier thread alone sets the limit then.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import rig
from rig import Server, clients, shapes

ONE = [rig.CLIENT_CORE]
TWO = rig.CORES[-2:]


@dataclass(frozen=True)
class Sample:
    rate: float
    """Requests per second."""
    python: float
    others: float
    server: float
    """CPU µs a request: Python's thread, the I/O thread, the server."""


def measure(base: str, cores: list[int], server: Server, warm: float, seconds: float) -> Sample:
    with tempfile.TemporaryDirectory() as folder:
        file, output = Path(folder, "locustfile.py"), Path(folder, "out")
        file.write_text(shapes.locustfile(base, shapes.SHAPES["GET"].call, False))
        process = rig.locust(file, server.url, clients.USERS, True, output, cores=cores)
        try:
            rig.tracker(process, server.count)
            time.sleep(warm)
            threads, served, counted = rig.by_thread(process), rig.spent(server.process), server.count()
            began = time.monotonic()
            time.sleep(seconds)
            threads_after, served_after = rig.by_thread(process), rig.spent(server.process)
            requests = server.count()["requests"] - counted["requests"]
            wall = time.monotonic() - began
            own = rig.finish_locust(process, output, True)
            if own["failures"]:
                raise rig.Failed(f"{base}: {own['failures']} of {own['requests']} requests failed")
        finally:
            rig.stop(process)
    used = {name: (threads_after[name] - threads.get(name, 0)) / requests * 1e6 for name in threads_after}
    python = used.pop("main")
    return Sample(requests / wall, python, sum(used.values()), (served_after - served) / requests * 1e6)


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=3, seconds=3.0, warm=1.0))
    if len(rig.CORES) < 2:
        raise rig.Failed("this bench needs two cores")
    shared = rig.SERVER_CORE in TWO
    place = "shares the second core with the I/O thread" if shared else "has a core of its own"
    about = f"{rig.machine()}\n- nginx {place}; median of {options.rounds} rounds of {options.seconds:g} s"
    rows, targets = [], []
    with rig.nginx() as server:
        for base in clients.OURS:
            found: dict[str, list[Sample]] = {"one core": [], "two cores": []}
            for turn in range(options.rounds):
                for label, cores in (("one core", ONE), ("two cores", TWO)):
                    asked = base, cores, server, options.warm, options.seconds
                    found[label].append(rig.patiently(lambda asked=asked: measure(*asked)))
                    rig.said(
                        f"round {turn + 1}  {base:12}  {label:9} {found[label][-1].rate:9,.0f} requests/s"
                    )
            for label, samples in found.items():
                rows.append(
                    [
                        f"{base}, {label}",
                        rig.spread([sample.rate for sample in samples], ",.0f"),
                        rig.spread([sample.python for sample in samples]),
                        rig.spread([sample.others for sample in samples]),
                        rig.spread([sample.server for sample in samples]),
                    ]
                )
            ratios = rig.quotients(
                *([sample.rate for sample in found[label]] for label in ("two cores", "one core"))
            )
            targets.append((rig.Target(f"our {base}, two cores against one", 1.5, form=".2f"), ratios))
            two = found["two cores"]
            alone = statistics.median(1e6 / max(sample.python, sample.others) for sample in two)
            bound = alone / statistics.median(sample.rate for sample in found["one core"])
            about += f"\n- {base}: without the server on them, the busier thread would allow {bound:.2f}x"
    head = ["GET 1 KiB", "requests/s", "µs: Python's thread", "µs: I/O thread", "µs: server"]
    rig.show("cores", about, rig.table(head, rows), rig.targets(targets), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
