"""Cases, found again by the other system's reference."""

import hmac
import re
from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from trustkeep.base import text
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing
from trustkeep.crypto.encoding import joined
from trustkeep.kernel.keys import sealed_sets, service
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.access.rules import CaseFacts

_SYSTEM = re.compile(r"[a-z][a-z0-9_-]{0,23}")
# The case that a system's reference means, and the seal of its set.
BY_REFERENCE = (
    "SELECT c.id, s.seal FROM access_case c"
    " JOIN keys_sealedset s ON s.kind = 'access.case' AND s.owner = c.id"
    " WHERE c.system = $4 AND c.reference_hash = $5"
)


def is_system(name: str) -> bool:
    """Whether a name may stand for another system: a short code, since it is kept in clear."""
    return _SYSTEM.fullmatch(name) is not None


def case_hash(system: str, reference: str) -> bytes:
    """How a case is found again by the other system's reference."""
    return hmac.digest(
        service.current().named_key("reference"),
        joined(b"trustkeep/case/v1", system.encode(), text.reference(reference).encode()),
        "sha256",
    )


def reference_columns(case: str | None) -> tuple[str | None, bytes | None]:
    """The columns that `system:reference` is found by; without a case, nothing is."""
    system, _, reference = (case or "").partition(":")
    if not is_system(system):
        return None, None
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


def open_cases(
    actor: Actor, *, most: int, before: tuple[datetime, UUID] | None = None
) -> tuple[Case, ...]:
    """The open cases that the actor opened, or of whoever reads the ledger all; newest first.

    `before` is the moment and id of the last one of an earlier part.

    Raises:
        Denied: the actor may not open cases.
    """
    require(actor, Permission.OPEN_CASES)
    found = Case.objects.filter(closed_at=None).order_by("-opened_at", "-id")
    if Permission.VIEW_LEDGER not in actor.permissions:
        found = found.filter(opened_by=actor.id)
    if before is not None:
        at, last = before
        found = found.filter(Q(opened_at__lt=at) | Q(opened_at=at, id__lt=last))
    ids = found.values_list("id", flat=True)[:most]
    rows = sealed_sets.rows_of_each(Case, ids)
    return tuple(sorted(rows, key=lambda one: (one.opened_at, one.id), reverse=True))


def known_case(case: UUID | None, seal: bytes | None) -> CaseFacts | None:
    """What is known of a case where nobody is named yet.

    Raises:
        Tampered: the case was changed from outside.
    """
    for found in sealed_sets.derived(Case, case, seal, tuple) if case else ():
        return CaseFacts(found.id, found.closed_at is None, names_customer=False)
    return None


def facts_of(
    case: UUID | None, seal: bytes | None, customers: Collection[UUID]
) -> dict[UUID, CaseFacts]:
    """What the decision must know of a case, for each customer; nothing where there is none.

    Raises:
        Tampered: the case was changed from outside.
    """
    for found in sealed_sets.derived(Case, case, seal, tuple) if case else ():
        named = set(found.customers)
        return {
            customer: CaseFacts(found.id, found.closed_at is None, customer in named)
            for customer in customers
        }
    return {}
