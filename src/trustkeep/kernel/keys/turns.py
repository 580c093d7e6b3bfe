"""Turns at writing: who has waited longest writes next.

SQLite has its waiting writers try again at growing intervals, so one that never rests, such as an
import, keeps all others out.  Here each draws a number, holds a lock on it, and waits until the
number before its own is let go of; the system lets go for a process that dies.  This is about order
alone: that there is one writer at a time stays with SQLite, and where no number can be drawn (a
full disk, a system without such locks) its way is what is left.
"""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOOK_S = 0.002  # between two looks at the number before
_COUNTER, _FIRST = 0, 8  # bytes of the file: the newest number, then a byte to lock for each
_NUMBERS = 2**40
# Locks of an open file, not of a process: two threads wait for each other too.
_LOCK = getattr(fcntl, "F_OFD_SETLK", None)


@contextmanager
def taken(path: Path, *, at_most_s: float) -> Iterator[None]:
    """Wait for one's turn, though no longer than this, and keep it until the end."""
    handle = _opened(path)
    try:
        if handle is not None:
            _wait(handle, at_most_s)
        yield
    finally:
        if handle is not None:
            os.close(handle)  # lets go of the number


def drawn(path: Path) -> int:
    """The newest number that was drawn."""
    try:
        return int.from_bytes(path.read_bytes()[:_FIRST], "big")
    except FileNotFoundError:
        return 0


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None


def _wait(handle: int, at_most_s: float) -> None:
    looks = int(at_most_s / LOOK_S)
    try:
        if _got(handle, _COUNTER, looks):
            mine = _drawn(handle)
            _got(handle, _FIRST + (mine - 1) % _NUMBERS, looks)
    except OSError:
        return  # no number: SQLite decides


def _drawn(handle: int) -> int:
    try:
        mine = (int.from_bytes(os.pread(handle, _FIRST, 0), "big") + 1) % _NUMBERS
        _got(handle, _FIRST + mine, 1)  # before anybody can know of it
        os.pwrite(handle, mine.to_bytes(_FIRST, "big"), 0)
        return mine
    finally:
        _ask(handle, _COUNTER, fcntl.F_UNLCK)


def _got(handle: int, byte: int, looks: int) -> bool:
    """Whether the lock on a byte could be had within so many looks."""
    while not _ask(handle, byte, fcntl.F_WRLCK):
        looks -= 1
        if looks <= 0:
            return False
        time.sleep(LOOK_S)
    return True


def _ask(handle: int, byte: int, kind: int) -> bool:
    if _LOCK is None:
        raise OSError("no locks of open files here")
    try:
        fcntl.fcntl(handle, _LOCK, struct.pack("hhqqi4x", kind, os.SEEK_SET, byte, 1, 0))
    except BlockingIOError:
        return False
    return True
