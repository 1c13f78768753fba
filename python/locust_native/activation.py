"""Whether the native core is on in this process, and if not, why not: the record and the switch."""

import logging
import os
from dataclasses import dataclass

SWITCH = "LOCUST_NATIVE"
_ON = {"", "1", "on", "true", "yes"}
_OFF = {"0", "off", "false", "no"}


def __getattr__(name: str) -> str:
    if name == "__version__":
        return _version()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _version() -> str:
    """The extension's own version; the installed package's when the extension cannot be loaded."""
    try:
        from ._core import __version__
    except Exception:
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("locust-native")
        except PackageNotFoundError:
            return "(version unknown)"
    return __version__


@dataclass(frozen=True, slots=True)
class Status:
    """What `locust_native.status()` answers; as text it is the sentence the log and `locust -V` show."""

    on: bool
    """The native core is in Locust's place."""
    reason: str = ""
    """Why it is not; empty when it is."""
    wanted: bool = True
    """False when somebody switched it off, or nobody asked: nothing to be warned about."""
    misspelt: bool = False
    """The switch held a value that is neither on nor off."""

    def __str__(self) -> str:
        name = f"locust-native {_version()}: native core"
        if self.on:
            return f"{name} on"
        return f"{name} {'not loaded' if self.wanted and not self.misspelt else 'off'}: {self.reason}"

    @property
    def log_line(self) -> str:
        """The one line in Locust's log at start-up."""
        if self.misspelt:
            return f"{self.reason}; Locust runs without the native core"
        return str(self)

    @property
    def log_level(self) -> int:
        """INFO, or WARNING when the core was wanted and is not on."""
        return logging.INFO if self.on or not self.wanted else logging.WARNING


def switched_off(switch: str = SWITCH) -> Status | None:
    """What an environment variable says now: None for on, else the status it leads to."""
    value = os.environ.get(switch, "")
    word = value.strip().lower()
    if word in _ON:
        return None
    if word in _OFF:
        return Status(on=False, reason=f"{switch}={value}", wanted=False)
    return Status(on=False, reason=f"{switch}={value}: expected 0 or 1", misspelt=True)
