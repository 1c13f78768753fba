"""The layers: what a file may import, kept by this test for Python and by folders for Rust; Cargo keeps the crates."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.venvs import START_FILES

ROOT = START_FILES.parent.parent.parent
PACKAGE, EXTENSION, ENGINE = (
    ROOT / "python" / "locust_native",
    ROOT / "src",
    ROOT / "crates" / "engine" / "src",
)

# Lowest first. A file imports from its own folder and from lower layers; what stands in one layer does not know each
# other. docs/dev/architecture.md says what each is for.
PYTHON = [
    {"_core"},
    {"activation", "shape", "output_files", "notebook", "mock_saleor"},
    {"client", "bs4_native", "results"},
    {"metrics", "loop"},
    {"http_user", "web", "console"},
    {"fast_user", "aio", "patching"},
    {"native_json", "runs"},
    {"__init__", "__main__", "auto", "pytest_plugin"},
]
IN_SRC = [
    {"seam"},
    {"response"},
    {"metrics", "tools"},
    {"guard"},
    {"request"},
    {"wait"},
    {"session"},
]
IN_ENGINE = [
    {"clock", "error", "sync"},
    {"histogram", "html", "http", "locust_counts", "picker"},
    {"record"},
    {"runtime"},
]


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


FILES = {module_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def nodes_that_run(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those under ``if TYPE_CHECKING``, which no interpreter executes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        yield from nodes_that_run(node)


def imports_of(module: str, text: str) -> set[str]:
    """Files of our package that a file imports, anywhere in it, by their dotted names; `_core` for the extension."""
    found: set[str] = set()
    for node in nodes_that_run(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {
                alias.name.removeprefix("locust_native.")
                for alias in node.names
                if alias.name.startswith("locust_native.")
            }
        elif isinstance(node, ast.ImportFrom):
            here = ["locust_native", *module.split(".")[:-1]]
            base = here[: len(here) - node.level + 1] if node.level else []
            dotted = ".".join([*base, *filter(None, [node.module])])
            if dotted.partition(".")[0] != "locust_native":
                continue
            home = dotted.removeprefix("locust_native").removeprefix(".")
            for alias in node.names:
                inner = f"{home}.{alias.name}".removeprefix(".")
                found.add(
                    inner if inner in FILES or inner == "_core" or f"{inner}.__init__" in FILES else home
                )
    return {f"{name}.__init__" if f"{name}.__init__" in FILES else name for name in found if name}


def layer_of(name: str, layers: list[set[str]]) -> int:
    room = name.partition(".")[0]
    found = [number for number, names in enumerate(layers) if room in names]
    assert found, f"{room} is in no layer: give it one in tests/test_floors.py and docs/dev/architecture.md"
    return found[0]


def trespasses(who: str, uses: set[str], layers: list[set[str]]) -> set[str]:
    """Those of `uses` that stand as high as `who`, or higher, outside its own folder."""
    own = who.partition(".")[0]
    others = {whom for whom in uses if whom.partition(".")[0] != own}
    return {whom for whom in others if layer_of(whom, layers) >= layer_of(who, layers)}


def circles(uses: dict[str, set[str]]) -> list[list[str]]:
    """Each circle of files that import each other, in the order in which it is walked."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for whom in sorted(uses.get(name, ())):
                walk(whom, [*way, name])
            done.add(name)

    for name in uses:
        walk(name, [])
    return found


@pytest.mark.parametrize("module", [name for name in FILES if not name.startswith("compat08.")])
def test_python_layers(module):
    uses = imports_of(module, FILES[module].read_text())
    wing = {name for name in uses if name.startswith("compat08")}
    assert not wing or module in ("patching.patch", "__main__"), (
        "only patching.patch and __main__ know the wing"
    )
    assert not trespasses(module, uses - wing, PYTHON)


def test_no_files_import_each_other_in_a_circle():
    assert circles({name: imports_of(name, path.read_text()) for name, path in FILES.items()}) == []


@pytest.mark.parametrize("path", sorted((PACKAGE / "compat08").glob("*.py")), ids=lambda path: path.name)
def test_the_wing_knows_locust_alone(path):
    uses = imports_of(module_of(path), path.read_text())
    assert {name.partition(".")[0] for name in uses} <= {"compat08"}


def test_the_hook_imports_nothing_but_sys():
    tree = ast.parse((START_FILES / "_locust_native_startup.py").read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"sys"}
    assert not any(isinstance(node, ast.ImportFrom) for node in tree.body)


def rust_uses(text: str) -> set[str]:
    """Modules at the top of its own crate that a file names in its code, outside comments and inline tests."""
    code = re.sub(r"//.*", "", text).split("#[cfg(test)]")[0]
    found = set(re.findall(r"\bcrate::(\w+)", code))
    for group in re.findall(r"\bcrate::\{([^;]*?)\};", code, re.DOTALL):
        found |= set(re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"::\{[^}]*\}", "", group)))
    return found


@pytest.mark.parametrize(
    ("crate", "path"),
    [
        pytest.param(crate, path, id=str(path.relative_to(ROOT)))
        for crate in (EXTENSION, ENGINE)
        for path in sorted(set(crate.rglob("*.rs")) - {crate / "lib.rs"})
    ],
)
def test_rust_layers(crate, path):
    who = path.relative_to(crate).with_suffix("").parts[0]
    assert not trespasses(who, rust_uses(path.read_text()), IN_SRC if crate == EXTENSION else IN_ENGINE)


def test_the_check_sees_a_trespass():
    uses = rust_uses(
        "use crate::{error::Error, http::{Client, Request}, record};\n// crate::runtime\nuse crate::clock;"
    )
    assert uses == {"error", "http", "record", "clock"}
    assert trespasses("picker", uses, IN_ENGINE) == {"http", "record"}
    assert trespasses("client.text", {"http_user.session", "client.lazy", "_core"}, PYTHON) == {
        "http_user.session"
    }
    assert imports_of(
        "client.text", "from . import lazy\nfrom .. import _core\nfrom ..http_user.jar import x"
    ) == {
        "client.lazy",
        "_core",
        "http_user.jar",
    }
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c", "a"]]
