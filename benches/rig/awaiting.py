"""A crowd of asyncio tasks that ask for one page over and over, with the client that was named, until it is ended.

Usage: python benches/rig/awaiting.py (ours|aiohttp|httpx) (asyncio|uvloop) URL USERS
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

Ask = Callable[[], Awaitable[bytes]]


async def ours(place: AsyncExitStack, url: str, users: int) -> list[Ask]:
    """A session a user, as a load test has them."""
    import locust_native

    asks = []
    statistics = locust_native.Statistics()
    for _ in range(users):
        session = await place.enter_async_context(locust_native.AsyncSession(url, statistics=statistics))

        async def ask(session: Any = session) -> bytes:
            return (await session.get("/", name="page")).content

        asks.append(ask)
    return asks


async def aiohttp(place: AsyncExitStack, url: str, users: int) -> list[Ask]:
    """One session for all, which is what it does best, and no limit of connections."""
    import aiohttp

    session = await place.enter_async_context(
        aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0))
    )

    async def ask() -> bytes:
        async with session.get("/") as response:
            return await response.read()

    return [ask] * users


async def httpx(place: AsyncExitStack, url: str, users: int) -> list[Ask]:
    """A client a user: one for all takes six times as long, as it looks through all connections at each request."""
    import ssl

    import httpx

    asks = []
    trust = ssl.create_default_context()  # once, and not 20 ms a client
    for _ in range(users):
        client = await place.enter_async_context(httpx.AsyncClient(base_url=url, verify=trust))

        async def ask(client: Any = client) -> bytes:
            return (await client.get("/")).content

        asks.append(ask)
    return asks


async def main(client: str, url: str, users: int) -> None:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def user(ask: Ask) -> None:
        while not ended.is_set():
            if not await ask():
                raise SystemExit(f"{client}: an empty page")

    async with AsyncExitStack() as place:
        asks = await {"ours": ours, "aiohttp": aiohttp, "httpx": httpx}[client](place, url, users)
        await asyncio.gather(*map(user, asks))


if __name__ == "__main__":
    client, loop, url, users = sys.argv[1:]
    runner = asyncio.Runner()
    if loop == "uvloop":
        import uvloop

        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        runner.run(main(client, url, int(users)))
