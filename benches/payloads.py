"""CPU per call with form and JSON bodies, 30 KB pages with cookies, and redirects: ours against stock Locust.

Usage: python benches/payloads.py [--tls] [--rounds 3] [--seconds 1.5] [--shapes …] [--all] [--quick] [--write]

As benches/peers.py. With `--all` the other generators take part, too, as far as they can: wrk, hey and oha send
fixed cookies, and wrk, which follows no redirects, asks for both pages in turn.
"""

from __future__ import annotations

import peers
import rig

SHAPES = ["POST json", "POST form", "page", "redirect"]


def main() -> None:
    parser = peers.parser(__doc__, SHAPES, 1.5)
    parser.add_argument("--all", action="store_true", help="the other generators, too (ten minutes)")
    asked = rig.parsed(parser)
    if not asked.all and not asked.only:
        asked.only = peers.STOCK_AND_OURS
    peers.compare(asked, "payloads")


if __name__ == "__main__":
    rig.run(main)
