"""Erasing a customer: one person asks, another agrees, and a signed receipt says what is gone.

To agree and to carry out are two acts: who agrees may be an outside confirmer, or nobody within the
delay of 72 hours, and a crash may fall between.  What was agreed to and not carried out is found by
the sweep.  SOP 4.5b, GDPR Art. 17.
"""

from uuid import UUID

import structlog
from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.canonical import Value
from trustkeep.base.errors import Conflict, Denied, Missing, Tampered
from trustkeep.kernel.approvals import actions as approvals
from trustkeep.kernel.approvals import queries as requests
from trustkeep.kernel.keys import epochs, register
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import erasure, locks, merged
from trustkeep.kernel.vault.models import Customer
from trustkeep.kernel.vault.rules import State
from trustkeep.rooms.customers import queries
from trustkeep.rooms.customers.actions.finishing import ErasureOutcome, finish_erasures, outcome_of
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.models import ErasureRequest

_log = structlog.get_logger(__name__)


def request_erasure(actor: Actor, *, customer: UUID) -> UUID:
    """Ask that a customer be erased; returns the number of the approval that must follow.

    Raises:
        Denied: the actor may not ask.
        Missing: there is no such customer, or an erasure began already.
        Conflict: a legal hold stands on the customer, or another record was merged into this one
            meanwhile.
    """
    people.require(actor, Permission.REQUEST_ERASURE)
    if not Customer.objects.filter(id=customer, state=State.ACTIVE).exists():
        raise Missing("There is no such customer.")
    _refuse_held(customer)
    parameters = _parameters(customer)
    request = approvals.request(actor, verb=epochs.DESTROY, parameters=parameters)
    with transaction.atomic(durable=True):
        locks.shared((customer,))  # a merge ends before, or sees that this was asked for
        if parameters != _parameters(customer):
            raise Conflict("Another record was merged into this one meanwhile: ask again.")
        ErasureRequest.objects.create(
            approval=request.id, customer=customer, requested_at=world.now()
        )
        log.append(
            CustomerEvent.ERASURE_REQUESTED,
            actor,
            customer=customer,
            details={"approval": str(request.id)},
        )
    return request.id


def approve_erasure(actor: Actor, *, approval: UUID, customer: UUID) -> list[ErasureOutcome]:
    """Agree to the erasure of exactly this customer, which somebody else asked for; carry it out.

    Who agreed before, and was cut short, may say it again.

    Raises:
        Denied: the actor may not agree, asked for it, or it ended.
        Conflict: a legal hold stands on the customer.
    """
    people.require(actor, Permission.APPROVE)
    _refuse_held(customer)
    if not requests.is_agreed_by(approval, actor):
        digest = approvals.digest_of(epochs.DESTROY, _parameters(customer))
        approvals.approve(actor, approval, digest=digest)
    return _carried_out(actor, approval, customer)


def erase(actor: Actor, *, approval: UUID, customer: UUID) -> list[ErasureOutcome]:
    """Carry out the erasure of exactly this customer, which was agreed to.

    Raises:
        Denied: nobody agreed yet, the delay has not passed, or the approval is for another act.
        Conflict: a legal hold stands on the customer.
    """
    people.require(actor, Permission.REQUEST_ERASURE)
    return _carried_out(actor, approval, customer)


def sweep_erasures(actor: Actor) -> list[ErasureOutcome]:
    """Carry on what a crash or an absent slot interrupted, and carry out what was agreed to."""
    outcomes = finish_erasures(actor)
    for approval in requests.to_carry_out(epochs.DESTROY):
        asked = queries.asked_by(approval)
        if asked is not None:
            try:
                if _may_go(asked.customer):
                    outcomes += _carried_out(actor, approval, asked.customer)
            except (Denied, Conflict, Missing):
                # Who asked or agreed has left since, or who was asked for has grown by a merge, or
                # went into one: it ends without being done.
                continue
            except Tampered as problem:
                # The comparison of state and ledger names it; it must not keep the others.
                _log.warning("erasure.passed_over", customer=str(problem.customer))
    return outcomes


def _may_go(customer: UUID) -> bool:
    standing = register.facts(customer)
    return not (standing.gone or any(register.facts(one).held for one in _everybody(customer)))


def _carried_out(actor: Actor, approval: UUID, customer: UUID) -> list[ErasureOutcome]:
    _refuse_held(customer)
    if not register.facts(customer).being_erased:
        _begin(actor, approval, customer)
    outcomes = finish_erasures(actor, tells_what_waits=True)
    if customer not in {one.customer for one in outcomes}:
        # Another process was carrying the key change on, and took this erasure with it.
        outcomes.append(outcome_of(customer))
    return outcomes


def _begin(actor: Actor, approval: UUID, customer: UUID) -> None:
    try:
        authorisation = approvals.left_over(
            approval, verb=epochs.DESTROY, parameters=_parameters(customer)
        ) or approvals.take(
            actor, approval, verb=epochs.DESTROY, parameters=_parameters(customer)
        )  # fmt: skip
        erasure.intend(actor, customer, authorisation, along=merged.taken_in(customer))
    except Denied:
        # The sweep of another process may have used the approval a moment ago.
        if not register.facts(customer).being_erased:
            raise


def _refuse_held(customer: UUID) -> None:
    if any(register.facts(one).held for one in _everybody(customer)):
        raise Conflict("A legal hold stands on this customer; nothing was destroyed.")


def _parameters(customer: UUID) -> dict[str, Value]:
    return {"customers": [str(one) for one in _everybody(customer)]}


def _everybody(customer: UUID) -> list[UUID]:
    """The customer and whoever was merged into this record: their keys open old backups of it."""
    return sorted([customer, *merged.taken_in(customer)], key=str)
