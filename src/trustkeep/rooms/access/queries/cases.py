"""Cases, found again by the other system's reference or by their own id."""

import hmac
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import F, Q

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
_NAMED = (
    "SELECT c.id, s.seal FROM access_case c"
    " JOIN keys_sealedset s ON s.kind = 'access.case' AND s.owner = c.id WHERE "
)
# The case that a system's reference means (the open one, or the one that was closed last) or that
# has this very id, and the seal of its set.
BY_REFERENCE = (
    f"{_NAMED}c.system = $4 AND c.reference_hash = $5 ORDER BY c.closed_at DESC NULLS FIRST LIMIT 1"
)
BY_ID = f"{_NAMED}c.id = $4"


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


def id_of(case: str | None) -> UUID | None:
    """A case's own id, where it is named by that."""
    if not case or ":" in case:
        return None
    try:
        return UUID(case)
    except ValueError:
        return None


def case_by_reference(system: str, reference: str) -> Case:
    """The case of a reference.

    Raises:
        Missing, Tampered: as `case_by_hash`.
    """
    return case_by_hash(system, case_hash(system, reference))


def case_by_hash(system: str, reference_hash: bytes) -> Case:
    """The case of a reference, by its keyed hash: the open one, or the one that was closed last.

    Raises:
        Missing: there is none.
        Tampered: it was changed from outside.
    """
    named = Case.objects.filter(system=system, reference_hash=reference_hash)
    row = named.order_by(F("closed_at").desc(nulls_first=True)).first()
    if row is None:
        raise Missing("There is no such case.")
    return sealed_sets.rows(Case, row.id)[0]


@dataclass(frozen=True, slots=True)
class OpenCases:
    """A part of the open cases; `last` is the key of its end where there are more behind it."""

    cases: Sequence[Case]
    last: tuple[datetime, UUID] | None


def open_cases(
    actor: Actor, *, most: int, before: tuple[datetime, UUID] | None = None
) -> OpenCases:
    """The open cases that the actor opened, or of whoever reads the ledger all; newest first.

    `before` is the `last` of an earlier part.  One that was changed from outside is left out.

    Raises:
        Denied: the actor may not open cases.
    """
    require(actor, Permission.OPEN_CASES)
    found = Case.objects.filter(closed_at=None).order_by("-opened_at", "-id")
    if not sees_all(actor):
        found = found.filter(opened_by=actor.id)
    if before is not None:
        at, last = before
        found = found.filter(Q(opened_at__lt=at) | Q(opened_at=at, id__lt=last))
    keys = list(found.values_list("opened_at", "id")[: most + 1])
    rows = sealed_sets.rows_of_each(Case, [case for _, case in keys[:most]])
    still = [one for one in rows if one.closed_at is None]
    return OpenCases(
        sorted(still, key=lambda one: (one.opened_at, one.id), reverse=True),
        keys[most - 1] if len(keys) > most else None,
    )


def sees_all(actor: Actor) -> bool:
    """Whether the actor sees everybody's cases: whoever reads the ledger finds them there too."""
    if Permission.VIEW_LEDGER not in actor.permissions:
        return False
    require(actor, Permission.VIEW_LEDGER)
    return True


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
