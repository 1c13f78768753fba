"""`run` and `run_sync`: a test from a program; what it gives back, how it is stopped, what it says where it fails."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from locust_native import run_sync
from locust_native.mock_saleor import MockSaleor
from support import event_loop, running

pytestmark = pytest.mark.slow

FILE = """
from locust import HttpUser, constant, events, task

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def front(self):
        self.client.get("/", name="front")

    @task
    def missing(self):
        self.client.get("/nothing/", name="missing")
"""

STUCK = """
from locust import HttpUser, task

class Visitor(HttpUser):
    @task
    def front(self):
        self.client.get("/")
        while True:
            pass
"""


@pytest.fixture(scope="module")
def shop():
    with MockSaleor() as opened:
        yield opened


@pytest.fixture
def program(tmp_path, shop):
    """Run an asyncio program in a folder with a locustfile, against a mock shop."""
    (tmp_path / "file.py").write_text(FILE)
    return functools.partial(event_loop.run, folder=tmp_path, url=shop.url)


@pytest.fixture
def script(tmp_path, shop):
    """Start a script in such a folder, to be told of by `say:` lines."""
    (tmp_path / "file.py").write_text(FILE)
    started = []

    def start(body: str) -> subprocess.Popen:
        text = "import json, os, sys, time\nimport locust_native as ln\nurl = sys.argv[1]\n"
        text += "def say(**values):\n    print('say: ' + json.dumps(values), flush=True)\n"
        (tmp_path / "script.py").write_text(text + textwrap.dedent(body))
        started.append(
            subprocess.Popen(
                [sys.executable, "script.py", shop.url],
                cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                start_new_session=True,
                # Where tests run in the background, Ctrl-C is ignored, and a process inherits that.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )
        )  # fmt: skip
        return started[-1]

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def generators(of: int) -> list[psutil.Process]:
    """The processes in which Locust runs that this one has started."""
    try:
        return psutil.Process(of).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; one may go while it is looked at."""
    for each in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.is_running() and each.status() != psutil.STATUS_ZOMBIE:
                return False
    return True


def test_a_run_gives_back_what_was_measured(program, shop):
    shop.reset()
    [said] = program(
        """
        gaps, last = [0.0], time.perf_counter()
        async def tick():
            nonlocal last
            while True:
                await asyncio.sleep(0.01)
                now = time.perf_counter()
                gaps.append(now - last)
                last = now
        import threading
        ticking = asyncio.create_task(tick())
        begun = time.perf_counter()
        run = await ln.run("file.py", users=4, spawn_rate=100, run_time=2, host=url, progress=False)
        whole, figures = time.perf_counter() - begun, run.figures
        say(rows={row["name"]: [row["requests"], row["failures"]] for row in figures["rows"]},
            failures=figures["failures"], users=[second["users"] for second in figures["seconds"]],
            started=figures["total"]["ends"]["started"],
            interrupted=run.interrupted, options=run.options, gap=max(gaps), whole=whole,
            threads=threading.active_count(),
            log="Run time limit set to 2 seconds" in run.log)
        """
    )
    seen = shop.seen()
    rows = said["rows"]
    finished = sum(requests for requests, _ in rows.values())
    # The end may cut one off of each user, before or after the shop has seen it.
    assert finished <= seen["requests"] <= said["started"] <= finished + 4
    assert rows["front"][1] == 0
    assert rows["missing"][0] == rows["missing"][1] == said["failures"][0]["occurrences"] > 0
    assert said["failures"][0]["error"].startswith("HTTPError('404 Client Error")
    assert max(said["users"]) == 4
    assert None not in said["users"]
    assert not said["interrupted"]
    assert said["options"]["users"] == 4
    assert said["options"]["host"] == shop.url
    assert said["log"]
    assert said["threads"] == 1
    assert said["gap"] < said["whole"] / 3  # the caller's loop goes on meanwhile


