"""How far the positions are behind the entries.

A governed read asks for `CAUGHT_UP` beside its other facts: one row, one look.  Only when that is
old does `is_behind` look at the entries themselves.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection

LONGEST = timedelta(seconds=30)

# Fragment for a statement of the caller, in seconds since 1970: read faster than a text.
CAUGHT_UP = "(SELECT extract(epoch FROM caught_up_at)::float8 FROM ledger_head)"

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
        return moment(cursor.fetchone()[0])


def moment(caught_up: float | None) -> datetime | None:
    """What `CAUGHT_UP` answered, as a moment."""
    return None if caught_up is None else datetime.fromtimestamp(caught_up, UTC)


def is_behind(now: datetime, caught_up: datetime | None = None) -> bool:
    """Whether an entry waits for its position longer than 30 s, so that no read may be served."""
    known = caught_up or caught_up_at()
    # A moment in the future proves nothing: then the entries themselves are asked.
    if known is not None and timedelta(0) <= now - known <= LONGEST:
        return False
    oldest = oldest_unpositioned_at()
    return oldest is not None and now - oldest > LONGEST
