"""Erasing a customer: one person asks, another agrees, and a signed receipt says what is gone.

SOP 4.5b, GDPR Art. 17.
"""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.base.canonical import Value
from trustkeep.base.errors import Conflict
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.evidence import receipts
from trustkeep.kernel.keys import epochs, register
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import erasure
from trustkeep.kernel.vault.erasure import Erased
from trustkeep.rooms.customers.events import CustomerEvent

KIND = "erasure"
ELSEWHERE = "another-process"  # what an erasure waits for that somebody else carries on


@dataclass(frozen=True, slots=True)
class ErasureOutcome:
    """What became of an erasure; `receipt` is None while a slot has not forgotten yet."""

    customer: UUID
    receipt: receipts.Issued | None
    pending: tuple[str, ...]


def request_erasure(actor: Actor, *, customer: UUID) -> UUID:
    """Ask that a customer be erased; returns the number of the approval that must follow.

    Raises:
        Denied: the actor may not ask.
        Conflict: a legal hold stands on the customer.
    """
    people.require(actor, Permission.REQUEST_ERASURE)
    if register.facts(customer).held:
        raise Conflict("A legal hold stands on this customer, so nothing may be erased.")
    request = approvals.request(actor, verb=epochs.DESTROY, parameters=_parameters(customer))
    with transaction.atomic(durable=True):
        log.append(
            CustomerEvent.ERASURE_REQUESTED,
            actor,
            customer=customer,
            details={"approval": str(request.id)},
        )
    return request.id


def approve_erasure(actor: Actor, *, approval: UUID, customer: UUID) -> list[ErasureOutcome]:
    """Agree to the erasure of exactly this customer, which somebody else asked for; carry it out.

    Raises:
        Denied: the actor may not agree, asked for it, or it ended.
        Conflict: a legal hold stands on the customer.
    """
    people.require(actor, Permission.APPROVE)
    if register.facts(customer).held:
        raise Conflict("A legal hold stands on this customer; nothing was destroyed.")
    approvals.approve(actor, approval)
    authorisation = approvals.take(
        actor, approval, verb=epochs.DESTROY, parameters=_parameters(customer)
    )
    erasure.intend(actor, customer, authorisation)
    outcomes = [_outcome(actor, one) for one in erasure.finish(actor, tells_what_waits=True)]
    if customer not in {one.customer for one in outcomes}:
        # Another process was carrying the key change on, and took this erasure with it.
        before = receipts.issued(KIND, customer)
        outcomes.append(ErasureOutcome(customer, before, () if before else (ELSEWHERE,)))
    return outcomes


def sweep_erasures(actor: Actor) -> list[ErasureOutcome]:
    """Carry on erasures that a crash or an unreachable slot interrupted."""
    return [_outcome(actor, one) for one in erasure.finish(actor)]


def _parameters(customer: UUID) -> dict[str, Value]:
    return {"customers": [str(customer)]}


def _outcome(actor: Actor, erased: Erased) -> ErasureOutcome:
    if erased.pending or erased.cryptographic_at is None:
        return ErasureOutcome(erased.customer, None, erased.pending)
    lines = {
        "logical": erased.logical_at.isoformat(),
        "cryptographic": erased.cryptographic_at.isoformat(),
        "physical": "not stated: this installation does not yet keep a register of its backups",
        "epoch": str(erased.epoch),
        **{
            f"slot {word.slot}": f"forgot epoch {word.epoch} at {word.at} ({word.digest})"
            for word in erased.acknowledgements
        },
    }
    with transaction.atomic(durable=True):
        receipt = receipts.issue(actor, KIND, customer=erased.customer, lines=lines)
    return ErasureOutcome(erased.customer, receipt, ())