def test_cancelling_stops_the_test_and_keeps_what_was_measured(program):
    [said] = program(
        """
        import psutil
        shop = ln.MockSaleor().start()
        task = asyncio.create_task(
            ln.run("file.py", users=4, spawn_rate=100, host=shop, progress=False, processes=2)
        )
        me = psutil.Process()
        while not shop.seen()["requests"]:
            await asyncio.sleep(0.1)
        await asyncio.sleep(5)      # a master hears of its workers every 3 s
        there = me.children(recursive=True)     # the guardian, the master, two workers
        task.cancel()
        run = await task
        shop.stop()
        say(requests=run.figures["total"]["requests"], interrupted=run.interrupted, left=left(there),
            started=len(there), cancelled=task.cancelled(), cancelling=task.cancelling())
        """
    )
    assert said["requests"] > 0
    assert said["interrupted"] is True
    assert said["started"] == 4
    assert said["left"] == []
    assert not said["cancelled"]
    assert said["cancelling"] == 0


def test_a_second_cancel_kills_it(program, tmp_path):
    (tmp_path / "stuck.py").write_text(STUCK)
    [said] = program(
        """
        import psutil
        shop = ln.MockSaleor().start()
        task = asyncio.create_task(ln.run("stuck.py", host=shop, progress=False))
        me = psutil.Process()
        while not shop.seen()["requests"]:
            await asyncio.sleep(0.1)
        [child] = me.children()
        task.cancel()
        await asyncio.sleep(0.5)
        alive, begun = child.is_running(), time.perf_counter()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            say(alive=alive, seconds=time.perf_counter() - begun, left=len(me.children()))
        """
    )
    assert said["alive"]
    assert said["seconds"] < 30  # its task would never end
    assert said["left"] == 0


def test_a_time_out_around_it(program):
    [said] = program(
        """
        async with asyncio.timeout(3):
            run = await ln.run("file.py", users=2, spawn_rate=10, host=url, progress=False)
        say(interrupted=run.interrupted, requests=run.figures["total"]["requests"])
        """
    )
    assert said["interrupted"]
    assert said["requests"] > 0


