"""Runs each row of the tables `Tasks and waiting` and `Events and statistics` with one kind of client, as a process.

`python http_row_runs.py <host>` prints a JSON object: what one can see of each row, by the name of the row.
"""
# ruff: noqa: RUF012, SIM105  as locustfiles write it, in tables with a row a line

import json
import logging
import random
import sys
import time
import warnings

import gevent
import locust  # first of all: it lets gevent patch; and the start-up hook decides by LOCUST_NATIVE
import locust.stats
from locust import HttpUser, SequentialTaskSet, TaskSet, User, between, constant, task
from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, StopTest, StopUser

HOST = sys.argv[1]
ROWS = {}


def row(function):
    ROWS[function.__name__] = function
    return function


def run(*classes, listeners=(), users=1, **options):
    """A test run of these classes until one of their users quits; returns the environment."""
    hooks = locust.event.Events()
    for name, listener in listeners:
        getattr(hooks, name).add_listener(listener)
    environment = Environment(user_classes=list(classes), host=HOST, events=hooks, **options)
    runner = environment.create_local_runner()
    runner.start(users, spawn_rate=100)
    runner.greenlet.join(timeout=20)
    return environment


def counts(environment):
    return sorted(
        (e.method, e.name, e.num_requests, e.num_failures, e.total_content_length)
        for e in environment.stats.entries.values()
    )


def quits(user):
    user.environment.runner.quit()


# Tasks and waiting


@row
def a_user_without_wait_time_runs_flat_out():
    class Visitor(HttpUser):
        done = 0

        @task
        def visit(self):
            self.client.get("/x")
            Visitor.done += 1
            if Visitor.done == 300:
                quits(self)

    environment = run(Visitor)
    user = Visitor(environment)
    return counts(environment), user.wait_time(), environment.stats.total.total_rps > 20


@row
def tasks_are_drawn_from_the_list_at_each_draw():
    class Visitor(User):
        drawn = []

        @task(3)
        def often(self):
            self.drawn.append("often")

        @task
        def seldom(self):
            self.drawn.append("seldom")
            if len(self.drawn) > 400:
                quits(self)

        def on_start(self):
            self.tasks.append(Visitor.added)
            self.tasks = [*self.tasks, Visitor.added]

        def added(self):
            self.drawn.append("added")

    def once():
        Visitor.drawn.clear()
        random.seed(7)
        run(Visitor)
        return list(Visitor.drawn)

    tasks = list(Visitor.tasks)
    first = once()
    Visitor.tasks[:] = tasks
    second = once()
    share = first.count("often") / len(first)
    return first == second, sorted(set(first)), 0.35 < share < 0.65, len(Visitor.tasks)


@row
def task_0_switches_a_task_off():
    class Visitor(User):
        drawn = set()
        left = 100

        @task(0)
        def never(self):
            self.drawn.add("never")

        @task(1)
        def always(self):
            self.drawn.add("always")
            self.left -= 1
            if not self.left:
                quits(self)

    run(Visitor)
    return sorted(Visitor.drawn), [t.__name__ for t in Visitor.tasks]


@row
def a_weight_in_a_sequential_task_set_repeats_the_task():
    order = []

    class Steps(SequentialTaskSet):
        @task(3)
        def first(self):
            order.append("first")

        @task
        def second(self):
            order.append("second")

        @task(2)
        class Inner(TaskSet):
            @task
            def inside(self):
                order.append("inside")
                self.interrupt()

        @task
        def last(self):
            order.append("last")
            if order.count("last") == 2:
                quits(self.user)

    class Visitor(User):
        tasks = [Steps]

    run(Visitor)
    return order


