"""The old user classes in real runs: classes, weights, clients, life cycle, mistakes."""

import pytest

STOP = """
from locust import HttpLocust, TaskSet, task, events
from locust.exception import StopLocust
import locust.runners

def say(*words):
    print("say:", *words, flush=True)

def quit():
    from gevent import spawn
    import gc
    runner = next(o for o in gc.get_objects() if isinstance(o, locust.runners.Runner))
    spawn(runner.quit)
"""


def test_http_locust_with_task_set_and_self_locust(run_locust, server):
    run = run_locust(
        STOP
        + """
class Tasks(TaskSet):
    def on_start(self):
        self.client.get("/start")

    @task
    def index(self):
        self.client.get("/index")
        self.locust.client.get("/by-locust")
        say(type(self.locust).__name__, self.locust.host == self.parent.host)
        quit()
        raise StopLocust()

class Person(HttpLocust):
    task_set = Tasks
    min_wait = 0
    max_wait = 0
"""
    )
    assert run.code == 0, run.err
    assert run.said == ["Person True"]
    assert server.seen == {"GET /start": 1, "GET /index": 1, "GET /by-locust": 1}
    assert set(run.stats) == {"/start", "/index", "/by-locust"}
    assert "Deprecat" not in run.err


def test_weights_of_classes_and_tasks(run_locust):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet, task
def a(l): pass
def b(l): pass
class Tasks(TaskSet):
    tasks = {a: 3, b: 1}
class Most(HttpLocust):
    weight = 80
    task_set = Tasks
class Few(HttpLocust):
    weight = 20
    class task_set(TaskSet):
        @task(2)
        def c(self): pass
        @task
        def d(self): pass
class Unset(HttpLocust):
    "weight 10, as it was"
    task_set = Tasks
class NoTasks(HttpLocust):
    host = "http://base.invalid"
class _Hidden(HttpLocust):
    task_set = Tasks
""",
        "--show-task-ratio-json", "-u", "110",
    )  # fmt: skip
    assert run.code == 0, run.err
    import json

    ratios = json.loads(run.out)["per_class"]
    assert {name: round(entry["ratio"] * 110) for name, entry in ratios.items()} == {
        "Most": 80,
        "Few": 20,
        "Unset": 10,
    }
    assert ratios["Most"]["tasks"]["Tasks"]["tasks"]["a"]["ratio"] == 0.75
    assert ratios["Few"]["tasks"]["task_set"]["tasks"]["c"]["ratio"] == pytest.approx(2 / 3)


def test_a_subclass_s_task_set_replaces_its_base_s(run_wing):
    run = run_wing(
        """
from locust import HttpLocust, TaskSet
class A(TaskSet): tasks = [print]
class B(TaskSet): tasks = [print]
class Base(HttpLocust): task_set = A
class Same(Base): pass
class Other(Base): task_set = B
class Late(HttpLocust): pass
assert Late.abstract
Late.task_set = B
print([[t.__name__ for t in c.tasks] for c in (Base, Same, Other, Late)], Late.abstract)
"""
    )
    assert run.out.strip() == "[['A'], ['A'], ['B'], ['B']] False", run.err


def test_fast_http_locust_and_path(run_locust, server):
    run = run_locust(
        """
from locust import TaskSet, task
from locust.contrib.fasthttp import FastHttpLocust
def once(l):
    l.client.get(path="/a")
    l.client.request("GET", path="/b")
    l.client.post("/c", "body")
class Person(FastHttpLocust):
    tasks = [once]
    min_wait = max_wait = 60000
""",
        "-n", "3",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert server.seen == {"GET /a": 1, "GET /b": 1, "POST /c": 1}


def test_locust_with_a_client_of_its_own(run_locust):
    run = run_locust(
        STOP
        + """
from locust import Locust
class Client:
    def __init__(self, host): self.host = host
    def call(self):
        events.request_success.fire(request_type="xmlrpc", name="call", response_time=7, response_length=0)
class Base(Locust):
    def __init__(self):
        super(Base, self).__init__()
        self.client = Client(self.host)
class Person(Base):
    host = "xmlrpc"
    min_wait = max_wait = 60000
    class task_set(TaskSet):
        @task
        def call(self):
            self.client.call()
            quit()
