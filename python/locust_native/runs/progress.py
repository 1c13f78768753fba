"""How a test gets on, for whoever waits: a bar in a notebook or in a terminal."""

from __future__ import annotations

import sys
import threading
import time
from html import escape
from typing import Any

_NOTEBOOK = "pip install 'locust-native[notebook]'"


class Silent:
    """Shows nothing."""

    def show(self, told: dict[str, Any], ending: bool) -> None:
        """What the test has told last; ``ending``: whether it was asked to stop."""

    def close(self) -> None:
        """It is over."""


class _State:
    """What there is to be shown of what the test has told."""

    def __init__(self) -> None:
        self.total: float | None = None  # s; None without a time limit
        self.at = 0.0  # s, as far as the bar goes
        self.words, self.times, self.figures = "starting", "", ""
        self.over = self.whole = False
        self._elapsed = 0.0

    def take(self, told: dict[str, Any], ending: bool) -> None:
        """What it has told last."""
        self.total = self.total or told["run_time"]
        total, over = self.total, told["state"] in ("stopping", "stopped", "cleanup")
        if not over:
            self._elapsed = time.time() - told["started"]
        elif total and not ending and "problem" not in told:
            self._elapsed = total
        if "stopped" in told:  # then rates are those of the run's tables
            self._elapsed = told["stopped"] - told["started"]
        elapsed = self._elapsed
        self.over = bool(told.get("over"))
        # A bar that ends before its end is shown as a failure: so it is, if somebody has interrupted the test.
        self.whole = self.over and not ending and "problem" not in told
        self.at = total if total and self.whole else round(min(elapsed, total) if total else elapsed, 1)
        self.words = "ended" if self.over else "stopping" if ending or over else told["state"]
        left = f", {clock(max(0, total - elapsed))} left" if total and not over else ""
        self.times = f"{clock(elapsed)}{left}"
        self.figures = sums_of(told, elapsed) if self.over else figures_of(told)


class Bar(Silent):
    """tqdm's bar, of the seconds of the test; without a time limit, it counts them."""

    def __init__(self, kind: Any) -> None:
        # tqdm would start a thread, and make its lock of a semaphore that processes share; we need neither.
        kind = type("Bar", (kind,), {"monitor_interval": 0})
        kind.set_lock(threading.RLock())
        self._state = _State()
        self._bar = kind(
            total=None, unit="s", bar_format="{desc}{bar}", dynamic_ncols=True, mininterval=0, miniters=0,
            disable=None,  # where stderr is no terminal
        )  # fmt: skip
        if not self._bar.disable:
            self._bar.set_description_str("starting ")

    def show(self, told: dict[str, Any], ending: bool) -> None:
        bar, state = self._bar, self._state
        if bar.disable or "users" not in told:
            return
        state.take(told, ending)
        bar.total, bar.n = state.total, state.at
        bar.bar_format = "{desc} {bar} " + state.times + "{postfix}"
        bar.set_description_str(state.words, refresh=False)
        bar.set_postfix_str(state.figures, refresh=False)
        bar.refresh()

    def close(self) -> None:
        self._bar.close()


#: Characters of the bar where only text is shown.
_WIDTH = 20


class Cell(Silent):
    """The output of a notebook's cell, as HTML and as text, which every front end brings up to date: no widget, whose
    other half would have to be installed where the pages come from."""

    def __init__(self) -> None:
        from IPython.display import display

        self._state = _State()
        self._handle = display(self._shown(), raw=True, display_id=True)

    def show(self, told: dict[str, Any], ending: bool) -> None:
        if "users" not in told:
            return
        self._state.take(told, ending)
        self._handle.update(self._shown(), raw=True)

    def close(self) -> None:
        if not self._state.over:
            self._state.over, self._state.words = True, "failed"
            self._handle.update(self._shown(), raw=True)

    def _shown(self) -> dict[str, str]:
        state = self._state
        share = min(1.0, state.at / state.total) if state.total else float(state.whole)
        full = round(_WIDTH * share)
        text = f"{state.words} |{'█' * full}{' ' * (_WIDTH - full)}| {state.times}, {state.figures}".rstrip(
            ", "
        )
        colour = "#2196f3" if not state.over else "#4caf50" if state.whole else "#f44336"
        bar = (
            '<span style="display:inline-block;width:12em;height:0.8em;margin:0 0.6em;border:1px solid #8888">'
            f'<span style="display:block;height:100%;width:{100 * share:.1f}%;background:{colour}"></span></span>'
        )
        told = escape(f"{state.times}, {state.figures}".strip(", "))
        return {"text/plain": text, "text/html": f"<div>{escape(state.words)}{bar}{told}</div>"}


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
    return shell is not None and "IPKernelApp" in shell.config


def shown(wanted: bool) -> Silent:
    """The display there is here; one line says what is missing."""
    if not wanted:
        return Silent()
    if _in_a_kernel():
        return Cell()
    try:
        from tqdm import tqdm
    except ImportError:
        print(f"no progress is shown without tqdm: {_NOTEBOOK}", file=sys.stderr)
        return Silent()
    return Bar(tqdm)
