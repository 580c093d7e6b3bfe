"""Advisory locks on people, held until the transaction ends.

Always a statement of its own: a statement that locks and reads sees the past.
"""

from uuid import UUID

from django.db import connection

from trustkeep.base.locks import number_of

# "tkpeople": everything that changes who holds which role waits for it.
_ROLES = 0x74_6B_70_65_6F_70_6C_65


def people(*, shared: UUID, alone: UUID | None) -> None:
    """Keep the rights of one person as they are, and wait until nobody acts as the other."""
    # In one order for everybody: two who end each other's access must not wait for each other.
    for subject in sorted({shared, alone or shared}, key=number_of):
        (person if subject == alone else person_shared)(subject)


def person(subject: UUID) -> None:
    """Wait until nobody reads as this person, and keep it so: deactivation, revocation."""
    _take("SELECT pg_advisory_xact_lock(%s)", number_of(subject))


def person_shared(subject: UUID) -> None:
    """Keep this person's rights as they are while something is done under them."""
    _take("SELECT pg_advisory_xact_lock_shared(%s)", number_of(subject))


def roles() -> None:
    """One change of roles at a time, so that the last administrator cannot be lost to a race."""
    _take("SELECT pg_advisory_xact_lock(%s)", _ROLES)


def _take(statement: str, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
