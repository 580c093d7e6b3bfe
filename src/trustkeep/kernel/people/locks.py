"""Advisory locks on people, held until the transaction ends.

Always a statement of its own: a statement that locks and reads sees the past.
"""

from uuid import UUID

from django.db import connection

# "tkpeople": everything that changes who holds which role waits for it.
_ROLES = 0x74_6B_70_65_6F_70_6C_65


def key(person: UUID) -> int:
    """The bigint that PostgreSQL locks for a person: the first 8 bytes of the random id, signed.

    Two people with the same key only wait for each other without need.
    """
    return int.from_bytes(person.bytes[:8], "big", signed=True)


def person(subject: UUID) -> None:
    """Wait until nobody reads as this person, and keep it so: deactivation, revocation."""
    _take("SELECT pg_advisory_xact_lock(%s)", key(subject))


def person_shared(subject: UUID) -> None:
    """Keep this person's rights as they are while something is done under them."""
    _take("SELECT pg_advisory_xact_lock_shared(%s)", key(subject))


def roles() -> None:
    """One change of roles at a time, so that the last administrator cannot be lost to a race."""
    _take("SELECT pg_advisory_xact_lock(%s)", _ROLES)


def _take(statement: str, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
