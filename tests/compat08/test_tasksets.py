"""Waits, nesting, sequences and `self.locust` of the old task sets, and that modern ones stay as they are."""

import pytest

WAITS = """
from locust import HttpLocust, TaskSet, between, task
import gevent

def show(user_class):
    user = user_class()
    task_set = user_class.task_set(user)
    waits = [task_set.wait_time() for _ in range(5000)]  # so many that both ends are met
    print(f"{min(waits):.1f} {max(waits):.1f}")

class Tasks(TaskSet): tasks = [print]
class Base(HttpLocust):
    host = "http://x.invalid"
    task_set = Tasks
"""


@pytest.mark.parametrize(
    ("classes", "seconds"),
    [
        ("class P(Base): pass", "1.0 1.0"),
        ("class P(Base): min_wait = 5000; max_wait = 9000", "5.0 9.0"),
        ("class P(Base): max_wait = 3000", "1.0 3.0"),
        ("class P(Base): min_wait = 500", "0.5 1.0"),
        ("class P(Base): min_wait = 0.5 * 1000; max_wait = 0.6 * 1000", "0.5 0.6"),
        ("class P(Base): min_wait = 0; max_wait = 0", "0.0 0.0"),
        ("class P(Base): min_wait = max_wait = None", "1.0 1.0"),
        ("class P(Base): wait_function = lambda self: 700", "0.7 0.7"),
        ("class P(Base): min_wait = 9000; max_wait = 1; wait_function = lambda self: 700", "0.7 0.7"),
        ("class P(Base): wait_time = between(2, 3)", "2.0 3.0"),
        ("class P(Base): wait_time = between(2, 3); min_wait = 9000; max_wait = 9000", "2.0 3.0"),
        (
            "class T(TaskSet): tasks = [print]; min_wait = 50; max_wait = 60\n"
            "class P(Base): task_set = T; min_wait = 9000; max_wait = 9000",
            "0.1 0.1",
        ),
        (
            "class T(TaskSet): tasks = [print]; max_wait = 6000\n"
            "class P(Base): task_set = T; min_wait = 4000; max_wait = 5000",
            "4.0 6.0",
        ),
        (
            "class T(TaskSet): tasks = [print]; wait_function = lambda self: 200\n"
            "class P(Base): task_set = T; wait_time = between(2, 3)",
            "0.2 0.2",
        ),
        (
            "class T(TaskSet): tasks = [print]; wait_time = between(4, 4)\n"
            "class P(Base): task_set = T; min_wait = 1; max_wait = 1",
            "4.0 4.0",
        ),
        ("class P(Base): min_wait = 1\nP.min_wait = 2000; P.max_wait = 2000", "2.0 2.0"),
    ],
)
def test_wait(run_wing, classes, seconds):
    run = run_wing(f"{WAITS}\n{classes}\nshow(P)")
    assert run.out.strip() == seconds, run.err


def test_a_wait_set_on_the_task_set_while_it_runs_counts_from_then_on(run_wing):
    run = run_wing(
        WAITS
        + """
class P(Base): min_wait = max_wait = 9000
tasks = Tasks(P())
tasks.min_wait = tasks.max_wait = 10
print(tasks.wait_time())
"""
    )
    assert run.out.strip() == "0.01", run.err


def test_waits_are_slept(run_locust, server):
    run = run_locust(
        """
import time
from locust import HttpLocust, TaskSet, task
class Tasks(TaskSet):
    @task
    def go(self):
        now = time.time()
        if hasattr(self, "last"):
            print("say:", now - self.last, flush=True)
        self.last = now
        self.client.get("/")
class Person(HttpLocust):
    task_set = Tasks
    min_wait = max_wait = 300
""",
        "-n", "4",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert [0.29 < float(seconds) < 3 for seconds in run.said] == [True] * 3
    assert server.seen == {"GET /": 4}


def test_nested_task_sets_interrupt_and_parent(run_locust, server):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet, task, InterruptTaskSet
class Forum(TaskSet):
    class Thread(TaskSet):
        def on_start(self):
            self.client.get("/thread")
        @task
        def leave(self):
            self.client.get("/leave")
            assert self.locust is self.parent.locust and self.parent.parent is self.locust
            self.interrupt()
    tasks = {Thread: 1}
class Person(HttpLocust):
    task_set = Forum
    min_wait = max_wait = 1
""",
        "-n", "6",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert server.seen == {"GET /thread": 3, "GET /leave": 3}


def test_an_init_that_makes_requests_and_tasks_with_arguments(run_locust, server):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet, task
def visit(task_set, page, anchor=""):
    task_set.client.get(page + anchor)
class Tasks(TaskSet):
    def __init__(self, parent):
        super(Tasks, self).__init__(parent)
        self.client.get("/init")
        self.schedule_task(visit, args=["/page"], kwargs={"anchor": "/a"})
        self.schedule_task(self.own, ["/bound"])
        self.schedule_task(self.own, first=True)
    def own(self, page="/first"):
        self.client.get(page)
    @task
    def rest(self):
        self.client.get("/rest")
class Person(HttpLocust):
    task_set = Tasks
    min_wait = max_wait = 1
    def __init__(self):
        super(Person, self).__init__()
        self.client.get("/user")
""",
        "-n", "6",
    )  # fmt: skip
    assert run.code == 0, run.err
    paths = ("/user", "/init", "/first", "/page/a", "/bound", "/rest")
    assert server.seen == {f"GET {path}": 1 for path in paths}


def test_a_sequence_keeps_its_order_and_repeats_weighted_tasks(run_locust):
    run = run_locust(
        """
from locust import HttpLocust, TaskSequence, seq_task, task
class Steps(TaskSequence):
    @seq_task(3)
    def last(self):
        print("say: last", flush=True)
        self.client.get("/")
    @seq_task(1)
    def first(self):
        print("say: first", flush=True)
    @seq_task(2)
    @task(3)
    def middle(self):
        print("say: middle", flush=True)
    @task
    def unplaced(self):
        print("say: unplaced", flush=True)
class Person(HttpLocust):
    task_set = Steps
    min_wait = max_wait = 1
""",
        "-n", "2",
    )  # fmt: skip
    assert run.code == 0, run.err
    once = ["first", "unplaced", "middle", "middle", "middle", "last"]
    assert run.said == once * 2


def test_locust_s_own_classes_and_modern_files_see_nothing(run_wing):
    run = run_wing(
        """
import warnings
from locust import HttpLocust, HttpUser, TaskSet, SequentialTaskSet, task
from locust.user.task import DefaultTaskSet
before = {c: dict(vars(c)) for c in (TaskSet, SequentialTaskSet, DefaultTaskSet, locust.User, HttpUser)}
class Old(TaskSet): tasks = [print]
class Person(HttpLocust): task_set = Old
class Modern(TaskSet):
    min_wait = max_wait = 60000
    tasks = [print]
class User(HttpUser):
    host = "http://x.invalid"
    tasks = [Modern]
assert all(dict(vars(c)) == v for c, v in before.items())
user = User(locust.env.Environment())
print(hasattr(Old, "locust"), hasattr(Modern, "locust"), hasattr(TaskSet, "locust"), Modern(user).wait_time())
"""
    )
    assert run.out.strip() == "True False False 0", run.err
