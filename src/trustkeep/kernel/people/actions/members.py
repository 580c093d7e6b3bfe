"""Joiner, mover and leaver.  SOP 2a, 3."""

from uuid import UUID

from django.db import IntegrityError

from trustkeep.base import text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.actions.stating import put_statement, refuse_going_round
from trustkeep.kernel.people.authority import acting, require
from trustkeep.kernel.people.employment import Statement
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Kind, Member
from trustkeep.kernel.people.permissions import Permission, Role

MOST_OF_NAME = 120


def add_member(
    actor: Actor,
    *,
    name: str,
    email: str,
    department: UUID | None = None,
    stated: Statement | None = None,
) -> UUID:
    """Add a member of staff, without any role yet; returns the random id.

    Raises:
        Conflict: another member has this address.
        Missing: there is no such department.
        Unacceptable: no name, or no address, or the statement of the employment has gaps.
    """
    require(actor, Permission.MANAGE_EMPLOYMENT)
    row = new_staff(name=name, email=email, department=department)
    try:
        stated = stated or Statement()
        with acting(actor, Permission.MANAGE_EMPLOYMENT, along=[stated.sponsor]):
            put_new(actor, row)
            put_statement(actor, row.id, stated)
    except IntegrityError:
        raise address_taken() from None
    return row.id


def correct_member(
    actor: Actor, *, member: UUID, name: str | None = None, email: str | None = None
) -> None:
    """Write somebody's name or address as it is.

    Raises:
        Conflict: another member has this address.
        Unacceptable: no name, or no address.
    """
    try:
        with acting(actor, Permission.MANAGE_EMPLOYMENT):
            put_corrected(actor, member, name=name, email=email)
    except IntegrityError:
        raise address_taken() from None


def move_member(actor: Actor, *, member: UUID, department: UUID | None) -> None:
    """Put a member into another department, or into none.

    Raises:
        Conflict: somebody would come to stand above themselves.
        Missing: there is no such department.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT):
        put_moved(actor, member, department)


def deactivate(actor: Actor, *, member: UUID) -> None:
    """End everything a member may do, at once; holds even if the data is written back.

    Raises:
        Denied: oneself, or the last administrator.
    """
    with acting(actor, Permission.DEACTIVATE_PEOPLE, alone=member):
        put_deactivated(actor, member)


def reactivate(actor: Actor, *, member: UUID) -> None:
    """Let a member act again.  Repeat it if it was cut short: until the end nothing is allowed.

    Raises:
        Conflict: their time is over: it is extended first.
    """
    with acting(actor, Permission.MANAGE_PEOPLE, alone=member):
        if member == actor.id:
            raise Denied("Nobody reactivates themselves: ask another administrator.", ("to_self",))
        ends_at = queries.member(member).expires_at
        if ends_at is not None and ends_at <= world.now():
            raise Conflict("The time of this member is over: extend it first, then reactivate.")
        _set_active(actor, member, active=True)
        log.append(PeopleEvent.MEMBER_REACTIVATED, actor, details={"member": str(member)})
    register.enter(Fact.REACTIVATED, member)


def new_staff(*, name: str, email: str, department: UUID | None) -> Member:
    """The row of a new member of staff, not yet stored."""
    return Member(
        id=world.new_id(), kind=Kind.STAFF, name=named(name), email=addressed(email),
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


def put_new(actor: Actor, row: Member) -> None:
    """Store a new member, in the caller's transaction."""
    _refuse_unknown_department(row.department_id)
    with sealed_sets.change(Member, row.id, actor) as members:
        members.add(row)
    details = {"member": str(row.id), "kind": str(row.kind)}
    log.append(PeopleEvent.MEMBER_ADDED, actor, details=details)


def put_corrected(actor: Actor, member: UUID, *, name: str | None, email: str | None) -> None:
    """As `correct_member`, in the caller's transaction; nothing where all is as it should be."""
    before = queries.member(member)
    if email is not None and before.kind == Kind.SERVICE:
        raise Unacceptable("An account of a program has no address.")
    wanted = {
        "name": before.name if name is None else named(name),
        "email": before.email if email is None else addressed(email),
    }
    columns = [column for column, value in wanted.items() if value != getattr(before, column)]
    if not columns:
        return
    with sealed_sets.change(Member, member, actor) as members:
        row = only(members.rows)
        row.name, row.email = wanted["name"] or "", wanted["email"]
        members.replace(row)
    details = {"member": str(member), "columns": columns}
    log.append(PeopleEvent.MEMBER_CORRECTED, actor, details=details)


def put_moved(actor: Actor, member: UUID, department: UUID | None) -> None:
    """As `move_member`, in the caller's transaction; nothing where the member is there already."""
    if department == queries.member(member).department_id:
        return
    _refuse_unknown_department(department)
    locks.lines()
    with sealed_sets.change(Member, member, actor) as members:
        row = only(members.rows)
        row.department_id = department
        members.replace(row)
    refuse_going_round(member)
    where = {"department": str(department)} if department else {}
    log.append(PeopleEvent.MEMBER_MOVED, actor, details={"member": str(member), **where})


def put_deactivated(actor: Actor, member: UUID, *, because: str | None = None) -> None:
    """As `deactivate`, in the caller's transaction, which holds the person's lock.

    It writes in the register: the last act of a transaction that does more.
    """
    if member == actor.id:
        raise Denied("Nobody deactivates themselves: ask another administrator.", ("to_self",))
    queries.member(member)
    locks.roles()
    refuse_last_administrator(member)
    # Before the commit: a crash here leaves the stricter state.
    register.enter(Fact.DEACTIVATED, member)
    _set_active(actor, member, active=False)
    details = {"member": str(member), **({"because": because} if because else {})}
    log.append(PeopleEvent.MEMBER_DEACTIVATED, actor, details=details)


def only(rows: list[Member]) -> Member:
    """The one row of a member's set.

    Raises:
        Missing: there is no such member.
    """
    if not rows:
        raise Missing("There is no such member: `trustkeep people list` shows them.")
    return rows[0]


def named(name: str) -> str:
    """A name as it is stored.

    Raises:
        Unacceptable: it is not one line.
    """
    if not text.is_line(name, MOST_OF_NAME):
        raise Unacceptable(
            f"A name is one line of at most {MOST_OF_NAME} characters.", {"name": "give one"}
        )
    return name.strip()


def addressed(email: str) -> str:
    """An address as it is stored.

    Raises:
        Unacceptable: it is none.
    """
    if not text.is_address(email):
        raise Unacceptable("This is no e-mail address.", {"email": "name@example.org is one"})
    return text.email(email)


def address_taken() -> Conflict:
    """What is said where an address belongs to somebody else."""
    return Conflict("Another member has this e-mail address: use that member.")


def _refuse_unknown_department(department: UUID | None) -> None:
    if department is not None and department not in {each.id for each in queries.departments()}:
        raise Missing("There is no such department: `trustkeep people departments` lists them.")


def _set_active(actor: Actor, member: UUID, *, active: bool) -> None:
    with sealed_sets.change(Member, member, actor) as members:
        row = only(members.rows)
        row.active = active
        members.replace(row)
