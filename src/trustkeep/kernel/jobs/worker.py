"""The worker: takes jobs from the queue until it is told to stop."""

import asyncio
import contextlib
import threading
from dataclasses import dataclass

from procrastinate import App
from procrastinate.contrib.django import app as bound_app
from procrastinate.contrib.django.django_connector import DjangoConnector

from trustkeep.base.errors import Misconfigured
from trustkeep.kernel.jobs import queue, recovery

_LOOK_S = 0.2  # how often a worker looks whether it shall stop


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a worker shows that it lives, in seconds; only the kill trial is more hurried."""

    heartbeat_s: float = 10.0
    silent_after_s: float = recovery.SILENT_AFTER_S
    poll_s: float = 5.0
    grace_s: float = 20.0  # what a running job is given to finish when the worker stops


def run_worker(stop: threading.Event, *, concurrency: int = 2, pulse: Pulse | None = None) -> None:
    """Work until `stop` is set; a job that is running then is finished first.

    A job cut short is put back by the next worker, so this may be killed at any moment.
    """
    pulse = pulse or Pulse()
    recovery.recover_stalled(pulse.silent_after_s)
    queue.bind_schedule()
    asyncio.run(_work(stop, concurrency, pulse))


async def _work(stop: threading.Event, concurrency: int, pulse: Pulse) -> None:
    async with _worker_app().open_async() as app:
        working = asyncio.create_task(
            app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                fetch_job_polling_interval=pulse.poll_s,
                update_heartbeat_interval=pulse.heartbeat_s,
                stalled_worker_timeout=pulse.silent_after_s,
                shutdown_graceful_timeout=pulse.grace_s,
            )
        )
        while not (stop.is_set() or working.done()):
            await asyncio.wait([working], timeout=_LOOK_S)
        if not working.done():
            working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working


def _worker_app() -> App:
    """The same tasks over a connection pool of the worker's own.

    The app that handlers enqueue through keeps Django's connection: replacing its connector, as
    procrastinate's own command does, would take their jobs out of their transactions.
    """
    connector = bound_app.connector
    if not isinstance(connector, DjangoConnector):
        raise Misconfigured("The queue is not bound to Django's database: start through settings.")
    return bound_app.with_connector(connector.get_worker_connector())
