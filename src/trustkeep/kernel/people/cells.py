"""One person as the cells of a list, and cells as what they mean.  Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from uuid import UUID

from trustkeep.kernel.people.census import Person, Unit
from trustkeep.kernel.people.employment import end_of, last_day
from trustkeep.kernel.people.permissions import Role

_YES = frozenset({"yes", "y", "true", "1", "active"})
_NO = frozenset({"no", "n", "false", "0", "inactive"})


def cells_of(
    person: Person, people: Mapping[UUID, Person], units: Mapping[UUID, Unit], zone: str
) -> dict[str, str]:
    """Every column of one person; others by address, a department by name."""
    stated = person.stated

    def address(other: UUID | None) -> str:
        if other is None:
            return ""
        return people[other].email if other in people else str(other)

    unit = units.get(person.department) if person.department else None
    return {
        "id": str(person.id),
        "email": person.email,
        "name": person.name,
        "active": "yes" if person.active else "no",
        "employment": str(stated.kind),
        "department": unit.name if unit else "",
        "manager": address(person.manager),
        "sponsor": address(stated.sponsor),
        "contract": stated.contract,
        "ends_on": last_day(stated.ends_at, zone).isoformat() if stated.ends_at else "",
        "roles": " ".join(sorted(person.roles)),
    }


def flag_in(cell: str) -> bool | None:
    """Yes or no; None: neither."""
    word = cell.lower()
    return True if word in _YES else False if word in _NO else None


def roles_in(cell: str) -> frozenset[Role] | None:
    """The roles that a cell names, apart by spaces, commas or semicolons; None: one is unknown."""
    words = cell.lower().replace(",", " ").replace(";", " ").split()
    known = {str(role): role for role in Role}
    if not known.keys() >= set(words):
        return None
    return frozenset(known[word] for word in words)


def end_in(cell: str, before: datetime | None, zone: str) -> datetime | None:
    """When a last day is over; the very moment that is stored where it is the same day.

    Raises:
        ValueError: it is no day.
    """
    if not cell:
        return None
    day = date.fromisoformat(cell)
    same = before is not None and last_day(before, zone) == day
    return before if same else end_of(day, zone)
