"""The floor plan: a file imports only from floors below its own."""

import ast
import re
from pathlib import Path

import pytest

from support.venvs import START_FILES

ROOT = START_FILES.parent.parent.parent
PACKAGE, CRATE = ROOT / "python" / "locust_native", ROOT / "src"

PYTHON = {
    "__init__": 5,
    "__main__": 5,
    "auto": 5,
    "pytest_plugin": 5,
    "runs": 5,
    "patch": 4,
    "figures": 4,
    "distributed": 4,
    "session": 3,
    "fast": 3,
    "stats": 3,
    "tasks": 3,
    "saleor": 3,
    "cli": 3,
    "closed_loop": 2,
    "mistakes": 2,
    "arguments": 2,
    "fast_prepare": 2,
    "fast_failures": 2,
    "http_failures": 2,
    "report": 1,
    "generator": 1,
    "workers": 1,
    "prepare": 1,
    "response": 1,
    "answers": 1,
    "fast_errors": 1,
    "fast_response": 1,
    "jar": 1,
    "waiting": 1,
    "html": 1,
    "results": 1,
    "errors": 0,
    "tls_errors": 0,
    "fallback": 0,
    "instrumentation": 0,
    "unverified": 0,
    "activation": 0,
    "shape": 0,
    "text": 0,
    "precise": 0,
    "timings": 0,
    "limits": 0,
    "clocks": 0,
    "made": 0,
    "tracebacks": 0,
    "forking": 0,
    "notebook": 0,
    "sentences": 0,
    "writing": 0,
    "kernel": 1,
    "aio": 3,
    "statistics": 2,
    "summary": 1,
    "_core": -1,
}
ROOMS = ("figures", "html", "results", "runs")
RUST = {
    "py": 3,
    "bin": 3,
    "engine": 2,
    "html": 1,
    "http": 1,
    "stats": 1,
    "record": 1,
    "picker": 1,
    "saleor": 1,
    "error": 0,
    "clock": 0,
}
# (who, whom) beside the floors: dialects of one session; who may use the wing; the door's own names.
DOORS = {
    ("fast", "session"),
    ("patch", "compat08"),
    ("__main__", "compat08"),
    ("errors", "tls_errors"),
    ("response", "answers"),
    ("__init__", "runs"),
}


def python_imports(path: Path) -> set[str]:
    """Modules of our own package that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            here = ["locust_native", *path.relative_to(PACKAGE).parts[:-1]]
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            dotted = (
                [f"{module}.{alias.name}" for alias in node.names] if module == "locust_native" else [module]
            )
        else:
            continue
        found |= {name.split(".")[1] for name in dotted if name.startswith("locust_native.")}
    return found


def room(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return parts[0]


def rust_uses(path: Path) -> set[str]:
    """Rooms of our own crate that a file names in its code, outside comments and inline tests."""
    code = re.sub(r"//.*", "", path.read_text()).split("#[cfg(test)]")[0]
    found = set(re.findall(r"\b(?:crate|_core)::(\w+)", code))
    for group in re.findall(r"\b(?:crate|_core)::\{([^;]*?)\};", code, re.DOTALL):
        found |= set(re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"::\{[^}]*\}", "", group)))
    return found


def trespasses(who: str, uses: set[str], floors: dict[str, int]) -> set[str]:
    return {
        whom
        for whom in uses & floors.keys()
        if whom != who and (who, whom) not in DOORS and floors[whom] >= floors[who]
    }


@pytest.mark.parametrize(
    "path",
    sorted([*PACKAGE.glob("*.py"), *(file for room in ROOMS for file in PACKAGE.glob(f"{room}/*.py"))]),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_python_floors(path):
    who, uses = path.stem if path.parent == PACKAGE else path.parent.name, python_imports(path)
    assert who in PYTHON, (
        f"{path.name} has no floor: give it one in tests/test_floors.py and docs/architecture.md"
    )
    assert not trespasses(who, uses, PYTHON)
    if "compat08" in uses:
        assert (who, "compat08") in DOORS


@pytest.mark.parametrize("path", sorted((PACKAGE / "compat08").glob("*.py")), ids=lambda path: path.name)
def test_the_wing_knows_locust_alone(path):
    assert python_imports(path) <= {"compat08"}


def test_the_hook_imports_nothing_but_sys():
    tree = ast.parse((START_FILES / "_locust_native_startup.py").read_text())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"sys"}
    assert not any(isinstance(node, ast.ImportFrom) for node in tree.body)


@pytest.mark.parametrize(
    "path",
    sorted(set(CRATE.rglob("*.rs")) - {CRATE / "lib.rs"}),
    ids=lambda path: str(path.relative_to(CRATE)),
)
def test_rust_floors(path):
    who = room(path, CRATE)
    assert who in RUST, (
        f"src/{who} has no floor: give it one in tests/test_floors.py and docs/architecture.md"
    )
    assert not trespasses(who, rust_uses(path), RUST)
    if who != "py":
        assert "pyo3" not in re.sub(r"//.*", "", path.read_text()), "pyo3 is named in src/py/ only"


def test_the_check_sees_a_trespass(tmp_path):
    file = tmp_path / "picker.rs"
    file.write_text(
        "use crate::{error::Error, http::{Client, Request}, stats};\n// crate::engine\nuse crate::clock;"
    )
    uses = rust_uses(file)
    assert uses == {"error", "http", "stats", "clock"}
    assert trespasses("picker", uses, RUST) == {"http", "stats"}
    assert trespasses("report", {"session", "errors"}, PYTHON) == {"session"}
    assert trespasses("fast", {"session"}, PYTHON) == set()