"""
    )
    assert run.code == 0, run.err
    assert run.stats["call"]["num_requests"] == 1
    assert run.stats["call"]["total_response_time"] == 7


def test_locust_without_a_client_says_so(run_wing):
    run = run_wing(
        """
from locust import Locust, TaskSet
class Tasks(TaskSet): tasks = [print]
class Person(Locust): task_set = Tasks
try:
    Person().client.get("/")
except locust.exception.LocustError as error:
    print(error)
"""
    )
    assert run.out.strip() == "No client instantiated. Did you intend to inherit from HttpLocust?", run.err


def test_old_classes_are_revived_for_files_being_loaded_only(run_wing, run_bare, tmp_path):
    """Whoever tries in passing whether they are gone, as Locust's own tests do, gets Locust's answer."""
    (tmp_path / "old_base.py").write_text(
        """
from locust import HttpLocust, TaskSet
class Tasks(TaskSet): tasks = [lambda self: None]
def made(name): return type(name, (HttpLocust,), {"task_set": Tasks})
Early = made("Early")
"""
    )
    text = """
sys.path.insert(0, ".")
import old_base
from locust import Locust, HttpLocust
from locust.contrib.fasthttp import FastHttpLocust
def tries():
    for kind in (Locust, HttpLocust, FastHttpLocust):
        try: type("Late", (kind,), {"__module__": "somewhere"})
        except ImportError as error: print(error)
class Here(HttpLocust): pass
print(old_base.Early.abstract, type("Typed", (HttpLocust,), {"task_set": old_base.Tasks}).abstract)
tries()
"""
    lines = run_wing(text).out.splitlines()
    assert lines[0] == "False False"
    stock = run_bare(
        """
from locust import Locust, HttpLocust
from locust.contrib.fasthttp import FastHttpLocust
for kind in (Locust, HttpLocust, FastHttpLocust):
    try: type(kind)("Late", (kind,), {})
    except ImportError as error: print(error)
"""
    )
    assert lines[1:] == stock.out.splitlines()
    assert len(lines) == 4


def test_run_under_main(run_file, server):
    run = run_file(
        f"""
from locust import HttpLocust, TaskSet, task
from locust.exception import StopLocust
class Tasks(TaskSet):
    @task
    def index(self):
        self.client.get("/main")
        raise StopLocust()
class Person(HttpLocust):
    host = "{server.url}"
    task_set = Tasks
if __name__ == "__main__":
    Person().run()
    print("say: done")
"""
    )
    assert (run.code, run.said) == (0, ["done"]), run.err
    assert server.seen == {"GET /main": 1}


def test_setup_and_teardown_run_once_per_process(run_locust):
    run = run_locust(
        STOP
        + """
class Tasks(TaskSet):
    def setup(self): say("task set setup")
    def teardown(self): say("task set teardown")
    def on_start(self): say("start")
    @task
    def stop(self): raise StopLocust()
class Person(HttpLocust):
    task_set = Tasks
    def setup(self): say("setup")
    def teardown(self): say("teardown")
def all_there(user_count):
    quit()
events.hatch_complete += all_there
""",
        "-u", "3", "-r", "100",
    )  # fmt: skip
    assert run.code == 0, run.err
    assert run.said == [
        "setup", "task set setup", "start", "start", "start", "task set teardown", "teardown",
    ]  # fmt: skip


def test_setup_that_raises_is_reported_and_the_user_runs(run_locust):
    run = run_locust(
        STOP
        + """
class Person(HttpLocust):
    def setup(self): raise ValueError("no database")
    class task_set(TaskSet):
        @task
        def go(self):
            say("ran")
            quit()
            raise StopLocust()
""",
    )
    assert run.code == 1
    assert run.said == ["ran"]
    assert "no database" in run.err


def test_stop_timeout_of_the_class(run_locust):
    run = run_locust(
        STOP
        + """
import gevent
class Inner(TaskSet):
    @task
    def sleep(self):
        say("inner")
        gevent.sleep(0.15)
class Tasks(TaskSet):
    tasks = [Inner]
    def on_stop(self):
        say("over")
        quit()
class Person(HttpLocust):
    stop_timeout = 0.1
    min_wait = max_wait = 1
    task_set = Tasks
"""
    )
    assert run.code == 0, run.err
    assert run.said == ["inner", "over"]


def test_exceptions_are_reported_and_the_next_task_comes(run_locust):
    run = run_locust(
        STOP
        + """
