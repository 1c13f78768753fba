"""Instructions of a request, by callgrind: a regression guard that does not mind what else the machine does.

Usage: python benches/instructions.py [--check] [--write]

A run of each user under valgrind counts the instructions of 2,000 requests in its middle, without the system's own
and without what goes by the clock. `--check` compares with the table in benches/RESULTS.md instead of recording, and
ends with status 1 where a request takes more than 5 % more.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import rig
from rig import Failed, callgrind, shapes

COUNTED = {
    "HttpUser GET": ("HttpUser", "GET"),
    "HttpUser POST json": ("HttpUser", "POST json"),
    "FastHttpUser GET": ("FastHttpUser", "GET"),
}
ALLOWED = 1.05


def recorded() -> dict[str, float]:
    """The numbers in the page of results."""
    page = rig.RESULTS.read_text()
    section = page.partition("<!-- instructions -->")[2].partition("<!-- /instructions -->")[0]
    rows = re.findall(r"^\| (\S[^|]*?) +\| +([\d,]+) \|", section, re.M)
    return {name: float(number.replace(",", "")) for name, number in rows}


def main() -> None:
    parser = rig.arguments(__doc__)
    parser.add_argument(
        "--check", action="store_true", help="fail where more than 5 %% above what is recorded"
    )
    options = rig.parsed(parser)
    before = recorded()
    if options.check and not before:
        raise Failed("--check: benches/RESULTS.md has no numbers yet; --write puts them there")
    rows, dearer = [], []
    with rig.nginx() as server:
        for name, (base, shape) in COUNTED.items():
            number = callgrind.instructions(base, shapes.SHAPES[shape].call, server, Path(sys.executable))
            rig.said(f"{name:20} {number:,.0f}")
            old = before.get(name)
            rows.append(
                [name, f"{number:,.0f}", f"{old:,.0f}" if old else "", f"{number / old:.3f}" if old else ""]
            )
            if old and number > old * ALLOWED:
                dearer.append(f"{name} {number:,.0f} instead of {old:,.0f}")
    about = f"{rig.machine()}\n- {callgrind.about()}"
    table = rig.table(["instructions of", "a request", "recorded before", "ratio"], rows)
    rig.show("instructions", about, table, into_file=options.write)
    if options.check and dearer:
        raise Failed(f"more than 5 % dearer than recorded: {'; '.join(dearer)}")


if __name__ == "__main__":
    rig.run(main)