def test_a_script_is_interrupted(script, shop):
    process = script(
        """
        run = ln.run_sync("file.py", users=2, spawn_rate=10, host=url, progress=False)
        say(interrupted=run.interrupted, requests=run.figures["total"]["requests"])
        """
    )
    seen = shop.seen()["requests"]
    running.until(lambda: shop.seen()["requests"] > seen)
    there = generators(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does: to all of the terminal's group
    out, _ = process.communicate(timeout=30)
    said = json.loads(out.partition("say: ")[2].splitlines()[0])
    assert said["interrupted"]
    assert said["requests"] > 0
    assert gone(there)


SHAPE = (
    FILE
    + """
from locust import LoadTestShape

class Steps(LoadTestShape):
    def tick(self):
        return 3, 10
"""
)

NO_WORKER = (
    FILE
    + """
@events.init.add_listener
def none(runner, **arguments):
    if hasattr(runner, "master_host"):
        raise RuntimeError("not this one")
"""
)

LOCKED = """
import re
from locust import HttpUser, task

class Visitor(HttpUser):
    @task
    def front(self):
        self.client.get("/")
        re.match("(a+)+$", "a" * 50 + "b")      # keeps the interpreter lock for years
"""


@pytest.mark.parametrize("processes", [1, 2])
def test_cancelling_a_shape_keeps_what_was_measured(program, tmp_path, processes):
    """Locust takes no SIGTERM before a shape has ended."""
    (tmp_path / "shape.py").write_text(SHAPE)
    [said] = program(
        """
        with ln.MockSaleor() as shop:
            task = asyncio.create_task(
                ln.run("shape.py", host=shop, progress=False, **more)
            )
            while not shop.seen()["requests"]:
                await asyncio.sleep(0.05)
            await asyncio.sleep(3 * (more["processes"] - 1))    # a master hears of its workers every 3 s
            task.cancel()
            run = await task
        say(requests=run.figures["total"]["requests"], interrupted=run.interrupted)
        """,
        processes=processes,
        users=processes,
    )
    assert said["requests"] > 0
    assert said["interrupted"]


def test_workers_that_end_with_a_ramp_under_way_have_not_died(program):
    """Locust goes on with the ramp for a while, and takes itself for running."""
    [said] = program(
        """
        with ln.MockSaleor() as shop:
            task = asyncio.create_task(ln.run("file.py", users=4, spawn_rate=1, processes=2, host=shop, progress=False))
            while not shop.seen()["requests"]:
                await asyncio.sleep(0.05)
            await asyncio.sleep(2.5)
            task.cancel()
            run = await task
        say(interrupted=run.interrupted, warnings=run.figures["warnings"])
        """
    )
    assert said["interrupted"]
    assert not [warning for warning in said["warnings"] if "a worker process" in warning]


def test_cancelled_before_it_began_it_is_over_at_once(program, tmp_path):
    (tmp_path / "slow.py").write_text(FILE + "\nimport time; open('loading', 'w').close(); time.sleep(60)\n")
    [said] = program(
        """
        import pathlib, psutil
        task = asyncio.create_task(ln.run("slow.py", host=url, progress=False))
        while not pathlib.Path("loading").exists():
            await asyncio.sleep(0.05)
        there, begun = psutil.Process().children(recursive=True), time.perf_counter()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            say(left=left(there), started=len(there), seconds=time.perf_counter() - begun)
        """
    )
    assert said["left"] == []
    assert said["started"] == 2
    assert said["seconds"] < 30  # the file takes a minute to load


def test_a_worker_that_cannot_begin_is_an_error(program, tmp_path):
    """Locust would wait for it, or have a test without users."""
    (tmp_path / "none.py").write_text(NO_WORKER)
    [said] = program(
        """
        try:
            await ln.run("none.py", users=2, processes=2, host=url, progress=False)
        except ln.RunError as error:
            say(reason=error.reason, log=error.log)
        """
    )
    assert said["reason"].startswith("a worker process ended with status 1")
    assert "RuntimeError: not this one" in said["log"]


def test_the_death_of_all_workers_ends_the_test(program):
    [said] = program(
        """
        import psutil
        with ln.MockSaleor() as shop:
            task = asyncio.create_task(ln.run("file.py", users=2, processes=2, host=shop, progress=False))
            while not shop.seen()["requests"]:
                await asyncio.sleep(0.05)
            for worker in psutil.Process().children()[0].children()[0].children():
                worker.kill()
            try:
                await task
            except ln.RunError as error:
                say(reason=error.reason, run=error.run.figures["format"])
        """
    )
    assert said["reason"].endswith(" out of memory, or somebody killed it, and none is left")
    assert said["run"] == "locust-native figures"


def test_no_connection_at_all_ends_the_test(program, tmp_path, free_port):
    [said] = program(
        """
        try:
            await ln.run("file.py", host=f"http://127.0.0.1:{more['port']}", progress=False)
        except ln.RunError as error:
            say(reason=error.reason, requests=error.run.figures["total"]["requests"])
        """,
        port=free_port,
    )
    assert said["requests"] > 0
    assert said["reason"] == (
        f"none of {said['requests']} requests was answered by http://127.0.0.1:{free_port}: "
        "ConnectionRefusedError(111, 'Connection refused'); the test was ended early"
    )


@pytest.mark.parametrize(
    ("file", "processes"),
    [(FILE, 1), (FILE, 2), (STUCK, 2), (LOCKED, 1)],
    ids=["waits-1", "waits-2", "stuck-2", "locked-1"],
)
def test_no_orphans_after_the_caller_was_killed(script, shop, tmp_path, file, processes):
    (tmp_path / "file.py").write_text(file)
    process = script(
        f"""
        ln.run_sync("file.py", users=4, spawn_rate=10, host=url, progress=False, processes={processes})
        """
    )
    running.until(lambda: len(generators(process.pid)) == 1 + (1 if processes == 1 else processes + 1))
    there, seen = generators(process.pid), shop.seen()["requests"]
    running.until(lambda: shop.seen()["requests"] > seen)
    assert not gone(there)
    process.kill()
    running.until(lambda: gone(there))


@pytest.mark.parametrize("which", ["0", "1"], ids=["guardian", "Locust"])
def test_a_child_that_is_killed_is_an_error_with_its_last_lines(program, which):
    [said] = program(
        """
        import psutil
        shop = ln.MockSaleor().start()
        task = asyncio.create_task(ln.run("file.py", users=2, spawn_rate=10, host=shop, progress=False))
        me = psutil.Process()
        while not shop.seen()["requests"]:
            await asyncio.sleep(0.1)
        there = me.children(recursive=True)
        there[which].kill()
        try:
            await task
        except ln.RunError as error:
            say(reason=error.reason, text=str(error), log=error.log, code=error.returncode, left=left(there))
        """.replace("which", which)
    )
    assert said["reason"].startswith(
        "Locust was killed by signal 9 (SIGKILL): out of memory, or somebody killed it"
    )
    assert said["left"] == []
    assert "Starting Locust" in said["log"]
    # Its last lines, whatever Locust still had to say.
    assert said["text"].splitlines()[-1].strip() == said["log"].rstrip().splitlines()[-1].strip()
    assert said["code"] == -9


def test_a_worker_that_is_killed_is_a_warning(program):
    [said] = program(
        """
        import psutil
        shop = ln.MockSaleor().start()
        task = asyncio.create_task(
            ln.run("file.py", users=4, spawn_rate=10, run_time=9, host=shop, progress=False, processes=2)
        )
        me = psutil.Process()
        while not shop.seen()["requests"]:
            await asyncio.sleep(0.1)
        await asyncio.sleep(3)      # a master hears of its workers every 3 s
        me.children()[0].children()[0].children()[0].kill()
        run = await task
        say(warnings=run.figures["warnings"], requests=run.figures["total"]["requests"])
        """
    )
    assert any(
        warning.startswith("a worker process was killed by signal 9") for warning in said["warnings"]
    ), said
    assert said["requests"] > 0


BAD = [
    ("'none.py'", {}, "locustfile 'none.py' is not there (looked in "),
    ("'syntax.py'", {}, "syntax.py:1: invalid syntax"),
    ("'imports.py'", {}, "No module named 'no_such_module'"),
    ("'raises.py'", {}, "RuntimeError: not today"),
    ("'empty.py'", {}, "no User class in empty.py: define one that is not abstract"),
    ("'notes.txt'", {}, "locustfile 'notes.txt': Locust reads files that end with .py; rename it"),
    ("'file.py'", {"run_time": "soon"}, "run_time: 'soon' is no time above 0; give "),
    ("'file.py'", {"run_time": "0s"}, "run_time: '0s' is no time above 0; give "),
    ("'file.py'", {"web_port": 70_000}, "web_port: 70000 is no port"),
    ("'file.py'", {"run_time": -1}, "run_time: -1 is no number above 0"),
    ("'file.py'", {"run_time": 1, "options": ["--no-such-option"]}, "--no-such-option"),
    ("'file.py'", {"users": 0}, "users: 0 is no whole number above 0"),
    ("'file.py'", {"users": 1.5}, "users: 1.5 is no whole number above 0"),
    ("'file.py'", {"spawn_rate": "fast"}, "spawn_rate: 'fast' is no number above 0"),
    ("'file.py'", {"users": 1, "processes": 2}, "processes: 2 are more than there are users (1)"),
    ("'file.py'", {"processes": 0}, "processes: 0 is no whole number above 0"),
    ("'file.py'", {"host": "localhost"}, "host: 'localhost' does not begin with http:// or https://"),
    ("'file.py'", {"stop_timeout": -1}, "stop_timeout: -1 is no number of seconds"),
    ("'file.py'", {"tags": "one"}, "tags: 'one' is one text; give a list of texts"),
    ("'file.py'", {"env": {"LOCUST_NATIVE": "0"}}, "a run needs the native core: "),
    ("", {}, "nothing to run: give the path of a locustfile, or User classes"),
    ("5", {}, "cannot run 5: give the path of a locustfile, or User classes"),
]


def test_what_cannot_be_run_is_said_in_one_line(program, tmp_path):
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "syntax.py").write_text("def x(:\n")
    (tmp_path / "imports.py").write_text("import no_such_module\n")
    (tmp_path / "raises.py").write_text("raise RuntimeError('not today')\n")
    (tmp_path / "empty.py").write_text("from locust import HttpUser\n")
    said = program(
        "\n".join(
            f"""
        try:
            await ln.run({what + "," if what else ""} **{ {"progress": False} | arguments!r})
        except ln.RunError as error:
            say(reason=error.reason, log=error.log)
        """
            for what, arguments, _ in BAD
        )
    )
    assert len(said) == len(BAD)
    for (what, arguments, words), each in zip(BAD, said, strict=True):
        assert words in each["reason"], (what, arguments, each)
        assert "\n" not in each["reason"]