@row
def wait_time_assigned_while_the_test_starts_and_a_task_called_wait():
    seen = []

    class Calm(TaskSet):
        @task
        def visit(self):
            seen.append("visit")

        @task
        def wait(self):
            seen.append("wait")
            if len(seen) > 20:
                quits(self.user)

    class Visitor(User):
        wait_time = constant(1000)
        tasks = [Calm]

    def start(environment, **_):
        Visitor.wait_time = constant(0)

    run(Visitor, listeners=[("test_start", start)])
    return len(seen) > 20, sorted(set(seen)), seen[0::1][:1] != []


@row
def tasks_of_every_kind():
    seen = []

    def plain(user):
        seen.append(("plain", type(user).__name__, hasattr(user, "client")))
        if len(seen) > 300:
            quits(user)

    @task(2)
    def decorated(user):
        seen.append(("decorated", type(user).__name__, user.client is not None))

    class Elsewhere(TaskSet):
        def on_start(self):
            seen.append(("on_start", type(self.parent).__name__, self.client is self.user.client))

        @task
        class Nested(TaskSet):
            @task
            def deep(self):
                seen.append(
                    (
                        "deep",
                        type(self.parent).__name__,
                        type(self.user).__name__,
                        self.client is self.parent.client,
                    )
                )
                raise InterruptTaskSet(reschedule=False)

        @task
        def leave(self):
            seen.append(("leave", self.client.get("/leave").status_code))
            self.interrupt()

        def on_stop(self):
            seen.append(("on_stop",))

    class Visitor(HttpUser):
        tasks = {plain: 1, decorated: 2, Elsewhere: 1}

    @task
    def method(self):
        seen.append(("method", self.client.get("/m").text))

    Visitor.tasks.append(method)
    run(Visitor)
    return sorted(set(seen)), [getattr(t, "__name__", "") for t in Visitor.tasks]


@row
def min_wait_and_max_wait_have_no_effect():
    class Steps(TaskSet):
        min_wait = max_wait = 5000
        left = 50

        @task
        def step(self):
            self.left -= 1
            if not self.left:
                quits(self.user)

    class Visitor(User):
        min_wait = 5000
        max_wait = 9000
        tasks = [Steps]

    environment = run(Visitor)
    user = Visitor(environment)
    return user.wait_time(), Steps(user).wait_time()


@row
def between_and_constant():
    class Visitor(User):
        wait_time = between(0.01, 0.02)
        tasks = [lambda self: None]

    environment = Environment(user_classes=[Visitor], host=HOST)
    waits = [Visitor(environment).wait_time() for _ in range(50)]
    return all(0.01 <= wait <= 0.02 for wait in waits), len(set(waits)) > 10


@row
def polling_with_sleep_and_a_bare_except_that_swallows_the_kill():
    class Visitor(HttpUser):
        turns = 0

        def on_start(self):
            for _ in range(3):
                time.sleep(0.001)
                self.client.get("/poll")

        @task
        def visit(self):
            try:
                self.client.get("/do?delay=20", name="slow")
            except:  # noqa: E722
                pass
            self.turns += 1
            if self.turns == 3:
                quits(self)

    return counts(run(Visitor))


# Events and statistics


@row
def listeners_take_any_subset_of_the_arguments_in_any_order():
    seen = []

    def everything(
        request_type,
        name,
        response_time,
        response_length,
        response,
        context,
        exception,
        start_time,
        url,
        **kwargs,
    ):
        seen.append(
            [
                "everything",
                request_type,
                name,
                type(response_time).__name__,
                response_length,
                response.status_code,
                context,
                repr(exception),
                type(start_time).__name__,
                url,
                kwargs,
            ]
        )

    def some(exception, name, response, **_):
        seen.append(["some", name, bool(exception), response.status_code])

    def none(**kwargs):
        seen.append(["none", list(kwargs)])

    def without_kwargs(name):
        seen.append(["without", name])

    class Visitor(HttpUser):
        @task
        def visit(self):
            for path in ("/a", "/do?status=500", "/do?fault=close"):
                self.client.get(path, context={"k": path})
            quits(self)

    environment = run(
        Visitor, listeners=[("request", listener) for listener in (everything, some, none, without_kwargs)]
    )
    return seen, counts(environment), sorted(map(repr, environment.stats.errors.values())) != []


