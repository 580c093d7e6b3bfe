"""A list of people brought in: shown first, then carried out row by row.  SOP 2a, 6c.

Each row is one transaction, and what is so already is left alone: a list that was interrupted, or
is brought in once more, does only what is still to do.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import census, queries, sheet
from trustkeep.kernel.people.actions import members, roles, stating
from trustkeep.kernel.people.authority import acting, require
from trustkeep.kernel.people.census import Person
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.import_plan import Powers, Refusal, RowPlan, Verdict
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.kernel.people.planning import Planner

_TO_DO = frozenset({Verdict.CREATE, Verdict.CHANGE, Verdict.DEACTIVATE})


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a list would do, or did."""

    digest: str
    ignored: tuple[str, ...]
    rows: tuple[RowPlan, ...]
    reason: Reason | None

    @property
    def tally(self) -> Mapping[str, int]:
        """How many rows there are of each verdict."""
        found = Counter(each.verdict for each in self.rows)
        return {str(verdict): found[verdict] for verdict in Verdict}


def plan_import(
    actor: Actor, *, content: bytes, complete: bool = False, reason: Reason | None = None
) -> ImportPlan:
    """Say what a list would do, and do nothing.

    `complete`: whoever is in no row is deactivated.  `reason`: why ends move back, if any does.

    Raises:
        Unacceptable: the file cannot be read as a list of people.
    """
    require(actor, Permission.MANAGE_EMPLOYMENT)
    found = sheet.read(content)
    planner = Planner(census.taken(), found, _powers(actor, reason), world.new_id)
    digest = hashlib.sha256(content).hexdigest()
    return ImportPlan(digest, found.ignored, planner.plan(complete=complete), reason)


def carry_out_import(
    actor: Actor, *, plan: ImportPlan, tell: Callable[[int, int], None] | None = None
) -> ImportPlan:
    """Do what a plan says; returns it with the rows that were refused after all.

    `tell` is given, after each row, how many are done and how many there are to do.
    A row that others stand in the way of (a manager who is made by a later row) is tried again
    after them.
    """
    require(actor, Permission.MANAGE_EMPLOYMENT)
    done: dict[int, RowPlan] = {}
    waiting = [(n, row) for n, row in enumerate(plan.rows) if row.verdict in _TO_DO]
    total = len(waiting)
    while waiting:
        held_up = []
        for n, row in waiting:
            try:
                _carry_out(actor, row, plan.reason)
                done[n] = row
                if tell is not None:
                    tell(len(done), total)
            except (Conflict, Denied, Missing, Unacceptable, IntegrityError) as problem:
                held_up.append((n, row.refused(Refusal.ACTION, _sentence(problem))))
        if len(held_up) == len(waiting):
            done |= dict(held_up)
            break
        waiting = [(n, plan.rows[n]) for n, _ in held_up]
    rows = tuple(done.get(n, row) for n, row in enumerate(plan.rows))
    carried_out = ImportPlan(plan.digest, plan.ignored, rows, plan.reason)
    with acting(actor, Permission.MANAGE_EMPLOYMENT):
        log.append(PeopleEvent.LIST_IMPORTED, actor, details=_tallied(carried_out))
    return carried_out


def _carry_out(actor: Actor, row: RowPlan, reason: Reason | None) -> None:
    before, after = row.before, row.after
    if after is None:
        return
    given: Iterable[Role] = sorted(after.roles - before.roles if before else after.roles)
    alone = after.id if before else None
    along = [after.manager, after.stated.sponsor]
    with acting(actor, Permission.MANAGE_EMPLOYMENT, alone=alone, along=along):
        if before is None:
            new = members.new_staff(name=after.name, email=after.email, department=after.department)
            new.id = after.id
            members.put_new(actor, new)
        _put_columns(actor, before, after, reason)
        for role in given:
            require(actor, Permission.ASSIGN_ROLES)
            if roles.needs_notice(role):
                raise Conflict("The last holder of this role is gone: announce the next one first.")
            roles.put_role(actor, after.id, role)
        # What writes in the register comes last: nothing may be refused after it.
        for role in sorted(before.roles - after.roles) if before else ():
            require(actor, Permission.ASSIGN_ROLES)
            roles.take_role(actor, after.id, role)
        if before and before.active and not after.active:
            require(actor, Permission.DEACTIVATE_PEOPLE)
            members.put_deactivated(actor, after.id)
    for role in given:
        roles.release_role(after.id, role)
    points.reached("people.row.carried_out")


def _put_columns(actor: Actor, before: Person | None, after: Person, reason: Reason | None) -> None:
    """The columns in which the list differs from how somebody was when it was planned."""
    if before is not None:
        name = after.name if before.name != after.name else None
        email = after.email if before.email != after.email else None
        members.put_corrected(actor, after.id, name=name, email=email)
    if before is not None and before.department != after.department:
        members.put_moved(actor, after.id, after.department)
    if before is None or before.stated != after.stated:
        stating.put_statement(actor, after.id, after.stated, reason=reason)
    if before is None or before.manager != after.manager:
        stating.put_manager(actor, after.id, after.manager, is_new=before is None)


def _powers(actor: Actor, reason: Reason | None) -> Powers:
    held = queries.roles_of(actor.id)
    may_assign = Permission.ASSIGN_ROLES in actor.permissions
    return Powers(
        actor=actor.id,
        may_give=lambda role: may_assign and roles.may_hand_on(held, role),
        may_deactivate=Permission.DEACTIVATE_PEOPLE in actor.permissions,
        announced=frozenset(role for role in Role if roles.needs_notice(role)),
        now=world.now(),
        zone=settings.COMPANY_ZONE,
        reason=reason,
    )


def _sentence(problem: Exception) -> str:
    if isinstance(problem, IntegrityError):
        return "Another member has this e-mail address, or it was brought in meanwhile."
    return str(problem.args[0])


def _tallied(plan: ImportPlan) -> dict[str, str | int]:
    found = Counter(each.verdict for each in plan.rows)
    return {
        "created": found[Verdict.CREATE], "changed": found[Verdict.CHANGE],
        "unchanged": found[Verdict.UNCHANGED], "refused": found[Verdict.REFUSED],
        "deactivated": found[Verdict.DEACTIVATE], "digest": plan.digest,
    }  # fmt: skip
