"""Every row of the table "Pre-1.0 files: what a compatibility layer meets", a test each, named after the row.

Rows that other files of this folder look at more closely have a short form here, so that all are in one place.
"""

import re

import pytest

# One user, and an end: the last task stops the run.
HEAD = """
from locust import HttpLocust, TaskSet, task, events
import locust.runners

def say(*words):
    print("say:", *words, flush=True)

def end():
    import gevent
    gevent.spawn(locust.runners.locust_runner.quit)
    gevent.sleep(60)
"""


def complaints(run) -> list[str]:
    """What went wrong, as the log has it."""
    return [line for line in run.err.splitlines() if re.search(r"^Traceback|^\S*Error:", line)]


@pytest.fixture
def run(run_locust):
    """Run a file as one user; it must load, run and end without a complaint."""

    def run(text, *arguments, code=0):
        done = run_locust(HEAD + text, "-t", "20s", *arguments)
        assert (done.code, complaints(done)) == (code, []), done.err
        return done

    return run


def test_http_locust_with_task_set(run, server):
    run("""
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/index")
        end()
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 1
""")
    assert server.seen == {"GET /index": 1}


@pytest.mark.parametrize("tasks", ["task_set = Some", "tasks = [Some]"])
def test_fast_http_locust_from_contrib_fasthttp(run, server, tasks):
    run(f"""
from locust.contrib.fasthttp import FastHttpLocust
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/index")
        end()
class Person(FastHttpLocust):
    {tasks}
""")
    assert server.seen == {"GET /index": 1}


def test_locust_as_base_of_a_custom_client(run):
    done = run("""
import time
from locust import Locust
class Client:
    def ask(self):
        events.request_success.fire(request_type="rpc", name="ask", response_time=3, response_length=5)
class Base(Locust):
    def __init__(self, *args, **kwargs):
        super(Base, self).__init__(*args, **kwargs)
        self.client = Client()
class Person(Base):
    class task_set(TaskSet):
        @task
        def ask(self):
            self.client.ask()
            end()
""")
    assert done.stats["ask"]["num_requests"] == 1


@pytest.mark.parametrize(
    ("waits", "least", "most"),
    [
        ("min_wait = 100\n    max_wait = 200", 0.09, 0.9),
        ("min_wait = 0.1 * 1000\n    max_wait = 0.2 * 1000", 0.09, 0.9),  # floats
        ("max_wait = 1000", 0.9, 1.9),  # the other defaults to 1000
        ("pass", 0.9, 1.9),  # none at all: one second
    ],
    ids=["ints", "floats", "only max_wait", "no wait at all"],
)
def test_min_wait_max_wait_in_milliseconds(run, waits, least, most):
    done = run(f"""
import time
class Some(TaskSet):
    @task
    def index(self):
        self.times = getattr(self, "times", []) + [time.time()]
        if len(self.times) == 2:
            say(self.times[1] - self.times[0])
            end()
class Person(HttpLocust):
    task_set = Some
    {waits}
""")
    assert least <= float(done.said[0]) < most


def test_wait_time_between(run):
    done = run("""
from locust import between
import time
class Some(TaskSet):
    @task
    def index(self):
        self.times = getattr(self, "times", []) + [time.time()]
        if len(self.times) == 2:
            say(self.times[1] - self.times[0])
            end()
class Person(HttpLocust):
    task_set = Some
    wait_time = between(0.1, 0.2)
""")
    assert 0.09 <= float(done.said[0]) < 0.9


