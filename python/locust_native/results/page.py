"""Page: a run in one line, and as HTML for a notebook; names come from servers and are text, never HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from .rows import percentiles, plain
from .troubles import troubles

if TYPE_CHECKING:
    from .run import Run

#: Rows, and characters of a name, that are shown.
MOST_ROWS = 50
MOST_CHARACTERS = 120
_HEAD = ("method", "name", "requests", "failures", "requests/s", "mean", "p50", "p95", "p99", "max")


def run_line(run: Run) -> str:
    """The run in one line."""
    total = run.figures["total"]
    parts = [f"{total['requests']:,} requests", f"{total['failures']:,} failed", f"{run.duration:.1f} s"]
    p50, p95 = percentiles(total, (50, 95))
    if p50 is not None:
        parts.append(f"p50 {shown(p50)} ms, p95 {shown(p95)} ms")
    host = where(run.options)
    if host:
        parts.insert(0, plain(host))
    if run.interrupted:
        parts.append("interrupted")
    warnings = run.figures.get("warnings") or []
    if warnings:
        parts.append(f"{len(warnings)} warning{'s' if len(warnings) > 1 else ''}")
    wrong = [f"; \u26a0 {short(text)}" for text in troubles(run.figures)]
    return f"<Run: {', '.join(parts)}{''.join(wrong)}>"


def run_html(run: Run) -> str:
    """The run as a notebook shows it: what was asked, what came of it, by name, and the warnings."""
    figures = run.figures
    asked = escape(short(", ".join(_asked(run.options))))
    lines = [f"<div>{asked}</div>"] if asked else []
    lines += [
        f"<div>{sign} {escape(plain(text))}</div>"
        for sign, text in [
            *([("\u25a0", "interrupted: this is what was measured until then")] if run.interrupted else []),
            *(("\u26a0", warning) for warning in run.warnings),
        ]
    ]
    seconds = run.duration
    rows = figures["rows"][:MOST_ROWS]
    body = [_cells(row, seconds) for row in rows]
    more = len(figures["rows"]) - len(rows)
    if more > 0:
        lines.append(f"<div>{more:,} names more: run.requests has them all</div>")
    title = f"{figures['total']['requests']:,} requests in {seconds:.1f} s"
    total = _cells({**figures["total"], "method": "", "name": "Aggregated"}, seconds)
    return (
        f"<div><strong>{title}</strong>{''.join(lines)}"
        f"{html_table(_HEAD, [*body, total], bold_last=True)}<div>times in ms</div></div>"
    )


def where(options: dict[str, Any]) -> str:
    """What was tested."""
    return "a mock shop" if options.get("mock") else str(options.get("host") or "")


def _asked(options: dict[str, Any]) -> list[str]:
    """What `run` was asked to do, as far as a person will want to see it."""
    host = where(options)
    told = [
        (", ".join(options.get("classes") or []) or options.get("locustfile"), "{}"),
        (options.get("users"), "{} users"),
        (options.get("spawn_rate"), "{} of them started per second"),
        (options.get("run_time"), "run time {}"),
        (options["processes"] if options.get("processes", 1) > 1 else None, "{} processes"),
        (", ".join(map(str, options.get("tags") or [])), "tags {}"),
        (", ".join(map(str, options.get("exclude_tags") or [])), "without tags {}"),
        (" ".join(map(str, options.get("options") or [])), "{}"),
        (host, "at {}"),
    ]
    return [form.format(plain(value)) for value, form in told if value]


def _cells(row: dict[str, Any], seconds: float) -> list[str]:
    requests = row["requests"]
    rate = f"{requests / seconds:,.1f}" if seconds else ""
    times = [row.get("mean"), *percentiles(row, (50, 95, 99)), row.get("max")]
    numbers = [f"{requests:,}", f"{row['failures']:,}", rate, *map(shown, times)]
    return [short(row["method"]), short(row["name"]), *numbers]


def html_table(head: Sequence[str], body: Iterable[Sequence[str]], bold_last: bool = False) -> str:
    """A table of texts; the first two columns to the left, numbers to the right."""

    def line(cells: Sequence[str], tag: str) -> str:
        aligned = ("left" if place < 2 else "right" for place in range(len(cells)))
        inside = (
            f'<{tag} style="text-align:{side}">{escape(cell)}</{tag}>'
            for side, cell in zip(aligned, cells, strict=True)
        )
        return f"<tr>{''.join(inside)}</tr>"

    lines = list(body)
    last = len(lines) - 1 if bold_last else -1
    inside = "".join(line(cells, "th" if place == last else "td") for place, cells in enumerate(lines))
    return f"<table><thead>{line(head, 'th')}</thead><tbody>{inside}</tbody></table>"


def shown(ms: float | None) -> str:
    """A time in ms, to three significant digits."""
    if ms is None or ms != ms:
        return ""
    digits = 0 if abs(ms) >= 100 else 1 if abs(ms) >= 10 else 2 if abs(ms) >= 1 else 3
    return f"{ms:,.{digits}f}"


def short(text: object) -> str:
    """A name as one short line."""
    line = plain(text)
    return line if len(line) <= MOST_CHARACTERS else line[: MOST_CHARACTERS - 1] + "…"
