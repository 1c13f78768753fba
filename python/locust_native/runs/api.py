"""`run` and `run_sync`: start a test, show how it gets on, give back what was measured."""

from __future__ import annotations

import asyncio
import difflib
import functools
import inspect
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from ..mock_saleor import MockSaleor
from . import progress as display
from .outcome import RunError
from .process import RunProcess
from .spec import RunSpec

if TYPE_CHECKING:
    from ..results import Run

#: Seconds between two looks at the process, and at the least between two changes of what is shown.
_EVERY = 0.1
_SHOWN = 0.5


P = ParamSpec("P")
T = TypeVar("T")


def _known(function: Callable[P, T]) -> Callable[P, T]:
    """Name the nearest option where one is misspelt."""
    options = [
        each.name
        for each in inspect.signature(function).parameters.values()
        if each.kind is each.KEYWORD_ONLY
    ]

    @functools.wraps(function)
    def called(*what: P.args, **given: P.kwargs) -> T:
        for name in given:
            if name not in options:
                near = difflib.get_close_matches(name, options, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(options)}"
                raise RunError(f"{name}: {function.__name__} has no such option; {hint}")
        return function(*what, **given)

    return called


class Awaited(Coroutine[Any, Any, T], Generic[T]):
    """A coroutine, which says what to do with it where a person forgets to await it."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], words: str) -> None:
        self._coroutine, self._words = coroutine, words

    def __await__(self) -> Any:
        return self._coroutine.__await__()

    def send(self, value: Any) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __repr__(self) -> str:
        return self._words


def _awaited(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Awaited[T]]:
    words = "<a test that has not begun: await ln.run(…), or call ln.run_sync(…)>"

    @functools.wraps(function)
    def called(*what: P.args, **given: P.kwargs) -> Awaited[T]:
        return Awaited(function(*what, **given), words)

    return called


@_known
@_awaited
async def run(
    *what: Any,
    users: int | None = None,
    spawn_rate: float | None = None,
    run_time: str | float | None = None,
    host: str | MockSaleor | None = None,
    processes: int = 1,
    tags: Sequence[str] = (),
    exclude_tags: Sequence[str] = (),
    stop_timeout: float = 0,
    web_port: int | None = None,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    progress: bool = True,
) -> Run:
    """Run a load test in processes of its own, with Locust and the native core; awaited in a notebook's cell.

    what          paths of locustfiles; or classes of users (and a LoadTestShape), defined in this notebook with what
                  `locust_native.notebook` has
    users         how many at most (Locust's default: 1)
    spawn_rate    users started per second (1)
    run_time      "1m30s", or seconds; None: until the cell is interrupted, or a shape ends
    host          URL; or a `MockSaleor`, which is opened for the test; None: as the file says, and where it says
                  nothing, a mock shop of the test's own
    processes     how many processes the users are in
    tags, exclude_tags
                  which tasks to run
    stop_timeout  s that users get to finish their tasks at the end
    web_port      port of Locust's web page on 127.0.0.1 while the test runs; None: no page
    env           environment variables for the test, beside this process's
    options       further arguments of the `locust` command
    progress      show how it gets on

    Interrupting the cell (or cancelling the task) stops the test, and what was measured is still returned, with
    `interrupted`; a second time, or before users have been started, it is ended at once, and asyncio.CancelledError
    raised. Failed requests are no error; see `Run.failures`. A worker process that dies is a warning of the figures.
    Raises RunError, which says what happened and shows Locust's last lines, if the test could not be run, its process
    or the last worker died, it did not end (a task that never gives way), or no request was made or ever answered; a
    test in which not one connection comes about ends after 10 s. What was measured is the error's `run`.
    """
    run_process = RunProcess(_asked(locals()))
    shown = display.shown(progress)
    try:
        next_look = 0.0
        while run_process.running():
            try:
                next_look = _show(shown, run_process, next_look)
                await asyncio.sleep(_EVERY)
            except (asyncio.CancelledError, KeyboardInterrupt) as interruption:
                if not run_process.interrupt():
                    raise
                if isinstance(interruption, asyncio.CancelledError) and (task := asyncio.current_task()):
                    task.uncancel()
        _show(shown, run_process)
        return run_process.result()
    finally:
        shown.close()
        run_process.close()


@_known
def run_sync(
    *what: Any,
    users: int | None = None,
    spawn_rate: float | None = None,
    run_time: str | float | None = None,
    host: str | MockSaleor | None = None,
    processes: int = 1,
    tags: Sequence[str] = (),
    exclude_tags: Sequence[str] = (),
    stop_timeout: float = 0,
    web_port: int | None = None,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
    progress: bool = True,
) -> Run:
    """The same for scripts: returns when the test is over. Ctrl-C stops the test, a second one ends it at once."""
    run_process = RunProcess(_asked(locals()))
    shown = display.shown(progress)
    try:
        next_look = 0.0
        while True:
            try:
                if not run_process.running():
                    break
                next_look = _show(shown, run_process, next_look)
                time.sleep(_EVERY)
            except KeyboardInterrupt:
                if not run_process.interrupt():
                    raise
        _show(shown, run_process)
        return run_process.result()
    finally:
        shown.close()
        run_process.close()


def _asked(given: dict[str, Any]) -> RunSpec:
    wanted = {name: value for name, value in given.items() if name != "progress"}
    return RunSpec(**{**wanted, "env": wanted["env"] or {}})


def _show(shown: display.Silent, run_process: RunProcess, due: float | None = None) -> float:
    """Show what was told, unless that was just done; when to do it next. Without ``due``, it is over."""
    now = time.monotonic()
    if not run_process.started or (due is not None and now < due):
        return due or 0.0
    shown.show({**run_process.told, "over": due is None}, run_process.interrupted)
    return now + _SHOWN
