"""Where tests keep their files: in memory, where there is room, so that writes are quick.

Every write is still asked for and waited for; what a test kills is a process, and memory outlives
that.  `TESTS_IN=/var/tmp` puts them on a disk.
"""

import os
import shutil

_MEMORY, _DISK = "/dev/shm", "/var/tmp"
_ROOM = 4 * 2**30  # bytes, for a run with --long


def place() -> str:
    """A folder for everybody's temporary files."""
    chosen = os.environ.get("TESTS_IN")
    if chosen:
        return chosen
    try:
        has_room = shutil.disk_usage(_MEMORY).free > _ROOM and os.access(_MEMORY, os.W_OK)
    except OSError:
        has_room = False
    return _MEMORY if has_room else _DISK
