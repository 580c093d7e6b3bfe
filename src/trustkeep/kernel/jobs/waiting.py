"""How the queue fares: how much waits, and for how long already."""

from collections.abc import Mapping
from datetime import datetime

from django.db import connection

_OLDEST = """
SELECT min(coalesce(j.scheduled_at, e.at)) FROM procrastinate_jobs j
LEFT JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'deferred'
WHERE j.status = 'todo' AND coalesce(j.scheduled_at, now()) <= now()"""
_COUNTED = """
SELECT status::text, count(*) FROM procrastinate_jobs
WHERE status IN ('todo', 'doing', 'failed') GROUP BY 1"""


def oldest_at() -> datetime | None:
    """Since when the oldest job that is due has waited; None where none is."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        found: datetime | None = cursor.fetchone()[0]
    return found


def counted() -> Mapping[str, int]:
    """How many jobs are `todo`, `doing` and `failed`."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED)
        return {"todo": 0, "doing": 0, "failed": 0, **dict(cursor.fetchall())}
