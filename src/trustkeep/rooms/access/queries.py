"""What the decision must know, read under the locks; never an opened value."""

import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.base import text
from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable, Missing
from trustkeep.crypto.encoding import joined
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.keys.sealed_rows import INSTALLATION
from trustkeep.kernel.ledger import lag as ledger_lag
from trustkeep.kernel.people.models import Clearance, RoleAssignment
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import headers, locks
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import State
from trustkeep.rooms.access import rules
from trustkeep.rooms.access.models import Case, Grant
from trustkeep.rooms.access.rules import CaseFacts, CustomerFacts, Facts, GrantTerms, PurposeFacts
from trustkeep.rooms.purposes import queries as purposes
from trustkeep.rooms.purposes.rules import CaseRule, PurposeTerms

Blobs = dict[int, tuple[int, bytes]]
Seals = Mapping[tuple[str, UUID], bytes]
NOBODY = CustomerFacts(is_active=False, restricted=False, objected=False, consented=False)

_CUSTOMERS = f"SELECT id, {headers.COLUMNS} FROM vault_customer WHERE id = ANY(%s)"  # noqa: S608 - ours
_BLOBS = (
    "SELECT customer_id, number, version, blob FROM vault_sealedvalues WHERE customer_id = ANY(%s)"
)
_CAUGHT_UP = f"SELECT {ledger_lag.CAUGHT_UP}"
_CASE = "SELECT id FROM access_case WHERE system = %s AND reference_hash = %s"


@dataclass(frozen=True, slots=True)
class Asked:
    """A reading that somebody wants.  `case` is `system:reference`, or None."""

    customers: tuple[UUID, ...]
    fields: tuple[str, ...]
    purpose: str
    case: str | None
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """One customer as the locks hold it: the facts, and what may be opened after the commit."""

    customer: UUID
    facts: Facts
    header: Header | None
    blobs: Blobs


@dataclass(frozen=True, slots=True)
class _Policy:
    """What everybody's declarations and this person's grants say now."""

    elements: Mapping[str, Element]
    purpose: PurposeTerms | None
    grants: tuple[GrantTerms, ...]
    clearances: frozenset[str]


def seen_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[list[Seen], Mapping[str, Element]]:
    """Lock person and customers, then read every fact; the elements come along.

    The statements travel together; only the answers are waited for.  A pipeline must be open.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy, a header or the register was changed from outside.
    """
    cursors = [connection.connection.cursor() for _ in range(6)]
    lock, sets, rows, blobs, case, lag = cursors
    customers = list(asked.customers)
    # The lock is a statement of its own: one that locks and reads sees the past.
    lock.execute(locks.SHARED, (locks.keys_of((actor.id, *customers)),))
    sets.execute(sealed_sets.HEADERS, _wanted_sets(actor.id))
    rows.execute(_CUSTOMERS, (customers,))
    blobs.execute(_BLOBS, (customers,))
    system, _, reference = (asked.case or "").partition(":")
    if asked.case:
        case.execute(_CASE, (system, case_hash(system, reference)))
    lag.execute(_CAUGHT_UP)
    lock.fetchall()
    (caught_up,) = lag.fetchone()
    if ledger_lag.is_behind(now, caught_up):
        raise LedgerUnavailable(
            "The ledger is behind: entries wait for their place for more than 30 seconds. Nothing "
            "is read until `trustkeep serve` (or `trustkeep ledger verify`) has caught up."
        )
    person, standings = _standings(actor, asked.customers)
    seals = {(kind, who): seal for kind, who, seal in sets}
    policy = _policy(actor, asked.purpose, seals, person, now)
    named = _case(case.fetchone(), customers) if asked.case else {}
    found = _headers(rows.fetchall())
    stored: dict[UUID, Blobs] = {}
    for customer, number, version, blob in blobs:
        stored.setdefault(customer, {})[number] = (version, blob)
    common = _common_facts(actor, asked, policy, person, now)
    seen = [
        Seen(
            customer,
            replace(
                common,
                case=named.get(customer),
                customer=_customer_facts(asked, found.get(customer), standings[customer]),
            ),
            found.get(customer),
            stored.get(customer, {}),
        )
        for customer in customers
    ]
    return seen, policy.elements


def case_hash(system: str, reference: str) -> bytes:
    """How a case is found again by the other system's reference."""
    return hmac.digest(
        service.current().named_key("reference"),
        joined(b"trustkeep/case/v1", system.encode(), text.reference(reference).encode()),
        "sha256",
    )


def case_by_reference(system: str, reference: str) -> Case:
    """The case of a reference.

    Raises:
        Missing: there is none.
    """
    row = Case.objects.filter(system=system, reference_hash=case_hash(system, reference)).first()
    if row is None:
        raise Missing("There is no such case.")
    return sealed_sets.rows(Case, row.id)[0]


