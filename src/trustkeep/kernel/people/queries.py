"""Who there is, and what they hold; every row is verified before it counts."""

from uuid import UUID

from trustkeep.base import world
from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.people.models import Clearance, Department, Kind, Member, RoleAssignment
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


def head_of(person: UUID) -> UUID | None:
    """Who heads the department of a member; None: nobody, or the member does."""
    department = member(person).department_id
    if department is None:
        return None
    head = next((each.head_id for each in departments() if each.id == department), None)
    return head if head != person else None


def clearances_of(person: UUID) -> frozenset[str]:
    """The clearances that count now."""
    now = world.now()
    rows = sealed_sets.rows(Clearance, person)
    return frozenset(row.clearance for row in rows if row.given_at <= now < row.expires_at)


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
