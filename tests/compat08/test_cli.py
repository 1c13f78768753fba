"""Old command lines, translated and run; modern ones untouched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_native.compat08 import cli

FILE = """
from locust import HttpLocust, TaskSet, task
class Tasks(TaskSet):
    @task
    def go(self):
        self.client.get("/")
class Person(HttpLocust):
    task_set = Tasks
    min_wait = max_wait = 1
"""


@pytest.mark.parametrize(
    ("old", "today"),
    [
        ("--no-web -c 10 -r 5", "--headless -u 10 -r 5"),
        ("-c10", "-u 10"),
        ("--clients=10 --clients 10", "--users=10 --users 10"),
        ("--hatch-rate 2 --hatch-rate=2.5", "--spawn-rate 2 --spawn-rate=2.5"),
        ("-n 7", "--num-request 7"),
        ("-n7 --num-request=7 --num-requests 7", "--num-request 7 --num-request=7 --num-request 7"),
        ("--slave --master-host=10.0.0.1", "--worker --master-host=10.0.0.1"),
        ("--master --expect-slaves 3", "--master --expect-workers 3"),
        ("--port=80 -P 81 --csv-base-name x", "--web-port=80 -P 81 --csv x"),
        ("--no-reset-stats --print-stats", "--print-stats"),
        ("--heartbeat-liveness 3 --heartbeat-interval=1 -t 5s", "-t 5s"),
        ("-H http://x A B -- -c 10", "-H http://x A B -- -c 10"),
        ("-cx --no-webx -nope", "-cx --no-webx -nope"),
    ],
)
def test_translate(old, today):
    assert cli.translate(old.split())[0] == today.split()


def test_one_line_for_each_old_flag():
    _, messages = cli.translate(["--no-web", "-c", "1", "-c", "2", "-n", "5", "--no-reset-stats"])
    assert messages == [
        "--no-web is deprecated: use --headless",
        "-c is deprecated: use -u",
        "-n is deprecated: use -t/--run-time to end a run",
        "--no-reset-stats is deprecated and ignored: "
        "statistics are kept during ramp-up unless --reset-stats is given",
    ]


def test_flags_of_the_locustfile_s_own_are_left_alone():
    line = ["-c", "x", "--clients=5", "-n", "3"]
    assert cli.translate(line, taken={"-c", "--clients", "-n"}) == (line, [])


OLD = {*cli.RENAMED, *cli.DROPPED}
TODAY = [
    "-f", "--locustfile", "--config", "-H", "--host", "-u", "--users", "-r", "--spawn-rate", "-t",
    "--run-time", "-l", "--list", "--config-users", "--web-host", "-P", "--web-port", "--headless",
    "--autostart", "--autoquit", "--tls-cert", "--class-picker", "--master", "--master-bind-host",
    "--head", "--expect-workers", "--worker", "--processes", "--master-host", "--master-port", "-T",
    "--tags", "-E", "--exclude-tags", "--csv", "-V", "-h", "--csv-full-history", "--print-stats",
    "--only-summary", "--reset-stats", "--html", "--json", "--loglevel", "-L", "--logfile", "-s",
    "--stop-timeout", "--equal-weights", "--profile", "--otel",
]  # fmt: skip
value = st.text().filter(lambda text: not cli.FLAG.fullmatch(text) and text != "--")
word = st.one_of(
    st.sampled_from(TODAY),
    value,
    st.builds("{}={}".format, st.sampled_from([flag for flag in TODAY if flag.startswith("--")]), st.text()),
)


@given(st.lists(word), st.lists(st.one_of(word, st.sampled_from(sorted(OLD)))))
def test_modern_command_lines_stay_as_they_are(line, rest):
    assert cli.translate(line) == (line, [])
    assert cli.translate([*line, "--", *rest]) == ([*line, "--", *rest], [])


@given(st.lists(st.one_of(word, st.sampled_from(sorted(OLD)), st.from_regex(r"-[cn]\d+", fullmatch=True))))
def test_translating_twice_changes_nothing_more(line):
    once, _ = cli.translate(line)
    twice, _ = cli.translate(once)
    assert twice == once


def test_an_old_command_line_runs(run_locust, server):
    run = run_locust(FILE, "--no-web", "-c", "2", "--hatch-rate=100", "-n", "20", "--no-reset-stats")
    assert run.code == 0, run.err
    assert [line for line in run.err.splitlines() if "deprecated" in line] == [
        "locust: --no-web is deprecated: use --headless",
        "locust: -c is deprecated: use -u",
        "locust: --hatch-rate is deprecated: use --spawn-rate",
        "locust: -n is deprecated: use -t/--run-time to end a run",
        "locust: --no-reset-stats is deprecated and ignored: "
        "statistics are kept during ramp-up unless --reset-stats is given",
    ]
    # the other user's request in flight may come on top
    assert run.stats["/"]["num_requests"] in (20, 21)
    assert 20 <= server.seen["GET /"] <= 21


def test_one_user_makes_exactly_so_many_requests(run_locust, server):
    run = run_locust(FILE, "-n", "13")
    assert run.code == 0, run.err
    assert run.stats["/"]["num_requests"] == server.seen["GET /"] == 13


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_a_wrong_number_of_requests(run_locust, number):
    run = run_locust(FILE, f"--num-request={number}")
    assert run.code == 2
    assert f"{number!r} is not a number of requests above 0" in run.err
    assert "Traceback" not in run.err


def test_the_locustfile_s_own_c_option_wins(run_locust):
    run = run_locust(
        FILE
        + """
from locust import events
@events.init_command_line_parser.add_listener
def options(parser):
    parser.add_argument("-c", "--clients", default="")
@events.init.add_listener
def init(environment, **kw):
    print("say:", environment.parsed_options.clients, environment.parsed_options.num_users)
""",
        "-c", "blue", "-u", "1", "-n", "1",
    )  # fmt: skip
    assert run.said == ["blue 1"], run.err
    assert "-c is deprecated" not in run.err


def test_step_load_is_refused_rather_than_left_out(run_locust):
    run = run_locust(FILE, "--no-web", "--step-load", "--step-clients", "2")
    assert run.code == 2
    assert "unrecognized arguments: --step-load" in run.err


def test_importing_the_wing_changes_nothing_in_locust(run_bare):
    program = """
import sys, types
import locust, locust.main, locust.contrib.fasthttp

def look():
    seen = {}
    for name, module in sorted(sys.modules.items()):
        if name.split(".")[0] != "locust" or not isinstance(module, types.ModuleType): continue
        for key, value in vars(module).items():
            seen[name, key] = id(value)
            if isinstance(value, type) and value.__module__.startswith("locust."):
                seen.update({(name, key, k): id(v) for k, v in vars(value).items() if k != "__doc__"})
    seen.update({("events", k): (id(v), len(v._handlers)) for k, v in vars(locust.events).items()})
    return seen

before = look()
import locust_native.compat08
print([key for key, value in look().items() if before.get(key) != value])
"""
    run = run_bare(program)
    assert run.out.strip() == "[]", run.err
