"""What each stage of a request costs on Python's thread, in ns, so that a regression has an address.

Usage: python benches/stages.py [--rounds 5] [--quick] [--write]

In one process, on real objects: fifty users of each class, their clients, nginx on the other core. Of one real GET the
answer is kept; then each stage alone is run a thousand times with what it had, and the CPU time of Python's thread
divided by that. `whole` is the call as a locustfile makes it, `the rest` what of it is no stage: greenlets, gevent's
loop, and what a session asks itself before it goes the fast path. What the I/O thread uses in the meantime has a row of
its own. The stages are those of docs/architecture.md; where one has been renamed, this bench says so and wants to be
changed along with it.
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
STAGES = ["pick", "start", "wire", "drain", "wake", "response", "verdict", "count"]
ABOUT = {
    "pick": "the next task is drawn",
    "start": "into the core: URL, request, entry in the record, token, job",
    "wire": "on the I/O thread: sent, answered, queued (runs beside Python's thread)",
    "drain": "a batch of answers out of the core, each",
    "wake": "greenlet parked and switched to again",
    "response": "the answer as the locustfile sees it",
    "verdict": "what catch_response and success() add",
    "count": "reported, counted in the statistics, by the fast path",
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

        from locust_native.client import waiting

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
        self.room: Any = waiting.here()
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

    def start(self, client: Any, queue: Any) -> tuple[int, Any]:
        """Start that request for a user: its token, and its entry in the record."""
        from locust_native.fast_user import prepare as fast_prepare
        from locust_native.http_user import arguments

        record, _ = client._reporting
        if self.base == "HttpUser":
            urls, head, options, name = arguments.URL_CACHE, arguments.FIELDS, arguments.FOLLOW, ""
        else:
            known = fast_prepare.known(client._heads)
            if known is None:
                raise Failed("FastHttpUser: the fast path is closed")
            urls, head, options, name = fast_prepare.URL_CACHE, known[0], client._options, "/"
        token, tracker, _ = urls.start(
            client._native, queue, record, head, options, "GET", client.base_url, "/", name
        )  # type: ignore[misc]
        return token, tracker

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

    def crossing(self, batches: int) -> tuple[float, float, float]:
        """ns of `start`, `drain` and `wire`, on a queue without a hub, in batches of one request a user."""
        from gevent.monkey import get_original

        from locust_native import _core

        rest = get_original("time", "sleep")
        queue: Any = _core.Queue()
        submitted = drained = 0
        before = others()
        for _ in range(batches):
            began = time.thread_time_ns()
            tracker = [self.start(user.client, queue)[1] for user in self.users]
            submitted += time.thread_time_ns() - began
            came = 0
            while came < USERS:
                rest(0.002)
                began = time.thread_time_ns()
                answers = queue.drain()
                drained += time.thread_time_ns() - began if answers else 0
                came += len(answers)
            del tracker
        requests = batches * USERS
        return submitted / requests, drained / requests, (others() - before) / requests

    def measure(self, times: int) -> dict[str, float]:
        """ns of each stage."""
        from locust_native.client import reporting

        found: dict[str, float] = {}
        empty = per_call(lambda: None, times)
        found["pick"] = per_call(self.tasks.get_next_task, times) - empty
        found["start"], found["drain"], found["wire"] = self.crossing(max(1, times // USERS))

        def park(client: Any) -> None:
            self.room.wait(*self.start(client, self.room.queue))

        parked, _ = self.everybody(park, max(1, times // USERS))
        found["wake"] = parked - found["start"] - found["drain"]
        found["response"] = per_call(lambda: self.answer(*self.parts), times) - empty
        event, exchange = self.client.request_event, self.exchange
        begin = reporting.record_of(self.client.user).begin
        tracker = per_call(lambda: begin("GET", "/"), times) - empty  # which belongs to `start`
        counted = per_call(lambda: reporting.count(event, begin("GET", "/"), exchange), times) - empty
        found["count"] = counted - tracker

        def judged(client: Any) -> None:
            with client.get("/", catch_response=True) as response:
                response.success()

        whole, _ = self.everybody(lambda client: client.get("/"), max(1, times // USERS))
        with_verdict, _ = self.everybody(judged, max(1, times // USERS))
        found["verdict"] = with_verdict - whole
        found["whole"] = whole
        beside = ("pick", "wire", "verdict", "whole")  # what is no part of a plain call on this thread
        found["the rest"] = whole - sum(ns for name, ns in found.items() if name not in beside)
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
    for name in [*STAGES, "the rest", "whole"]:
        values = {base: [sample[name] for sample in samples] for base, samples in found.items()}
        rows.append([name, *(rig.spread(values[base], ",.0f") for base in CLASSES), ABOUT.get(name, "")])
        rig.said(
            f"{name:10} " + "  ".join(f"{base} {statistics.median(values[base]):9,.0f}" for base in CLASSES)
        )
    about = f"{rig.machine()}\n- GET of 1 KiB, {USERS} users, {times} times a stage, median of {options.rounds} rounds"
    rig.show("stages", about, rig.table(["ns", *CLASSES, ""], rows), into_file=options.write)


if __name__ == "__main__":
    rig.run(main)
