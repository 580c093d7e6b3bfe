"""Jobs that failed all their tries, by the name of their handler."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

from trustkeep.kernel.jobs.queue import TASK, TRIES

# A later job for exactly the same that succeeded makes one good.  `scheduled_at` is when the last
# try was due.  A job that only gave way to a waiting successor has not used up its tries.
_FAILED = """
    SELECT job.args ->> 'handler', count(*) FROM procrastinate_jobs job
    WHERE job.status = 'failed' AND job.task_name = %s AND job.attempts >= %s
      AND job.scheduled_at >= %s AND NOT EXISTS (
        SELECT FROM procrastinate_jobs later
        WHERE later.status = 'succeeded' AND later.id > job.id AND later.task_name = job.task_name
          AND later.args ->> 'handler' = job.args ->> 'handler'
          AND later.args -> 'identifiers' = job.args -> 'identifiers')
    GROUP BY 1 ORDER BY 1
"""


def since(moment: datetime) -> Mapping[str, int]:
    """How many jobs of each handler failed all their tries since then and were not made good."""
    with connection.cursor() as cursor:
        cursor.execute(_FAILED, (TASK, TRIES, moment))
        return dict(cursor.fetchall())
