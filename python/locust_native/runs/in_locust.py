"""What a run adds to Locust inside its process: how it goes is told, it stops when asked, a shop opens if need be."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ..metrics.sentences import worker_ended
from .outcome import no_connection

#: Seconds between two words.
_EVERY = 0.5

#: Seconds that the percentile shown is of, and words that the rate is of: a master hears of its workers every 3 s.
_LATELY = 10
_OF_RATE = 13

#: After so many seconds in which not one connection came about, there is no point in going on.
_HOPELESS = 10.0


class Teller:
    """What is known of the test, in a file that is always whole and up to date, whatever becomes of us.

    A pipe would have to be read, or drop words, the last ones too.
    """

    def __init__(self, folder: str) -> None:
        self._file = Path(folder, "state.json")
        self.facts: dict[str, Any] = {"pid": os.getpid()}
        self.tell()

    def tell(self, **facts: Any) -> None:
        """Add to what is known, and write it down."""
        self.facts |= facts
        new = self._file.with_suffix(".new")
        with contextlib.suppress(OSError):  # a full disk; the test is worth more than its progress bar
            new.write_text(json.dumps(self.facts), encoding="utf-8")
            new.replace(self._file)


def play(folder: str, ear: int, arguments: list[str]) -> Any:
    """Locust's own command; gives its exit status. ``ear``: the descriptor on which it hears that it shall stop."""
    teller = Teller(folder)
    from ..patching import patch

    patch.install()  # imports Locust, so that gevent has patched before anything else is imported
    status = patch.status()
    if not status.on:
        teller.tell(problem=f"a run needs the native core: {status}")
        return 2
    import locust
    from locust.main import main

    sys.argv[:] = ["locust", *arguments]
    once: list[bool] = []

    def after_the_locustfile(**_: Any) -> None:
        if not once:
            once.append(True)
            locust.events.init.add_listener(partial(_begin, teller, ear))

    # Fired when the file has been loaded: ours is the last listener then.
    locust.events.init_command_line_parser.add_listener(after_the_locustfile)
    try:
        return main()
    except Exception as error:
        words = _in_words(error)
        if os.getpid() == teller.facts["pid"]:  # a worker tells its master
            teller.tell(problem=words)
        return 2


def _in_words(error: Exception) -> str:
    """One line for what has come out of Locust's command; where in the locustfile it was, if that is to blame.

    Into the log goes what a person needs beside it: of a locustfile's mistake, not the way that led there.
    """
    from ..patching import mistakes

    if (words := mistakes.in_words(error)) is not None:
        print(words, file=sys.stderr)
        return words
    if (found := mistakes.in_the_file(error)) is not None:
        begins, words = found
        traceback.print_exception(error.with_traceback(begins))
        return words
    traceback.print_exception(error)
    return f"Locust ended with {type(error).__name__}: {' '.join(str(error).split())}".removesuffix(": ")


def _begin(teller: Teller, ear: int, environment: Any, runner: Any, web_ui: Any = None, **_: Any) -> None:
    """Locust is about to start the test."""
    import gevent
    from locust.runners import WorkerRunner

    if isinstance(runner, WorkerRunner):
        return
    mock = _mock_if_no_host(environment)
    facts = teller.facts
    teller.tell(run_time=environment.parsed_options.run_time or None, mock=mock)

    under_way: list[bool] = []  # of the runner's state this cannot be told: a ramp goes on while Locust ends

    def start(**_: Any) -> None:
        under_way[:] = [True]
        host = environment.host or next((kind.host for kind in environment.user_classes if kind.host), None)
        teller.tell(host=host, **({} if "started" in facts else {"started": time.time()}))

    def stop() -> None:
        """End as at the end of the run time. Locust's own way, SIGTERM, it knows only once no shape or worker is
        waited for any more."""
        if "started" not in facts:
            os.kill(os.getpid(), signal.SIGKILL)  # nothing is lost, and the guardian sees to the workers
        under_way.clear()
        runner.quit()
        if web_ui:
            web_ui.stop()

    ears = gevent.get_hub().loop.io(ear, 1)

    def asked() -> None:
        ears.stop()  # at the end of the pipe, which means the same, it would hear it for ever
        gevent.spawn(stop)

    ears.start(asked)
    look = _look(environment)

    def keep_telling() -> None:
        worries = [partial(_lost_workers, teller, under_way), _Hopeless(teller, environment.stats)]
        while True:
            teller.tell(**look())
            gevent.sleep(_EVERY)
            if any(worry() for worry in worries):
                gevent.spawn(stop)
                worries = []

    environment.events.test_start.add_listener(start)

    def stopping(**_: Any) -> None:
        under_way.clear()
        if "stopped" not in facts:
            teller.tell(stopped=time.time())

    environment.events.test_stopping.add_listener(stopping)
    telling = gevent.spawn(keep_telling)

    def end(**_: Any) -> None:
        telling.kill()
        teller.tell(**look())

    environment.events.quit.add_listener(end)


