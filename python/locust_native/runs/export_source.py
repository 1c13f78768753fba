"""Classes that were defined in a notebook or a script, as the text of a locustfile."""

from __future__ import annotations

import ast
import builtins
import importlib
import re
import symtable
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

from .. import notebook
from .outcome import RunError

#: What only a notebook has.
_ONLY_THERE = frozenset(
    ("In", "Out", "get_ipython", "display", "exit", "quit", "_", "__", "___", "_ih", "_oh", "_dh")
)

#: Of the magic of a whole cell, what executes it here; `%%writefile` and the like do not.
_CELL_MAGIC = re.compile(r"get_ipython\(\)\.run_cell_magic\('(?:time|capture|prun)', ")

#: Characters of a constant that is written out.
_LONGEST = 1_000_000

_HELP = "or put the test into a file with %%writefile and run that"


def text_of(kinds: Sequence[type]) -> str:
    """A locustfile in which these classes are, and what they use.

    Raises RunError, which names it, for what cannot travel.
    """
    if not any(notebook.is_user(kind) for kind in kinds):
        names = ", ".join(kind.__name__ for kind in kinds)
        raise RunError(f"no User class among {names}: derive from HttpUser of locust_native.notebook")
    file = _File()
    for kind in kinds:
        file.add_class(kind)
    return file.text()


class _File:
    """The text as it grows: imports, then definitions, each behind what it uses."""

    def __init__(self) -> None:
        self._imports: dict[str, None] = {}
        self._parts: list[str] = []
        self._met: set[tuple[str, str]] = set()

    def text(self) -> str:
        head = '"""Written by locust_native.run from classes of a notebook or script."""'
        return "\n\n\n".join([head + "\n\n" + "\n".join(self._imports), *self._parts]) + "\n"

    def add_class(self, kind: type) -> None:
        """One of the classes that are to run."""
        name, module = kind.__name__, sys.modules.get(kind.__module__)
        space = vars(module) if module is not None else {}
        if "<locals>" in kind.__qualname__:
            raise RunError(
                f"{name} cannot travel: it is defined inside a function; define it at the top of a cell"
            )
        if space.get(kind.__qualname__.partition(".")[0]) is not kind:
            raise RunError(
                f"{name} cannot travel: {kind.__module__} has another {name} by now; give that one"
            )
        self._add(name, kind, _Place(kind.__module__, space), (name,))

    def _add(self, name: str, value: Any, place: _Place, why: tuple[str, ...]) -> None:
        if (place.name, name) in self._met:
            return
        self._met.add((place.name, name))
        if name in _ONLY_THERE and place.is_notebook:
            raise RunError(f"{_chain(why)} cannot travel: {name} is only there in a notebook")
        if isinstance(value, ModuleType):
            self._imports[f"import {value.__name__}" + (f" as {name}" if name != value.__name__ else "")] = (
                None
            )
            return
        if (known := notebook.name_of(value)) is not None:
            self._import_from("locust_native.notebook", known, name)
            return
        home = getattr(value, "__module__", None)
        if home != place.name and _is_importable(home, value):
            self._import_from(home, value.__qualname__, name)
            return
        defined_here = isinstance(value, type) or (callable(value) and hasattr(value, "__code__"))
        if not defined_here and (literal := _literal(value)) is not None:
            self._parts.append(f"{name} = {literal}")
            return
        if _is_open(value):
            raise RunError(
                f"{_chain(why)} cannot travel: {name} is {_article(type(value).__name__)} that is open, and what is "
                f"open here is not so there; open it inside the class (in on_start, say), {_HELP}"
            )
        statement = place.definition(name)
        if statement is None:
            raise RunError(
                f"{_chain(why)} cannot travel: {name} is {_article(type(value).__name__)}, and no cell defines it at "
                f"its top; make it inside the class (in on_start, say), {_HELP}"
            )
        for used in _names_used(statement):
            if used in place.space and used != name:
                self._add(used, place.space[used], place, (*why, used) if why[-1] != used else why)
        self._parts.append(statement)

    def _import_from(self, module: str, known: str, name: str) -> None:
        self._imports[f"from {module} import {known}" + (f" as {name}" if name != known else "")] = None


