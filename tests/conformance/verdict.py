"""Compares the outcomes on stock Locust with those of the native core, and puts the difference into words."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from .runs import Outcome, Outcomes

KNOWN = Path(__file__).with_name("known.txt")
"""The tests that cannot pass with the core on: the id, then the reason, one a line."""
MISSING = Outcome("not run")


def lost(stock: Outcomes, ours: Outcomes) -> list[str]:
    """The tests that pass on stock and do not pass with the core on."""
    return sorted(name for name in passing(stock) if ours.get(name, MISSING).outcome != "passed")


def passing(outcomes: Outcomes) -> set[str]:
    """The tests that passed."""
    return {name for name, one in outcomes.items() if one.outcome == "passed"}


def known(text: str) -> dict[str, str]:
    """The list of explained differences: id → reason. Raises SystemExit at a line without a reason."""
    reasons = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.strip().partition(" ")
            if not reason:
                raise SystemExit(f"{KNOWN.name}, line {number}: {name} has no reason; write one after it")
            reasons[name] = reason.strip()
    return reasons


def words(stock: Outcomes, ours: Outcomes, reasons: dict[str, str]) -> Iterator[str]:
    """The report, line by line: a table of the files, every difference, the totals."""
    ceiling, kept = passing(stock), passing(stock) & passing(ours)
    yield f"{'':34}{'stock':>6}{'core':>6}"
    counts = {"stock": Counter(map(_file, ceiling)), "core": Counter(map(_file, kept))}
    for file in sorted(counts["stock"]):
        mark = "" if counts["stock"][file] == counts["core"][file] else "   <--"
        yield f"{file:34}{counts['stock'][file]:6}{counts['core'][file]:6}{mark}"
    yield f"{'passed':34}{len(ceiling):6}{len(kept):6}   of {len(stock)} collected"
    missing = lost(stock, ours)
    for name in missing:
        one = ours.get(name, MISSING)
        yield f"{'KNOWN' if name in reasons else 'DIFFERS':8} {name}: {one.outcome}"
        yield f"         {reasons.get(name) or one.said}"
    for name in sorted(passing(ours) - ceiling):
        yield f"BETTER   {name}: {stock.get(name, MISSING).outcome} on stock"
    for name in sorted(reasons.keys() - set(missing)):
        yield f"STALE    {name}: passes, or is gone; take it out of {KNOWN.name}"
    for label, outcomes in (("stock", stock), ("core", ours)):
        for name in sorted(name for name in passing(outcomes) if outcomes[name].again):
            yield f"AGAIN    {name}: passed on {label} when run again ({outcomes[name].again})"
    unknown = [name for name in missing if name not in reasons]
    yield f"{len(unknown)} unexplained difference(s), {len(missing) - len(unknown)} known"


def _file(name: str) -> str:
    return name.partition("::")[0].rpartition("/")[2]
