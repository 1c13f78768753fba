"""Runs each failing task with one kind of client, as a process; prints what Locust files of each as JSON.

`python failing_runs.py <host>` prints a JSON object: [message, traceback] of each exception, by the name of the task.
"""
# ruff: noqa: B018, E731, RUF012  as locustfiles write it, in tables with a row a line

import json
import logging
import re
import sys
import warnings

import gevent
import locust  # first of all: it lets gevent patch; and the start-up hook decides by LOCUST_NATIVE
from gevent.event import Event
from locust import FastHttpUser, HttpUser, SequentialTaskSet, TaskSet, constant, task
from locust.env import Environment

HOST = sys.argv[1]
CALLS = {
    "json of text": lambda c: c.get("/x").json(),
    "json of nothing": lambda c: c.get("/do?status=204").json(),
    "json with an argument": lambda c: c.get("/x").json(parse_float=str),
    "json in a block": lambda c: in_block(c, lambda r: r.json()),
    "json caught": lambda c: in_block(c, lambda r: r.json()),
    "with without catch_response": lambda c: without_catch(c),
    "raise_for_status": lambda c: c.get("/do?status=404").raise_for_status(),
    "no such attribute": lambda c: c.get("/x").nonsense,
    "no such method": lambda c: c.nonsense(),
    "key of json": lambda c: c.get("/do?body={}").json()["a"],
    "verdict outside of a block": lambda c: c.get("/x", catch_response=True).success(),
    "verdict without catch": lambda c: c.get("/x").success(),
    "failure without catch": lambda c: c.get("/x").failure("no"),
    "no such encoding": lambda c: encoded(c),
    "no url": lambda c: c.get(),
    "two urls": lambda c: c.get("/x", {"a": 1}),
    "url None": lambda c: c.get(None),
    "url 5": lambda c: c.get(5),
    "url bytes": lambda c: c.get(b"/x"),
    "empty host": lambda c: c.get("http://"),
    "bad host": lambda c: c.get("http://.x/"),
    "bad port": lambda c: c.get("http://h:port/"),
    "no scheme": lambda c: c.get("://x"),
    "odd scheme": lambda c: c.get("ftp://x/"),
    "unknown argument": lambda c: c.get("/x", nonsense=1),
    "unknown argument of post": lambda c: c.post("/x", nonsense=1),
    "unknown argument of put": lambda c: c.put("/x", nonsense=1),
    "request unknown": lambda c: c.request("GET", "/x", nonsense=1),
    "request without url": lambda c: c.request("GET"),
    "method None": lambda c: c.request(None, "/x"),
    "method 5": lambda c: c.request(5, "/x"),
    "data object": lambda c: c.post("/x", data=object()),
    "data 5": lambda c: c.post("/x", data=5),
    "json object": lambda c: c.post("/x", json=object()),
    "json object in put": lambda c: c.put("/x", json={"a": {1, 2}}),
    "json nan": lambda c: c.post("/x", json=float("nan")),
    "files 5": lambda c: c.post("/x", files=5),
    "headers 5": lambda c: c.get("/x", headers=5),
    "header value 5": lambda c: c.get("/x", headers={"a": 5}),
    "header of two lines": lambda c: c.get("/x", headers={"a": "b\nc"}),
    "params 5": lambda c: c.get("/x", params=5),
    "cookies 5": lambda c: c.get("/x", cookies=5),
    "auth 5": lambda c: c.get("/x", auth=5),
    "auth of one": lambda c: c.get("/x", auth=("a",)),
    "proxies 5": lambda c: c.get("/x", proxies=5),
    "timeout text": lambda c: c.get("/x", timeout="x"),
    "timeout below 0": lambda c: c.get("/x", timeout=-1),
    "verify a path": lambda c: c.get("/x", verify="/nowhere"),
    "context 5": lambda c: c.get("/x", context=5),
    "name 5": lambda c: c.get("/x", name=5),
    "redirect to an odd scheme": lambda c: c.get("/do?status=302&header=Location:ftp://x/"),
    "redirect to nothing": lambda c: c.get("/do?status=302&header=Location:http://"),
    "redirect to a bad host": lambda c: c.get("/do?status=302&header=Location:http://.x/"),
    "redirect unfollowed to nothing": lambda c: c.get(
        "/do?status=302&header=Location:http://", allow_redirects=False
    ),
    "refused and json": lambda c: c.get("http://127.0.0.1:1/").json(),
    "refused and raise_for_status": lambda c: c.get("http://127.0.0.1:1/").raise_for_status(),
    "refused and headers": lambda c: c.get("http://127.0.0.1:1/").headers["a"],
    "broken off and text": lambda c: c.get("/do?fault=close").text.index("a"),
    "header missing": lambda c: c.get("/x").headers["nonsense"],
    "cookie missing": lambda c: c.get("/x").cookies["nonsense"],
    "session cookie missing": lambda c: c.cookies["nonsense"],
    "session header missing": lambda c: c.headers["nonsense"],
    "raise in a block": lambda c: in_block(c, lambda r: 1 / 0),
    "failure and raise in a block": lambda c: in_block(c, lambda r: (r.failure("a"), 1 / 0)),
    "elapsed misused": lambda c: c.get("/x").elapsed + 1,
    "rename_request misused": lambda c: c.rename_request(),
    "gevent timeout": lambda c: timed(c),
}