def _look(environment: Any) -> Callable[[], dict[str, Any]]:
    """A function that says how things are."""
    runner, stats = environment.runner, environment.stats
    counts: deque[tuple[float, int]] = deque(maxlen=_OF_RATE)

    def rate(requests: int) -> float:
        """Requests a second lately. Locust's own leaves out the last two seconds."""
        now = time.monotonic()
        if counts and requests < counts[-1][1]:  # the statistics have been reset
            counts.clear()
        counts.append((now, requests))
        since, before = counts[0]
        return (requests - before) / (now - since) if now > since else 0.0

    def look() -> dict[str, Any]:
        lately = stats._precise.latest(_LATELY, [0.95])
        return {
            "state": runner.state,
            "users": runner.user_count,
            "requests": stats.total.num_requests,
            "failures": stats.total.num_failures,
            "rate": rate(stats.total.num_requests),
            "p95": lately[0] if lately else None,
        }

    return look


def _mock_if_no_host(environment: Any) -> bool:
    """Without any host, start a mock of the shop until all is over, as the funnel does; workers get it from here.

    Says whether it is a mock shop that is tested, ours or one that the file has opened.
    """
    from .. import mock_saleor

    if not environment.host and not any(getattr(kind, "host", None) for kind in environment.user_classes):
        shop = mock_saleor.MockSaleor().start()
        environment.host = shop.url
        environment.events.quit.add_listener(lambda **_: shop.stop())
        logging.getLogger("locust_native").info(
            "locust-native: no host given: the users walk a mock of the shop at %s", shop.url
        )
    return environment.host in [shop.url for shop in list(mock_saleor._running)]


def _lost_workers(teller: Teller, under_way: list[bool]) -> bool:
    """Whether the test cannot begin or go on, since workers of ours have died; says so.

    Locust itself would wait for those that never come, and go on without any.
    """
    from ..metrics import workers

    tracker = "started" in teller.facts
    if tracker and not under_way:
        return False  # they end because the test does
    ends = workers.children().values()
    dead = [code for code in ends if code is not None]
    if not dead or (tracker and len(dead) < len(ends)):
        return False
    words = worker_ended(dead[-1])
    teller.tell(problem=f"{words}, {'and none is left' if tracker else 'before the test began'}")
    return True


class _Hopeless:
    """Whether it is time to give up, since not one connection has come about."""

    def __init__(self, teller: Teller, stats: Any) -> None:
        self._teller, self._stats = teller, stats
        self._since: float | None = None

    def __call__(self) -> bool:
        total, errors = self._stats.total, list(self._stats.errors.values())
        hopeless = 0 < total.num_requests == total.num_failures and no_connection(
            error.to_name() for error in errors
        )
        now = time.monotonic()
        self._since = (self._since or now) if hopeless else None
        if self._since is None or now - self._since < _HOPELESS:
            return False
        self._teller.tell(hopeless=True)
        return True
