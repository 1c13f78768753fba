"""Old event hooks in real runs, fired by Locust and by files."""

FILE = """
from locust import HttpLocust, TaskSet, task, events
from locust.exception import StopLocust
class Tasks(TaskSet):
    @task
    def go(self):
        self.client.get("/good", name="good")
        self.client.get("/broken", name="bad")
        raise StopLocust()
class Person(HttpLocust):
    task_set = Tasks
def say(*words):
    print("say:", *words, flush=True)
"""


def test_request_success_and_failure_without_kwargs(run_locust):
    run = run_locust(
        FILE
        + """
def good(request_type, name, response_time, response_length):
    say(request_type, name, type(response_time).__name__, response_length)
def bad(request_type, name, response_time, exception):
    say(request_type, name, type(exception).__name__)
def any_kind(**kwargs):
    say(sorted(kwargs))
def never(**kwargs):
    say("never")
events.request_success += good
events.request_failure += bad
events.request_success += any_kind
events.request_failure += never
events.request_failure -= never
""",
        "-n", "2",
    )  # fmt: skip
    assert run.said == [
        "GET good int 5",
        "['name', 'request_type', 'response_length', 'response_time']",
        "GET bad HTTPError",
    ], run.err
    assert run.code == 1


def test_fired_by_hand_counts_in_the_statistics(run_locust):
    run = run_locust(
        FILE
        + """
def at_once(user_count):
    events.request_success.fire(request_type="fake", name="ok", response_time=12, response_length=3)
    events.request_failure.fire(request_type="fake", name="no", response_time=5, exception=ValueError("x"))
    events.request_failure.fire(request_type="fake", name="no", response_time=5, exception=None)
    say("hatched", user_count)
events.hatch_complete += at_once
def good(name, response_time, **rest):
    say(name, response_time)
events.request_success += good
""",
        "-n", "5",
    )  # fmt: skip
    assert {"ok 12", "hatched 1"} <= set(run.said), run.err
    counted = {name: (entry["num_requests"], entry["num_failures"]) for name, entry in run.stats.items()}
    assert counted["ok"] == (1, 0)
    assert counted["no"] == (2, 2)


def test_life_cycle_hooks_and_plus_equals_on_today_s(run_locust):
    run = run_locust(
        FILE
        + """
def starting(): say("start")
def stopping(): say("stop")
def quitting(): say("quit")
def on_master(): say("master")
def removed(): say("removed")
events.locust_start_hatching += starting
events.locust_stop_hatching += stopping
events.master_start_hatching += on_master
events.master_stop_hatching += on_master
events.quitting += quitting
events.quitting += removed
events.quitting -= removed
""",
        "-n", "2",
    )  # fmt: skip
    assert run.said == ["start", "stop", "quit"], run.err


def test_distributed_hooks(run_locust, free_port):
    run = run_locust(
        FILE
        + """
def to_master(client_id, data): data["mine"] = 7
def from_slave(client_id, data): say("slave", data["mine"])
def on_master(): say("master")
def on_slave(): say("node")
events.report_to_master += to_master
events.slave_report += from_slave
events.master_start_hatching += on_master
events.locust_start_hatching += on_slave
""",
        "--processes", "2", "-u", "2", "-n", "4", "--master-bind-port", str(free_port),
        "--master-port", str(free_port),
    )  # fmt: skip
    assert set(run.said) == {"slave 7", "master", "node"}, run.err
    assert run.said.count("node") == 2


def test_no_listener_on_requests_unless_asked_for(run_wing):
    run = run_wing(
        """
from locust import events, HttpLocust, TaskSet
class Tasks(TaskSet): tasks = [print]
class Person(HttpLocust): task_set = Tasks
counts = [len(events.request._handlers)]
def listen(name): pass
events.request_success += listen
counts.append(len(events.request._handlers))
events.request_success -= listen
counts.append(len(events.request._handlers))
print(counts)
try:
    events.request_failure -= listen
except ValueError as error:
    print("does not listen" in str(error))
"""
    )
    assert run.out.split("\n")[:2] == ["[0, 1, 0]", "True"], run.err


def test_every_way_of_importing(run_wing):
    run = run_wing(
        """
import locust.events
import locust.events as one
from locust import events as two
from locust.events import request_success, EventHook
from locust.core import HttpLocust, Locust, TaskSet, TaskSequence, task, seq_task
from locust.core import HttpSession, events as three
from locust.core import StopLocust, InterruptTaskSet, LocustError
from locust import web, clients, HttpLocust as same
from locust import InterruptTaskSet, RescheduleTaskImmediately, ResponseError
from locust.wait_time import between
import locust.core
assert one is two is three is locust.events
assert HttpLocust is same is locust.core.HttpLocust and HttpSession is clients.HttpSession
assert two.request_success is request_success
def f(x): print("fired", x)
hook = EventHook()
hook += f
hook.fire(x=1)
locust.events.request_success += f
try:
    locust.core.NoSuchThing
except AttributeError as error:
    print(error)
"""
    )
    assert run.out.splitlines() == ["fired 1", "module 'locust.core' has no attribute 'NoSuchThing'"], run.err
