"""Joiner, mover and leaver.  SOP 2a, 3."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from trustkeep.base import spans, text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.authority import acting, require
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Department, Kind, Member
from trustkeep.kernel.people.permissions import Permission, Role

MOST_OF_NAME = 120


def add_member(actor: Actor, *, name: str, email: str, department: UUID | None = None) -> UUID:
    """Add a member of staff, without any role yet; returns the random id.

    Raises:
        Conflict: another member has this address.
        Unacceptable: no name, or no address.
    """
    require(actor, Permission.MANAGE_PEOPLE)
    row = new_staff(name=name, email=email, department=department)
    _add(actor, row)
    return row.id


def create_service_account(
    actor: Actor, *, name: str, responsible: UUID, expires_at: datetime
) -> UUID:
    """Add an account for a program, for which a person answers and which ends by itself."""
    require(actor, Permission.MANAGE_PEOPLE)
    if not queries.is_active(responsible):
        raise Unacceptable("The person who answers for a service account must be active.")
    spans.check_end(expires_at, world.now())
    row = Member(
        id=world.new_id(), kind=Kind.SERVICE, name=_named(name), email=None, department_id=None,
        responsible_id=responsible, active=True, created_at=world.now(), expires_at=expires_at,
    )  # fmt: skip
    _add(actor, row)
    return row.id


def make_department(actor: Actor, *, name: str, head: UUID) -> UUID:
    """Make a department under an active head."""
    require(actor, Permission.MANAGE_PEOPLE)
    if not queries.is_active(head):
        raise Unacceptable("The head of a department must be active.")
    row = Department(id=world.new_id(), name=_named(name), head_id=head)
    try:
        with acting(actor, Permission.MANAGE_PEOPLE):
            with sealed_sets.change(Department, None, actor) as departments:
                departments.add(row)
            details = {"department": str(row.id), "head": str(head)}
            log.append(PeopleEvent.DEPARTMENT_MADE, actor, details=details)
    except IntegrityError:
        raise Conflict("There is a department of that name: choose another.") from None
    return row.id


def move_member(actor: Actor, *, member: UUID, department: UUID) -> None:
    """Put a member into another department."""
    with acting(actor, Permission.MANAGE_PEOPLE):
        if department not in {each.id for each in queries.departments()}:
            raise Missing("There is no such department: `trustkeep people departments` lists them.")
        with sealed_sets.change(Member, member, actor) as members:
            row = _only(members.rows)
            row.department_id = department
            members.replace(row)
        details = {"member": str(member), "department": str(department)}
        log.append(PeopleEvent.MEMBER_MOVED, actor, details=details)


def deactivate(actor: Actor, *, member: UUID) -> None:
    """End everything a member may do, at once; holds even if the data is written back.

    Raises:
        Denied: oneself, or the last administrator.
    """
    with acting(actor, Permission.DEACTIVATE_PEOPLE, alone=member):
        if member == actor.id:
            raise Denied("Nobody deactivates themselves: ask another administrator.", ("to_self",))
        queries.member(member)
        locks.roles()
        refuse_last_administrator(member)
        # Before the commit: a crash here leaves the stricter state.
        register.enter(Fact.DEACTIVATED, member)
        _set_active(actor, member, active=False)
        log.append(PeopleEvent.MEMBER_DEACTIVATED, actor, details={"member": str(member)})


def reactivate(actor: Actor, *, member: UUID) -> None:
    """Let a member act again.  Repeat it if it was cut short: until the end nothing is allowed."""
    with acting(actor, Permission.MANAGE_PEOPLE, alone=member):
        if member == actor.id:
            raise Denied("Nobody reactivates themselves: ask another administrator.", ("to_self",))
        _set_active(actor, member, active=True)
        log.append(PeopleEvent.MEMBER_REACTIVATED, actor, details={"member": str(member)})
    register.enter(Fact.REACTIVATED, member)


def new_staff(*, name: str, email: str, department: UUID | None) -> Member:
    """The row of a new member of staff, not yet stored."""
    if not text.is_address(email):
        raise Unacceptable("This is no e-mail address.", {"email": "name@example.org is one"})
    return Member(
        id=world.new_id(), kind=Kind.STAFF, name=_named(name), email=text.email(email),
        department_id=department, responsible_id=None, active=True, created_at=world.now(),
        expires_at=None,
    )  # fmt: skip


def refuse_last_administrator(member: UUID) -> None:
    """Refuse what would leave nobody to administer; only under `locks.roles`.

    Raises:
        Denied: this is the last active administrator.
    """
    if queries.active_holders(Role.ADMINISTRATOR) == (member,):
        raise Denied(
            "This is the last active administrator: make another one first.",
            ("last_administrator",),
        )


def _add(actor: Actor, row: Member) -> None:
    try:
        with acting(actor, Permission.MANAGE_PEOPLE):
            with sealed_sets.change(Member, row.id, actor) as members:
                members.add(row)
            details = {"member": str(row.id), "kind": str(row.kind)}
            log.append(PeopleEvent.MEMBER_ADDED, actor, details=details)
    except IntegrityError:
        raise Conflict("Another member has this e-mail address: use that member.") from None


def _set_active(actor: Actor, member: UUID, *, active: bool) -> None:
    with sealed_sets.change(Member, member, actor) as members:
        row = _only(members.rows)
        row.active = active
        members.replace(row)


def _only(rows: list[Member]) -> Member:
    if not rows:
        raise Missing("There is no such member: `trustkeep people list` shows them.")
    return rows[0]


def _named(name: str) -> str:
    if not text.is_line(name, MOST_OF_NAME):
        raise Unacceptable(
            f"A name is one line of at most {MOST_OF_NAME} characters.", {"name": "give one"}
        )
    return name.strip()
