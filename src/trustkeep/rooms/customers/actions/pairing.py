"""Pairs of customers who may be one: proposed, or told apart.  SOP 4.1a."""

from collections.abc import Sequence
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing, Unacceptable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import locks, merged
from trustkeep.kernel.vault.rules import ALONE
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import queries
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.models import Apart
from trustkeep.rooms.purposes import queries as purposes


def find_duplicates(
    actor: Actor, *, purpose: str, elements: Sequence[str] = (), case: str | None = None
) -> access.Duplicates:
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
        if one.index in ALONE and terms is not None and key in terms.fields
    ]


def tell_apart(actor: Actor, *, one: UUID, other: UUID) -> None:
    """Say that two customers are two people: they are not proposed again.

    Raises:
        Denied: the actor may not merge.
        Missing: one of them is not known.
        Unacceptable: it is one customer.
    """
    with people.acting(actor, Permission.MERGE_CUSTOMERS):
        locks.shared((one, other))  # whoever merges them ends before, or sees what is said
        first, second = two(one, other)
        row = {"said_at": world.now()}
        Apart.objects.get_or_create(one=first, other=second, defaults=row)
        details = {"other": str(second)}
        log.append(CustomerEvent.TOLD_APART, actor, customer=first, details=details)


def two(one: UUID, other: UUID) -> access.Pair:
    """Two customers as a pair.

    Raises:
        Missing: one of them is not known.
        Unacceptable: it is one customer.
    """
    pair = ordered(one, other)
    if len(merged.with_record(pair)) < 2:
        raise Missing("There is no such customer.")
    return pair


def ordered(one: UUID, other: UUID) -> access.Pair:
    """As `two`, of whoever it may be.

    Raises:
        Unacceptable: it is one customer.
    """
    if one == other:
        raise Unacceptable("This is one customer already.")
    return (one, other) if one < other else (other, one)


def keep_apart(survivor: UUID, other: UUID) -> None:
    """Let whoever was told apart from one who was merged be apart from the survivor.

    A crash before it costs a look at a pair that somebody looked at already.
    """
    for third in queries.apart_from(other) - {survivor}:
        pair = (survivor, third) if survivor < third else (third, survivor)
        Apart.objects.get_or_create(one=pair[0], other=pair[1], defaults={"said_at": world.now()})
