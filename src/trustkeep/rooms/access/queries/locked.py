"""The facts of a decision, read under the locks of the person and the customers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection

from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.ledger import lag
from trustkeep.kernel.people.permissions import Permission, permissions_of
from trustkeep.kernel.vault import headers, locks
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access.queries import cases
from trustkeep.rooms.access.queries.policy import (
    SEALS,
    Policy,
    policy_for,
    seals_in,
    wanted_sets,
)
from trustkeep.rooms.access.rules import CaseFacts, CustomerFacts, Facts, PurposeFacts
from trustkeep.rooms.purposes.queries import PurposeTerms

Blobs = dict[int, tuple[int, bytes]]
Standings = Mapping[UUID, register.Standing]

# One row: how far the ledger is, and the seals of the sets that decide.
_POLICY = f"SELECT {lag.CAUGHT_UP}, ({SEALS})"
_CUSTOMERS = (
    "SELECT c.id, c.state, c.version, c.key_version, c.classes, c.seal,"
    " v.number, v.version, v.blob FROM vault_customer c"
    " LEFT JOIN vault_sealedvalues v ON v.customer_id = c.id WHERE c.id = ANY(%s::uuid[])"
)
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
    """One customer as the locks hold it: the facts, and what may be opened after the commit.

    Customers about whom the same is known share one `Facts`.
    """

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
    # The lock is a statement of its own: one that locks and reads sees the past.
    _sent(locks.SHARED, _array(locks.keys_of((actor.id, *asked.customers))))
    policy_row = _sent(_POLICY, wanted_sets(actor.id))
    customers = _sent(_CUSTOMERS, _array(asked.customers))
    case = _sent(cases.BY_REFERENCE, *cases.reference_columns(asked.case)) if asked.case else None
    person, standings, policy = _policy(actor, asked, policy_row.fetchone(), now)
    found, blobs = _customers(customers)
    case_row = case.fetchone() if case else None
    named = cases.facts_of(case_row[0] if case_row else None, asked.customers)
    seen = _Alike(_common_facts(actor, asked, policy, person, now), asked.purpose)
    return [
        Seen(
            customer,
            seen.facts(named.get(customer), found.get(customer), standings[customer]),
            found.get(customer),
            blobs.get(customer, {}),
        )
        for customer in asked.customers
    ], policy.elements


def policy_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[Facts, Mapping[str, Element]]:
    """The facts of an act that names no customer yet, read under the person's lock.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy or the register was changed from outside.
    """
    _sent(locks.SHARED, _array(locks.keys_of((actor.id,))))
    row = _sent(_POLICY, wanted_sets(actor.id)).fetchone()
    person, _, policy = _policy(actor, asked, row, now)
    return _common_facts(actor, asked, policy, person, now), policy.elements


class _Alike:
    """Gives customers about whom the same is known the same facts."""

    def __init__(self, common: Facts, purpose: str) -> None:
        self._common, self._purpose = common, purpose
        self._known: dict[tuple[CaseFacts | None, CustomerFacts], Facts] = {}

    def facts(
        self,
        case: CaseFacts | None,
        header: headers.Header | None,
        standing: register.Standing,
    ) -> Facts:
        """The facts about one customer."""
        customer = CustomerFacts(
            is_active=header is not None and header.is_active and not standing.gone,
            restricted=standing.restricted,
            objected=self._purpose in standing.objected,
            # Until consents are kept, nobody has consented.
            consented=False,
        )
        facts = self._known.get((case, customer))
        if facts is None:
            facts = self._common.about(customer, case)
            self._known[case, customer] = facts
        return facts


def _sent(statement: str, *values: Any) -> Any:
    # Not Django's cursor: that one binds on this side, so nothing could stay prepared.
    cursor = psycopg.Cursor(connection.connection)
    cursor.execute(statement, values, binary=True)
    return cursor


def _array(values: Sequence[object]) -> str:
    """An array in PostgreSQL's text form: numbers and identifiers need no quotes."""
    return "{" + ",".join(map(str, values)) + "}"


def _policy(
    actor: Actor, asked: Asked, row: tuple[datetime | None, list[str] | None], now: datetime
) -> tuple[register.Standing, Standings, Policy]:
    caught_up, seals = row
    if lag.is_behind(now, caught_up):
        raise LedgerUnavailable(
            "Entries of the ledger wait for their place for more than 30 seconds, so nothing is "
            "read: start `trustkeep serve`, and look at `trustkeep ledger verify`."
        )
    keys = service.current()
    with keys.store.reading() as rows:
        standings = register.standings_in(keys, rows, (actor.id, *asked.customers))
    person = standings[actor.id]
    return person, standings, policy_for(actor.id, asked.purpose, seals_in(seals), person, now)


def _common_facts(
    actor: Actor, asked: Asked, policy: Policy, person: register.Standing, now: datetime
) -> Facts:
    """What holds for every customer that is asked for."""
    kept = person.roles_removed and permissions_of(policy.roles)
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
        role_removed=bool(person.roles_removed) and Permission.READ_CUSTOMER not in kept,
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


def _customers(rows: Any) -> tuple[dict[UUID, headers.Header], dict[UUID, Blobs]]:
    key = service.current().named_key("policy")
    found: dict[UUID, headers.Header] = {}
    blobs: dict[UUID, Blobs] = {}
    for customer, state, version, key_version, classes, seal, number, written, blob in rows:
        if customer not in found:
            columns = (state, version, key_version, classes, seal)
            found[customer] = headers.checked(customer, columns, key)
            blobs[customer] = {}
        if number is not None:
            blobs[customer][number] = (written, blob)
    return found, blobs
