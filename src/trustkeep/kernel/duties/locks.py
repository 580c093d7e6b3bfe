"""One change of a duty at a time: an advisory lock on its key, until the transaction ends.

Always a statement of its own: a statement that locks and reads sees the past.
"""

import hashlib

from django.db import connection


def duty(key: str) -> None:
    """Wait for whoever owes, settles or hands over what has this key."""
    number = int.from_bytes(digest_of(key)[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def digest_of(key: str) -> bytes:
    """The key as the ledger names it: a room may put an identifier of somebody into it."""
    return hashlib.sha256(b"trustkeep/duty/v1\0" + key.encode()).digest()
