"""How far the positions are behind the entries.

A governed read asks for `CAUGHT_UP` beside its other facts: one row, one look.  Only when that is
old does `is_behind` look at the entries themselves.
"""

from datetime import datetime, timedelta

from django.db import connection

LONGEST = timedelta(seconds=30)

CAUGHT_UP = "(SELECT caught_up_at FROM ledger_head)"  # fragment for a statement of the caller

_OLDEST = """
SELECT min(e.at) FROM ledger_writer w CROSS JOIN LATERAL (
  SELECT at FROM ledger_entry
  WHERE writer = w.id AND counter > w.positioned ORDER BY counter LIMIT 1) e
WHERE NOT w.closed"""


def oldest_unpositioned_at() -> datetime | None:
    """The moment of the oldest entry that has no position yet."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST)
        found: datetime | None = cursor.fetchone()[0]
    return found


def caught_up_at() -> datetime | None:
    """The last moment before which nothing committed was without a position."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {CAUGHT_UP}")
        found: datetime | None = cursor.fetchone()[0]
    return found


def is_behind(now: datetime, caught_up: datetime | None = None) -> bool:
    """Whether an entry waits for its position longer than 30 s, so that no read may be served."""
    known = caught_up or caught_up_at()
    # A moment in the future proves nothing: then the entries themselves are asked.
    if known is not None and timedelta(0) <= now - known <= LONGEST:
        return False
    oldest = oldest_unpositioned_at()
    return oldest is not None and now - oldest > LONGEST
