"""Jobs that ended long ago are forgotten, or the queue would hold every job there ever was.

What made a failure good, the first success after it, stays for as long as the failure does.
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
WITH ended AS (
  SELECT id FROM procrastinate_jobs
  WHERE id > %(after)s AND status = ANY (%(statuses)s::procrastinate_job_status[])
  ORDER BY id LIMIT %(at_once)s),
making_good AS (
  SELECT good.id FROM procrastinate_jobs failed CROSS JOIN LATERAL (
    SELECT id FROM procrastinate_jobs later
    WHERE later.status = 'succeeded' AND later.id > failed.id
      AND later.task_name = failed.task_name
      AND later.args -> 'handler' = failed.args -> 'handler'
      AND later.args -> 'identifiers' = failed.args -> 'identifiers'
    ORDER BY later.id LIMIT 1) good
  WHERE failed.status = 'failed'),
gone AS (
  DELETE FROM procrastinate_jobs WHERE id IN (
    SELECT id FROM ended EXCEPT SELECT id FROM making_good)
  AND (SELECT max(at) FROM procrastinate_events WHERE job_id = procrastinate_jobs.id)
    < now() - make_interval(days => %(days)s)
  RETURNING id)
SELECT (SELECT count(*) FROM gone), (SELECT max(id) FROM ended)
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
    after: int | None = 0
    while after is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                _FORGET,
                {
                    "statuses": list(statuses), "days": ended_for.days, "at_once": _AT_ONCE,
                    "after": after,
                },
            )  # fmt: skip
            gone, after = cursor.fetchone()
        forgotten += gone
    return forgotten
