"""What the start-up hook costs an interpreter that never imports Locust.

Usage: python benches/startup.py [--rounds 300] [--write]

Two bare virtual environments, one with the start-up files and the package, one without; their
interpreters are started in turn, so that a slow moment of the machine meets both. The second pair of
figures is the price of the finder itself: microseconds per import of a module that is not loaded yet.
"""

import compileall
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import venv
from pathlib import Path

import rig

HERE = Path(__file__).resolve().parent.parent / "python"
IMPORTS = """
import sys, time
names = [f"no_such_module_{n}" for n in range(2000)]
def run():
    start = time.perf_counter()
    for name in names:
        try: __import__(name)
        except ImportError: pass
    return (time.perf_counter() - start) / len(names) * 1e6
run()
print(min(run() for _ in range(7)))
"""


def environment(home: Path, hooked: bool) -> Path:
    """A bare virtual environment, with or without the hook; returns its interpreter."""
    venv.EnvBuilder(symlinks=True).create(home)
    site = next(home.glob("lib/python*/site-packages"))
    if hooked:
        shutil.copytree(HERE / "locust_native", site / "locust_native", ignore=shutil.ignore_patterns("*.so"))
        for file in (HERE / "locust_native.data" / "purelib").iterdir():
            if file.is_file():
                shutil.copy(file, site)
        compileall.compile_dir(site, quiet=1)  # as pip does
    return home / "bin" / "python"


def start(python: Path) -> tuple[float, float]:
    """Milliseconds from start to exit of one interpreter, on the clock and of CPU time."""
    began = time.perf_counter()
    child = os.posix_spawn(python, [str(python), "-c", "pass"], os.environ)
    _, status, used = os.wait4(child, 0)
    if status:
        raise rig.Failed(f"{python} ended with status {status}")
    return (time.perf_counter() - began) * 1e3, (used.ru_utime + used.ru_stime) * 1e3


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=300))
    rounds = 60 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as folder:
        bare = environment(Path(folder, "bare"), hooked=False)
        hooked = environment(Path(folder, "hooked"), hooked=True)
        for python in (bare, hooked):
            for _ in range(5):  # fills the page cache
                start(python)
        pairs = [(start(bare), start(hooked)) for _ in range(rounds)]
        finds = [
            float(subprocess.run([python, "-c", IMPORTS], check=True, capture_output=True).stdout)
            for python in (bare, hooked)
        ]
    rows = []
    for at, what in enumerate(("a start, ms on the clock", "a start, ms of CPU time")):
        without, with_hook = [before[at] for before, _ in pairs], [after[at] for _, after in pairs]
        added = [after - before for before, after in zip(without, with_hook, strict=True)]
        rows.append([what, quartiles(without), quartiles(with_hook), quartiles(added)])
    rows.append(["an import of nothing, µs", *(f"{value:.2f}" for value in (*finds, finds[1] - finds[0]))])
    about = (
        f"{rig.machine()}\n- {rounds} starts of each, in turn; medians (quartiles), and added pair by pair"
    )
    target = rig.Target("CPU time added to a start", 1, 0.3, at_most=True, unit="ms", form=".2f")
    table = rig.table(["", "without the hook", "with it", "added"], rows)
    rig.show(
        "startup", about, table, rig.targets([(target, [statistics.median(added)])]), into_file=options.write
    )


def quartiles(values: list[float]) -> str:
    ordered = sorted(values)
    low, high = ordered[len(ordered) // 4], ordered[len(ordered) * 3 // 4]
    return f"{statistics.median(ordered):.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    rig.run(main)
