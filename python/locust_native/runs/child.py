"""The process in which Locust runs for `run`: Locust's own command, which tells on a pipe how it gets on.

Usage: python -m locust_native.runs.child FEED CONTROL LOCUST'S ARGUMENTS…

FEED and CONTROL are descriptors of pipes: twice a second a line of JSON goes into the one; the other ends when whoever
started the test is gone, and then so does the test.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

#: Seconds between two lines, and those a test has to stop by itself once nobody wants it any more.
_EVERY = 0.5
_GRACE = 3.0

#: Seconds that the percentile shown is of, and lines that the rate is of: a master hears of its workers every 3 s.
_LATELY = 10
_OF_RATE = 13


def main() -> Any:
    """Run Locust; gives its exit status."""
    feed, control = int(sys.argv[1]), int(sys.argv[2])
    sys.argv[:] = ["locust", *sys.argv[3:]]
    from .. import patch

    patch.install()  # imports Locust, so that gevent has patched before anything else is imported
    status = patch.status()
    if not status.on:
        sys.exit(f"locust: a run needs the native core: {status}")
    _die_with_the_caller(control)
    import locust
    from locust.main import main as locust_main

    once: list[bool] = []

    def after_the_locustfile(**_: Any) -> None:
        if not once:
            once.append(True)
            locust.events.init.add_listener(lambda **given: _begin(feed, **given))

    # Fired when the file has been loaded: ours is the last listener then.
    locust.events.init_command_line_parser.add_listener(after_the_locustfile)
    return locust_main()


def _begin(feed: int, environment: Any, runner: Any, **_: Any) -> None:
    """Locust is about to start the test."""
    import gevent
    from locust.runners import WorkerRunner

    if isinstance(runner, WorkerRunner):
        os.close(feed)
        return
    mock = _mock_if_no_host(environment)
    os.set_blocking(feed, False)
    started: list[float] = []

    def start(**_: Any) -> None:
        started[:] = [time.monotonic()]

    environment.events.test_start.add_listener(start)
    lost: set[str] = set()
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
        stats = environment.stats.total
        lost.update(client.id for client in getattr(getattr(runner, "clients", None), "missing", ()))
        lately = environment.stats._precise.latest(_LATELY, [0.95])
        return {
            "state": runner.state,
            "elapsed": time.monotonic() - started[0] if started else None,
            "run_time": environment.parsed_options.run_time or None,
            "users": runner.user_count,
            "requests": stats.num_requests,
            "failures": stats.num_failures,
            "rate": rate(stats.num_requests),
            "p95": lately[0] if lately else None,
            "lost": len(lost),
            "host": environment.host,
            "mock": mock,
        }

    def tell() -> None:
        with contextlib.suppress(OSError):  # a caller that does not read must not hold up the test
            os.write(feed, json.dumps(look()).encode() + b"\n")

    def keep_telling() -> None:
        while True:
            tell()
            gevent.sleep(_EVERY)

    gevent.spawn(keep_telling)
    environment.events.quit.add_listener(lambda **_: tell())


def _mock_if_no_host(environment: Any) -> bool:
    """Without any host, start a mock of the shop until all is over, as the funnel does; workers get it from here."""
    if environment.host or any(getattr(kind, "host", None) for kind in environment.user_classes):
        return False
    from ..saleor import MockSaleor

    shop = MockSaleor().start()
    environment.host = shop.url
    environment.events.quit.add_listener(lambda **_: shop.stop())
    logging.getLogger("locust_native").info(
        "locust-native: no host given: the users walk a mock of the shop at %s", shop.url
    )
    return True


def _die_with_the_caller(control: int) -> None:
    """Have a thread of this process, and of each that is forked from it, wait for the end of whoever started it.

    A real thread: greenlets would wait for a task that never gives way.
    """
    from gevent.monkey import get_original

    begin = get_original("_thread", "start_new_thread")
    begin(_watch, (control, os.getppid(), get_original("select", "select"), get_original("time", "sleep")))
    os.register_at_fork(
        after_in_child=lambda: begin(
            _watch, (control, os.getppid(), get_original("select", "select"), get_original("time", "sleep"))
        )
    )


def _watch(control: int, parent: int, select: Callable[..., Any], sleep: Callable[[float], None]) -> None:
    # The pipe's other end may live on in a process that was forked from the caller: a changed parent tells as well.
    while not select([control], [], [], 1.0)[0] and os.getppid() == parent:
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # Locust stops its users, and its workers theirs
    sleep(_GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
