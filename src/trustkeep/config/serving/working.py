"""`trustkeep work`: a worker, and the sequencer whenever nobody else leads."""

import signal
import threading
from collections.abc import Callable

from trustkeep.base.errors import Unavailable
from trustkeep.config import start
from trustkeep.config.environment import Environment


def work(settings: Environment, say: Callable[[str], None]) -> None:
    """Work until SIGTERM or SIGINT; a job that is running then is finished first.

    Raises:
        Misconfigured, Unavailable, SealedStart: with what to do.
    """
    start.everything(settings, say)
    start.keep_watch()
    from trustkeep.kernel.jobs import worker
    from trustkeep.kernel.ledger import sequencer

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    leading = threading.Thread(target=sequencer.run_forever, args=(stop,), name="sequencer")
    leading.start()
    say("working")
    try:
        worker.run_worker(stop)
        if not stop.is_set():
            raise Unavailable("The worker lost its database: see that it runs, then start again.")
    finally:
        stop.set()
        leading.join()
    start.publish_what_waits()
