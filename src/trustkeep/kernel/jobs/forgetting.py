"""Jobs that ended long ago are forgotten, or the queue would hold every job there ever was.

What made a failure good stays for as long as the failure does.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.db import connection

from trustkeep.kernel.jobs import registry

FORGET = "jobs.ended.forget"
ENDED_FOR = timedelta(days=7)
FAILED_FOR = timedelta(days=90)
_AT_ONCE = 10_000

_FORGET = """
    DELETE FROM procrastinate_jobs WHERE id IN (
      SELECT job.id FROM procrastinate_jobs job
      JOIN procrastinate_events event ON event.job_id = job.id
      WHERE job.status = ANY (%s::procrastinate_job_status[]) AND NOT EXISTS (
        SELECT FROM procrastinate_jobs failed
        WHERE failed.status = 'failed' AND job.status <> 'failed' AND failed.id < job.id
          AND failed.task_name = job.task_name
          AND failed.args -> 'handler' = job.args -> 'handler'
          AND failed.args -> 'identifiers' = job.args -> 'identifiers')
      GROUP BY job.id HAVING max(event.at) < now() - make_interval(days => %s)
      LIMIT %s)
"""


def schedule() -> None:
    """Once a night."""
    registry.handler(FORGET)(_forget_all)
    registry.every("53 3 * * *", FORGET)


def forget() -> int:
    """Forget what ended well a week ago and what failed a quarter ago; how many jobs."""
    return _forget(["failed"], FAILED_FOR) + _forget(
        ["succeeded", "cancelled", "aborted"], ENDED_FOR
    )


def _forget_all(_: registry.Identifiers) -> None:
    forget()


def _forget(statuses: Sequence[str], ended_for: timedelta) -> int:
    forgotten = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_FORGET, (list(statuses), ended_for.days, _AT_ONCE))
            gone = int(cursor.rowcount)
        forgotten += gone
        if gone < _AT_ONCE:
            return forgotten
