"""What each stage of a request costs on Python's thread, in ns, so that a regression has an address.

Usage: python benches/stages.py [--rounds 5] [--quick] [--write]

In one process, on real objects: fifty users of each class, their clients, nginx on the other core. Of one real GET
the answer is kept; then each stage alone is run a thousand times with what it had, and the CPU time of Python's
thread divided by that. `whole` is the call as a locustfile makes it; `prepare and wait` what of it is left beside the
stages that follow the answer: is anything replaced, the request, greenlets, gevent's loop. `in Python` is what it
costs more where Python prepares the request. What the I/O thread uses in the meantime has a row of its own. The
stages are those of docs/dev/architecture.md; where one has been renamed, this bench says so and wants to be changed
along with it.
"""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rig
from rig import Failed

USERS = 50
BATCH = 20  # requests a user
CLASSES = ("HttpUser", "FastHttpUser")
STAGES = ["pick", "prepare and wait", "wire", "response", "count", "verdict", "in Python"]
ABOUT = {
    "pick": "the next task is drawn",
    "prepare and wait": "into the core and back: guards, request, tracker, greenlet parked and switched to again",
    "wire": "on the I/O thread: sent, answered, queued (runs beside Python's thread)",
    "response": "the answer as the locustfile sees it",
    "count": "counted in the statistics without an event",
    "verdict": "what catch_response and success() add",
    "in Python": "what a parameter adds, for which Python prepares the request",
}


def per_call(step: Callable[[], object], times: int) -> float:
    """ns of CPU time of one call."""
    began = time.thread_time_ns()
    for _ in range(times):
        step()
    return (time.thread_time_ns() - began) / times


def others() -> int:
    """CPU time of all threads but this one so far, ns."""
    own = threading.get_native_id()
    tasks = [task for task in Path("/proc/self/task").iterdir() if int(task.name) != own]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


class Bench:
    """Users of one class on real connections, and the arguments that one request of theirs was seen to pass on."""

    def __init__(self, base: str, url: str) -> None:
        import locust
        from locust.env import Environment
        from locust.user.task import DefaultTaskSet

        self.base = base
        body = {"host": url, "wait_time": locust.constant(0), "step": locust.task(lambda self: None)}
        kind: Any = type(base, (getattr(locust, base),), body)
        self.environment = Environment(user_classes=[kind], host=url)
        self.environment.create_local_runner()
        self.users = [kind(self.environment) for _ in range(USERS)]
        self.client: Any = self.users[0].client
        if getattr(self.client, "_native", None) is None:
            raise Failed(f"{base}: the native core is off")
        self.tasks = DefaultTaskSet(self.users[0])
        self.everybody(lambda client: client.get("/"), 3)  # all are connected, and the name is known
        response = self.client.get("/")
        self.answer: Any = type(response)
        if base == "HttpUser":
            names = "_exchange _session _begun _sent _sent_to _context _catch_response _unfollowed"
        else:
            names = "_exchange _sent"
        try:
            self.parts = [getattr(response, name) for name in names.split()]
        except AttributeError as missing:
            raise Failed(f"{base}: {missing}; update benches/stages.py") from missing
        self.exchange = response._exchange

    def everybody(self, step: Callable[[Any], object], times: int) -> tuple[float, float]:
        """All users, each in a greenlet, so many times each: ns of this thread and of the others, a time."""
        import gevent

        def walk(client: Any) -> None:
            for _ in range(times):
                step(client)

        began, began_others = time.thread_time_ns(), others()
        gevent.joinall([gevent.spawn(walk, user.client) for user in self.users], raise_error=True)
        spent, spent_others = time.thread_time_ns() - began, others() - began_others
        return spent / (times * USERS), spent_others / (times * USERS)

    def measure(self, times: int) -> dict[str, float]:
        """ns of each stage."""
        from locust_native.client import reporting

        found: dict[str, float] = {}
        empty = per_call(lambda: None, times)
        found["pick"] = per_call(self.tasks.get_next_task, times) - empty
        found["response"] = per_call(lambda: self.answer(*self.parts), times) - empty
        event, exchange = self.client.request_event, self.exchange
        begin = reporting.record_of(self.client.user).begin
        tracker = per_call(lambda: begin("GET", "/"), times) - empty  # which belongs to `start`
        counted = per_call(lambda: reporting.count(event, begin("GET", "/"), exchange), times) - empty
        found["count"] = counted - tracker

        def judged(client: Any) -> None:
            with client.get("/", catch_response=True) as response:
                response.success()

        each = max(1, times // USERS)
        whole, found["wire"] = self.everybody(lambda client: client.get("/"), each)
        with_verdict, _ = self.everybody(judged, each)
        by_python, _ = self.everybody(lambda client: client.get("/", params={"a": "1"}, name="/"), each)
        found["verdict"], found["in Python"] = with_verdict - whole, by_python - whole
        found["prepare and wait"] = whole - found["response"] - found["count"]
        found["whole"] = whole
        return found


def main() -> None:
    options = rig.parsed(rig.arguments(__doc__, rounds=5))
    import locust  # noqa: F401  the core steps in here

    times = USERS * BATCH // (4 if options.quick else 1)
    found: dict[str, list[dict[str, float]]] = {}
    with rig.nginx() as server:
        os.sched_setaffinity(0, {rig.CLIENT_CORE})  # all threads that are to come, the I/O thread among them
        for base in CLASSES:
            bench = Bench(base, server.url)
            bench.measure(times // 4)  # what is cold
            found[base] = [bench.measure(times) for _ in range(options.rounds)]
    rows = []
    for name in [*STAGES, "whole"]:
        values = {base: [sample[name] for sample in samples] for base, samples in found.items()}
        rows.append([name, *(rig.spread(values[base], ",.0f") for base in CLASSES), ABOUT.get(name, "")])
        rig.said(
            f"{name:16} " + "  ".join(f"{base} {statistics.median(values[base]):9,.0f}" for base in CLASSES)
        )
    about = f"{rig.machine()}\n- GET of 1 KiB, {USERS} users, {times} times a stage, median of {options.rounds} rounds"
    rig.show("stages", about, rig.table(["ns", *CLASSES, ""], rows), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
