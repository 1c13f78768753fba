"""The patch table: all of it or nothing, exactly what it names, and back again."""

import re
import tomllib

import pytest

from locust_native.patching import patch
from support.venvs import START_FILES, altered_locust, build

# Everything that hangs on Locust's modules, their classes and its events, by identity.
PICTURE = """
import sys
def picture():
    seen = {}
    for path, module in [item for item in sys.modules.items() if item[0].split(".")[0] == "locust"]:
        seen["sys.modules", path] = module
        if getattr(module, "__name__", "") != path:
            continue  # an old name for something that has a new one
        for name, value in vars(module).items():
            seen[path, name] = value
            own = isinstance(value, type) and value.__module__ == path
            if own or (path, name) == ("locust", "events"):
                seen.update(((path, f"{name}.{key}"), inner) for key, inner in vars(value).items())
    return seen
def changed(before, after):
    keys = {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}
    return sorted(
        ".".join(key) for key in keys
        if key[1] != "__warningregistry__"
        and (key[0] == "sys.modules" or ("sys.modules", key[0]) in before)
        # a class that was replaced has other members, too
        and (key[0], key[1].split(".")[0]) not in keys - {key}
    )
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("patched"))


def test_install_changes_what_the_table_names_and_uninstall_puts_it_back(home):
    changes, named, again, back, off = home.ask(
        PICTURE
        + """
import os
import locust, locust.main
os.environ["LOCUST_NATIVE"] = "1"
from locust_native.patching import patch
patch.uninstall()  # the version line and the log were ours already
stock = picture()
first = patch.install()
ours = picture()
second = patch.install()
wing = patch._ours("compat08")
named = [f"{row.module}.{row.attribute}" for row in (*patch.TABLE, *patch.VOICE)]
named += [".".join(key) for key in wing.NAMES] + [f"sys.modules.{name}" for name in wing.MODULES]
again = [first.on, second.on, changed(ours, picture())]
off = patch.uninstall()
answer = [changed(stock, ours), named, again, changed(stock, picture()), [off.on, off.reason]]
""",
        native="0",
    )
    # Locust's main was there before us and had taken some of the names.
    assert set(changes) == {
        *named,
        "locust.main.setup_logging",
        "locust.main.get_html_report",
        "locust.main.get_parser",
        "locust.main.parse_locustfile_option",
    }
    assert again == [True, True, []]
    assert back == []
    assert off == [False, "uninstalled"]


def test_uninstall_restores_modules_loaded_after_install(home):
    answer = home.ask(
        """
import locust, locust.main, locust.log, locust_native
before = locust.main.setup_logging is locust.log.setup_logging
locust_native.uninstall()
names = ["setup_logging", "get_parser"]
answer = [before, ["locust_native" in getattr(locust.main, name).__code__.co_filename for name in names],
          locust.main.setup_logging is locust.log.setup_logging,
          locust.user.users.HttpSession is locust.clients.HttpSession,
          locust.clients.HttpSession.__module__, locust.TaskSet.get_next_task.__module__]
"""
    )
    assert answer == [True, [False, False], True, True, "locust.clients", "locust.user.task"]


def test_what_somebody_else_put_on_top_stays(home):
    answer = home.ask(
        """
import os, locust, locust.env, locust_native
class Mine(locust.env.RequestStats): pass
locust.env.RequestStats = Mine
os.environ["LOCUST_NATIVE"] = "0"  # too late: what is on stays on
on = [locust_native.install().on, locust.env.RequestStats is Mine]
locust_native.uninstall()
del os.environ["LOCUST_NATIVE"]
answer = [*on, locust.env.RequestStats is Mine, locust_native.status().on, locust_native.install().reason]
"""
    )
    assert answer[:4] == [True, True, True, False]
    assert "locust.env.RequestStats is not locust.stats.RequestStats" in answer[4]


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("2.47.0", None),
        ("2.47.12.dev7", None),
        ("2.46.7", "Locust 2.46.7 is not supported, it takes >=2.47.0,<2.48"),
        ("1.6.0", "Locust 1.6.0 is not supported, it takes >=2.47.0,<2.48"),
        ("2.48.0.dev7", "Locust 2.48.0.dev7 is not supported, it takes >=2.47.0,<2.48"),
        ("3.0.0", "Locust 3.0.0 is not supported, it takes >=2.47.0,<2.48"),
        (None, "the module `locust` imported here is not Locust"),
    ],
)
def test_version_range(home, version, reason):
    code = f"""
