"""Jobs whose worker died: found by its silent heartbeat, and put back into the queue.

procrastinate leaves such a job in `doing` for ever unless it is put back.  A worker
that was only slow may then do a job twice, which every handler must bear.
"""

import structlog
from django.db import DatabaseError, connection, transaction

from trustkeep.kernel.jobs import registry

RECOVERY = "jobs.stalled.recover"
SILENT_AFTER_S = 30.0  # three heartbeats
_log = structlog.get_logger(__name__)

_STALLED = """
    SELECT job.id FROM procrastinate_jobs job
    LEFT JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing'
      AND (worker.id IS NULL OR worker.last_heartbeat < now() - make_interval(secs => %s))
    ORDER BY job.id
"""
_ALIVE = """
    SELECT EXISTS (SELECT FROM procrastinate_workers
        WHERE last_heartbeat > now() - make_interval(secs => %s))
"""
_AGAIN = "SELECT procrastinate_retry_job_v2(%s, now(), NULL, NULL, NULL)"
_GIVE_UP = """
    UPDATE procrastinate_jobs job SET status = 'failed'
    WHERE id = %s AND status = 'doing' AND EXISTS (
        SELECT 1 FROM procrastinate_jobs other
        WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo')
"""


def recover_stalled(silent_after_s: float = SILENT_AFTER_S) -> int:
    """Put back every job whose worker has been silent for so long; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_STALLED, [silent_after_s])
        stalled = [number for (number,) in cursor.fetchall()]
    return sum(map(_put_back, stalled))


def stalled_count(silent_after_s: float = SILENT_AFTER_S) -> int:
    """How many jobs wait in the hands of a silent worker."""
    with connection.cursor() as cursor:
        cursor.execute(_STALLED, [silent_after_s])
        return len(cursor.fetchall())


def has_worker(silent_after_s: float = SILENT_AFTER_S) -> bool:
    """Whether any worker lives, of `serve` or of `work`."""
    with connection.cursor() as cursor:
        cursor.execute(_ALIVE, [silent_after_s])
        return bool(cursor.fetchone()[0])


def remedy() -> str:
    """What to do where something waits for a job."""
    if has_worker():
        return "try again in a moment"
    return "nobody works on it, so start `trustkeep serve` or `trustkeep work`"


def schedule() -> None:
    """Have the recovery itself run each minute; a worker also runs it when it starts."""
    registry.handler(RECOVERY)(_recover)
    registry.every("* * * * *", RECOVERY)


def _recover(_: registry.Identifiers) -> None:
    recover_stalled()


def _put_back(number: int) -> bool:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_AGAIN, [number])
    except DatabaseError:
        # Either its worker finished it just now, or a successor with the same queueing lock waits:
        # then that one does the work, and this one must not stay in `doing` for ever.
        with connection.cursor() as cursor:
            cursor.execute(_GIVE_UP, [number])
        return False
    _log.warning("job.recovered", job=number)
    return True