CRASHES = """
from locust import HttpUser, constant, tag, task

class Visitor(HttpUser):
    wait_time = constant(0.05)

    @task
    def buy(self):
        PLACE
"""


@pytest.mark.parametrize(
    ("body", "arguments", "words"),
    [
        ("1 / 0", {}, "division by zero (file.py, line 9)"),
        ("self.client.get('/')", {"tags": ["nosuch"]}, "No tasks defined on Visitor"),
        ("pass", {}, "no request was made"),
        ("self.client.get('/', catch_response=True)", {}, "answered and never reported"),
    ],
    ids=["raises", "tags", "idle", "unreported"],
)
def test_a_test_without_a_request_is_an_error_that_says_why(program, tmp_path, body, arguments, words):
    (tmp_path / "file.py").write_text(CRASHES.replace("PLACE", body))
    [said] = program(
        """
        try:
            await ln.run("file.py", run_time=1, users=2, spawn_rate=10, host=url, progress=False, **more)
        except ln.RunError as error:
            say(reason=error.reason, exceptions=len(error.run.exceptions), warnings=error.run.warnings)
        """,
        **arguments,
    )
    assert said["reason"].startswith("no request was ")
    assert words in said["reason"]
    assert said["warnings"][0] == said["reason"]


def test_exceptions_beside_requests_are_told(program, tmp_path):
    (tmp_path / "file.py").write_text(
        CRASHES.replace("PLACE", "self.client.get('/nothing/'); self.client.nothing")
    )
    [said] = program(
        """
        run = await ln.run("file.py", run_time=1, users=2, spawn_rate=10, host=url, progress=False)
        say(warnings=run.warnings, repr=repr(run), count=int(run.exceptions["count"].sum()))
        """
    )
    exceptions, failures = said["warnings"][:2]
    assert exceptions.startswith(f"{said['count']:,} exception")
    assert exceptions.endswith("'nothing' (file.py, line 9)")
    assert "requests failed: " in failures
    assert "GET /nothing/: HTTPError('404 Client Error" in failures
    assert f"⚠ {exceptions}" in said["repr"]


