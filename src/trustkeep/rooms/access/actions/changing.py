"""Changing values of a customer: decided as a reading of them is.  SOP 4.2a, 4.3a, 4.3c."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import writing
from trustkeep.rooms.access import queries, rules
from trustkeep.rooms.access.actions.entries import denied, entry_about
from trustkeep.rooms.access.queries import Asked


def change_fields(
    actor: Actor,
    *,
    customer: UUID,
    changes: Mapping[str, str | None],
    purpose: str,
    case: str | None = None,
) -> None:
    """Set values of one customer for a purpose; None removes one.  The caller has checked them.

    Raises:
        Denied: with every reason; the refusal itself is in the ledger.
        Missing: the customer was erased while this was decided.
        Conflict: a legal hold stands on the customer.
        LedgerUnavailable: the entry could not be stored, so nothing was changed.
    """
    asked = Asked((customer,), tuple(changes), purpose, case, Permission.WRITE_CUSTOMER)
    with transaction.atomic(durable=True):
        now = world.now()
        (seen,), _ = queries.seen_under_lock(actor, asked, now)
        decision = rules.decide_change(seen.facts, now)
        about = entry_about(actor, asked, seen.facts, decision)
        log.append(
            about.event, actor, customer=about.customer(customer), purpose=about.purpose,
            details=about.details,
        )  # fmt: skip
        if not decision.refused:
            writing.write_fields(actor, customer, changes)
    if decision.refused:
        raise denied(decision)