@row
def a_listener_that_steers():
    results = {}
    for kind in (StopUser, RescheduleTask, InterruptTaskSet, StopTest):
        trace = []

        def steer(kind=kind, trace=trace, **_):
            trace.append("fired")
            if trace.count("fired") == 1:
                raise kind()

        class Steps(TaskSet):
            @task
            def step(self, trace=trace):
                trace.append("step")
                self.client.get("/x")
                trace.append("after")
                if len(trace) > 8:
                    quits(self.user)

        class Visitor(HttpUser):
            tasks = [Steps]

            def on_stop(self, trace=trace):
                trace.append("stopped")
                if len(trace) < 8:
                    gevent.spawn(quits, self)

        environment = run(Visitor, listeners=[("request", steer)])
        results[kind.__name__] = [trace[:12], environment.stats.total.num_requests > 0]
    return results


@row
def extra_arguments_and_missing_ones_of_events_fired_by_hand():
    seen = []

    def listen(**kwargs):
        seen.append(sorted(kwargs.items(), key=str))

    environment = run_nothing()
    environment.events.request.add_listener(listen)
    for arguments in (
        {
            "request_type": "A",
            "name": "a",
            "response_time": 1.5,
            "response_length": 2,
            "exception": None,
            "own": {"metric": 1},
        },
        {"request_type": "A", "name": "a", "response_time": 0, "response_length": 0, "exception": None},
        {
            "request_type": "A",
            "name": "b",
            "response_time": None,
            "response_length": 0,
            "exception": ValueError("v"),
            "context": {},
        },
        {"request_type": "A", "name": "b", "response_time": 123, "response_length": 10, "exception": "text"},
    ):
        environment.events.request.fire(**arguments)
    entries = sorted(
        (
            e.name,
            e.num_requests,
            e.num_failures,
            e.num_none_requests,
            e.total_response_time,
            e.min_response_time,
            e.max_response_time,
            e.total_content_length,
            sorted(e.response_times.items()),
        )
        for e in environment.stats.entries.values()
    )
    return repr(seen), entries, [error.to_dict() for error in environment.stats.errors.values()] != []


def run_nothing():
    environment = Environment(user_classes=[], host=HOST, events=locust.event.Events())
    environment.create_local_runner()
    return environment


def filled():
    environment = run_nothing()
    for number in range(1, 101):
        environment.events.request.fire(
            request_type="GET",
            name=f"/{number % 3}",
            response_time=number,
            response_length=number * 10,
            exception=ValueError("odd") if number % 10 == 0 else None,
        )
    return environment


@row
def quitting_handlers_read_the_totals():
    total = filled().stats.total
    numbers = [
        total.num_requests,
        total.num_failures,
        total.fail_ratio,
        total.avg_response_time,
        total.median_response_time,
        total.max_response_time,
        total.min_response_time,
        total.avg_content_length,
    ]
    formatted = [
        f"{total.avg_response_time:.0f}",
        f"{total.fail_ratio:.2%}",
        f"{total.current_rps >= 0}",
        f"{total.total_rps > 0}",
    ]
    return (
        numbers,
        formatted,
        [total.get_response_time_percentile(p) for p in (0.5, 0.66, 0.75, 0.9, 0.95, 0.99, 0.999, 1.0)],
        total.to_string()[:30],
    )


@row
def entries_are_walked_as_a_dict():
    stats = filled().stats
    walked = sorted(
        (name, method, entry.num_requests, entry.num_failures)
        for (name, method), entry in stats.entries.items()
    )
    unknown = stats.get("/nothing", "GET")
    return (
        walked,
        unknown.num_requests,
        unknown.median_response_time,
        type(stats.entries).__name__,
        len(stats.entries),
        sorted(
            (error.name, error.method, error.to_name(), error.occurrences) for error in stats.errors.values()
        ),
    )


