"""`python -m conformance CHECKOUT`: how much of Locust's own test suite passes with the native core on.

Exit status 0 if every test that passes on stock Locust passes with the core, those in known.txt excepted.
"""

import argparse
import signal
import sys
from pathlib import Path

from . import runs, stage, verdict

HERE = stage.PROJECT / "target" / "conformance"


def main() -> int:
    parser = argparse.ArgumentParser(prog="conformance", description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path, help="a checkout of Locust's repository")
    parser.add_argument("--locust", default="2.47.0", help="the Locust to install (%(default)s)")
    parser.add_argument(
        "--work", type=Path, default=HERE, help="where everything is kept (target/conformance)"
    )
    parser.add_argument("--venv", type=Path, help="an environment to use instead of one under --work")
    parser.add_argument(
        "--installed",
        action="store_true",
        help="the project is in the environment already; leave it as it is",
    )
    parser.add_argument("--fresh", action="store_true", help="run stock Locust again, whatever is kept of it")
    options = parser.parse_args()

    # Tests interrupt processes. A shell that starts us in the background has us, and all we start, ignore that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    reasons = verdict.known(verdict.KNOWN.read_text())
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    venv = options.venv and options.venv.absolute()
    place = stage.prepare(
        options.source.absolute(), work, venv, options.locust, install=not options.installed
    )
    stock = on_stock(place, work, options.fresh)
    ours = with_core(place, work, stock)
    for line in verdict.words(stock, ours, reasons):
        say(line)
    return 1 if set(verdict.lost(stock, ours)) - set(reasons) else 0


def on_stock(place: stage.Stage, work: Path, fresh: bool) -> runs.Outcomes:
    """The outcomes on stock Locust, from the file they are kept in unless the tests have changed."""
    kept = work / f"stock-{place.locust}-{place.fingerprint}.json"
    if kept.exists() and not fresh:
        say(f"stock Locust {place.locust}: as kept in {kept.name}")
        return runs.load(kept)
    say(f"stock Locust {place.locust}:")
    logs = work / "logs" / "stock"
    outcomes = runs.everything(place, native=False, logs=logs, tell=say)
    failed = [name for name, one in outcomes.items() if one.outcome == "failed"]
    outcomes |= runs.again(place, False, failed, logs, tries=1)
    runs.save(outcomes, kept)
    return outcomes


def with_core(place: stage.Stage, work: Path, stock: runs.Outcomes) -> runs.Outcomes:
    """The outcomes with the core on; what differs from stock has been run again."""
    say("with the native core:")
    logs = work / "logs" / "core"
    outcomes = runs.everything(place, native=True, logs=logs, tell=say)
    outcomes |= runs.again(place, True, verdict.lost(stock, outcomes), logs)
    runs.save(outcomes, work / "core.json")
    return outcomes


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
