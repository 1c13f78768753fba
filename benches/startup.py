"""Measures what the start-up hook costs an interpreter that never imports Locust.

Usage: python benches/startup.py [rounds]

Two bare virtual environments, one with the start-up files and the package, one without; their
interpreters are started in turn, so that a slow moment of the machine meets both. The second pair of
figures is the price of the finder itself: microseconds per import of a module that is not loaded yet.
"""

import compileall
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

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


def start(python: Path, *arguments: str) -> float:
    """Milliseconds from start to exit of one interpreter."""
    began = time.perf_counter()
    subprocess.run([python, *arguments], check=True, capture_output=True)
    return (time.perf_counter() - began) * 1e3


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 300
    with tempfile.TemporaryDirectory() as folder:
        bare = environment(Path(folder, "bare"), hooked=False)
        hooked = environment(Path(folder, "hooked"), hooked=True)
        for python in (bare, hooked):
            for _ in range(5):  # fills the page cache
                start(python, "-c", "pass")
        pairs = [(start(bare, "-c", "pass"), start(hooked, "-c", "pass")) for _ in range(rounds)]
        without, with_hook = (statistics.median(times) for times in zip(*pairs, strict=True))
        added = sorted(b - a for a, b in pairs)
        low, high = added[rounds // 4], added[rounds * 3 // 4]
        print(f"Python {sys.version.split()[0]}, {rounds} starts each, median ms per start")
        print(f"  without the hook {without:.2f}   with it {with_hook:.2f}   added {with_hook - without:.2f}")
        print(f"  pair by pair {statistics.median(added):.2f}, quartiles {low:.2f} to {high:.2f}")
        each = [
            float(subprocess.run([python, "-c", IMPORTS], check=True, capture_output=True).stdout)
            for python in (bare, hooked)
        ]
        print("µs per import that finds nothing")
        print(f"  without the finder {each[0]:.2f}   with {each[1]:.2f}   added {each[1] - each[0]:.2f}")


if __name__ == "__main__":
    main()
