"""In a real Jupyter kernel: the import, tests from cells, interrupts, a kernel that dies, classes of the notebook."""

import re
import textwrap
import time

import psutil
import pytest

from locust_native.mock_saleor import MockSaleor
from support import running
from support.kernel import cells

pytestmark = pytest.mark.slow

USERS = """
import re, json as reader
from faker import Faker
from locust_native.notebook import HttpUser, TaskSet, between, constant, tag, task

fake = Faker(use_weighting=False)
PAGES = ["/", "/nothing/"]
pattern = re.compile("Saleor|storefront", re.I)

def name_of(path):
    return f"page {path} {reader.dumps(len(PAGES))}"

class Base(HttpUser):
    wait_time = constant(0.05)
    def on_start(self):
        self.client.get("/", name=f"started {bool(fake.first_name())}")

class Tasks(TaskSet):
    @task(3)
    def front(self):
        answer = self.client.get(PAGES[0], name=name_of(PAGES[0]))
        if not pattern.search(answer.text):
            raise ValueError("another page")

class Visitor(Base):
    tasks = [Tasks]

class Returning(Base):
    weight = 2
    @tag("odd")
    @task
    def missing(self):
        self.client.get(PAGES[1], name=name_of(PAGES[1]))
"""


@pytest.fixture(scope="module")
def shop():
    with MockSaleor() as opened:
        yield opened


CELLS = {
    "import": """
        import sys, time
        begun = time.process_time()     # what the machine does besides is not ours
        import locust_native as ln
        print(time.process_time() - begun)
    """,
    "modules": "print(sorted({'locust', 'gevent', 'pandas', 'matplotlib'} & sys.modules.keys()))",
    "locust": "from locust import HttpUser, task",
    "auto": "import locust_native.auto",
    "forked": """
        import multiprocessing
        child = multiprocessing.get_context("fork").Process(target=lambda: __import__("locust"))
        child.start()
        child.join()
        print(child.exitcode)
    """,
    "off": """
        import os
        from locust_native.patching import kernel
        answers = [kernel.refusal() is None]
        for value in ("0", "banana"):
            os.environ["LOCUST_NATIVE"] = value
            answers.append(kernel.refusal() is None)
        del os.environ["LOCUST_NATIVE"]
        print(answers)
    """,
    "socket": "import socket, sys; print(socket.socket.__module__, 'locust' in sys.modules, 'gevent' in sys.modules)",
    "users": USERS,
    "run": "run = await ln.run(Visitor, Returning, users=6, spawn_rate=50, run_time='3s', host=URL)",
    "fails": "await ln.run(Visitor, run_time='3s', options=['--no-such-option'])",
    "rows": "print({row['name']: [row['requests'], row['failures']] for row in run.figures['rows']})",
    "exceptions": "print(run.figures['exceptions'])",
    "text": "print(run.options['locustfile_text'])",
    "one": """
        run = await ln.run(Visitor, run_time=1, host=URL, progress=False)
        print(sorted(row['name'] for row in run.figures['rows']))
    """,
    "sync": "print(ln.run_sync(Visitor, run_time=1, host=URL, progress=False).interrupted)",
    "anew": """
        Old = Visitor
        class Visitor(Base):
            @task
            def other(self):
                self.client.get('/', name='other')
    """,
    "newest": """
        run = await ln.run(Visitor, run_time=1, host=URL, progress=False)
        print(sorted(row['name'] for row in run.figures['rows']))
    """,
    "old": "await ln.run(Old)",
    "timed": """
        %%time
        class Timed(Base):
            @task
            def f(self):
                self.client.get('/', name='timed')
    """,
    "written": """
        %%writefile timed.py
        class Timed: pass
    """,
    "after": """
        run = await ln.run(Timed, run_time=1, host=URL, progress=False)
        print(sorted(row['name'] for row in run.figures['rows']))
    """,
    "connection": """
        import sqlite3
        exec('database = sqlite3.connect(":memory:")')
        class Odd(Base):
            @task
            def ask(self):
                database.execute('select 1')
        await ln.run(Odd)
    """,
    "socket open": """
        import socket
        s = socket.socket()
        class Talks(Base):
            @task
            def ask(self):
                s.send(b"")
        await ln.run(Talks)
    """,
    "file open": """
        import os
        lines = open(os.devnull)
        class Reads(Base):
            @task
            def ask(self):
                next(lines)
        await ln.run(Reads)
    """,
    "database": """
        memory = sqlite3.connect(":memory:")
        class Looks(Base):
            @task
            def ask(self):
                memory.execute("select 1")
        await ln.run(Looks)
    """,
    "made out of sight": """
        exec('thing = object()')
        class Odd(Base):
            @task
            def ask(self):
                print(thing)
        await ln.run(Odd)
    """,
    "inside": """
        def make():
            class Inner(Base):
                @task
                def f(self): pass
            return Inner
        await ln.run(make())
    """,
    "no user": "await ln.run(Tasks)",
    "events": "from locust_native.notebook import events",
    "instance": "Visitor(None)",
    "there": """
        class There(Base):
            @task
            def f(self):
                In[0]
        await ln.run(There)
    """,
    "raises": """
        class Raises(Base):
            def on_start(self):
                raise ValueError('not today')
            @task
            def f(self): pass
        try:
            await ln.run(Raises, run_time=1, host=URL, progress=False)
        except ln.RunError as error:
            run = error.run
        print(run.figures['exceptions'][0]['message'], run.figures['exceptions'][0]['traceback'])
    """,
}


