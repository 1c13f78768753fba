"""The door of what came of a run: `Run`, `load`, `compare`; pandas and matplotlib come when a table or plot does."""

from .compare.comparison import Comparison, compare
from .needs import MissingPackage
from .run import Run, load

__all__ = ["Comparison", "MissingPackage", "Run", "compare", "load"]
