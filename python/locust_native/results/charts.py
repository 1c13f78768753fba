"""Charts: a run over time, and what all charts here share; matplotlib without pyplot, so nothing is shown twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import tables
from .needs import needed
from .page import where
from .rows import plain

if TYPE_CHECKING:
    from .run import Run

# Okabe and Ito's colours, which all kinds of colour vision tell apart (Color Universal Design, 2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
PERCENTILES = {"p50": BLUE, "p95": ORANGE, "p99": RED}


def figure(width: float, height: float) -> Any:
    """An empty figure of that size in inches."""
    needed("matplotlib", "a plot")
    from .notebook_figure import NotebookFigure

    return NotebookFigure(figsize=(width, height), layout="constrained")


def run_figure(run: Run) -> Any:
    """Throughput, percentiles and users over time, one above the other."""
    made = figure(9, 7)
    timeline = run.timeline
    known = timeline["users"].notna().any()
    throughput, times, users = made.subplots(3, 1, sharex=True, height_ratios=[3, 3, 2 if known else 0.5])
    made.suptitle(_title(run), fontsize="medium")
    at = timeline.index.to_numpy()
    start, end = (at[0], at[-1] + 1) if len(at) else (0, 1)
    for column, colour in (("requests_per_s", BLUE), ("failures_per_s", RED)):
        _draw_steps(throughput, timeline[column], colour, column.partition("_")[0])
    throughput.set_ylabel("per second")
    throughput.set_ylim(bottom=0, top=None if timeline["requests_per_s"].any() else 1)
    _draw_times(times, *tables.times_over_time(run.figures))
    _draw_users(users, timeline)
    users.set_xlabel("seconds since the start")
    users.set_xlim(start, end)
    users.xaxis.get_major_locator().set_params(integer=True)
    limited = _stretches(timeline["limited"].to_numpy(), at)
    for axes in (throughput, times, users):
        for place, (first, last) in enumerate(limited):
            label = "generator was the limit" if axes is throughput and place == 0 else None
            axes.axvspan(first, last, color=GREY, alpha=0.25, linewidth=0, label=label)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in (throughput, times):
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize="small")
    return made


def _draw_steps(axes: Any, series: Any, colour: str, label: str | None = None) -> None:
    """A line that is level for a second: so one second alone can be seen, too."""
    at, values = series.index.to_numpy(), series.to_numpy()
    if len(at):
        at, values = [*at, at[-1] + 1], [*values, values[-1]]
    axes.plot(at, values, color=colour, label=label, drawstyle="steps-post", linewidth=1.5)


def _draw_times(axes: Any, width: int, table: Any) -> None:
    known = table.stack().dropna()
    # The widest first and below: where all are the same, each can still be seen.
    for place, (column, colour) in enumerate(reversed(PERCENTILES.items())):
        series = table[column]
        # A point between two without requests would be a line of no length.
        alone = series.notna() & series.shift(1).isna() & series.shift(-1).isna()
        axes.plot(series.index, series, color=colour, label=column, linewidth=2.4 - 0.6 * place)
        if alone.any():
            axes.plot(
                series.index[alone], series[alone], color=colour, marker="o", markersize=3, linestyle=""
            )
    axes.set_ylabel("response time (ms)" if width == 1 else f"response time (ms),\nof {width} s each")
    if len(known) and known.min() > 0 and known.max() / known.min() > 30:
        from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.12g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
    elif len(known):
        axes.set_ylim(bottom=0)
    else:
        axes.set_yticks([])
        _say(axes, "no response times")


def _draw_users(axes: Any, timeline: Any) -> None:
    axes.set_ylabel("users")
    axes.set_ylim(bottom=0)
    if timeline["users"].notna().any():
        _draw_steps(axes, timeline["users"], GREEN)
        axes.set_ylim(bottom=0, top=max(1.0, timeline["users"].max() * 1.1))
        axes.yaxis.get_major_locator().set_params(integer=True)
    else:
        axes.set_yticks([])
        _say(axes, "not recorded")


def _say(axes: Any, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def _title(run: Run) -> str:
    options = run.options
    what = [literal(where(options))] if where(options) else []
    if options.get("users"):
        what.append(f"{options['users']} users")
    what.append(f"{run.figures['total']['requests']:,} requests in {run.duration:.0f} s")
    if run.interrupted:
        what.append("interrupted")
    return ", ".join(what)


def literal(text: object) -> str:
    """A text as it stands: matplotlib takes what is between dollars for mathematics."""
    line = plain(text)
    return (line if len(line) <= 60 else line[:59] + "…").replace("$", r"\$")


def _stretches(limited: Any, at: Any) -> list[tuple[float, float]]:
    """From when to when, of seconds in a row."""
    found: list[tuple[float, float]] = []
    for second in at[limited]:
        if found and found[-1][1] == second:
            found[-1] = (found[-1][0], second + 1)
        else:
            found.append((second, second + 1))
    return found