def test_a_short_test_lasts_as_long_as_it_ran(program, tmp_path):
    """However soon its last request ended: else 4 requests in 3 s would be 20 a second."""
    text = CRASHES.replace("PLACE", "self.client.get('/')").replace("constant(0.05)", "constant(60)")
    (tmp_path / "file.py").write_text(text)
    [said] = program(
        """
        run = await ln.run("file.py", run_time=3, users=4, spawn_rate=100, host=url, progress=False)
        say(duration=run.duration, rate=run.total["requests_per_s"], requests=run.figures["total"]["requests"])
        """
    )
    assert said["requests"] == 4
    assert said["duration"] > 2  # Locust's clock of the run time begins somewhat before its statistics
    assert said["rate"] == pytest.approx(4 / said["duration"])


def test_what_is_not_awaited_says_what_to_do(program):
    [said] = program(
        """
        import inspect
        test = ln.run("file.py", run_time=1, host=url, progress=False)
        text, awaitable = repr(test), inspect.isawaitable(test)
        run = await asyncio.wait_for(asyncio.create_task(test), 30)
        say(text=text, awaitable=awaitable, requests=run.figures["total"]["requests"])
        """
    )
    assert said["text"] == "<a test that has not begun: await ln.run(…), or call ln.run_sync(…)>"
    assert said["awaitable"]
    assert said["requests"] > 0