count = 0
class Tasks(TaskSet):
    @task
    def fail(self):
        global count
        count += 1
        if count == 2:
            quit()
            raise StopLocust()
        raise ValueError("broken task")
class Person(HttpLocust):
    min_wait = max_wait = 1
    task_set = Tasks
def on_error(locust_instance, exception, tb):
    say(type(locust_instance).__name__, exception, tb is not None)
events.locust_error += on_error
"""
    )
    assert run.code == 1
    assert run.said == ["Tasks broken task True"]
    assert run.err.count("ValueError: broken task") == 1


def test_http_session_with_a_base_url_alone_and_a_plain_with(run_locust, server):
    run = run_locust(
        STOP
        + """
from locust.clients import HttpSession
class Tasks(TaskSet):
    @task
    def go(self):
        other = HttpSession(self.locust.host)
        other.get("/other")
        with self.client.get("/plain") as response:
            if hasattr(response, "failure"):
                response.failure("not this way")
            say(response.status_code, hasattr(response, "success"))
        with self.client.get("/caught", catch_response=True) as response:
            response.failure("asked for")
        quit()
        raise StopLocust()
class Person(HttpLocust):
    task_set = Tasks
"""
    )
    assert run.said == ["200 False"], run.err
    assert run.code == 1
    failed = {name: entry["num_failures"] for name, entry in run.stats.items()}
    assert failed == {"/other": 0, "/plain": 0, "/caught": 1}
    assert server.seen == {"GET /other": 1, "GET /plain": 1, "GET /caught": 1}


def test_a_user_of_today_beside_old_ones_still_needs_catch_response(run_locust):
    run = run_locust(
        STOP
        + """
from locust import HttpUser
class Person(HttpLocust):
    class task_set(TaskSet):
        @task
        def go(self):
            with self.client.get("/old"): pass
class Modern(HttpUser):
    @task
    def go(self):
        try:
            with self.client.get("/new"): pass
        except locust.exception.LocustError as error:
            say(error)
            quit()
""",
        "-u", "11", "-r", "100",
    )  # fmt: skip
    assert set(run.said) == {
        "In order to use a with-block for requests, you must also pass catch_response=True"
    }, run.err
    assert run.code == 0, run.err


@pytest.mark.parametrize(
    ("waits", "message"),
    [
        ("min_wait = 9000; max_wait = 5000", "min_wait 9000 ms is above max_wait 5000 ms; swap the two"),
        ("min_wait = 5000", "min_wait 5000 ms is above max_wait 1000 ms (the default); set max_wait as well"),
        ("min_wait = '5000'", "min_wait must be a number of milliseconds, not '5000'"),
        ("task_set = 7", "task_set must be a TaskSet class, not 7"),
    ],
)
def test_bad_classes_end_in_one_line(run_locust, waits, message):
    run = run_locust(
        f"""
from locust import HttpLocust, TaskSet
class Tasks(TaskSet): tasks = [print]
class Person(HttpLocust):
    task_set = Tasks
    {waits}
"""
    )
    assert (run.code, run.out) == (1, "")
    assert run.err == f"locustfile.py: class Person: {message}\n"


def test_a_task_set_s_range_upside_down_names_the_task_set(run_locust):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet
class Tasks(TaskSet):
    tasks = [print]
    min_wait = 8000
class Person(HttpLocust):
    task_set = Tasks
    max_wait = 7000
"""
    )
    assert run.code == 1
    assert run.err == (
        "locustfile.py: class Tasks: min_wait 8000 ms is above max_wait 7000 ms; swap the two\n"
    )


def test_no_host_is_an_error_as_today(run_locust):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet
class Tasks(TaskSet): tasks = [print]
class Person(HttpLocust): task_set = Tasks
""",
        "--headless", "-t", "5", plain=True,
    )  # fmt: skip
    assert "You must specify the base host" in run.err


def test_all_weights_zero_is_an_error_in_one_line(run_locust):
    run = run_locust(
        """
from locust import HttpLocust, TaskSet
class Tasks(TaskSet): tasks = [print]
class Person(HttpLocust):
    weight = 0
    task_set = Tasks
"""
    )
    assert run.code == 1
    assert "every user class has weight 0; give one of them a weight above 0" in run.err
    assert "Traceback" not in run.err
