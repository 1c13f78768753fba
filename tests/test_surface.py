"""What the package shows, and that only patch.py assigns into Locust."""

import ast
from pathlib import Path

import pytest

import locust_native
from support.venvs import PACKAGE


def test_all_is_complete():
    public = {name for name in vars(locust_native) if name.isidentifier() and not name.startswith("_")} - {
        "TYPE_CHECKING"
    }
    submodules = {path.stem for path in PACKAGE.iterdir()}
    assert public - submodules <= set(locust_native.__all__)
    assert set(locust_native.__all__) == set(locust_native._HOMES)
    for name in locust_native.__all__:
        assert getattr(locust_native, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = locust_native.nothing


def assignments_into_locust(source: str) -> list[int]:
    """Lines that set or delete an attribute of something taken from Locust, or an entry of sys.modules."""
    tree = ast.parse(source)
    taken = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            taken |= {
                alias.asname or "locust" for alias in node.names if alias.name.split(".")[0] == "locust"
            }
        elif (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "locust"
            and not node.level
        ):
            taken |= {alias.asname or alias.name for alias in node.names}

    def into(target: ast.expr) -> bool:
        if isinstance(target, ast.Tuple | ast.List):
            return any(into(element) for element in target.elts)
        if isinstance(target, ast.Subscript):
            return ast.unparse(target.value) == "sys.modules"
        if not isinstance(target, ast.Attribute):
            return False
        while isinstance(target, ast.Attribute):
            target = target.value
        return isinstance(target, ast.Name) and target.id in taken

    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.Delete):
            hit = any(map(into, node.targets))
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            hit = into(node.target)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("setattr", "delattr") and node.args:
            first = node.args[0]
            while isinstance(first, ast.Attribute):
                first = first.value
            hit = isinstance(first, ast.Name) and first.id in taken
        else:
            continue
        if hit:
            found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "line",
    [
        "import locust.clients\nlocust.clients.HttpSession = None",
        "from locust import clients as c\nc.HttpSession.get = None",
        "from locust.clients import HttpSession\ndel HttpSession.get",
        "from locust import events\nsetattr(events, 'x', 1)",
        "import locust\nlocust.a, b = 1, 2",
        "import sys\nsys.modules['locust.core'] = None",
    ],
)
def test_the_check_sees_an_assignment(line):
    assert assignments_into_locust(line) == [2]


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(Path(path).relative_to(PACKAGE))
)
def test_only_patch_assigns_into_locust(path):
    found = assignments_into_locust(path.read_text())
    assert not found or path == PACKAGE / "patching" / "patch.py", f"{path.name}: lines {found}"