@pytest.fixture(scope="module")
def said(tmp_path_factory, shop):
    """What came of a notebook's cells, in one kernel: starting it takes a second or two."""
    cells_of = {name: textwrap.dedent(text).strip() for name, text in CELLS.items()}
    asked = {name: text.replace("URL", repr(shop.url)) for name, text in cells_of.items()}
    folder = tmp_path_factory.mktemp("notebook")
    return dict(zip(asked, cells(folder, *asked.values()), strict=True))


def test_the_import_is_quick_and_patches_nothing(said):
    assert float(said["import"]["text"]) < 0.1
    assert said["modules"]["text"] == "[]\n"
    assert said["socket"]["text"] == "socket False False\n"


@pytest.mark.parametrize("cell", ["locust", "auto"])
def test_importing_locust_says_what_to_import(said, cell):
    assert said[cell]["error"] == (
        "ImportError\nin a notebook: from locust_native.notebook import HttpUser, task, …; run it with ln.run "
        "(Locust itself would hang the kernel)"
    )


def test_importing_locust_is_refused_by_a_kernel_alone(said, tmp_path):
    assert said["forked"]["text"] == "0\n"
    assert said["off"]["text"] == "[False, True, False]\n"
    told = "; import locust, locust_native; print(locust_native.status().on)"
    home = {"IPYTHONDIR": str(tmp_path), "LOCUST_NATIVE": "1"}
    for command in [
        ["-c", "import ipykernel.kernelapp" + told],  # as tests of notebooks do
        ["-m", "IPython", "--no-banner", "--HistoryManager.enabled=False", "-c", "pass" + told],
    ]:
        done = running.run(command, tmp_path, **home)
        assert done.code == 0, done.out + done.err
        assert done.out.strip() == "True"


def test_importing_locust_is_left_to_a_kernel_that_gevent_has_patched(tmp_path):
    [_, said] = cells(
        tmp_path,
        "import gevent.monkey; gevent.monkey.patch_socket()",
        "from locust_native.patching import kernel; print(kernel.refusal())",
    )
    assert said["text"] == "None\n"


def test_an_error_of_a_run_is_one_line(said):
    assert said["no user"]["traceback"] == [
        "RunError: no User class among Tasks: derive from HttpUser of locust_native.notebook"
    ]


def test_classes_of_the_notebook_run(said):
    assert said["run"]["error"] is None
    rows = eval(said["rows"]["text"])
    assert set(rows) == {"page / 2", "page /nothing/ 2", "started True"}
    assert rows["page / 2"][1] == 0
    assert rows["page /nothing/ 2"][0] == rows["page /nothing/ 2"][1] > 0
    assert said["exceptions"]["text"] == "[]\n"


def test_the_text_is_a_locustfile_a_person_can_read(said):
    text = said["text"]["text"]
    assert "from locust_native.notebook import HttpUser" in text
    assert "import json as reader" in text
    assert "PAGES = ['/', '/nothing/']" in text
    assert "fake = Faker(use_weighting=False)" in text
    assert '    @tag("odd")\n    @task\n    def missing(self):' in text
    compile(text, "text", "exec")


