"""The command line that all benches have, and how one ends."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from locust_native import _core

from .processes import SERVER_CORE, Failed

T = TypeVar("T")


def run(main: Callable[[], None]) -> None:
    """Run a bench; what went wrong is one line and status 1."""
    try:
        if not _core.OPTIMISED:
            message = "the extension is a debug build: `maturin develop --release` makes one worth measuring"
            if "--write" in sys.argv:
                raise Failed(message)
            print(message, file=sys.stderr)
        os.sched_setaffinity(0, {SERVER_CORE})
        main()
    except Failed as reason:
        sys.exit(f"{Path(sys.argv[0]).name}: {reason}")


def arguments(about: str, **defaults: float) -> argparse.ArgumentParser:
    """A parser with an option for each of these numbers, `--quick` and `--write`; to be read by `parsed`.

    `rounds=3, seconds=2` are the options --rounds and --seconds with these defaults. With --quick there is one round,
    and whatever is measured in seconds is halved.
    """
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    for name, value in defaults.items():
        kind = type(value)
        parser.add_argument(f"--{name}", type=kind, default=value, help=f"{HELP[name]} (default {value:g})")
    parser.add_argument("--quick", action="store_true", help="one round, half the time: a look, not a figure")
    parser.add_argument("--write", action="store_true", help="put the tables into benches/RESULTS.md")
    return parser


HELP = {
    "rounds": "times each is measured",
    "seconds": "length of one measurement",
    "warm": "seconds before it begins",
    "users": "how many users",
}


def parsed(parser: argparse.ArgumentParser, words: list[str] | None = None) -> argparse.Namespace:
    """The options; a number below what can be measured is refused."""
    options = parser.parse_args(words)
    for name in ("rounds", "users"):
        given = getattr(options, name, None)
        if given is not None and given < 1:
            raise Failed(f"--{name} {given}: at least 1")
    if options.quick:
        options.rounds = 1
        for name in ("seconds", "warm"):
            if hasattr(options, name):
                setattr(options, name, getattr(options, name) / 2)
    return options


def said(line: str) -> None:
    """How far a bench has got, beside its result."""
    print(line, file=sys.stderr, flush=True)


def patiently(measure: Callable[[], T]) -> T:
    """A measurement, once more where it went wrong: the machine may have stood still."""
    try:
        return measure()
    except Failed as reason:
        said(f"again: {reason}")
        return measure()