def in_block(client, look):
    with client.get("/x", catch_response=True) as response:
        look(response)


def without_catch(client):
    with client.get("/x"):
        pass


def encoded(client):
    response = client.get("/x")
    response.encoding = 5
    return response.text


def timed(client):
    with gevent.Timeout(0.1):
        client.get("/do?delay=2000")


def run(kind):
    """A user of this class until an exception of it is filed, or its task has ended without one."""
    environment = Environment(user_classes=[kind], host=HOST, events=locust.event.Events())
    runner = environment.create_local_runner()
    environment.done = Event()
    environment.events.user_error.add_listener(lambda **_: environment.done.set())
    runner.start(1, spawn_rate=100)
    assert environment.done.wait(timeout=30), kind
    rows = sorted((row["msg"], row["traceback"]) for row in runner.exceptions.values())
    runner.quit()
    return rows


def calls(base):
    for name, call in CALLS.items():

        class Visitor(base):
            wait_time = constant(10)
            wanted = staticmethod(call)

            @task
            def visit(self):
                try:
                    self.wanted(self.client)
                except Exception:
                    raise
                except BaseException:  # which Locust does not file
                    self.environment.done.set()
                    raise
                self.environment.done.set()

        yield name, Visitor


def lives():
    class Base(HttpUser):
        abstract = True
        wait_time = constant(10)

    class NoTasks(Base):
        pass

    yield "no tasks", NoTasks

    class TasksNone(Base):
        tasks = None

    yield "tasks None", TasksNone

    class Tasks5(Base):
        tasks = [5]

    yield "a task that is none", Tasks5

    class SetWithout(Base):
        class Steps(TaskSet):
            pass

        tasks = [Steps]

    yield "a task set without tasks", SetWithout

    class Fails(Base):
        wait_time = lambda self: 1 / 0

        @task
        def t(self):
            pass

    yield "wait_time raises", Fails
    for value in ("x", None, [1]):

        class Odd(Base):
            wait_time = lambda self, value=value: value

            @task
            def t(self):
                pass

        yield f"wait_time {value!r}", Odd

    class NoWait(Base):
        wait_time = None

        @task
        def t(self):
            pass

    yield "no wait_time", NoWait

    class NoWaitSet(Base):
        wait_time = None

        class Steps(TaskSet):
            min_wait = 1
            max_wait = "x"

            @task
            def t(self):
                pass

        tasks = [Steps]

    yield "odd wait_time of a set", NoWaitSet

    class Starts(Base):
        def on_start(self):
            1 / 0

        @task
        def t(self):
            pass

    yield "on_start raises", Starts

    class StartsAsking(Base):
        def on_start(self):
            self.client.get("/x").json()

        @task
        def t(self):
            pass

    yield "on_start asks", StartsAsking

    class SetStarts(Base):
        class Steps(TaskSet):
            def on_start(self):
                self.client.get("/x").json()

            @task
            def t(self):
                pass

        tasks = [Steps]

    yield "on_start of a set", SetStarts

    class SetTask(Base):
        class Steps(SequentialTaskSet):
            @task
            def t(self):
                self.client.nonsense

        tasks = [Steps]

    yield "task of a sequence", SetTask

    class WaitsFail(Base):
        wait_time = lambda self: 1 / 0

        @task
        def t(self):
            self.wait()

    yield "wait in a task", WaitsFail

    class Logs(Base):
        @task
        def t(self):
            self.environment.stats.log_request("GET", "/x", "y", 0)

    yield "logs nonsense", Logs


def of_old_files():
    if not hasattr(locust, "TaskSequence"):
        return

    class Old(locust.HttpLocust):
        min_wait = max_wait = 10_000

        class task_set(locust.TaskSequence):
            @locust.seq_task(1)
            def first(self):
                with self.client.get("/x") as response:
                    response.json()

            @locust.seq_task(2)
            def second(self):
                1 / 0

    yield "old: tasks that raise", Old

    class OldWait(locust.HttpLocust):
        wait_function = lambda self: 1 / 0

        class task_set(locust.TaskSet):
            @task
            def t(self):
                pass

    yield "old: a wait_function that raises", OldWait


def main():
    warnings.simplefilter("ignore")
    logged = []

    class Keeps(logging.Handler):
        def emit(self, record):
            logged.append((record.name, record.getMessage()))

    logging.getLogger().addHandler(Keeps())
    try:
        import locust_native

        on = locust_native.status().on
    except ImportError:
        on = False
    out = {}

    def one(name, kind):
        out[name] = [[re.sub("0x[0-9a-f]+", "0x", message), traceback] for message, traceback in run(kind)]

    kinds = [
        (f"{base.__name__}: {name}", kind) for base in (HttpUser, FastHttpUser) for name, kind in calls(base)
    ]
    gevent.joinall([gevent.spawn(one, *case) for case in [*kinds, *lives(), *of_old_files()]])
    print("\n" + json.dumps({"on": on, "filed": out, "logged": logged}))


if __name__ == "__main__":
    main()