class _Place:
    """Where definitions are looked for: the cells of a notebook, or the file of a script."""

    def __init__(self, name: str, space: dict[str, Any]) -> None:
        self.name = name
        self.space = space
        self.is_notebook = isinstance(space.get("In"), list) and "get_ipython" in space

    def _sources(self) -> Iterator[str]:
        """Newest first."""
        if self.is_notebook:
            for cell in reversed([cell for cell in self.space["In"] if isinstance(cell, str)]):
                yield self._inside_magic(cell)
        elif file := self.space.get("__file__"):
            try:
                with open(file, encoding="utf-8") as opened:
                    yield opened.read()
            except OSError as error:
                raise RunError(f"cannot read {file}, where the classes are: {error.strerror}") from None

    def _inside_magic(self, cell: str) -> str:
        """What a cell executes that begins with `%%time` or the like, as IPython has it: one call, of a text."""
        found = _CELL_MAGIC.match(cell)
        if not found:
            return cell
        body = ast.parse(cell).body[0].value.args[2].value  # type: ignore[attr-defined]
        return str(self.space["get_ipython"]().transform_cell(body))

    def definition(self, name: str) -> str | None:
        """The newest statement that defines a name at the top of a cell or of the file."""
        for source in self._sources():
            try:
                statements = ast.parse(source).body
            except SyntaxError:  # a cell with magic of its own
                continue
            for statement in reversed(statements):
                if name in _defines(statement):
                    return _source_of(source, statement)
        return None


def _defines(statement: ast.stmt) -> set[str]:
    if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return {statement.name}
    if isinstance(statement, ast.Assign):
        targets: list[ast.expr] = statement.targets
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        targets = [statement.target]
    else:
        return set()
    return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}


def _source_of(source: str, statement: ast.stmt) -> str:
    segment = ast.get_source_segment(source, statement) or ast.unparse(statement)
    decorators = getattr(statement, "decorator_list", [])
    if not decorators:
        return segment
    first = min(each.lineno for each in decorators)
    return "\n".join([*source.splitlines()[first - 1 : statement.lineno - 1], segment])


def _names_used(statement: str) -> list[str]:
    """The names of the module that a statement uses, in the order in which it has them."""
    found: dict[str, None] = {}

    def look(table: symtable.SymbolTable, top: bool) -> None:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (top or symbol.is_global()):
                found[symbol.get_name()] = None
        for inner in table.get_children():
            look(inner, False)

    look(symtable.symtable(statement, "<cell>", "exec"), True)
    return [name for name in found if name not in vars(builtins) or name in _ONLY_THERE]


def _is_importable(home: Any, value: Any) -> bool:
    name = getattr(value, "__qualname__", None)
    if (
        not isinstance(home, str)
        or not isinstance(name, str)
        or not name.isidentifier()
        or home == "__main__"
    ):
        return False
    try:
        return getattr(importlib.import_module(home), name, None) is value
    except ImportError:
        return False


def _is_open(value: Any) -> bool:
    """Whether it is an open file, socket or the like, or a connection to a database (PEP 249): made anew by its
    statement, it would be another one."""
    if isinstance(value, type):
        return False
    try:
        return value.fileno() >= 0
    except Exception:  # no descriptor, or a closed one
        return all(callable(getattr(value, each, None)) for each in ("cursor", "commit", "rollback", "close"))


def _literal(value: Any) -> str | None:
    """The value as Python writes it, if reading that gives the same again."""
    try:
        text = repr(value)
        same = len(text) <= _LONGEST and ast.literal_eval(text) == value
        return text if same and type(ast.literal_eval(text)) is type(value) else None
    except Exception:  # whatever a repr may do, or what is none
        return None


def _chain(names: tuple[str, ...]) -> str:
    return " → ".join(names)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
