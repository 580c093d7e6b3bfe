"""Who there is, and what they hold; every row is verified before it counts."""

from datetime import datetime
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.people import census
from trustkeep.kernel.people.employment import Statement
from trustkeep.kernel.people.models import (
    Clearance,
    Department,
    Employment,
    Kind,
    Member,
    Organisation,
    RoleAssignment,
)
from trustkeep.kernel.people.organisation import Stated
from trustkeep.kernel.people.permissions import Role


def member(person: UUID) -> Member:
    """The verified row of one member.

    Raises:
        Missing: there is no such member.
    """
    found = sealed_sets.rows(Member, person)
    if not found:
        raise Missing("There is no such member: `trustkeep people list` shows them.")
    return found[0]


def roles_of(person: UUID) -> frozenset[Role]:
    """The roles that count: held in the data, and not removed by the register."""
    removed = register.facts(person).roles_removed
    held = {Role(row.role) for row in sealed_sets.rows(RoleAssignment, person)}
    return frozenset(role for role in held if role not in removed)


def is_active(person: UUID) -> bool:
    """Whether this member may act at all now."""
    row = member(person)
    ended = row.expires_at is not None and row.expires_at <= world.now()
    return row.active and not ended and not register.facts(person).deactivated


def named_for(role: Role) -> tuple[UUID, ...]:
    """Whom the rows name for a role, none of them verified yet."""
    named = RoleAssignment.objects.filter(role=role).values_list("person_id", flat=True)
    return tuple(sorted(set(named)))


def active_holders(role: Role) -> tuple[UUID, ...]:
    """The active members who hold a role."""
    return tuple(
        person for person in named_for(role) if role in roles_of(person) and is_active(person)
    )


def inactive_since(person: UUID) -> datetime | None:
    """From when on a member may not act; None: they may."""
    if is_active(person):
        return None
    if register.facts(person).deactivated:
        return register.since(Fact.DEACTIVATED, person)
    return member(person).expires_at


def is_person(member_id: UUID) -> bool:
    """Whether a member is a person who may act now, and no account of a program."""
    return member(member_id).kind == Kind.STAFF and is_active(member_id)


def person_of(email: str) -> UUID | None:
    """The member of staff with this address, folded; the row is verified where it is used."""
    return Member.objects.filter(email=email).values_list("id", flat=True).first()


def employment_of(person: UUID) -> Statement:
    """What stands about a member's employment; an employee where nothing was stated."""
    stated = sealed_sets.rows(Employment, person)
    return census.statement_of(member(person), stated[0] if stated else None)


def manager_of(person: UUID) -> UUID | None:
    """The manager who is named for a member; None: the head of their department is it."""
    stated = sealed_sets.rows(Employment, person)
    return stated[0].manager_id if stated else None


def head_of(person: UUID) -> UUID | None:
    """Whom a member answers to first: their manager, or the head of their department.

    Of a head it is the head of the department above.  None: nobody.
    """
    return census.lines().head_of(person)


def team_of(head: UUID) -> frozenset[UUID]:
    """Everybody who answers to somebody, directly or over others: the scope of a head."""
    return census.lines().team_of(head)


def heads_anybody(person: UUID) -> bool:
    """Whether somebody heads a department, or is named as somebody's manager."""
    if person in {each.head_id for each in departments()}:
        return True
    named = Employment.objects.filter(manager_id=person).values_list("person_id", flat=True)
    stated = sealed_sets.rows_of_each(Employment, named)
    return any(row.manager_id == person for row in stated)


def clearances_of(person: UUID) -> frozenset[str]:
    """The clearances that count now."""
    now = world.now()
    rows = sealed_sets.rows(Clearance, person)
    return frozenset(row.clearance for row in rows if row.given_at <= now < row.expires_at)


def organisation() -> Stated | None:
    """What the company says of itself; None: nothing yet."""
    for row in sealed_sets.rows(Organisation):
        return Stated(row.name, row.country, tuple(row.languages), row.host_imaged)
    return None


def departments() -> tuple[Department, ...]:
    """All departments."""
    return sealed_sets.rows(Department)


def is_founded() -> bool:
    """Whether this installation has ever had a member of staff.

    Emptied tables do not make it new: the register, which lies apart from them, knows it too.
    """
    if register.facts(service.current().install).founded:
        return True
    return Member.objects.filter(kind=Kind.STAFF).exists()
