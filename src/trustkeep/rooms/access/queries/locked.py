"""The facts of a decision, read under the locks of the person and the customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.ledger import lag
from trustkeep.kernel.vault import headers, locks
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access.queries import cases
from trustkeep.rooms.access.queries.policy import Policy, policy_for, wanted_sets
from trustkeep.rooms.access.rules import CaseFacts, CustomerFacts, Facts, PurposeFacts
from trustkeep.rooms.purposes.queries import PurposeTerms

Blobs = dict[int, tuple[int, bytes]]
Standings = Mapping[UUID, register.Standing]

_CUSTOMERS = f"SELECT id, {headers.COLUMNS} FROM vault_customer WHERE id = ANY(%s)"  # noqa: S608 - ours
_BLOBS = (
    "SELECT customer_id, number, version, blob FROM vault_sealedvalues WHERE customer_id = ANY(%s)"
)
_CAUGHT_UP = f"SELECT {lag.CAUGHT_UP}"
_NOBODY = CustomerFacts(is_active=False, restricted=False, objected=False, consented=False)


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
    header: headers.Header | None
    blobs: Blobs


def seen_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[list[Seen], Mapping[str, Element]]:
    """Lock person and customers, then read every fact; the declared elements come along.

    In a pipeline the statements travel together, and only the answers are waited for.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy, a header or the register was changed from outside.
    """
    customers = list(asked.customers)
    # The lock is a statement of its own: one that locks and reads sees the past.
    locked = _sent(locks.SHARED, locks.keys_of((actor.id, *customers)))
    sets = _sent(sealed_sets.HEADERS, *wanted_sets(actor.id))
    rows, blobs = _sent(_CUSTOMERS, customers), _sent(_BLOBS, customers)
    case = _sent(cases.BY_REFERENCE, *cases.reference_columns(asked.case)) if asked.case else None
    caught_up = _sent(_CAUGHT_UP)
    locked.fetchall()
    _refuse_if_behind(caught_up.fetchone()[0], now)
    person, standings = _standings(actor, asked.customers)
    seals = {(kind, owner): seal for kind, owner, seal in sets}
    policy = policy_for(actor.id, asked.purpose, seals, person, now)
    found = case.fetchone() if case else None
    named = cases.facts_of(found[0] if found else None, customers)
    common = _common_facts(actor, asked, policy, person, now)
    return _seen(asked, common, named, standings, _headers(rows), _stored(blobs)), policy.elements


def policy_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[Facts, Mapping[str, Element]]:
    """The facts of an act that names no customer yet, read under the person's lock.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy or the register was changed from outside.
    """
    _sent(locks.SHARED, locks.keys_of((actor.id,)))
    sets = _sent(sealed_sets.HEADERS, *wanted_sets(actor.id))
    _refuse_if_behind(_sent(_CAUGHT_UP).fetchone()[0], now)
    person, _ = _standings(actor, ())
    seals = {(kind, owner): seal for kind, owner, seal in sets}
    policy = policy_for(actor.id, asked.purpose, seals, person, now)
    return _common_facts(actor, asked, policy, person, now), policy.elements


def _sent(statement: str, *values: Any) -> Any:
    cursor = connection.connection.cursor()
    cursor.execute(statement, values)
    return cursor


def _refuse_if_behind(caught_up: datetime | None, now: datetime) -> None:
    if lag.is_behind(now, caught_up):
        raise LedgerUnavailable(
            "Entries of the ledger wait for their place for more than 30 seconds, so nothing is "
            "read: start `trustkeep serve`, and look at `trustkeep ledger verify`."
        )


def _seen(
    asked: Asked,
    common: Facts,
    named: Mapping[UUID, CaseFacts],
    standings: Standings,
    found: Mapping[UUID, headers.Header],
    stored: Mapping[UUID, Blobs],
) -> list[Seen]:
    return [
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
        for customer in asked.customers
    ]


def _standings(actor: Actor, customers: Sequence[UUID]) -> tuple[register.Standing, Standings]:
    keys = service.current()
    with keys.store.reading() as rows:
        return register.standing_in(keys, rows, actor.id), {
            customer: register.standing_in(keys, rows, customer) for customer in customers
        }


def _common_facts(
    actor: Actor, asked: Asked, policy: Policy, person: register.Standing, now: datetime
) -> Facts:
    """What holds for every customer that is asked for."""
    return Facts(
        fields=asked.fields,
        known_fields=frozenset(policy.elements),
        purpose=_purpose_facts(policy.purpose, now) if policy.purpose else None,
        grants=policy.grants,
        clearances=policy.clearances,
        case=None,
        customer=_NOBODY,
        deactivated=person.deactivated,
        token_revoked=str(actor.token) in person.revoked,
        bulk=asked.bulk,
    )


def _purpose_facts(terms: PurposeTerms, now: datetime) -> PurposeFacts:
    return PurposeFacts(
        fields=terms.fields,
        has_legal_basis=bool(terms.legal_bases),
        needs_consent=terms.needs_consent,
        needs_case=terms.needs_case,
        clearances=terms.clearances,
        is_live=terms.is_live(now),
    )


def _customer_facts(
    asked: Asked, header: headers.Header | None, standing: register.Standing
) -> CustomerFacts:
    return CustomerFacts(
        is_active=header is not None and header.is_active and not standing.gone,
        restricted=standing.restricted,
        objected=asked.purpose in standing.objected,
        # Until consents are kept, nobody has consented.
        consented=False,
    )


def _headers(rows: Iterable[tuple[Any, ...]]) -> dict[UUID, headers.Header]:
    key = service.current().named_key("policy")
    return {customer: headers.checked(customer, tuple(rest), key) for customer, *rest in rows}


def _stored(rows: Iterable[tuple[UUID, int, int, bytes]]) -> dict[UUID, Blobs]:
    stored: dict[UUID, Blobs] = {}
    for customer, number, version, blob in rows:
        stored.setdefault(customer, {})[number] = (version, blob)
    return stored
