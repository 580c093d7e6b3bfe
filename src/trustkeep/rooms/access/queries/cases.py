"""Cases, found again by the other system's reference."""

import hmac
from collections.abc import Collection
from uuid import UUID

from trustkeep.base import text
from trustkeep.base.errors import Missing
from trustkeep.crypto.encoding import joined
from trustkeep.kernel.keys import sealed_sets, service
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.access.rules import CaseFacts

BY_REFERENCE = "SELECT id FROM access_case WHERE system = %s AND reference_hash = %s"


def case_hash(system: str, reference: str) -> bytes:
    """How a case is found again by the other system's reference."""
    return hmac.digest(
        service.current().named_key("reference"),
        joined(b"trustkeep/case/v1", system.encode(), text.reference(reference).encode()),
        "sha256",
    )


def reference_columns(case: str) -> tuple[str, bytes]:
    """The columns that `system:reference` is found by."""
    system, _, reference = case.partition(":")
    return system, case_hash(system, reference)


def case_by_reference(system: str, reference: str) -> Case:
    """The case of a reference.

    Raises:
        Missing: there is none.
    """
    row = Case.objects.filter(system=system, reference_hash=case_hash(system, reference)).first()
    if row is None:
        raise Missing("There is no such case.")
    return sealed_sets.rows(Case, row.id)[0]


def facts_of(case: UUID | None, customers: Collection[UUID]) -> dict[UUID, CaseFacts]:
    """What the decision must know of a case, for each customer; nothing where there is none."""
    for found in sealed_sets.rows(Case, case) if case else ():
        named = set(found.customers)
        return {
            customer: CaseFacts(found.id, found.closed_at is None, customer in named)
            for customer in customers
        }
    return {}