import os, locust, locust_native
del os.environ["LOCUST_NATIVE"]
locust.__version__ = {version!r}
status = locust_native.install()
answer = [status.on, status.reason]
"""
    assert home.ask(code, native="0") == [reason is None, reason or ""]


MUTILATIONS = {
    "del locust.clients.HttpSession": "locust.clients.HttpSession does not exist",
    "del locust.clients.HttpSession._build_url": "HttpSession._build_url is not a plain function",
    "locust.clients.HttpSession.request = lambda self, path: None": "request takes (self, path), expected",
    "locust.clients.HttpSession = object": "locust.clients.HttpSession is not a subclass of requests.Session",
    "locust.user.users.HttpSession = object": "users.HttpSession is not locust.clients.HttpSession",
    "del locust.contrib.fasthttp.FastHttpSession.auth_header": "FastHttpSession has no attribute auth_header",
    "locust.env.RequestStats = dict": "locust.env.RequestStats is not locust.stats.RequestStats",
    "locust.TaskSet.get_next_task = lambda self: self.tasks[0]": "no longer uses random, choice",
    "locust.TaskSet._sleep = lambda self, seconds: None": "TaskSet._sleep no longer uses gevent, sleep",
    "locust.TaskSet.wait = lambda self: None": "TaskSet.wait no longer uses user, _state, _sleep, wait_time, StopUser",
    "locust.TaskSet.wait_time = lambda self: 0": "TaskSet.wait_time no longer uses user, wait_time",
    "locust.User.run = lambda self: None": "User.run no longer uses on_start, _taskset_instance",
    "del sys.modules['locust.user.task']": "locust.user.task.TaskSet.get_next_task does not exist",
}


def test_any_mismatch_refuses_the_whole(home):
    answers = home.ask(
        PICTURE
        + f"""
