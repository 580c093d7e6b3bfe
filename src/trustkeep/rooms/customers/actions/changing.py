"""Changing what is kept about a customer.  SOP 4.1a, 4.2a."""

from collections.abc import Mapping
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.vault import elements
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import rules
from trustkeep.rooms.purposes import queries as purposes


def change_customer(
    actor: Actor,
    *,
    customer: UUID,
    changes: Mapping[str, str | None],
    purpose: str,
    case: str | None = None,
) -> None:
    """Set values of a customer for a purpose; None removes one.

    Raises:
        Denied: no grant lets the actor see what would be changed; the refusal is in the ledger.
        Unacceptable: a field was never declared, no live purpose needs it, or a value is
            empty or no text.
        Missing: there is no such customer.
        Conflict: its processing is restricted, or a legal hold stands on it.
    """
    set_fields = [field for field, value in changes.items() if value is not None]
    elements.known(changes)
    needless = purposes.needless(set_fields)
    if needless:
        raise Unacceptable(
            f"No live purpose needs {', '.join(needless)}, so it must not be collected."
        )
    for field in set_fields:
        if not str(changes[field]).strip():
            raise Unacceptable(
                f"The value of {field} is empty, which is no value: remove it with --remove."
            )
        reason = rules.refusal_of(str(changes[field]))
        if reason:
            raise Unacceptable(f"The value of {field} {rules.REMEDIES[reason]}.")
    access.change_fields(actor, customer=customer, changes=changes, purpose=purpose, case=case)
