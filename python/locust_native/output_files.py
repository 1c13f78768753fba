"""Files that are whole or not there, and whether they could be written."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from typing import IO

#: Where no file can be made beside the old one, or none put in its place (it is a mount of its own), while the old
#: one may be written to.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}

#: What is open already, and whose other lines are to stay.
_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")


def why_not(path: str) -> str | None:
    """Why this file cannot be written, with the folders that it needs; None if it can.

    In the system's words. Creates nothing and opens no file.
    """
    try:
        mode = os.stat(path).st_mode
        if stat.S_ISDIR(mode):
            return os.strerror(errno.EISDIR)
        return None if os.access(path, os.W_OK) else os.strerror(errno.EACCES)
    except FileNotFoundError:
        pass
    except OSError as error:
        return error.strerror
    folder = os.path.dirname(os.path.realpath(path))
    while not os.path.lexists(folder):  # the rest will be made
        folder = os.path.dirname(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError as error:
        return error.strerror


def write(path: str | os.PathLike[str], fill: Callable[[IO[bytes]], object]) -> None:
    """Make the file, which ``fill`` writes; an old one stays until the new one is whole. Raises OSError.

    What is no plain file (a device, a pipe) is written to.
    """
    given = os.fspath(path)
    try:
        _write(given, fill)
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, given) from None


def _write(path: str, fill: Callable[[IO[bytes]], object]) -> None:
    old = os.path.exists(path)
    if old and (not os.path.isfile(path) or path.startswith(_DESCRIPTORS)):
        _put(path, fill)
        return
    path = os.path.realpath(path)  # of a link, what it leads to is the file
    new = os.path.join(os.path.dirname(path), f".locust-native-{os.getpid()}.new")
    try:
        _put(new, fill)
        if old:
            shutil.copymode(path, new)
        os.replace(new, path)
    except OSError as error:
        if not old or error.errno not in _IN_PLACE:
            raise
        _put(path, fill)
    finally:
        if os.path.lexists(new):
            os.unlink(new)


def _put(path: str, fill: Callable[[IO[bytes]], object]) -> None:
    with open(path, "wb") as file:
        fill(file)
        file.flush()
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            os.fsync(file.fileno())  # a full disk of another machine is known by then
