"""Two records of one person: proposed, told apart, or made one.  SOP 4.1a, 4.2a."""

from collections.abc import Collection, Sequence
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing, Unacceptable
from trustkeep.kernel.keys import epochs
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import merged
from trustkeep.kernel.vault.combining import Choice
from trustkeep.kernel.vault.merging import Merged
from trustkeep.kernel.vault.rules import IndexKind
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import queries
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.models import Apart
from trustkeep.rooms.purposes import queries as purposes


def find_duplicates(
    actor: Actor, *, purpose: str, elements: Sequence[str] = (), case: str | None = None
) -> list[access.Alike]:
    """Pairs who have the same of some elements; unset: of all that the purpose needs.

    Raises:
        Denied: no grant for bulk covers them.
        Unacceptable: an element is not looked up.
        Rebuilding: the look-up index is not whole.
    """
    return access.find_duplicates(
        actor, elements=elements or _compared_for(purpose), purpose=purpose,
        apart=queries.told_apart, case=case,
    )  # fmt: skip


def _compared_for(purpose: str) -> list[str]:
    terms = purposes.terms_by_key().get(purpose)
    return [
        key
        for key, one in declared.by_key().items()
        if one.index != IndexKind.NONE and terms is not None and key in terms.fields
    ]


def tell_apart(actor: Actor, *, one: UUID, other: UUID) -> None:
    """Say that two customers are two people: they are not proposed again.

    Raises:
        Denied: the actor may not merge.
        Missing: one of them is not known.
        Unacceptable: it is one customer.
    """
    with people.acting(actor, Permission.MERGE_CUSTOMERS):
        first, second = _two(one, other)
        row = {"said_at": world.now()}
        Apart.objects.get_or_create(one=first, other=second, defaults=row)
        details = {"other": str(second)}
        log.append(CustomerEvent.TOLD_APART, actor, customer=first, details=details)


def merge(
    actor: Actor,
    *,
    survivor: UUID,
    other: UUID,
    purpose: str,
    choice: Choice,
    case: str | None = None,
) -> Merged:
    """Make the two one: the survivor's record gets the values of both.

    Nothing was changed where the answer names elements that nobody decided about.

    Raises:
        Denied: the actor may not merge, or no grant covers what either has for this purpose.
        Missing: one of them is not known, or was erased.
        Unacceptable: it is one customer, or a choice names no element.
        Conflict: an erasure of one was asked for, a hold keeps a value that would be lost, or
            somebody said that these are two people.
    """
    people.require(actor, Permission.MERGE_CUSTOMERS)
    declared.known({*choice.theirs, *choice.ours})
    if {*choice.theirs} & {*choice.ours}:
        raise Unacceptable("An element is chosen from both: say whose value stays.")
    _two(survivor, other)
    if queries.told_apart([_in_order(survivor, other)]):
        raise Conflict("Somebody said that these are two people; nothing was changed.")
    _refuse_to_be_erased((survivor, other))
    return access.merge_customers(
        actor, survivor=survivor, other=other, choice=choice, purpose=purpose, case=case
    )


def _refuse_to_be_erased(customers: Collection[UUID]) -> None:
    """An approval is for exactly who was asked for: who grows meanwhile would never be erased."""
    if queries.erasure_asked(customers, epochs.DESTROY):
        raise Conflict(
            "An erasure of one of the two was asked for: carry it out or withdraw it first."
        )


def _two(one: UUID, other: UUID) -> access.Pair:
    if one == other:
        raise Unacceptable("This is one customer already.")
    if len(merged.with_record((one, other))) < 2:
        raise Missing("There is no such customer.")
    return _in_order(one, other)


def _in_order(one: UUID, other: UUID) -> access.Pair:
    return (one, other) if one < other else (other, one)