@pytest.mark.parametrize("name", ["run", "run_sync"])
def test_a_misspelt_option_names_the_nearest(name):
    import locust_native

    with pytest.raises(
        locust_native.RunError, match=rf"^user: {name} has no such option; did you mean users\?$"
    ):
        getattr(locust_native, name)("file.py", user=5)
    with pytest.raises(
        locust_native.RunError, match=r"^zzz: .* has no such option; there are users, spawn_rate, "
    ):
        getattr(locust_native, name)("file.py", zzz=5)


def test_a_host_that_refuses(program, free_port):
    [said] = program(
        """
        try:
            await ln.run("file.py", run_time=1, host=f"http://127.0.0.1:{more['port']}", progress=False)
        except ln.RunError as error:
            say(reason=error.reason, requests=error.run.figures["total"]["requests"])
        """,
        port=free_port,
    )
    assert said["reason"].startswith(
        f"none of {said['requests']} requests was answered by http://127.0.0.1:{free_port}"
    )
    assert "Connection refused" in said["reason"]


def test_a_task_that_never_gives_way_does_not_hang_the_caller(program, tmp_path):
    (tmp_path / "stuck.py").write_text(STUCK)
    [said] = program(
        """
        from locust_native.runs import process as trial
        trial._OVERDUE = 2.0
        try:
            await ln.run("stuck.py", run_time=1, host=url, progress=False)
        except ln.RunError as error:
            say(reason=error.reason)
        """
    )
    assert said["reason"].startswith("the test did not end at its time and tells nothing any more")


def test_without_a_host_there_is_a_mock(program):
    [said] = program(
        """
        run = await ln.run("file.py", users=2, spawn_rate=10, run_time=6, progress=False, processes=2)
        say(options=run.options, rows={row["name"]: row["failures"] for row in run.figures["rows"]})
        """
    )
    assert said["options"]["mock"] is True
    assert said["options"]["host"].startswith("http://127.0.0.1:")
    assert said["rows"]["front"] == 0


def test_a_mock_is_opened_for_the_test_and_closed_again(program):
    [said] = program(
        """
        mock = ln.MockSaleor()
        run = await ln.run("file.py", run_time=1, host=mock, progress=False)
        before = mock.is_open
        with mock:
            again = await ln.run("file.py", run_time=1, host=mock, progress=False)
            seen = mock.seen()["requests"]
        say(front=[row["failures"] for row in run.figures["rows"] if row["name"] == "front"], open=before, seen=seen,
            started=again.figures["total"]["ends"]["started"])
        """
    )
    assert said["front"] == [0]
    assert said["open"] is False
    assert 0 < said["seen"] <= said["started"] <= said["seen"] + 1


def test_two_runs_at_once(program):
    [said] = program(
        """
        async def once():
            return await ln.run("file.py", users=2, spawn_rate=10, run_time=4, host=url, progress=False, processes=2)
        runs = await asyncio.gather(once(), once())
        say(requests=[run.figures["total"]["requests"] for run in runs])
        """
    )
    assert all(requests > 0 for requests in said["requests"])


def test_in_a_program_that_gevent_has_patched(tmp_path, shop):
    """This one."""
    (tmp_path / "file.py").write_text(FILE)
    run = run_sync(tmp_path / "file.py", users=2, spawn_rate=10, run_time=1, host=shop.url, progress=False)
    assert run.figures["total"]["requests"] > 0


