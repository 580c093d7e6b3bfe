"""One of the processes of `serve`: `python -m trustkeep.config.serving.child KIND PARENT [FD]`.

PARENT is the supervisor's process, whose end is ours.  FD is an open file without a name that holds
the master key, when the key's source can be asked only once.
"""

import os
import signal
import sys
import threading

from trustkeep.base.errors import TrustkeepError
from trustkeep.config import environment, hardening, start
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys.providers import InheritedProvider

FAILED = 3


def main(words: list[str]) -> int:
    """Run until told to stop; returns the exit code."""
    kind, parent, *key = words
    hardening.harden()
    hardening.die_with_parent()
    if os.getppid() != int(parent):  # it went before we could ask to go with it
        return FAILED
    settings = environment.current()
    handle = int(key[0]) if key else None
    if kind in _WEB:
        from trustkeep.config.serving import web

        # A master key that is still to come is told to one process.
        workers = settings.web_workers if kind == "web" else 1
        web.run(settings, _WEB[kind], handle, workers)
        return 0
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _opened(settings, handle)
    _WORK[kind](stop)
    return 0


def _opened(settings: Environment, handle: int | None) -> None:
    start.django()
    start.check_migrated()
    start.wire(settings, InheritedProvider(handle) if handle is not None else None)
    start.check_not_rolled_back()
    start.keep_watch()


def _work(stop: threading.Event) -> None:
    from trustkeep.kernel.jobs import worker

    worker.run_worker(stop)
    start.publish_what_waits()


def _sequence(stop: threading.Event) -> None:
    from trustkeep.kernel.ledger import sequencer

    sequencer.run_forever(stop)
    sequencer.run_once(0)  # what the others wrote while they stopped


_WEB = {
    "web": "trustkeep.config.wsgi:application",
    "sealed": "trustkeep.config.sealed:application",
}
_WORK = {"worker": _work, "sequencer": _sequence}


if __name__ == "__main__":
    try:
        code = main(sys.argv[1:])
    except TrustkeepError as problem:
        print(f"trustkeep: {problem.sentence}", file=sys.stderr, flush=True)  # noqa: T201
        code = FAILED
    sys.exit(code)
