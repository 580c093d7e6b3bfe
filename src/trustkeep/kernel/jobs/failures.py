"""Jobs that failed all their tries: seen by their handler's name, tried again on demand."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from trustkeep.kernel.jobs import queue, registry
from trustkeep.kernel.jobs.queue import TASK, TRIES

# A later job for exactly the same that succeeded makes one good.  `scheduled_at` is when the last
# try was due.  A job that only gave way to a waiting successor has not used up its tries.
_FAILED = """
    FROM procrastinate_jobs job
    WHERE job.status = 'failed' AND job.task_name = %s AND job.attempts >= %s
      AND job.scheduled_at >= %s AND NOT EXISTS (
        SELECT FROM procrastinate_jobs later
        WHERE later.status::text = ANY (%s) AND later.id > job.id
          AND later.task_name = job.task_name
          AND later.args ->> 'handler' = job.args ->> 'handler'
          AND later.args -> 'identifiers' = job.args -> 'identifiers')
    GROUP BY
"""
_MADE_GOOD = ["succeeded"]
_CARED_FOR = [*_MADE_GOOD, "todo", "doing"]


@dataclass(frozen=True, slots=True)
class Failed:
    """The jobs of one handler that gave up; `last_at` is when the last try was due."""

    handler: str
    jobs: int
    last_at: datetime


def since(moment: datetime) -> list[Failed]:
    """The jobs that failed all their tries since then and were not made good."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT job.args ->> 'handler', count(*), max(job.scheduled_at) {_FAILED} 1"
            " ORDER BY 1",
            (TASK, TRIES, moment, _MADE_GOOD),
        )
        return [Failed(*row) for row in cursor.fetchall()]


def retry(moment: datetime) -> Mapping[str, int]:
    """Put each job that gave up since then into the queue anew, once; how many of each handler.

    A handler that this release does not know is left where it is.
    """
    again: dict[str, int] = {}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        # Two who do this at once must not queue everything twice.
        cursor.execute("LOCK procrastinate_jobs IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(
            f"SELECT job.args ->> 'handler', job.args -> 'identifiers' {_FAILED} 1, 2 ORDER BY 1",
            (TASK, TRIES, moment, _CARED_FOR),
        )
        for handler, stored in cursor.fetchall():
            if handler not in registry.HANDLERS:
                continue
            identifiers = json.loads(stored)  # Django's connection leaves JSON as text
            if identifiers:
                queue.enqueue(handler, **identifiers)
            else:
                queue.enqueue_once(handler)
            again[handler] = again.get(handler, 0) + 1
    return again