def test_nothing_is_left_in_the_temporary_folder(tmp_path, shop):
    (tmp_path / "file.py").write_text(FILE)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    body = f"import locust_native as ln; print(ln.run_sync('file.py', run_time=1, host={shop.url!r}, progress=False))"
    done = running.run(["-c", body], tmp_path, TMPDIR=str(temporary))
    assert done.code == 0, done.err
    assert list(temporary.iterdir()) == []


IN_A_TERMINAL = """
import contextlib, fcntl, json, os, pty, struct, subprocess, sys, termios
ours, theirs = pty.openpty()
fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 140, 0, 0))
process = subprocess.Popen([sys.executable, "shown.py"], stdin=theirs, stdout=theirs, stderr=theirs)
os.close(theirs)
shown = b""
with contextlib.suppress(OSError):
    while piece := os.read(ours, 1 << 16):
        shown += piece
print(json.dumps(shown.decode()))
sys.exit(process.wait())
"""


def test_the_bar_of_a_plain_terminal(tmp_path):
    """Through a pseudo-terminal: one line, rewritten, with all there is to be told."""
    (tmp_path / "file.py").write_text(FILE)
    (tmp_path / "shown.py").write_text(
        "import locust_native as ln\n"
        "ln.run_sync('file.py', users=3, spawn_rate=10, run_time=3, host=ln.MockSaleor())\n"
    )
    done = running.run(["-c", IN_A_TERMINAL], tmp_path)
    assert done.code == 0, done.out + done.err
    text = json.loads(done.out)
    for words in ("running", "3 users", "requests/s, p95 ", " s left", "failed, mock shop"):
        assert words in text
    assert text.count("\n") == 1
    assert text.count("\r") >= 4


def test_the_bar_needs_no_thread(program):
    [said] = program(
        """
        import os, threading
        from locust_native.runs import progress
        from tqdm import tqdm
        bar = progress.Bar(tqdm)
        say(threads=threading.active_count(), all=len(os.listdir("/proc/self/task")))
        bar.close()
        """
    )
    assert said["threads"] == 1
    assert said["all"] == 1


def test_no_bar_where_nobody_looks(tmp_path, shop):
    (tmp_path / "file.py").write_text(FILE)
    body = f"import locust_native as ln; ln.run_sync('file.py', run_time=1, host={shop.url!r})"
    done = running.run(["-c", body], tmp_path)
    assert (done.code, done.out, done.err) == (0, "", "")


def test_no_progress_without_tqdm_is_one_line(tmp_path, shop):
    (tmp_path / "file.py").write_text(FILE)
    body = (
        "import sys; sys.modules['tqdm'] = None\n"
        "import locust_native as ln\n"
        f"ln.run_sync('file.py', run_time=1, host={shop.url!r})"
    )
    done = running.run(["-c", body], tmp_path)
    assert done.code == 0, done.err
    assert done.err.splitlines() == [
        "no progress is shown without tqdm: pip install 'locust-native[notebook]'"
    ]


def test_importing_the_package_is_quick_and_clean(tmp_path):
    body = (
        "import asyncio, time; begun = time.process_time()\nimport locust_native as ln\nln.run, ln.MockSaleor\n"
        "spent = time.process_time() - begun\nimport sys\n"
        "print(spent, sorted({'locust', 'gevent', 'requests', 'pandas', 'matplotlib', 'tqdm'} & sys.modules.keys()))"
    )
    done = running.run(["-c", body], tmp_path)
    spent, _, modules = done.out.partition(" ")
    assert modules.strip() == "[]"
    assert float(spent) < 0.1


def test_the_signature_is_the_same():
    import inspect

    import locust_native

    assert inspect.signature(locust_native.run) == inspect.signature(locust_native.run_sync)
    assert Path(inspect.getfile(locust_native.run)).name == "api.py"
