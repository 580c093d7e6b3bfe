"""Who there is, as doors show it to those who may see people."""

from dataclasses import dataclass
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.kernel.people import queries
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.models import Department, Member
from trustkeep.kernel.people.permissions import Permission, conflicts_in


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member as pages and commands show them; `active` counts what the register says."""

    id: UUID
    kind: str
    name: str
    department: UUID | None
    active: bool
    roles: tuple[str, ...]
    conflicts: tuple[str, ...]


def everybody(actor: Actor) -> tuple[MemberView, ...]:
    """Every member, active or not."""
    require(actor, Permission.VIEW_PEOPLE)
    ids = Member.objects.order_by("created_at").values_list("id", flat=True)
    return tuple(view_of(person) for person in ids)


def departments(actor: Actor) -> tuple[Department, ...]:
    """Every department."""
    require(actor, Permission.VIEW_PEOPLE)
    return queries.departments()


def view_of(person: UUID) -> MemberView:
    """One member as shown."""
    row, roles = queries.member(person), queries.roles_of(person)
    conflicts = tuple(" + ".join(sorted(pair)) for pair in conflicts_in(roles))
    return MemberView(
        person, row.kind, row.name, row.department_id, queries.is_active(person),
        tuple(sorted(roles)), conflicts,
    )  # fmt: skip
