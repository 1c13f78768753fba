"""What Beautiful Soup costs on the mock shop's pages, stock and native: µs of processor time a call.

Usage: python benches/soup.py [--rounds 7]

The lines are whole programs: each makes its soup anew. The two take turns, and the median of the rounds counts.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable
from typing import Any

import requests
from bs4 import BeautifulSoup

from locust_native import MockSaleor, _core, bs4_native


def token(page: str) -> str:
    soup = BeautifulSoup(page, "html.parser")
    field = soup.find("input", attrs={"name": "csrfmiddlewaretoken"})
    return field["value"] if field else ""


LINES: dict[str, Callable[[str], Any]] = {
    "token": token,
    "select_one": lambda page: BeautifulSoup(page, "html.parser").select_one(
        "input[name=csrfmiddlewaretoken]"
    ),
    "links": lambda page: [
        link["href"] for link in BeautifulSoup(page, "html.parser").find_all("a", href=True)
    ],
    "pattern": lambda page: BeautifulSoup(page, "html.parser").find_all("a", href=re.compile("^/prod")),
    "select": lambda page: BeautifulSoup(page, "html.parser").select("div > a[href^='/']"),
    "text": lambda page: BeautifulSoup(page, "html.parser").text,
    "title": lambda page: BeautifulSoup(page, "html.parser").title.string,
    "tree": lambda page: str(BeautifulSoup(page, "html.parser")),
}
"""The first is the walkthrough's; the last is what needs bs4's own tree."""


def pages() -> dict[str, str]:
    with MockSaleor() as shop, requests.Session() as session:

        def get(path: str) -> str:
            return session.get(shop.url + path, timeout=10).text

        found = {"signup": get("/account/signup/"), "listing": get("/products/category/apparel-1/")}
        found["product"] = get("/products/codemash-1/")
        token = {"X-CSRFToken": session.cookies["csrftoken"], "X-Requested-With": "XMLHttpRequest"}
        chosen = {"quantity": 1, "variant": 1}
        session.post(f"{shop.url}/products/codemash-1/add/", data=chosen, headers=token, timeout=10)
        found["checkout"] = get("/checkout/")
        return found


def cost(line: Callable[[str], Any], page: str, native: bool) -> float:
    """Seconds of one call, of so many that the clock's grain does not count."""
    (bs4_native.switch_on if native else bs4_native.switch_off)()
    calls, took = 1, 0.0
    while took < 0.02:
        calls *= 4
        tracker = time.process_time()
        for _ in range(calls):
            line(page)
        took = time.process_time() - tracker
    return took / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    if not _core.OPTIMISED:
        print(
            "not optimised: VIRTUAL_ENV=$PWD/.venv .venv/bin/maturin develop --release builds what users get"
        )
    print(f"{'page':10}{'bytes':>8}  {'line':12}{'stock µs':>10}{'native µs':>11}{'times':>8}")
    for name, page in pages().items():
        for label, line in LINES.items():
            bs4_native.switch_on()
            ours = line(page)
            bs4_native.switch_off()
            if str(ours) != str(line(page)):
                raise SystemExit(f"{name}, {label}: the two differ")
            taken = [(cost(line, page, False), cost(line, page, True)) for _ in range(rounds)]
            stock, native = (statistics.median(side) * 1e6 for side in zip(*taken, strict=True))
            print(f"{name:10}{len(page):8}  {label:12}{stock:10.0f}{native:11.1f}{stock / native:8.1f}")


if __name__ == "__main__":
    main()