def test_task_set_on_start_and_on_stop(run, server):
    run("""
class Some(TaskSet):
    def on_start(self):
        self.client.get("/start")
    def on_stop(self):
        self.client.get("/stop")
    @task
    def index(self):
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert server.seen == {"GET /start": 1, "GET /stop": 1}


@pytest.mark.parametrize(
    "tasks",
    [
        "    @task(30)\n    def a(self): self.client.get('/a')\n"
        "    @task(10)\n    def b(self): self.client.get('/b')\n",
        "    tasks = {a: 30, b: 10}\n",
    ],
    ids=["@task(n)", "tasks = {f: n}"],
)
def test_weights(run, server, tasks):
    run(
        f"""
def a(l): l.client.get("/a")
def b(l): l.client.get("/b")
class Some(TaskSet):
{tasks}
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 0
""",
        "-n", "400",
    )  # fmt: skip
    assert sum(server.seen.values()) in (400, 401)
    assert 250 < server.seen["GET /a"] < 350


def test_self_client_and_self_locust_inside_task_sets(run, server):
    done = run("""
class Some(TaskSet):
    @task
    class Inner(TaskSet):
        @task
        def index(self):
            self.locust.client.get("/a")
            self.client.get("/b")
            say(self.locust.host == self.client.base_url, type(self.locust).__name__, self.locust is self.user)
            end()
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 0
""")
    assert done.said == ["True Person True"]
    assert server.seen == {"GET /a": 1, "GET /b": 1}


def test_weight_and_host_on_the_class(run_locust, server):
    done = run_locust(
        HEAD
        + f"""
class Some(TaskSet):
    @task
    def index(self): self.client.get("/" + type(self.locust).__name__)
class A(HttpLocust):
    task_set = Some
    host = "{server.url}"
    weight = 3
    min_wait = max_wait = 1
class B(A):
    weight = 1
""",
        "--headless", "-u", "8", "-r", "100", "-n", "80", "-t", "20s", plain=True,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert set(server.seen) == {"GET /A", "GET /B"}
    assert '"A": 6, "B": 2' in done.err


def test_task_sequence_with_seq_task(run, server):
    run("""
from locust import TaskSequence, seq_task
class Some(TaskSequence):
    @seq_task(2)
    def second(self):
        self.client.get("/second")
    @seq_task(1)
    @task(2)
    def first(self):
        self.client.get("/first")
    @seq_task(3)
    def third(self):
        end()
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 0
""")
    assert server.seen == {"GET /first": 2, "GET /second": 1}


def test_setup_and_teardown_on_class_or_task_set(run):
    done = run("""
class Some(TaskSet):
    def setup(self): say("task set: setup")
    def teardown(self): say("task set: teardown")
    @task
    def index(self): end()
class Person(HttpLocust):
    task_set = Some
    def setup(self): say("class: setup")
    def teardown(self): say("class: teardown")
""")
    assert done.said[:2] == ["class: setup", "task set: setup"]
    assert sorted(done.said[2:]) == ["class: teardown", "task set: teardown"]


def test_events_plus_equals_with_listeners_without_kwargs(run):
    done = run(
        """
def success(request_type, name, response_time, response_length):
    say("success", request_type, name, type(response_time).__name__, response_length)
def failure(request_type, name, response_time, exception):
    say("failure", request_type, name, type(exception).__name__)
def hatched(user_count):
    say("hatched", user_count)
def quitting():
    say("quitting")
events.request_success += success
events.request_failure += failure
events.hatch_complete += hatched
events.quitting += quitting
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/good")
        self.client.get("/broken")
        end()
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 1
""",
        code=1,
    )
    assert sorted(done.said) == [
        "failure GET /broken HTTPError",
        "hatched 1",
        "quitting",
        "success GET /good int 5",
    ]


def test_request_success_fired_by_hand_with_a_count_for_the_response_time(run):
    done = run("""
class Some(TaskSet):
    @task
    def index(self):
        for replicas in 3, 4:
            events.request_success.fire(
                request_type="scale", name="replicas", response_time=replicas, response_length=0)
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.stats["replicas"]["num_requests"] == 2
    assert done.stats["replicas"]["total_response_time"] == 7


def test_import_locust_events_as_a_module(run):
    done = run("""
import locust.events
from locust.events import request_success
def listen(name, **kw): say(name, locust.events.request_success is request_success is events.request_success)
locust.events.request_success += listen
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/a")
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.said == ["/a True"]


@pytest.mark.parametrize(
    "client",
    [
        "from locust.clients import HttpSession",
        "from locust import clients\nHttpSession = clients.HttpSession",
    ],
)
def test_http_session_with_one_argument(run, server, client):
    done = run(f"""
{client}
class Some(TaskSet):
    @task
    def index(self):
        other = HttpSession(self.locust.host)
        say(other.get("/other").text, other._native is not None)
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.said == ["hello True"]
    assert done.stats["/other"]["num_requests"] == server.seen["GET /other"] == 1


def test_from_locust_exception_import_stop_locust(run_locust, server):
    done = run_locust(
        HEAD
        + """
from locust.exception import StopLocust
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/once")
        raise StopLocust()
class Person(HttpLocust):
    task_set = Some
    min_wait = max_wait = 0
    def on_stop(self): pass
events.request_success += lambda **kw: __import__("gevent").spawn_later(0.5, locust.runners.locust_runner.quit)
""",
        "-t", "20s",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert server.seen == {"GET /once": 1}


@pytest.mark.parametrize(
    "line", ["from locust import web", "import locust.web as web", "from locust import web, clients"]
)
def test_from_locust_import_web(run, line):
    done = run(f"""
{line}
class Some(TaskSet):
    @task
    def index(self):
        say(web.__name__)
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.said == ["locust.web"]


@pytest.mark.parametrize(
    "call", ["get(path='/a')", "request('GET', path='/a')", "request(method='GET', path='/a')"]
)
def test_path_on_the_fast_client(run, server, call):
    run(f"""
from locust.contrib.fasthttp import FastHttpLocust
class Some(TaskSet):
    @task
    def index(self):
        self.client.{call}
        end()
class Person(FastHttpLocust):
    task_set = Some
""")
    assert server.seen == {"GET /a": 1}


def test_task_set_init_that_already_makes_requests(run, server):
    run("""
class Some(TaskSet):
    def __init__(self, parent):
        super(Some, self).__init__(parent)
        self.client.get("/in-init")
        self.greeting = self.client.get("/again").text
    @task
    def index(self):
        assert self.greeting == "hello"
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert server.seen == {"GET /in-init": 1, "GET /again": 1}


@pytest.mark.parametrize("base", ["HttpLocust", "FastHttpLocust"])
def test_my_locust_run_under_main(run_file, server, base):
    done = run_file(f"""
from locust import HttpLocust, TaskSet, task
from locust.contrib.fasthttp import FastHttpLocust
from locust.exception import StopLocust
import locust.runners
from locust.stats import global_stats
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/main")
        raise StopLocust()
class MyLocust({base}):
    host = "{server.url}"
    task_set = Some
if __name__ == "__main__":
    MyLocust().run()
    print("say: done", locust.runners.locust_runner)
""")
    assert (done.code, done.said, complaints(done)) == (0, ["done None"], []), done.err
    assert server.seen == {"GET /main": 1}


def test_with_client_get_without_catch_response_and_hasattr_failure(run, server):
    done = run("""
class Some(TaskSet):
    @task
    def index(self):
        with self.client.get("/plain") as response:
            say(response.text, hasattr(response, "failure"))
        with self.client.get("/caught", catch_response=True) as response:
            say(hasattr(response, "failure"))
            response.success()
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.said == ["hello False", "True"]
    assert {name: entry["num_requests"] for name, entry in done.stats.items()} == {"/plain": 1, "/caught": 1}


# --- beside the table: what these files found in Locust's modules --------------------------------------------


def test_locust_runner_and_global_stats(run):
    done = run("""
from locust import runners
from locust.stats import global_stats
from locust.runners import MasterLocustRunner, SlaveLocustRunner, LocalLocustRunner, STATE_HATCHING
say(runners.locust_runner, global_stats.total.num_requests)
def report():
    total = runners.global_stats.get("/a", "GET").num_requests
    say(global_stats.total.num_requests, total, list(global_stats.entries),
        runners.locust_runner.stats.total.num_requests, isinstance(global_stats, locust.stats.RequestStats))
events.quitting += report
class Some(TaskSet):
    @task
    def index(self):
        self.client.get("/a")
        say(isinstance(runners.locust_runner, LocalLocustRunner), isinstance(runners.locust_runner, SlaveLocustRunner))
        end()
class Person(HttpLocust):
    task_set = Some
""")
    assert done.said == ["None 0", "True False", "1 1 [('/a', 'GET')] 1 True"]


def test_a_route_of_the_file_s_own_on_the_web_page(run_locust, server, free_port):
    done = run_locust(
        HEAD
        + f"""
from locust import web
@web.app.route("/mine")
def mine():
    return "my own page"
import gevent, requests
from locust import events
@events.test_start.add_listener
def ask(**kw):
    def fetch():
        say(requests.get("http://127.0.0.1:{free_port}/mine").text)
        locust.runners.locust_runner.quit()
    gevent.spawn(fetch)
class Some(TaskSet):
    @task
    def index(self): pass
class Person(HttpLocust):
    task_set = Some
""",
        "--web-port", str(free_port), "--autostart", "--autoquit", "0", "-t", "1s", "--host", server.url,
        plain=True,
    )  # fmt: skip
    assert done.said == ["my own page"], done.err


def test_what_locust_s_modules_do_not_have_is_still_an_error(run_wing):
    done = run_wing("""
import locust.runners, locust.stats, locust.web
for module in locust.runners, locust.stats, locust.web:
    try:
        module.nothing
    except AttributeError as error:
        print(error)
print(len([each for each in locust.events.init._handlers if not each.__module__.startswith("locust_native.")]))
try:
    locust.web.app.add_url_rule
except AttributeError as error:
    print(error)
""")
    assert done.out.splitlines() == [
        "module 'locust.runners' has no attribute 'nothing'",
        "module 'locust.stats' has no attribute 'nothing'",
        "module 'locust.web' has no attribute 'nothing'",
        "0",
        "locust.web.app.add_url_rule: there is no web page yet; use it in an init listener",
    ]


def test_old_classes_are_revived_in_files_and_stay_errors_elsewhere(tmp_path, run_wing):
    """In the middle of a program that is no locustfile, Locust's own ImportError stands."""
    (tmp_path / "library.py").write_text("""
from locust import HttpLocust, Locust
from locust.contrib.fasthttp import FastHttpLocust
class AsTheFileLoads(HttpLocust): pass
def make(base):
    class Late(base): pass
    return Late
Early = make(Locust)
""")
    done = run_wing("""
import library, locust, locust.contrib.fasthttp
print(library.AsTheFileLoads, library.Early)
for base in locust.HttpLocust, locust.Locust, locust.contrib.fasthttp.FastHttpLocust:
    try:
        library.make(base)
    except ImportError as error:
        print(error)
print(library.make(library.AsTheFileLoads))
class Here(locust.HttpLocust): pass
print(Here)
""")
    words = (
        "has been renamed to {} in version 1.0. "
        "For more info see: https://docs.locust.io/en/latest/changelog.html#changelog-1-0"
    )
    assert done.out.splitlines() == [
        "<class 'library.AsTheFileLoads'> <class 'library.make.<locals>.Late'>",
        "The HttpLocust class " + words.format("HttpUser"),
        "The Locust class " + words.format("User"),
        "The FastHttpLocust class " + words.format("FastHttpUser"),
        "<class 'library.make.<locals>.Late'>",
        "<class '__main__.Here'>",
    ], done.err
