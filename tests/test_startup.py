"""The start-up hook: silent and small in every interpreter, awake only when Locust is imported."""

import shutil
import zipfile

import pytest

from support.venvs import LOCUST, build

STATUS = """
import locust, locust_native
status = locust_native.status()
answer = [status.on, status.reason]
"""
ON, OFF = [True, ""], [False, "LOCUST_NATIVE=0"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return build(tmp_path_factory.mktemp("hooked"))


@pytest.fixture
def bare(tmp_path):
    """Without Locust, for tests that break the installation."""
    return build(tmp_path / "bare", locust=False)


def test_start_adds_one_module_and_one_finder(home, bare):
    loaded = "import sys; answer = [sorted(sys.modules), [type(f).__name__ for f in sys.meta_path]]"
    with_hook, finders = home.ask(loaded)
    for file in bare.packages.glob("*locust_native_startup*"):
        file.unlink()
    # Another package's start-up file: what Python itself loads to read one (3.13: a codec) is none of our making.
    (bare.packages / "another.pth").write_text("# nothing\n")
    without, _ = bare.ask(loaded)
    assert set(with_hook) - set(without) == {"_locust_native_startup"}
    assert finders.count("_Finder") == 1


def test_deleted_package_is_silent(bare):
    shutil.rmtree(bare.package)
    done = bare.run("-c", "pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    # What Python 3.15 does with the .start file, whose line cannot be wrapped in a `try`.
    start = (bare.packages / "locust_native_startup.start").read_text().strip()
    assert bare.ask(f"import pkgutil; answer = pkgutil.resolve_name({start!r})()") is None


def test_deleted_hook_module_is_silent(bare):
    (bare.packages / "_locust_native_startup.py").unlink()
    done = bare.run("-c", "pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_start_files_are_one_line_each(bare):
    for suffix in ("pth", "start"):
        assert len((bare.packages / f"locust_native_startup.{suffix}").read_text().splitlines()) == 1


def test_import_of_the_package_brings_neither_locust_nor_gevent(home):
    code = "import locust_native, sys; locust_native.status(); answer = sorted(sys.modules)"
    assert not {"locust", "gevent", "locust_native._core"} & set(home.ask(code))


def test_status_before_locust_is_imported(home):
    answer = home.ask("import locust_native; s = locust_native.status(); answer = [s.on, s.wanted, s.reason]")
    assert answer == [False, False, "Locust has not been imported"]


@pytest.mark.parametrize("first", ["locust", "locust.main", "locust.contrib.fasthttp"])
def test_import_of_locust_switches_the_core_on_and_leaves_no_trace(home, first):
    # ask() wants silence: gevent warns when ssl was imported before it could patch it.
    answer = home.ask(
        f"""
import importlib.util, sys
found = importlib.util.find_spec("locust")
before = [found.origin, found.loader.get_filename("locust"), found.loader.is_package("locust"),
          "locust" in sys.modules, "gevent" in sys.modules, "ssl" in sys.modules]
import {first}
locust = sys.modules["locust"]
import inspect, locust_native
answer = [before, locust_native.status().on, type(locust.__loader__).__name__,
          locust.__spec__.loader is locust.__loader__, inspect.getsourcefile(locust) == found.origin]
"""
    )
    before, *after = answer
    assert before[0] == before[1]
    assert before[2:] == [True, False, False, False]
    assert after == [True, "SourceFileLoader", True, True]


def test_pytest_with_locusts_own_plugin_switches_the_core_on(home):
    # pytest answers for `locust` itself: it rewrites the asserts of packages that bring a plug-in.
    (home.home / "test_probe.py").write_text(
        """
def test_probe(capsys):
    import locust, locust_native
    with capsys.disabled():
        print(f"{type(locust.__loader__).__name__} {locust_native.status().on}")
"""
    )
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:requests_mock", "test_probe.py")
    done = home.run(*command)
    assert done.stdout.splitlines()[0] == "AssertionRewritingHook True", done.stdout + done.stderr
    done = home.run(*command, native="0")
    assert done.stdout.splitlines()[0] == "AssertionRewritingHook False", done.stdout + done.stderr


@pytest.mark.parametrize("word", ["0", "off", "FALSE", "no"])
def test_opt_out_in_the_environment(home, word):
    assert home.ask(STATUS, native=word) == [False, f"LOCUST_NATIVE={word}"]


def test_switch_is_read_when_locust_is_imported(home):
    assert home.ask("import os; os.environ['LOCUST_NATIVE'] = '0'" + STATUS) == OFF
    assert home.ask("import os; del os.environ['LOCUST_NATIVE']" + STATUS, native="0") == ON


def test_isolated_mode_has_the_hook_and_no_site_has_not(home):
    assert home.ask(STATUS, "-I") == ON
    paths = [str(home.packages), str(LOCUST.parent)]
    on, reason = home.ask(f"import sys; sys.path += {paths}" + STATUS, "-S")
    assert not on
    assert "start-up hook did not run" in reason


def test_reload(home):
    code = """
import importlib, locust, locust_native
ours = locust.HttpLocust
importlib.reload(locust)
status = locust_native.status()
answer = [status.on, status.reason, locust.HttpLocust is ours, ours.__module__]
"""
    assert home.ask(code) == [True, "", True, "locust_native.compat08.users"]


def test_second_copy_of_locust_stays_stock_and_says_so(home):
    done = home.run(
        "-c",
        """
import sys, locust, locust_native
for name in [name for name in sys.modules if name.split(".")[0] == "locust"]:
    del sys.modules[name]
import locust
print(locust_native.status().on, locust.TaskSet.get_next_task.__module__)
""",
    )
    assert done.stdout == "False locust.user.task\n"
    [line] = done.stderr.splitlines()  # our classes descend from the first copy's
    assert line.endswith("session:HttpSession was made from another locust.clients.HttpSession")


def test_spawned_and_forked_children(home):
    script = home.home / "children.py"
    script.write_text(
        """
import multiprocessing, sys
def state(queue):
    import locust, locust_native
    queue.put(locust_native.status().on)
if __name__ == "__main__":
    for method in ("spawn", "fork"):
        context = multiprocessing.get_context(method)
        queue = context.SimpleQueue()
        child = context.Process(target=state, args=(queue,))
        child.start()
        print(method, queue.get())
        child.join()
"""
    )
    done = home.run(str(script))
    assert (done.stdout, done.stderr) == ("spawn True\nfork True\n", "")


def test_somebody_elses_locust_is_left_alone(bare):
    (bare.packages / "locust.py").write_text("name = __name__")
    code = "import locust, locust_native as n; answer = [locust.name, n.status().on, n.status().wanted]"
    assert bare.ask(code) == ["locust", False, False]


def test_zipped_module_keeps_its_loader(bare):
    archive = bare.home / "library.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("locust/__init__.py", "loader = __loader__")
    code = "import locust; answer = [type(locust.__loader__).__name__, locust.loader is locust.__loader__]"
    assert bare.ask(code, PYTHONPATH=str(archive)) == ["zipimporter", True]


def test_error_in_locust_reaches_the_importer_every_time(bare):
    (bare.packages / "locust.py").write_text("raise ImportError('broken here')")
    answer = bare.ask(
        """
answer = []
for attempt in range(2):
    try:
        import locust
    except ImportError as error:
        answer.append(str(error))
"""
    )
    assert answer == ["broken here"] * 2


def test_broken_package_leaves_locust_stock_and_keeps_the_reason(bare):
    (bare.packages / "locust.py").write_text("name = __name__")
    (bare.package / "patching" / "patch.py").write_text("def def")
    code = "import locust, _locust_native_startup as hook; answer = type(hook.failure).__name__"
    assert bare.ask(code) == "SyntaxError"
