"""Handing roles on, and taking them back.  SOP 4.3a."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing
from trustkeep.kernel.keys import register, sealed_sets, set_state
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import history, log
from trustkeep.kernel.people import locks, queries
from trustkeep.kernel.people.actions.members import refuse_last_administrator
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Kind, Member, RoleAssignment
from trustkeep.kernel.people.permissions import FOR_PEOPLE, Permission, Role, may_assign

# How long everybody has to object, and how long the announcement then stands.
NOTICE, GOOD_FOR = timedelta(hours=72), timedelta(days=14)
_REPLACED_SLOWLY = frozenset({Role.DPO, Role.ADMINISTRATOR})


def assign_role(actor: Actor, *, member: UUID, role: Role) -> None:
    """Give somebody a role; never oneself, and only one that the actor may hand on.

    Raises:
        Conflict: the last DPO or administrator is being replaced; the sentence says from when on.
        Denied: to oneself, a role beyond what the actor may hand on, or one for people to an
            account of a program.
        Missing: there is no such member.
    """
    counts_from = _announced(actor, member, role)
    if counts_from is not None:
        raise Conflict(
            f"Nobody holds the role {role} any more, so one person alone would name who does: this "
            "is announced to everybody who could object. Say it again after "
            f"{counts_from:%Y-%m-%d %H:%M} UTC."
        )
    with acting(actor, Permission.ASSIGN_ROLES):
        put_role(actor, member, role)
    release_role(member, role)


def remove_role(actor: Actor, *, member: UUID, role: Role) -> None:
    """Take a role back, at once; holds even if the data is written back.

    Raises:
        Denied: from oneself, from the last administrator, or a role the actor may not hand on.
    """
    with acting(actor, Permission.ASSIGN_ROLES, alone=member):
        take_role(actor, member, role)


def put_role(actor: Actor, member: UUID, role: Role) -> None:
    """As `assign_role`, in the caller's transaction; `release_role` follows its commit."""
    if queries.member(member).kind == Kind.SERVICE and role in FOR_PEOPLE:
        raise Denied(
            f"A service account cannot hold the role {role}: whoever approves or audits is a "
            "person.",
            ("not_a_person",),
        )
    locks.roles()
    _refuse_beyond_own(actor, member, role)
    _store(actor, member, role)
    details = {"member": str(member), "role": str(role)}
    log.append(PeopleEvent.ROLE_ASSIGNED, actor, details=details)


def release_role(member: UUID, role: Role) -> None:
    """Let a role that was given count, after the commit."""
    if role in register.facts(member).roles_removed:
        register.enter(Fact.ROLE_GIVEN, member, details={"role": str(role)})


def take_role(actor: Actor, member: UUID, role: Role) -> None:
    """As `remove_role`, in the caller's transaction, which holds the person's lock.

    It writes in the register: after everything that may be refused.
    """
    locks.roles()
    _refuse_beyond_own(actor, member, role)
    if role not in {row.role for row in sealed_sets.rows(RoleAssignment, member)}:
        raise Missing("The member does not hold this role.")
    if role is Role.ADMINISTRATOR:
        refuse_last_administrator(member)
    # Before the commit: a crash here leaves the stricter state.
    register.enter(Fact.ROLE_REMOVED, member, details={"role": str(role)})
    with sealed_sets.change(RoleAssignment, member, actor) as roles:
        for row in roles.rows:
            if row.role == role:
                roles.remove(row)
    details = {"member": str(member), "role": str(role)}
    log.append(PeopleEvent.ROLE_REMOVED, actor, details=details)


def may_hand_on(held: Iterable[Role], role: Role) -> bool:
    """Whether whoever holds these roles may give and take this one, as things are now."""
    has_dpo = role is not Role.DPO or _has_any(Role.DPO)
    has_administrator = role is not Role.ADMINISTRATOR or _has_any(Role.ADMINISTRATOR)
    return may_assign(held, role, has_dpo=has_dpo, has_administrator=has_administrator)


def needs_notice(role: Role) -> bool:
    """Whether nobody holds a guarding role any more that somebody held: naming one is announced."""
    if role not in _REPLACED_SLOWLY or queries.active_holders(role):
        return False
    return history.newest([PeopleEvent.ROLE_ASSIGNED], role=str(role)) is not None


def _announced(actor: Actor, member: UUID, role: Role) -> datetime | None:
    """From when on a role may be given that its last holder lost; None: at once.

    Whoever may deactivate the last DPO and name the next one would alone hold what the two are
    apart for, so it is announced first.  The very first holders are named without waiting.
    """
    if not needs_notice(role):
        return None
    now, details = world.now(), {"member": str(member), "role": str(role)}
    announced = history.newest([PeopleEvent.ROLE_ANNOUNCED], **details)
    at = datetime.fromisoformat(announced["at"]) if announced else None
    if at is None or at + NOTICE + GOOD_FOR < now:
        with acting(actor, Permission.ASSIGN_ROLES):
            _refuse_beyond_own(actor, member, role)
            queries.member(member)
            log.append(PeopleEvent.ROLE_ANNOUNCED, actor, details=details)
        at = now
    return at + NOTICE if now < at + NOTICE else None


def _store(actor: Actor, member: UUID, role: Role) -> None:
    with sealed_sets.change(RoleAssignment, member, actor) as roles:
        if role in {row.role for row in roles.rows}:
            return
        roles.add(
            RoleAssignment(
                id=world.new_id(),
                person_id=member,
                role=role,
                given_by=actor.id,
                given_at=world.now(),
            )
        )


def _refuse_beyond_own(actor: Actor, member: UUID, role: Role) -> None:
    if member == actor.id:
        raise Denied("Nobody changes their own roles: ask somebody else.", ("to_self",))
    if not may_hand_on(queries.roles_of(actor.id), role):
        raise Denied(
            f"Your roles do not let you hand on the role {role}: ask the DPO for roles with data "
            "access and for the privacy office, an administrator for the others.",
            ("beyond_own_grant",),
        )


def _has_any(role: Role) -> bool:
    """Whether anybody holds a role; rows that SQL took away count as held until two people agree.

    Raises:
        Tampered: the sets of one who holds it are damaged.
    """
    return bool(queries.active_holders(role)) or bool(
        set_state.damaged(Member.set_kind, RoleAssignment.set_kind)
    )
