"""Advisory locks on people, held until the transaction ends.

Always a statement of its own: a statement that locks and reads sees the past.
"""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from trustkeep.base.locks import number_of

# "tkpeople": everything that changes who holds which role waits for it.
_ROLES = 0x74_6B_70_65_6F_70_6C_65
# "tklinesp": everything that changes who answers to whom waits for it.
_LINES = 0x74_6B_6C_69_6E_65_73_70


def people(*, shared: Iterable[UUID], alone: UUID | None) -> None:
    """Keep the rights of some people as they are, and wait until nobody acts as one other."""
    # In one order for everybody: two who end each other's access must not wait for each other.
    for subject in sorted({*shared, *filter(None, (alone,))}, key=number_of):
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


def lines() -> None:
    """One change of the reporting lines at a time, so that no two of them together go round."""
    _take("SELECT pg_advisory_xact_lock(%s)", _LINES)


def _take(statement: str, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [number])