def grants_of(grantee: UUID) -> tuple[Grant, ...]:
    """The grants of one person or role."""
    return sealed_sets.rows(Grant, grantee)


@lru_cache(maxsize=4096)
def _wanted_sets(person: UUID) -> tuple[list[str], list[UUID]]:
    """Kinds and owners of the sets that decide what this person may read."""
    wanted = [
        (Element.set_kind, INSTALLATION),
        (purposes.KIND, INSTALLATION),
        (RoleAssignment.set_kind, person),
        (Clearance.set_kind, person),
        (Grant.set_kind, person),
        *((Grant.set_kind, rules.grantee_of(role)) for role in Role),
    ]
    return [kind for kind, _ in wanted], [owner for _, owner in wanted]


def _policy(
    actor: Actor, purpose: str, seals: Seals, person: register.Standing, now: datetime
) -> _Policy:
    """The declarations and grants behind the headers that were read under the lock."""
    elements = sealed_sets.derived(
        Element, None, seals.get((Element.set_kind, INSTALLATION)), _by_key
    )
    terms = purposes.terms_under(seals.get((purposes.KIND, INSTALLATION)))
    roles = sealed_sets.derived(
        RoleAssignment, actor.id, seals.get((RoleAssignment.set_kind, actor.id)), _roles
    )
    clearances = sealed_sets.derived(
        Clearance, actor.id, seals.get((Clearance.set_kind, actor.id)), tuple
    )
    grantees = [actor.id, *(rules.grantee_of(role) for role in roles - person.roles_removed)]
    grants = tuple(
        grant
        for grantee in grantees
        for grant in sealed_sets.derived(
            Grant, grantee, seals.get((Grant.set_kind, grantee)), _grant_terms
        )
        if grant.purpose == purpose
    )
    held = frozenset(one.clearance for one in clearances if one.given_at <= now < one.expires_at)
    return _Policy(elements, terms.get(purpose), grants, held)


def _standings(
    actor: Actor, customers: Sequence[UUID]
) -> tuple[register.Standing, dict[UUID, register.Standing]]:
    keys = service.current()
    with keys.store.reading() as rows:
        return register.standing_in(keys, rows, actor.id), {
            customer: register.standing_in(keys, rows, customer) for customer in customers
        }


def _common_facts(
    actor: Actor, asked: Asked, policy: _Policy, person: register.Standing, now: datetime
) -> Facts:
    """What holds for every customer that is asked for."""
    return Facts(
        fields=asked.fields,
        known_fields=frozenset(policy.elements),
        purpose=_purpose_facts(policy.purpose, now) if policy.purpose else None,
        grants=policy.grants,
        clearances=policy.clearances,
        case=None,
        customer=NOBODY,
        deactivated=person.deactivated,
        token_revoked=str(actor.token) in person.revoked,
        bulk=asked.bulk,
    )


def _customer_facts(
    asked: Asked, header: Header | None, standing: register.Standing
) -> CustomerFacts:
    is_active = header is not None and header.state == State.ACTIVE and not standing.gone
    return CustomerFacts(
        is_active=is_active,
        restricted=standing.restricted,
        objected=asked.purpose in standing.objected,
        # Until consents are kept, nobody has consented.
        consented=False,
    )


def _purpose_facts(terms: PurposeTerms, now: datetime) -> PurposeFacts:
    return PurposeFacts(
        fields=terms.fields,
        has_legal_basis=bool(terms.legal_bases),
        needs_consent=terms.needs_consent,
        needs_case=terms.case_rule != CaseRule.NONE,
        clearances=terms.clearances,
        is_live=terms.is_live(now),
    )


def _case(row: tuple[UUID] | None, customers: Collection[UUID]) -> dict[UUID, CaseFacts]:
    if row is None:
        return {}
    (case,) = sealed_sets.rows(Case, row[0]) or (None,)
    if case is None:
        return {}
    named = set(case.customers)
    return {
        customer: CaseFacts(case.id, case.closed_at is None, customer in named)
        for customer in customers
    }


def _headers(rows: Sequence[tuple[Any, ...]]) -> dict[UUID, Header]:
    key = service.current().named_key("policy")
    return {customer: headers.checked(customer, tuple(columns), key) for customer, *columns in rows}


def _by_key(rows: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in rows}


def _grant_terms(rows: tuple[Grant, ...]) -> tuple[GrantTerms, ...]:
    return tuple(grant.terms() for grant in rows)


def _roles(rows: tuple[RoleAssignment, ...]) -> frozenset[str]:
    return frozenset(row.role for row in rows)
