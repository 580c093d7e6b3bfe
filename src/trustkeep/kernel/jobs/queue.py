"""The queue: one task of procrastinate that runs any handler by name.

A job is put in through Django's own connection and so commits, or vanishes, with the transaction
that caused it.
"""

import re
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app as bound_app
from procrastinate.exceptions import AlreadyEnqueued

from trustkeep.base import world
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.jobs import registry

if TYPE_CHECKING:
    from procrastinate.types import JSONValue

TASK = "trustkeep.perform"
_log = structlog.get_logger(__name__)
_CODE = re.compile(r"[a-z0-9][a-z0-9._:-]{0,79}")  # also matches a UUID as text

# A handler that fails is tried again after 2, 4, 8 ... seconds; 12 tries span more than an hour.
TRIES = 12
_RETRY = RetryStrategy(max_attempts=TRIES, exponential_wait=2)


def enqueue(handler: str, **identifiers: str | int | UUID) -> None:
    """Put one job into the queue, as part of the caller's transaction.

    Raises:
        Misconfigured: no handler has that name.
        Unacceptable: a value is neither an identifier, a code nor a number.
    """
    registry.known(handler)
    plain: JSONValue = {name: _plain(name, value) for name, value in identifiers.items()}
    bound_app.configure_task(TASK).defer(handler=handler, identifiers=plain)


def enqueue_once(handler: str) -> bool:
    """Put a job without identifiers into the queue unless one is waiting; says whether it did."""
    registry.known(handler)
    try:
        with transaction.atomic():  # a refusal must not spoil the caller's transaction
            task = bound_app.configure_task(TASK, queueing_lock=handler)
            task.defer(handler=handler, identifiers={})
    except AlreadyEnqueued:
        return False
    return True


def perform(handler: str, identifiers: dict[str, str | int], timestamp: int | None = None) -> None:
    """Run one job.  `timestamp` is the slot of the schedule (Unix seconds), if it came by one."""
    began = world.monotonic()
    registry.known(handler)(identifiers)
    _log.info(
        "job.finished",
        handler=handler,
        scheduled=timestamp,
        took_s=round(world.monotonic() - began, 3),
    )


def bind() -> None:
    """Give procrastinate the task; once, when Django starts."""
    bound_app.task(name=TASK, retry=_RETRY)(perform)


def bind_schedule() -> None:
    """Give procrastinate every line of the schedule; before a worker starts."""
    for slot in registry.SCHEDULE.values():
        bound_app.periodic_registry.register_task(
            task=bound_app.tasks[TASK],
            cron=slot.cron,
            periodic_id=slot.handler,
            configure_kwargs={
                "queueing_lock": slot.handler,
                "task_kwargs": {"handler": slot.handler, "identifiers": {}},
            },
        )


def _plain(name: str, value: str | int | UUID) -> str | int:
    if isinstance(value, int):
        return value
    text = str(value)
    if not _CODE.fullmatch(text):
        # The value itself is not repeated: it may be what must not be in a queue.
        raise Unacceptable(f"A job carries identifiers only, and {name} is none.")
    return text
