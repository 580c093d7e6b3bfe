"""Cases: why somebody deals with a customer just now."""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from django.db import IntegrityError, transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import locks, merged
from trustkeep.kernel.vault.models import Customer
from trustkeep.kernel.vault.rules import State
from trustkeep.rooms.access import queries
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.models import Case

MOST_NAMED = 1000
_NO_LINK: Mapping[str, str] = MappingProxyType({})
_NAMED = (State.ACTIVE, State.MERGED)  # one who is being erased is nobody any more


def open_case(actor: Actor, *, system: str, reference: str, customers: Sequence[UUID]) -> Case:
    """Open a case of another system that names customers.  `system` is a short code.

    Where a case of this reference is open already about the same people, it is taken up.

    Raises:
        Denied: the actor may not open cases.
        Unacceptable: it names nobody, or somebody unknown or erased, which is in the ledger; or
            `system` is no code.
        Conflict: there is an open case of this reference about others.
    """
    people.require(actor, Permission.OPEN_CASES)
    refuse_uncoded(system)
    refuse_unknown(actor, customers)
    reference_hash = queries.case_hash(system, reference)
    try:
        with people.acting(actor, Permission.OPEN_CASES):
            found = latest(system, reference_hash)
            if found is not None and is_same(found, customers):
                return taken_up(actor, found)
            return stored(actor, system, reference_hash, customers)
    except IntegrityError:
        raise about_others() from None


def latest(system: str, reference_hash: bytes) -> Case | None:
    """The case of a reference: the open one, or the one that was closed last."""
    try:
        return queries.case_by_hash(system, reference_hash)
    except Missing:
        return None


def is_same(found: Case, customers: Collection[UUID]) -> bool:
    """Whether an open case is about these very people."""
    return found.closed_at is None and survivors(found.customers) == survivors(customers)


def taken_up(actor: Actor, found: Case, by_link: Mapping[str, str] = _NO_LINK) -> Case:
    """An open case that the actor goes on with."""
    details = {"case": str(found.id), **by_link}
    log.append(AccessEvent.CASE_TAKEN_UP, actor, details=details)
    return found


def stored(
    actor: Actor,
    system: str,
    reference_hash: bytes,
    customers: Collection[UUID],
    by_link: Mapping[str, str] = _NO_LINK,
) -> Case:
    """A new case inside the caller's transaction; `by_link` names link and maker in its entry.

    Raises:
        IntegrityError: there is an open case of this reference already.
    """
    # One who was merged is named as whoever has the values now; a merge that comes after finds
    # this case and names the survivor in it.
    locks.shared({*customers, *survivors(customers)})
    case = Case(
        id=world.new_id(), system=system, reference_hash=reference_hash,
        customers=sorted(survivors(customers)), opened_by=actor.id, opened_at=world.now(),
        closed_at=None,
    )  # fmt: skip
    with sealed_sets.change(Case, case.id, actor) as cases:
        cases.add(case)
    details = {"case": str(case.id), "system": system, **by_link}
    log.append(AccessEvent.CASE_OPENED, actor, details=details)
    return case


def about_others() -> Conflict:
    """What is said where an open case stands in the way."""
    return Conflict("An open case of this reference is about others: close that one first.")


def refuse_uncoded(system: str) -> None:
    """Go on only with a code: a name that was typed here by mistake must not reach the database.

    Raises:
        Unacceptable: it is none.
    """
    if not queries.is_system(system):
        raise Unacceptable(
            "A system is named by a short code in small letters, such as helpdesk.",
            {"system": "a code of at most 24 letters, digits, - and _"},
        )


def refuse_unknown(actor: Actor, customers: Sequence[UUID]) -> None:
    """Go on only where a case would name somebody, and nobody but customers.

    Raises:
        Unacceptable: it would not; which is in the ledger, since it may be a guess.
    """
    if len(customers) > MOST_NAMED:
        raise Unacceptable(f"A case names at most {MOST_NAMED} customers.")
    known = Customer.objects.filter(id__in=customers, state__in=_NAMED)
    unknown = len({*customers}) - known.count()
    if unknown or not customers:
        _note_refused(actor, unknown)
        raise Unacceptable("A case must name customers that are known here.")


def survivors(customers: Collection[UUID]) -> set[UUID]:
    """Who has the values of these customers now."""
    return {path.survivor for path in merged.paths(customers).values()}


def _note_refused(actor: Actor, unknown: int) -> None:
    """Write down that somebody asked about customers whom nobody knows: it may be a guess."""
    details: dict[str, object] = {"unknown": unknown}
    if actor.token is not None:
        details["token"] = str(actor.token)
    with transaction.atomic(durable=True):
        log.append(AccessEvent.CASE_REFUSED, actor, details=details)


def close_case(actor: Actor, *, system: str, reference: str) -> None:
    """Close the case of a reference: nothing is read on its strength any more.

    Raises:
        Denied: the actor may not open or close cases.
        Missing: there is no such case.
    """
    with people.acting(actor, Permission.OPEN_CASES):
        _close(actor, queries.case_by_reference(system, reference).id)


def close_own_case(actor: Actor, *, case: UUID) -> None:
    """Close a case by its id, without its reference: one's own, or as whoever reads the ledger.

    Raises:
        Denied: the actor may not open or close cases.
        Missing: there is no such case, or none that the actor may close so.
    """
    with people.acting(actor, Permission.OPEN_CASES):
        for found in sealed_sets.rows(Case, case):
            if found.opened_by == actor.id or queries.sees_all(actor):
                _close(actor, found.id)
                return
        raise Missing("There is no such case, or it is another's.")


def _close(actor: Actor, case: UUID) -> None:
    with sealed_sets.change(Case, case, actor) as cases:
        (found,) = cases.rows
        if found.closed_at is None:
            found.closed_at = world.now()
            cases.replace(found)
    log.append(AccessEvent.CASE_CLOSED, actor, details={"case": str(case)})
