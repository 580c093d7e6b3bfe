"""What can be asked about erasures and pairs; never a value."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing
from trustkeep.kernel.approvals import queries as approvals
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.evidence.models import Receipt
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import merged
from trustkeep.kernel.vault.models import Customer
from trustkeep.kernel.vault.rules import State
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.models import Apart, ErasureRequest

RECEIPT = "erasure"


def receipt_of(actor: Actor, approval: UUID) -> receipts.Issued:
    """The receipt of the erasure that an approval allowed.

    Raises:
        Missing: nobody asked for an erasure under this number, or it is not done yet.
    """
    people.require(actor, Permission.VIEW_RECEIPTS)
    asked = ErasureRequest.objects.filter(approval=approval).first()
    found = receipts.issued(RECEIPT, asked.customer) if asked else None
    if found is None:
        raise Missing(
            "There is no receipt under this number: the erasure is not done yet (`trustkeep "
            "approvals list` and `trustkeep keys status` say what it waits for), or nobody asked "
            "for it."
        )
    return found


def asked_by(approval: UUID) -> ErasureRequest | None:
    """The erasure that a request for approval is about, if it is about one."""
    return ErasureRequest.objects.filter(approval=approval).first()


def without_receipt() -> list[UUID]:
    """Erased customers for whom no receipt was issued yet."""
    issued = Receipt.objects.filter(kind=RECEIPT, customer=OuterRef("id"))
    erased = Customer.objects.filter(~Exists(issued), state=State.ERASED)
    return list(erased.order_by("id").values_list("id", flat=True))


def told_apart(pairs: Collection[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those of some pairs, the lesser id first, whom somebody said to be two people."""
    ones = {one for one, _ in pairs}
    found = Apart.objects.filter(one__in=ones).values_list("one", "other")
    return set(pairs).intersection(found)


def told_apart_ever(one: UUID, other: UUID) -> bool:
    """Whether the ledger knows that somebody told these apart, or whom they took in.

    For a merge, which cannot be taken back: rows of the table may have been removed by SQL.
    """
    ours, theirs = merged.traces_of(one), merged.traces_of(other)
    return any(
        not history.every_about(customer, CustomerEvent.TOLD_APART, "other").isdisjoint(
            map(str, others)
        )
        for some, others in ((ours, theirs), (theirs, ours))
        for customer in some
    )


def apart_from(customer: UUID) -> set[UUID]:
    """Everybody whom somebody told apart from a customer."""
    rows = Apart.objects.filter(Q(one=customer) | Q(other=customer)).values_list("one", "other")
    return {one for pair in rows for one in pair} - {customer}


def erasure_asked(customers: Collection[UUID], verb: str) -> bool:
    """Whether an erasure of one of these was asked for, and is neither done nor over."""
    asked = ErasureRequest.objects.filter(customer__in=customers).values_list("approval", flat=True)
    return approvals.any_open(verb, asked)
