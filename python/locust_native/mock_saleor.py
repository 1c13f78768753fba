"""MockSaleor: the mock shop as a context manager, and as a command."""

from __future__ import annotations

import os
import signal
import sys
import weakref
from collections.abc import Sequence
from html import escape
from types import TracebackType
from typing import Any

from . import _core

_running: weakref.WeakSet[MockSaleor] = weakref.WeakSet()


class MockSaleor:
    """An old Saleor storefront for load tests, in this process but on a thread of its own, without Python.

    >>> with MockSaleor() as shop:          # doctest: +SKIP
    ...     requests.get(shop.url)
    ...     shop.seen()["requests"]
    1

    host         address to listen on
    port         port to listen on, 0 for any free one
    keep_alive   False closes every connection after its answer without announcing it
    latency      how long answers are held back: a number of ms, or "uniform:FROM:TO", "exponential:MEAN",
                 "lognormal:MEDIAN[:SIGMA]" in ms; the request itself is dealt with when it arrives
    error_rate   share of requests answered 500, 0 to 1
    page_size    scale of page sizes, 1 is the original's
    seed         products, prices, stock, latencies and errors follow from it
    stock        "endless", "sample" (1 to 50 of each variant) or a number of pieces of each variant
    site_domain  host and port in the absolute redirects after a payment; None is the request's own Host
    keep         sessions, carts, accounts and orders kept, each; beyond that the oldest is forgotten

    Nothing starts before `start()` or `with`. A knob out of range raises ValueError there, an address that
    cannot be had OSError. In a forked child the shop stays the parent's: `stop()` does nothing there.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        keep_alive: bool = True,
        latency: float | str = 0,
        error_rate: float = 0.0,
        page_size: float = 1.0,
        seed: int = 1,
        stock: int | str = "endless",
        site_domain: str | None = None,
        keep: int = 200_000,
    ) -> None:
        for name, value, most in (("port", port, 65_535), ("seed", seed, 2**64 - 1), ("keep", keep, 2**63)):
            if not 0 <= value <= most:
                raise ValueError(f"{name}: {value} is not between 0 and {most}")
        self._knobs: dict[str, Any] = {
            "host": host,
            "port": port,
            "keep_alive": keep_alive,
            "latency": str(latency),
            "error_rate": error_rate,
            "page_size": page_size,
            "seed": seed,
            "stock": str(stock),
            "site_domain": site_domain,
            "keep": keep,
        }
        self._core: _core.MockSaleor | None = None
        self._forked = False

    def start(self) -> MockSaleor:
        """Open the shop; a running one is left as it is."""
        if self._core is None:
            self._core = _core.MockSaleor(**self._knobs)
            _running.add(self)
        return self

    def stop(self) -> None:
        """Close the shop and wait for its thread; answers under way get half a second."""
        if self._core is not None:
            self._core.stop()
            self._core = None
            _running.discard(self)

    def __enter__(self) -> MockSaleor:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def is_open(self) -> bool:
        """Whether it has been started, and not stopped."""
        return self._core is not None

    @property
    def url(self) -> str:
        """The address to give to a client, without a slash at its end."""
        return self._open().url

    @property
    def port(self) -> int:
        """The port the shop listens on."""
        return self._open().port

    def seen(self) -> dict[str, Any]:
        """What the shop saw since it opened or was reset.

        `requests`, `connections`, `adds`, `orders`, `registrations`, `logins`, `payments` are numbers;
        `routes` maps "GET /products/<slug>-<id>/" to {"2xx": 3, "4xx": 1}. An answered request is always in.
        """
        return self._own().seen()

    def reset(self) -> None:
        """Forget counts, sessions, carts, accounts and orders, and fill up the stock."""
        self._own().reset()

    def __repr__(self) -> str:
        return f"<MockSaleor: {'open at ' + self.url if self._core is not None else 'closed'}>"

    def _repr_html_(self) -> str:
        """For a notebook: where the shop is, and what it has seen."""
        if self._core is None:
            return "<div><strong>MockSaleor</strong>: closed; <code>start()</code> opens it</div>"
        address = escape(self.url)
        head = f'<div><strong>MockSaleor</strong>: open at <a href="{address}/">{address}/</a>'
        if self._forked:
            return f"{head}, in the parent process</div>"
        seen = self.seen()
        counts = ", ".join(f"{number:,} {name}" for name, number in seen.items() if isinstance(number, int))
        statuses = sorted({status for answers in seen["routes"].values() for status in answers})
        lines = "".join(
            f'<tr><td style="text-align:left">{escape(route)}</td>'
            + "".join(f"<td>{answers.get(status, 0):,}</td>" for status in statuses)
            + "</tr>"
            for route, answers in sorted(seen["routes"].items())
        )
        columns = "".join(f"<th>{escape(status)}</th>" for status in statuses)
        table = f"<table><thead><tr><th>route</th>{columns}</tr></thead><tbody>{lines}</tbody></table>"
        return f"{head}<div>{counts}</div>{table if lines else ''}</div>"

    def _open(self) -> _core.MockSaleor:
        if self._core is None:
            raise RuntimeError("the mock shop is not open: call start() or use it in a with statement")
        return self._core

    def _own(self) -> _core.MockSaleor:
        if self._forked:
            raise RuntimeError(
                f"the mock shop is the parent process's: ask {self.url}/__mock__/seen or …/reset"
            )
        return self._open()


def _let_go_of_the_parents_shops() -> None:
    # The child's copy of a listening socket would keep the port taken after the parent's shop has closed.
    for shop in list(_running):
        if shop._core is not None:
            os.close(shop._core.fileno())
            shop._core.stop()
            shop._forked = True
    _running.clear()


os.register_at_fork(after_in_child=_let_go_of_the_parents_shops)


def serve(argv: Sequence[str]) -> int:
    """`locust-native mock-saleor …`: serve until Ctrl-C or SIGTERM; returns the exit status."""
    # Blocked before the shop is announced, so that no signal falls between the line and the waiting.
    signals = {signal.SIGINT, signal.SIGTERM}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        shop = _core.MockSaleor.from_args(list(argv))
        if shop is None:
            print("locust-native mock-saleor: " + _core.MockSaleor.usage(), end="")
            return 0
        print(f"Mock Saleor storefront on {shop.url}/ (Ctrl-C stops it)", flush=True)
        signal.sigwait(signals)
        shop.stop()
        print(f"Served {shop.summary()}", flush=True)
    except (ValueError, OSError) as error:
        print(f"locust-native mock-saleor: {error}", file=sys.stderr)
        return 2
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return 0
