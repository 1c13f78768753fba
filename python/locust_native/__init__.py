"""The door of locust-native: a few names, each fetched when it is first asked for.

Importing this package runs nothing and brings neither Locust nor gevent: a Jupyter kernel must survive it.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._core import Histogram, Picker
    from .aio import AsyncSession, Statistics
    from .mock_saleor import MockSaleor
    from .patching.patch import install, status, uninstall
    from .results import Comparison, Run, compare, load
    from .runs import RunError, run, run_sync

    __version__: str

__all__ = [
    "AsyncSession",
    "Comparison",
    "Histogram",
    "MockSaleor",
    "Picker",
    "Run",
    "RunError",
    "Statistics",
    "__version__",
    "compare",
    "install",
    "load",
    "run",
    "run_sync",
    "status",
    "uninstall",
]

_HOMES = {
    "AsyncSession": "aio",
    "Comparison": "results",
    "Histogram": "_core",
    "MockSaleor": "mock_saleor",
    "Picker": "_core",
    "Run": "results",
    "RunError": "runs",
    "Statistics": "aio",
    "__version__": "activation",
    "compare": "results",
    "install": "patching.patch",
    "load": "results",
    "run": "runs",
    "run_sync": "runs",
    "status": "patching.patch",
    "uninstall": "patching.patch",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
