"""What is said of seconds in which the generator was the limit: when, and what it was."""

from __future__ import annotations

import time
from collections.abc import Sequence

#: Stretches that are named; of more, their number.
_NAMED = 5

#: From this share of a core on, a thread has so much to do that others would help.
_BUSY = 0.7

#: From this share of the time on, a thread that ran or could have run had never done its work.
_ALWAYS = 0.9

#: From this share of the time on, a thread that could run had no processor.
_STARVED = 0.1

#: Of the main thread, in which Locust's hub runs: time on a processor and time of waiting for one, in ns.
_SCHEDULED = "/proc/self/schedstat"

_FEWER = "use more processes (--processes) or fewer users"


def starved() -> float:
    """For how many s the main thread of this process could run and had no processor; 0 where nothing tells."""
    try:
        with open(_SCHEDULED) as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def moments(stretches: Sequence[tuple[int, int]]) -> str:
    """First and last unix seconds of stretches: "at 05:33:21, from 05:33:26 to 05:33:28"."""
    said = [
        f"at {_clock(first)}" if first == last else f"from {_clock(first)} to {_clock(last)}"
        for first, last in stretches[:_NAMED]
    ]
    more = len(stretches) - _NAMED
    left_out = f" and {more} more stretch{'es' if more > 1 else ''}" if more > 0 else ""
    return ", ".join(said) + left_out


def advice(cpu: tuple[float, float, float] | None) -> str:
    """What it was that made users wait long, and what to do; ``cpu`` as in `cause`."""
    return cause(cpu) or (
        f"another program had the processor, or a call kept Python's thread without computing {_used(cpu)}"
    )


def cause(cpu: tuple[float, float, float] | None) -> str | None:
    """The same, where the use of the processor tells; None where it does not.

    ``cpu``: of a process on the average, as shares of a core, the CPU time of all its threads, that of its I/O thread,
    and the time for which its Python thread could run and had no processor; None: nobody knows.
    """
    if cpu is None:
        return _FEWER
    all_threads, io, starved = cpu
    python = all_threads - io
    never_idle = python + starved >= _ALWAYS and python >= starved
    if never_idle or max(python, io) >= _BUSY:
        others = (
            f" (another program had the processor for {starved:.0%} of the time)"
            if starved >= _STARVED
            else ""
        )
        return _FEWER + others
    return f"another program had the processor {_used(cpu)}" if starved >= _STARVED else None


def _used(cpu: tuple[float, float, float] | None) -> str:
    return f"(this process used {cpu[0]:.0%} of a core)" if cpu else ""


def _clock(second: int) -> str:
    return time.strftime("%H:%M:%S", time.localtime(second))