import os
import locust, locust.argument_parser, locust_native
del os.environ["LOCUST_NATIVE"]
answer = {{}}
for mutilation in {list(MUTILATIONS)!r}:
    child, parent = os.pipe(), None
    if (pid := os.fork()) == 0:
        import json
        exec(mutilation)
        before = picture()
        status = locust_native.install()
        os.write(child[1], json.dumps([status.on, status.reason, changed(before, picture())]).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    import json
    answer[mutilation] = json.loads(os.read(child[0], 65536))
""",
        native="0",
    )
    for mutilation, reason in MUTILATIONS.items():
        on, said, touched = answers[mutilation]
        assert not on, mutilation
        assert reason in said
        assert re.search(r" \(Locust [\d.]+\)$", said)
        assert touched == [], mutilation


def test_version_line(home):
    def line(native=None):
        done = home.locust("-V", native=native)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.removesuffix("\n")

    stock, comma, ours = line().rpartition(", locust-native ")
    assert re.fullmatch(r"locust [\d.]+ from \S+ \(Python [\d.]+\)", stock)
    assert comma
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*: native core on", ours)
    assert line("0") == f"{stock}{comma}{ours.removesuffix('on')}off: LOCUST_NATIVE=0"
    assert (
        line("banana") == f"{stock}{comma}{ours.removesuffix('on')}off: LOCUST_NATIVE=banana: expected 0 or 1"
    )


def log_lines(done):
    """(level, message) of the lines of the log that speak of us."""
    found = re.findall(r"/(\w+)/locust_native: (.*)", done.stderr)
    assert sum("locust_native" in line for line in done.stderr.splitlines()) == len(found), done.stderr
    return found


@pytest.mark.parametrize(
    ("native", "level", "message"),
    [
        (None, "INFO", r"locust-native [\d.]+: native core on"),
        ("0", "INFO", r"locust-native [\d.]+: native core off: LOCUST_NATIVE=0"),
        ("banana", "WARNING", "LOCUST_NATIVE=banana: expected 0 or 1; Locust runs without the native core"),
    ],
)
def test_one_line_in_the_log(home, native, level, message):
    done = home.locust("--exit-code-on-error", "3", native=native)
    assert done.returncode == 0
    (found_level, found), *more = log_lines(done)
    assert found_level == level
    assert re.fullmatch(message, found)
    assert more == at_the_end(level, found)


def at_the_end(level, message):
    """What is said again at the end, where the core is off against somebody's wish."""
    return [(level, f"{message}; all figures above are stock Locust's")] if level == "WARNING" else []


def test_processes_say_it_once(home):
    done = home.locust("--processes", "2")
    assert done.returncode == 0
    assert len(log_lines(done)) == 1


def test_corrupt_library_leaves_locust_stock(tmp_path):
    home = build(tmp_path)
    for library in home.package.glob("_core*"):
        library.unlink()
    (home.package / "_core.abi3.so").write_bytes(b"\x7fELF not quite")
    done = home.locust()
    assert done.returncode == 0
    (level, message), *more = log_lines(done)
    assert level == "WARNING"
    assert more == at_the_end(level, message)
    assert "native core not loaded: cannot import locust_native._core: ImportError: " in message
    assert home.run("-c", "pass").stderr == ""


def test_mutilated_locust_runs_and_warns(tmp_path):
    home = build(tmp_path)
    altered_locust(home, {"user/task.py": "TaskSet.get_next_task = lambda self: self.tasks[0]"})
    done = home.locust()
    assert done.returncode == 0
    (level, message), *more = log_lines(done)
    assert level == "WARNING"
    assert more == at_the_end(level, message)
    assert (
        "native core not loaded: locust.user.task.TaskSet.get_next_task no longer uses random, choice"
        in message
    )


def test_a_locust_without_what_the_voice_alone_needs_runs_natively(tmp_path):
    home = build(tmp_path)
    altered_locust(
        home, {"runners.py": "del WorkerRunner.handle_message", "stats.py": "StatsCSV.close_files = print"}
    )
    done = home.locust("--native-json", "/dev/full")
    assert done.returncode == 0
    assert [level for level, _ in log_lines(done)] == ["INFO", "ERROR"]


def test_locust_too_strange_to_log_is_warned_about_at_import(tmp_path):
    home = build(tmp_path)
    altered_locust(home, {"log.py": "del setup_logging"})
    (home.packages / "locust" / "_version.py").write_text('version = "1.6.0"')
    done = home.run("-c", "import locust.clients")
    assert done.returncode == 0
    [line] = done.stderr.splitlines()
    assert line.startswith("locust-native ")
    assert line.endswith(": native core not loaded: Locust 1.6.0 is not supported, it takes >=2.47.0,<2.48")


def test_the_next_locust_runs_without_the_core_and_says_so(tmp_path):
    home = build(tmp_path)
    altered_locust(home, {})
    (home.packages / "locust" / "_version.py").write_text('version = __version__ = "2.48.0"\n')
    (home.home / "users.py").write_text(
        "from locust import User, task\nclass Visitor(User):\n    @task\n    def leave(self):\n"
        "        self.environment.runner.quit()\n"
    )
    reason = r"locust-native [\d.]+: native core not loaded: Locust 2.48.0 is not supported, it takes >=2.47.0,<2.48"
    assert re.search(f"{reason}$", home.locust("-V").stdout.strip())
    done = home.locust("--native-json", "x.json")
    assert done.returncode == 0
    lines = log_lines(done)
    assert {level for level, _ in lines} == {"WARNING"}
    said = [message for _, message in lines]
    assert re.fullmatch(reason, said[0])
    assert re.fullmatch(f"locust-native: --native-json: x.json will not be written; {reason}", said[1])
    assert re.fullmatch(f"{reason}; all figures above are stock Locust's", said[2])
    assert len(said) == 3
    assert not (home.home / "x.json").exists()
    # A run that needs the core is none without it.
    code = """
import locust_native as ln
try:
    ln.run_sync("users.py", users=1, run_time=1, host="http://127.0.0.1:1", progress=False)
except ln.RunError as error:
    answer = error.reason
"""
    assert re.fullmatch(f"a run needs the native core: {reason}", home.ask(code))


def test_pyproject_claims_the_same_range():
    project = tomllib.loads((START_FILES.parents[2] / "pyproject.toml").read_text())["project"]
    oldest, too_new = (".".join(map(str, end)) for end in (patch.OLDEST, patch.TOO_NEW))
    assert f"locust>={oldest},<{too_new}" in project["dependencies"]
