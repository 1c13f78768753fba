"""How a test gets on, for whoever waits: a bar in a notebook or in a terminal."""

from __future__ import annotations

import sys
import threading
import time
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
        # tqdm would start a thread, and make its lock of a semaphore that processes share; we need neither.
        kind = type("Bar", (kind,), {"monitor_interval": 0})
        kind.set_lock(threading.RLock())
        self._bar = kind(
            total=None, unit="s", bar_format="{desc}{bar}", dynamic_ncols=True, mininterval=0, miniters=0,
            disable=not _in_a_kernel() and None,  # None: where stderr is no terminal
        )  # fmt: skip
        if not self._bar.disable:
            self._bar.set_description_str("starting ")
        self._elapsed = 0.0

    def show(self, told: dict[str, Any], ending: bool) -> None:
        bar = self._bar
        if bar.disable or "users" not in told:
            return
        if told["run_time"] and bar.total is None:
            bar.total = told["run_time"]
            if hasattr(bar, "container"):  # that of a notebook has to be told as well
                bar.reset(told["run_time"])
        total, over = bar.total, told["state"] in ("stopping", "stopped", "cleanup")
        if not over:
            self._elapsed = time.time() - told["started"]
        elif total and not ending and "problem" not in told:
            self._elapsed = total
        elapsed = self._elapsed
        # A bar that ends before its end is shown as a failure: so it is, if somebody has interrupted the test.
        whole = total and told.get("over") and not ending
        bar.n = total if whole else round(min(elapsed, total) if total else elapsed, 1)
        words = "ended" if told.get("over") else "stopping" if ending or over else told["state"]
        left = f", {clock(max(0, total - elapsed))} left" if total and not over else ""
        bar.bar_format = "{desc} {bar} " + f"{clock(elapsed)}{left}" + "{postfix}"
        bar.set_description_str(words, refresh=False)
        bar.set_postfix_str(sums_of(told, elapsed) if told.get("over") else figures_of(told), refresh=False)
        bar.refresh()

    def close(self) -> None:
        self._bar.close()


def clock(seconds: float) -> str:
    """Seconds as people write them: 7 s, 1:05, 2:00:05."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def figures_of(told: dict[str, Any]) -> str:
    """The figures beside the bar."""
    p95 = "-" if told["p95"] is None else f"{told['p95']:.3g} ms"
    mock = ", mock shop" if told.get("mock") else ""
    return (
        f"{told['users']:,} users, {told['rate']:,.1f} requests/s, p95 {p95}, "
        f"{told['failures']:,} of {told['requests']:,} failed{mock}"
    )


def sums_of(told: dict[str, Any], elapsed: float) -> str:
    """The same of the whole test, once it is over."""
    mock = ", mock shop" if told.get("mock") else ""
    rate = told["requests"] / elapsed if elapsed else 0.0
    return f"{told['requests']:,} requests, {rate:,.1f} requests/s, {told['failures']:,} failed{mock}"


def _in_a_kernel() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config  # as tqdm decides it


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
    if _in_a_kernel():
        try:
            import ipywidgets  # noqa: F401
        except ImportError:
            print(f"a plain bar is shown without ipywidgets: {_NOTEBOOK}", file=sys.stderr)
            kind = tqdm.tqdm
    return Bar(kind)
