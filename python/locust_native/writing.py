"""Files that are written when a test is over: before it, whether that will do; after it, whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile

#: Where no file can be made beside the old one, or none put in its place (it is a mount of its own), while the old
#: one may be written to.
_IN_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.EBUSY, errno.EXDEV}

#: What is open already, and whose other lines are to stay.
_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")


def why_not(path: str) -> str | None:
    """Why this file cannot be written, in the system's words; None if it can. Creates nothing and opens no file."""
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


def write(path: str, text: str) -> None:
    """Put the text there as UTF-8; an old file stays until the new one is whole. Raises OSError.

    What is no plain file (a device, a pipe) is written to.
    """
    old = os.path.exists(path)
    if old and (not os.path.isfile(path) or path.startswith(_DESCRIPTORS)):
        _fill(path, text)
        return
    path = os.path.realpath(path)  # of a link, what it leads to is the file
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    new = os.path.join(folder, f".locust-native-{os.getpid()}.new")
    try:
        _fill(new, text)
        if old:
            shutil.copymode(path, new)
        os.replace(new, path)
    except OSError as error:
        if not old or error.errno not in _IN_PLACE:
            raise
        _fill(path, text)
    finally:
        if os.path.lexists(new):
            os.unlink(new)


def _fill(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
