"""Says whether a class or function of Locust still has the shape our replacement was written for."""

import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import FunctionType


@dataclass(frozen=True, slots=True)
class Shape:
    """What a replacement relies on. Whatever is left out is not looked at."""

    bases: tuple[str, ...] = ()
    """Classes that must be among the ancestors, as `module:Name`."""
    takes: Mapping[str, str] = field(default_factory=dict)
    """Method name → the parameters it must begin with, in one string; the empty name is the object itself."""
    has: tuple[str, ...] = ()
    """Attributes that must exist."""
    uses: tuple[str, ...] = ()
    """Names a function's own code must mention: the signature alone does not show a new algorithm."""
    same_as: str = ""
    """`module:name` that must be this very object (a name bound elsewhere by `from … import …`)."""


def mismatch(name: str, found: object, shape: Shape) -> str | None:
    """The first thing that differs, in words that name it, or None if everything is as expected.

    Of a property, its getter is looked at.
    """
    if isinstance(found, property):
        found = found.fget
    if shape.same_as and found is not find(*shape.same_as.split(":")):
        return f"{name} is not {shape.same_as.replace(':', '.')}"
    if shape.bases:
        if not isinstance(found, type):
            return f"{name} is not a class"
        for base in shape.bases:
            ancestor = find(*base.split(":"))
            if not isinstance(ancestor, type) or not issubclass(found, ancestor):
                return f"{name} is not a subclass of {base.replace(':', '.')}"
    for attribute in shape.has:
        if not hasattr(found, attribute):
            return f"{name} has no attribute {attribute}"
    for method, parameters in shape.takes.items():
        if (reason := _other_parameters(name, found, method, tuple(parameters.split()))) is not None:
            return reason
    return _unused(name, found, shape.uses)


def _other_parameters(name: str, found: object, method: str, parameters: tuple[str, ...]) -> str | None:
    function = inspect.getattr_static(found, method, None) if method else found
    label = f"{name}.{method}" if method else name
    if not isinstance(function, FunctionType):
        return f"{label} is not a plain function"
    actual = tuple(inspect.signature(function).parameters)
    if actual[: len(parameters)] != parameters:
        return f"{label} takes ({', '.join(actual)}), expected it to begin with ({', '.join(parameters)})"
    return None


def _unused(name: str, found: object, uses: tuple[str, ...]) -> str | None:
    if not uses:
        return None
    if not isinstance(found, FunctionType):
        return f"{name} is not a plain function"
    missing = [word for word in uses if word not in found.__code__.co_names]
    return f"{name} no longer uses {', '.join(missing)}" if missing else None


def find(module: str, path: str) -> object:
    """The object at a dotted path in a loaded module, itself for the empty path; None if there is none."""
    found: object = sys.modules.get(module)
    for part in path.split(".") if path else ():
        found = getattr(found, part, None)
    return found