@row
def the_runner_is_read_and_called():
    seen = []

    class Visitor(HttpUser):
        @task
        def visit(self):
            self.client.get("/x")
            runner = self.environment.runner
            seen.append(
                [
                    runner.user_count,
                    runner.target_user_count,
                    runner.user_classes_count,
                    runner.state,
                    runner.stats is self.environment.stats,
                    type(runner).__name__,
                ]
            )
            if len(seen) == 1:
                raise KeyError("from a task")
            runner.quit()

    environment = run(Visitor)
    exceptions = [
        (entry["msg"], entry["count"], "KeyError" in entry["traceback"])
        for entry in environment.runner.exceptions.values()
    ]
    return seen, exceptions, environment.runner.state, environment.runner.user_count


@row
def module_constants_are_overwritten():
    kept = locust.stats.PERCENTILES_TO_REPORT, locust.stats.CONSOLE_STATS_INTERVAL_SEC
    locust.stats.PERCENTILES_TO_REPORT = [0.5, 0.9]
    locust.stats.CONSOLE_STATS_INTERVAL_SEC = locust.stats.CSV_STATS_INTERVAL_SEC = (
        locust.stats.CSV_STATS_FLUSH_INTERVAL_SEC
    ) = 1
    try:
        environment = filled()
        environment.stats.use_response_times_cache = True
        environment.events.request.fire(
            request_type="GET", name="/0", response_time=5, response_length=1, exception=None
        )
        lines = locust.stats.get_percentile_stats_summary(environment.stats)
        lines[0] = lines[0].removesuffix(" (approximated)")  # ours are not
        return [" ".join(line.split()) for line in lines], environment.stats.total.use_response_times_cache
    finally:
        locust.stats.PERCENTILES_TO_REPORT, locust.stats.CONSOLE_STATS_INTERVAL_SEC = kept


@row
def distributed_add_ons():
    environment = filled()
    report = {}
    environment.events.report_to_master.add_listener(lambda client_id, data: data.update(own=[1]))
    environment.events.report_to_master.fire(client_id="w", data=report)
    serialized = environment.stats.serialize_stats()
    for entry in serialized:
        for stamp in ("start_time", "last_request_timestamp"):
            entry[stamp] = type(entry[stamp]).__name__
        for per_second in ("num_reqs_per_sec", "num_fail_per_sec"):
            entry[per_second] = sum(entry[per_second].values())
    keys = sorted(report), report.get("own"), sorted(report.get("stats_total", {}))
    summary = [line[:20] for line in locust.stats.get_stats_summary(environment.stats)]
    return keys, serialized, summary


@row
def a_request_that_raises_and_a_block_that_fails():
    class Visitor(HttpUser):
        turns = 0

        @task
        def visit(self):
            self.turns += 1
            if self.turns == 2:
                quits(self)
            with self.client.get("/a", catch_response=True) as answer:
                answer.failure("mine")
            self.client.get("/b", catch_response=True)
            try:
                with self.client.get("/c"):
                    pass
            except Exception as raised:
                self.environment.caught = repr(raised)
            self.client.get("http://", name="/never")

    environment = run(Visitor)
    errors = sorted(
        (e.name, e.method, str(e.error), e.occurrences) for e in environment.stats.errors.values()
    )
    return (
        counts(environment),
        errors,
        environment.caught,
        [entry["msg"] for entry in environment.runner.exceptions.values()],
    )


def main():
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    out = {}
    for name, function in ROWS.items():
        started = time.perf_counter()
        try:
            out[name] = function()
        except Exception as raised:
            out[name] = f"raised {raised!r}"
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    try:
        import locust_native

        on = locust_native.status().on
    except ImportError:
        on = False
    print("\n" + json.dumps({"on": on, "rows": out}, default=repr))


if __name__ == "__main__":
    main()
