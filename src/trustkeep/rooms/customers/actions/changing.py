"""Changing what is kept about a customer.  SOP 4.1a, 4.2a."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import elements, writing
from trustkeep.rooms.customers import rules
from trustkeep.rooms.purposes import queries as purposes


def change_customer(actor: Actor, *, customer: UUID, changes: Mapping[str, str | None]) -> None:
    """Set values of a customer; None removes one.

    Raises:
        Denied: the actor may not change customers.
        Unacceptable: a field was never declared, no live purpose needs it, or a value is no text.
        Missing: there is no such customer.
        Conflict: its processing is restricted, or a legal hold stands on it.
    """
    authority.require(actor, Permission.WRITE_CUSTOMER)
    set_fields = [field for field, value in changes.items() if value is not None]
    elements.known(changes)
    needless = purposes.needless(set_fields)
    if needless:
        raise Unacceptable(
            f"No live purpose needs {', '.join(needless)}, so it must not be collected."
        )
    for field in set_fields:
        reason = rules.refusal_of(str(changes[field]))
        if reason:
            raise Unacceptable(f"The value of {field} {rules.REMEDIES[reason]}.")
    with transaction.atomic(durable=True):
        writing.write_fields(actor, customer, changes)
