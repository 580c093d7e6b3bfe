"""When each token was last used, to the hour.  SOP 4.3b.

What is known arrives with the one statement that recognises a token, so that recognising costs no
other; a statement more is spent once an hour, by whoever finds that the hour is over.  A hint for
tidying up and no proof: not sealed, and a failure to write it stops nobody.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, connection

EVERY = timedelta(hours=1)
_log = structlog.get_logger(__name__)

_NOTE = """
    INSERT INTO people_tokenuse (token_id, used_at) VALUES (%s, %s)
    ON CONFLICT (token_id) DO UPDATE SET used_at = excluded.used_at
    WHERE people_tokenuse.used_at < excluded.used_at
"""


def note(token: UUID, *, known: datetime | None, now: datetime) -> None:
    """Have it known that a token is used now, unless that is known for this hour."""
    if known is not None and now - known < EVERY:
        return
    if connection.in_atomic_block:
        return  # it would hold a row for as long as the caller's work; the next use notes it
    try:
        with connection.cursor() as cursor:
            cursor.execute(_NOTE, [token, now])
    except DatabaseError as problem:
        _log.warning("token.use_not_noted", token=str(token), problem=type(problem).__name__)
