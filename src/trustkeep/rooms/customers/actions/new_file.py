"""A file of personal data that is there whole or not at all, for its owner alone.

Until it is whole it has no name: whatever ends the process, nothing of it is left.  Where a file
system cannot do that, it has a hidden name meanwhile, and the next one written beside it takes away
what a crash left.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Unacceptable

_LEFT = ".trustkeep-*.part"


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it gets its name when the block has ended well, and is durable then.

    Raises:
        Conflict: there is such a file already; it is left as it is.
        Unacceptable: the folder is missing, or may not be written.
    """
    if os.path.lexists(path):
        raise _there(path)
    folder = path.parent
    clear_away(folder)
    try:
        handle, hidden = _opened(folder)
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be written").lower()
        raise Unacceptable(f"{folder}: {reason}; name a file in another folder.") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(handle)
            with _saying_what_is_there(path):
                _name(hidden.name if hidden else f"/proc/self/fd/{handle}", path.name, place)
            os.fsync(place)
    finally:
        os.close(place)
        if hidden:
            hidden.unlink(missing_ok=True)


def clear_away(folder: Path) -> None:
    """Remove what a crash left of files that were being written here, and nobody writes now."""
    for left in folder.glob(_LEFT):
        with suppress(OSError), left.open("r+b") as file:  # NFS locks only what may be written
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _opened(folder: Path) -> tuple[int, Path | None]:
    """A handle, and the hidden name where there must be one."""
    with suppress(OSError, AttributeError):  # not on this file system, or not on this system
        return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600), None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    while True:
        hidden = folder / _LEFT.replace("*", world.new_id().hex)
        handle = os.open(hidden, flags, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if hidden.exists():
            return handle, hidden
        os.close(handle)  # another one took it for something that a crash had left


def _name(source: str, name: str, folder: int) -> None:
    """Give a whole file its name, unless there is such a file."""
    try:
        # With a folder named, so that the link is followed to the file that has no name.
        os.link(source, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: the name is taken first, by an empty file.
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder))
        os.rename(source, name, src_dir_fd=folder, dst_dir_fd=folder)


@contextmanager
def _saying_what_is_there(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise _there(path) from None


def _there(path: Path) -> Conflict:
    return Conflict(f"{path} is there already and was left as it is: name a new file.")
