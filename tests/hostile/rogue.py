"""One case on stock Locust and on ours: all that a locustfile, its statistics and the server see of it."""

from support.backends import Backend  # isort: skip  first of all: it imports Locust, which lets gevent patch
import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from locust.stats import StatsError
from misdeeds import Case

from support import observe

PROMPT = 8.0  # seconds that no case may take longer than


@dataclass
class Rogue:
    """The misbehaving server."""

    process: subprocess.Popen
    ports: dict[str, int]
    authority: Path

    def _ask(self, question: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def take(self) -> dict[str, Any]:
        """What the server has seen since the last time; waits until it has nothing under way."""
        return self._ask("take")

    def open(self) -> int:
        """How many connections the server holds."""
        return self._ask("open")

    def url(self, port: str = "port", scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.ports[port]}"


def shown(fast: bool, answer: Any) -> Any:
    """What can be seen of a response; of an error, all that it came from, too."""
    seen = (observe.fast_response if fast else observe.response)(answer)
    seen["error"] = chain(getattr(answer, "error", None))
    return seen


def chain(error: BaseException | None) -> list:
    """Class and text of an exception and of all it came from.

    Left out is what geventhttpclient runs into on its way to a cached property: no part of what went wrong.
    """
    found: list = []
    while error is not None:
        if not (isinstance(error, AttributeError) and "_cached_content" in str(error)):
            found.append(observe.error(error))
        error = error.__cause__ or error.__context__
    return found


def event(arguments: dict[str, Any]) -> dict[str, Any]:
    """A request event, with the key that the statistics would count its failure under."""
    kind, name, error = (arguments[field] for field in ("request_type", "name", "exception"))
    key = None
    if error is not None:
        key = re.sub(r" at 0x[0-9a-f]+", "", str(StatsError(kind, name, error).to_name()))
    return {**observe.event(arguments), "chain": chain(error), "key": key}


def wire(taken: dict[str, Any], apart: bool) -> tuple[int, list[tuple]]:
    """Connections made, and requests: connection (counted from 0) and the whole head; `apart`: heads only."""
    numbers: dict[int, int] = {}
    requests = []
    for number, text in taken["requests"]:
        line, *fields = text.split("\r\n")
        pairs = observe.fields(
            tuple(field.split(": ", 1)) if ": " in field else (field, "") for field in fields
        )
        requests.append((numbers.setdefault(number, len(numbers)), line, pairs))
    return (0, [request[1:] for request in requests]) if apart else (taken["accepted"], requests)


def play(rogue: Rogue, kind: str, fast: bool, name: str, case: Case) -> dict[str, Any]:
    """Run the case, then an honest request, on one kind of session."""
    backend = Backend(kind, rogue.url())
    rogue.take()
    if fast:
        client = backend.fast(network_timeout=case.timeout, connection_timeout=case.timeout)
        asked: dict[str, Any] = {}
    else:
        client, asked = backend.http(), {"timeout": case.timeout}
    if case.warm:
        client.get("/ok?first", **asked)
    given: dict[str, Any] = {**asked, **dict(case.arguments)}
    if case.data is not None:
        given["data"] = case.data
    if case.headers:
        given["headers"] = dict(case.headers)
    seen: dict[str, Any] = {}
    started = time.monotonic()
    seen["answer"] = observe.tried(lambda: shown(fast, client.request(case.method, f"/case/{name}", **given)))
    seen["prompt"] = time.monotonic() - started < PROMPT
    before = rogue.take()
    seen["next"] = observe.tried(lambda: shown(fast, client.get("/ok?next", **asked)))
    seen["wire"] = wire(before, case.apart)
    both = {
        "requests": before["requests"] + (after := rogue.take())["requests"],
        "accepted": after["accepted"],
    }
    seen["wire after"] = wire(both, case.apart)
    seen["events"] = [event(arguments) for arguments in backend.events]
    backend.close()
    return seen


def differences(rogue: Rogue, fast: bool, name: str, case: Case) -> list[str]:
    """Where ours differs from stock, one line for each place."""
    stock = play(rogue, "stock", fast, name, case)
    ours = play(rogue, "native", fast, name, case)
    found: list[str] = []
    for place in stock:
        found += observe.differences((place,), (ours[place],), (stock[place],))
    return found
