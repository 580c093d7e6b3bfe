"""A process that holds keys leaves no image of its memory behind."""

import ctypes
import resource
import signal
import sys

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4  # <linux/prctl.h>


def harden() -> None:
    """No core file, and no other process of this user may look into the memory (Linux)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)


def die_with_parent() -> None:
    """Be ended by the system when the process that started us is gone (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
