"""How a test gets on, for whoever waits: a bar in a notebook or in a terminal."""

from __future__ import annotations

import sys
import warnings
from typing import Any

_NOTEBOOK = "pip install 'locust-native[notebook]'"


class Silent:
    """Shows nothing."""

    def show(self, told: dict[str, Any], ending: bool) -> None:
        """What the test has told last; ``ending``: whether it was asked to stop."""

    def close(self) -> None:
        """It is over."""


class Bar(Silent):
    """tqdm's bar, of the seconds of the test; without a time limit, it counts them."""

    def __init__(self, kind: Any) -> None:
        self._bar = kind(
            total=None, unit="s", bar_format="{desc}{bar}{n_fmt} s {postfix}", dynamic_ncols=True, mininterval=0,
            miniters=0,
        )  # fmt: skip
        self._bar.set_description_str("starting ")

    def show(self, told: dict[str, Any], ending: bool) -> None:
        bar, elapsed = self._bar, told.get("elapsed")
        if elapsed is None:
            return
        if told.get("run_time") and bar.total is None:
            bar.total = told["run_time"]
            if hasattr(bar, "container"):  # that of a notebook has to be told as well
                bar.reset(told["run_time"])
        total = bar.total
        bar.n = round(min(elapsed, total) if total else elapsed, 1)
        over = told["state"] in ("stopping", "stopped", "cleanup")
        words = "stopping " if ending and not over else f"{told['state']} "
        left = f", {max(0, total - elapsed):.0f} s left" if total and not over else ""
        bar.bar_format = "{desc}{bar}" + f" {elapsed:.0f} s{left} " + "{postfix}"
        bar.set_description_str(words, refresh=False)
        bar.set_postfix_str(figures_of(told), refresh=False)
        bar.refresh()

    def close(self) -> None:
        self._bar.close()


def figures_of(told: dict[str, Any]) -> str:
    """The figures beside the bar."""
    p95 = "-" if told["p95"] is None else f"{told['p95']:.3g} ms"
    mock = ", mock shop" if told.get("mock") else ""
    return (
        f"{told['users']:,} users, {told['rate']:,.1f} requests/s, p95 {p95}, "
        f"{told['failures']:,} of {told['requests']:,} failed{mock}"
    )


def shown(wanted: bool) -> Silent:
    """The display there is here; one line says what is missing."""
    if not wanted:
        return Silent()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a notebook without ipywidgets: said below
            import tqdm
            from tqdm.auto import tqdm as kind
    except ImportError:
        print(f"no progress is shown without tqdm: {_NOTEBOOK}", file=sys.stderr)
        return Silent()
    if "ipykernel" in sys.modules:
        try:
            import ipywidgets  # noqa: F401
        except ImportError:
            print(f"a plain bar is shown without ipywidgets: {_NOTEBOOK}", file=sys.stderr)
            kind = tqdm.tqdm
    return Bar(kind)