def test_progress_is_html_and_text_that_every_front_end_shows(said):
    shown = said["run"]
    assert set(shown["shown"]) == {"text/html", "text/plain"}
    assert shown["text"] == ""
    first, *_, last = shown["plain"]
    assert first.startswith("starting |")
    assert any(re.match(r"running \|█* *\| \d s, \d s left, 6 users, ", each) for each in shown["plain"]), (
        shown["plain"]
    )
    requests = eval(said["rows"]["text"])
    total, failed = (sum(counts) for counts in zip(*requests.values(), strict=True))
    assert re.fullmatch(
        rf"ended \|█{{20}}\| \d s, {total:,} requests, [\d.,]+ requests/s, {failed:,} failed", last
    ), last


def test_progress_of_a_test_that_cannot_run_ends_red(said):
    assert said["fails"]["plain"][-1].startswith("failed |")
    assert "#f44336" in said["fails"]["html"]


def test_only_what_was_given_runs(said):
    assert said["one"]["text"] == "['page / 2', 'started True']\n"


def test_cells_may_begin_with_magic(said):
    assert said["after"]["text"] == "['started True', 'timed']\n"


def test_it_blocks_where_that_is_wanted(said):
    assert said["sync"]["text"] == "False\n"


def test_the_newest_definition_runs(said):
    assert said["newest"]["text"] == "['other', 'started True']\n"
    assert said["old"]["error"].startswith(
        "RunError\nVisitor cannot travel: __main__ has another Visitor by now; give that one"
    )


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (
            "connection",
            "Odd → database cannot travel: database is a Connection that is open, and what is open here is not",
        ),
        (
            "socket open",
            "Talks → s cannot travel: s is a socket that is open, and what is open here is not so there",
        ),
        (
            "file open",
            "Reads → lines cannot travel: lines is a TextIOWrapper that is open, and what is open here",
        ),
        (
            "database",
            "Looks → memory cannot travel: memory is a Connection that is open, and what is open here",
        ),
        (
            "made out of sight",
            "Odd → thing cannot travel: thing is an object, and no cell defines it at its top; ",
        ),
        ("inside", "Inner cannot travel: it is defined inside a function; define it at the top of a cell"),
        ("no user", "no User class among Tasks: derive from HttpUser of locust_native.notebook"),
        (
            "events",
            "locust_native.notebook has no 'events': only users, task sets, shapes, tasks and waits can be",
        ),
        ("instance", "Visitor only runs in a test: locust_native.run(Visitor, …)"),
        ("there", "There → In cannot travel: In is only there in a notebook"),
    ],
)
def test_what_cannot_travel_is_said(said, cell, words):
    assert words in said[cell]["error"]


def test_an_exception_shows_the_source_of_the_cell(said):
    text = said["raises"]["text"]
    assert text.startswith("not today")
    assert "raise ValueError('not today')" in text


def children_of(parent: int) -> list[psutil.Process]:
    return psutil.Process(parent).children(recursive=True)


def test_interrupting_the_cell_stops_the_test(tmp_path, shop):
    [_, said, after] = cells(
        tmp_path,
        "import locust_native as ln, psutil\n" + USERS,
        {
            "code": "import asyncio\nasync def tell():\n    await asyncio.sleep(3)\n    print('now')\n"
            "telling = asyncio.create_task(tell())\n"
            f"run = await ln.run(Visitor, Returning, users=6, spawn_rate=50, host={shop.url!r}, progress=False)\n"
            "print(run.interrupted, run.figures['total']['requests'])",
            "interrupt": "now",
        },
        "print(psutil.Process().children(recursive=True), run.figures['total']['failures'] > 0)",
    )
    assert said["error"] is None
    interrupted, requests = said["text"].split()[-2:]
    assert interrupted == "True"
    assert int(requests) > 0
    assert after["text"] == "[] True\n"


def test_nothing_is_left_when_the_kernel_is_killed(tmp_path, shop):
    [_, said] = cells(
        tmp_path,
        "import locust_native as ln, psutil\n" + USERS,
        {
            "code": "import asyncio\nasync def tell():\n    await asyncio.sleep(4)\n"
            "    print([each.pid for each in psutil.Process().children(recursive=True)], 'now')\n"
            "telling = asyncio.create_task(tell())\n"
            f"await ln.run(Visitor, Returning, users=6, spawn_rate=50, host={shop.url!r}, progress=False, processes=2)",
            "interrupt": "now",
            "kill": True,
        },
    )
    pids = [int(found) for found in re.findall(r"\d+", said["text"])]
    assert len(pids) == 4
    end = time.monotonic() + 15
    while left := [pid for pid in pids if psutil.pid_exists(pid)]:
        assert time.monotonic() < end, left
        time.sleep(0.1)
