"""Departments: who heads them, and which stands below which.  SOP 3b."""

from collections.abc import Iterable
from uuid import UUID

from django.db import IntegrityError

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import census, locks, queries
from trustkeep.kernel.people.actions.members import named
from trustkeep.kernel.people.actions.stating import refuse_going_round
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Department, DepartmentPlace
from trustkeep.kernel.people.permissions import Permission


def make_department(actor: Actor, *, name: str, head: UUID, parent: UUID | None = None) -> UUID:
    """Make a department under an active head.

    Raises:
        Conflict: there is one of that name.
        Missing: there is no such member, or no such department above.
        Unacceptable: the head is not active, or is an account of a program.
    """
    row = Department(id=world.new_id(), name=named(name), head_id=head)
    try:
        with acting(actor, Permission.MANAGE_EMPLOYMENT, along=[head]):
            _refuse_inactive(head)
            locks.lines()
            with sealed_sets.change(Department, None, actor) as departments:
                departments.add(row)
            details = {"department": str(row.id), "head": str(head)}
            log.append(PeopleEvent.DEPARTMENT_MADE, actor, details=details)
            if parent is not None:
                _place(actor, row.id, parent)
    except IntegrityError:
        raise _name_taken() from None
    return row.id


def rename_department(actor: Actor, *, department: UUID, name: str) -> None:
    """Call a department something else.

    Raises:
        Conflict: there is another of that name.
        Missing: there is no such department.
    """
    try:
        with acting(actor, Permission.MANAGE_EMPLOYMENT):
            with sealed_sets.change(Department, None, actor) as departments:
                row = _found(departments.rows, department)
                row.name = named(name)
                departments.replace(row)
            details = {"department": str(department)}
            log.append(PeopleEvent.DEPARTMENT_RENAMED, actor, details=details)
    except IntegrityError:
        raise _name_taken() from None


def change_head(actor: Actor, *, department: UUID, head: UUID) -> None:
    """Put a department under another active head.

    Raises:
        Conflict: somebody would come to stand above themselves.
        Missing: there is no such member or department.
        Unacceptable: the head is not active, or is an account of a program.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT, along=[head]):
        _refuse_inactive(head)
        locks.lines()
        with sealed_sets.change(Department, None, actor) as departments:
            row = _found(departments.rows, department)
            before, row.head_id = row.head_id, head
            departments.replace(row)
        refuse_going_round()
        details = {"department": str(department), "head": str(head)}
        if before:
            details["before"] = str(before)
        log.append(PeopleEvent.HEAD_CHANGED, actor, details=details)


def place_department(actor: Actor, *, department: UUID, parent: UUID | None) -> None:
    """Put a department below another one; None: below none.

    Raises:
        Conflict: a department would come to stand below itself, or a person above themselves.
        Missing: there is no such department.
    """
    with acting(actor, Permission.MANAGE_EMPLOYMENT):
        locks.lines()
        _place(actor, department, parent)


def _place(actor: Actor, department: UUID, parent: UUID | None) -> None:
    known = queries.departments()
    for each in filter(None, (department, parent)):
        _found(known, each)
    above = census.lines().departments_above(parent) if parent else ()
    if department in {parent, *above}:
        raise Conflict("A department cannot stand below itself: choose another one above it.")
    with sealed_sets.change(DepartmentPlace, None, actor) as places:
        for row in places.rows:
            if row.department_id == department:
                places.remove(row)
        if parent is not None:
            places.add(
                DepartmentPlace(id=world.new_id(), department_id=department, parent_id=parent)
            )
    refuse_going_round()
    details = {"department": str(department), **({"parent": str(parent)} if parent else {})}
    log.append(PeopleEvent.DEPARTMENT_PLACED, actor, details=details)


def _refuse_inactive(head: UUID) -> None:
    if not queries.is_person(head):
        raise Unacceptable("The head of a department must be active, and a person.")


def _found(rows: Iterable[Department], department: UUID) -> Department:
    for row in rows:
        if row.id == department:
            return row
    raise Missing("There is no such department: `trustkeep people departments` lists them.")


def _name_taken() -> Conflict:
    return Conflict("There is a department of that name: choose another.")
