"""What the start-up files call: waits for somebody to import Locust, and does nothing else.

It runs in every interpreter of the environment. So it imports nothing that is not loaded already and
never prints; when anything is amiss, Locust stays stock. It raises in one case: an `import locust` that
would hang a Jupyter kernel. It stands beside the package and not inside: one module to load instead of
two, and the `.start` file of PEP 829, which has no room for a `try`, stays silent when the package is
gone.

PYTEST_DONT_REWRITE: pytest would warn everybody that it came too late to rewrite this module.
"""

import sys

failure: Exception | None = None
"""Why `locust_native.patching.patch` could not even be asked; None while it could."""


class _Loader:
    """Stands in for the loader of `locust` until the module is executed, then steps aside."""

    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        if name == "_real":  # not set yet: a half-made copy, as pickling makes them
            raise AttributeError(name)
        return getattr(self._real, name)

    def create_module(self, spec):
        create = getattr(self._real, "create_module", None)
        return None if create is None else create(spec)

    def exec_module(self, module):
        # Whoever looks at the module, Locust itself included, sees what it would see without us.
        module.__spec__.loader = module.__loader__ = self._real
        if "ipykernel.kernelapp" in sys.modules and (words := _refusal()):
            raise ImportError(words, name="locust")
        self._real.exec_module(module)
        _patch()


class _Finder:
    """Answers for the name `locust` and for no other."""

    # It stays after the first import: a reload, or an import after a purge of sys.modules, would
    # otherwise be stock without a word. What it costs is one comparison of strings per import.
    def find_spec(self, name, path=None, target=None):
        if name != "locust":
            return None
        # The finders before this one have been asked and had no answer.
        finders = list(sys.meta_path)
        if self in finders:
            del finders[: finders.index(self) + 1]
        for finder in finders:
            find = getattr(finder, "find_spec", None)
            spec = None if find is None else find(name, path, target)
            if spec is not None:
                # Without exec_module it is a folder of that name, or a loader of the old protocol.
                if not isinstance(spec.loader, _Loader) and hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


def _refusal():
    try:
        from locust_native.patching import kernel

        return kernel.refusal()
    except Exception:  # what stock does is the kernel's to bear
        return None


def _patch():
    global failure
    try:
        from locust_native.patching import patch

        patch.install()
        failure = None
    except Exception as error:  # Locust was imported all right: that is what the caller asked for
        failure = error


_finder = _Finder()


def register() -> None:
    """Ask, before all others, to be told when Locust is imported; again, if somebody has come in front since."""
    if sys.meta_path[:1] != [_finder]:
        # In one step: another thread may be importing, and must not miss a finder.
        sys.meta_path[:] = [_finder, *(finder for finder in sys.meta_path if finder is not _finder)]
