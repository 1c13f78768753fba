"""Round after round of mixed faults: what is left of descriptors and memory. `make hostile` runs ten thousand."""

from support.backends import Backend  # isort: skip  first of all: it imports Locust, which lets gevent patch
import gc
import os
from dataclasses import dataclass
from pathlib import Path

from catalogue import CASES

from support import observe

#: Faults of every sort that are over quickly.
FAULTS = (
    *(
        "status-garbage",
        "status-99",
        "field-no-colon",
        "field-10000-fields",
        "length-conflicting",
        "interim-three",
    ),
    *("chunk-size-letters", "chunk-cut-data", "chunk-size-overflow", "chunk-trailers", "header-endless-line"),
    *("coded-gzip-not-at-all", "coded-gzip-truncated", "coded-gzip-garbage-after", "coded-hundred-times"),
    *("body-cut", "body-reset", "body-too-long", "body-until-close", "body-two-responses", "body-by-bytes"),
    *("fin-before-head-get", "fin-before-head-post", "reset-before-head-post", "reset-before-head-warm-get"),
    *(
        "fin-in-head-get",
        "reset-after-head-get",
        "fin-idle-get",
        "reset-idle-post",
        "close-said",
        "early-small",
    ),
    *(
        "detour-itself",
        "detour-hops-31",
        "detour-port-refused",
        "detour-scheme-ftp",
        "detour-cut",
        "detour-ok",
    ),
    *("field-set-cookie-many", "body-hang", "hang-before-head", "detour-bracket-open", "switching-body"),
)


@dataclass(frozen=True)
class Left:
    """What a process holds at one moment."""

    descriptors: int
    kilobytes: int

    @classmethod
    def now(cls) -> "Left":
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return cls(len(os.listdir("/proc/self/fd")), pages * os.sysconf("SC_PAGESIZE") // 1024)


def rounds(rogue, fast: bool, count: int, kind: str = "native") -> list[Left]:
    """Run so many rounds, each on one of ten sessions, after a warming up; what is held after each quarter."""
    backends = [Backend(kind, rogue.url()) for _ in range(10)]
    clients = [(b.fast(network_timeout=0.05) if fast else b.http()) for b in backends]
    asked = {} if fast else {"timeout": 0.05}

    def once(turn: int) -> None:
        case = CASES[FAULTS[turn % len(FAULTS)]]
        given = asked if case.data is None else {**asked, "data": case.data}
        client, path = clients[turn % len(clients)], f"/case/{FAULTS[turn % len(FAULTS)]}"
        observe.tried(lambda: client.request(case.method, path, **given).content)
        backends[turn % len(backends)].events.clear()

    for turn in range(len(FAULTS) * 3):
        once(turn)
    held = [Left.now()]
    for turn in range(count):
        once(turn)
        if (turn + 1) % (count // 4) == 0:
            held.append(Left.now())
    for backend in backends:
        backend.close()
    return held
