"""A file that one process at a time holds; the system lets go of it when that process dies.

Closed to other users of the machine: whoever may open such a file may hold it, and stop everybody.
"""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 2.0  # then it is said what is waited for

Say = Callable[[str], None]
# The standard logger: where nothing is set up, it writes to stderr and keeps out of any output.
_log = logging.getLogger(__name__)
_told: list[Say] = []


def tell(say: Say) -> None:
    """Have waiting told in this process to whoever is watching; otherwise the log says it."""
    _told[:] = [say]


@contextmanager
def held(path: Path, *, wait: bool = True) -> Iterator[int]:
    """Hold the file, as an open one; it is made if absent.

    Raises:
        BlockingIOError: another process holds it, and `wait` is False.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        if os.fstat(handle).st_uid == os.geteuid():
            os.fchmod(handle, 0o600)  # an earlier release made it readable by all
        _take(handle, path, wait=wait)
        yield handle
    finally:
        os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds the file now; looking takes nothing, so it stands in nobody's way."""
    if not path.exists():
        return False
    number = f":{path.stat().st_ino}"
    held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any(words[1] == "FLOCK" and words[5].endswith(number) for words in held)


def _take(handle: int, path: Path, *, wait: bool) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if not wait:
            raise
        saying = threading.Timer(PATIENCE_S, _say, [path])
        saying.daemon = True
        saying.start()
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        finally:
            saying.cancel()


def _say(path: Path) -> None:
    if _told:
        _told[0](f"waiting for another trustkeep command, which holds {path}")
    else:
        _log.warning("lock.waiting")
