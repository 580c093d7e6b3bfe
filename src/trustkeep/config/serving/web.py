"""The web process: granian, on the loopback address only."""

import multiprocessing
import os

from trustkeep.config import hardening, latency
from trustkeep.config.environment import Environment

ADDRESS = "127.0.0.1"
THREADS = 4  # of a process: more wait for each other instead of the database (bench/serving.py)

# The open file with the master key, for the processes that granian forks from this one.
key_handle: int | None = None


def run(settings: Environment, target: str, handle: int | None, workers: int) -> None:
    """Serve until SIGTERM, with so many processes."""
    global key_handle  # noqa: PLW0603 - what a fork inherits
    from granian import Granian
    from granian.constants import Interfaces

    key_handle = handle
    latency.share(settings.home / "latency")
    multiprocessing.set_start_method("fork", force=True)  # the key is inherited, never sent
    Granian(
        target,
        address=ADDRESS,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_access=False,
        log_enabled=False,
    ).serve()


def begin() -> int | None:
    """First thing in a forked process: be hard, end with the parent; gives the key's file."""
    hardening.harden()
    if multiprocessing.parent_process() is not None:
        hardening.die_with_parent()
        os.umask(0o077)
    return key_handle
