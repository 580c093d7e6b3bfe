"""The facts of a decision, read under the locks of the person and the customers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.ledger import lag, trips
from trustkeep.kernel.ledger.trips import Statement
from trustkeep.kernel.people.permissions import Permission, permissions_of
from trustkeep.kernel.vault import headers, locks
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access.queries import cases
from trustkeep.rooms.access.queries.policy import (
    SEALS,
    Policy,
    Wanted,
    policy_for,
    wanted_sets,
)
from trustkeep.rooms.access.rules import CaseFacts, CustomerFacts, Facts, PurposeFacts
from trustkeep.rooms.purposes.queries import PurposeTerms

Blobs = dict[int, tuple[int, bytes]]
Standings = Mapping[UUID, register.Standing]


# The first row is the policy: how far the ledger is, the seals of the sets that decide, and the
# case.  Then each blob of each customer, by place in the list, with the customer's header.
def _seen(name: str, of_case: str, case: str) -> Statement:
    return Statement(
        name,
        f"text[], uuid[], uuid[], {of_case}",
        # The linter sees SQL that is put together; every part of it is a constant of our own.
        f"SELECT 0::int8 AS place, NULL::int2 AS state, NULL::int8, NULL::int4, NULL::bytea,"  # noqa: S608
        f" k.seal, NULL::int2, NULL::int8, ({SEALS}), {lag.CAUGHT_UP}, k.id"
        f" FROM (VALUES (1)) AS one LEFT JOIN ({case}) k ON true"
        " UNION ALL SELECT w.place, c.state, c.version, c.key_version, c.classes, c.seal,"
        " v.number, v.version, v.blob, NULL, NULL FROM unnest($3) WITH ORDINALITY AS w (id, place)"
        " JOIN vault_customer c USING (id) LEFT JOIN vault_sealedvalues v ON v.customer_id = c.id",
    )


_SEEN = _seen("access_seen", "text, bytea", cases.BY_REFERENCE)
_SEEN_FOR_ID = _seen("access_seen_for_id", "uuid", cases.BY_ID)
_NOBODY = CustomerFacts(is_active=False, restricted=False, objected=False, consented=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """A reading, or a change, that somebody wants.  `case`: `system:reference`, its id, or None."""

    customers: tuple[UUID, ...]
    fields: tuple[str, ...]
    purpose: str
    case: str | None
    permission: Permission = Permission.READ_CUSTOMER
    bulk: bool = False

    @property
    def writes(self) -> bool:
        """Whether the customers will be changed, so that nobody may share their locks."""
        return self.permission is Permission.WRITE_CUSTOMER


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

    Begins the transaction of the surrounding `atomic`.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy, a header or the register was changed from outside.
    """
    _, seen, elements = everything_under_lock(actor, asked, now)
    return seen, elements


def policy_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[Facts, Mapping[str, Element]]:
    """The facts of an act that names no customer yet, read under the person's lock.

    Raises:
        LedgerUnavailable: the ledger is too far behind to be relied on.
        Tampered: policy or the register was changed from outside.
    """
    facts, _, elements = everything_under_lock(actor, asked, now)
    return facts, elements


def policy_now(actor: Actor, asked: Asked, now: datetime) -> tuple[Facts, Mapping[str, Element]]:
    """The same, held by nothing: for what must not even begin where it would be refused.

    Versions of a set only grow, so what is derived here under a seal is right under that seal.

    Raises:
        LedgerUnavailable, Tampered: as the others.
    """
    wanted = wanted_sets(actor.id)
    (row,) = trips.ask(_seen_call(asked, wanted))
    person, _, policy = _policy(actor, asked, wanted, row, now)
    common = _common_facts(actor, asked, policy, person, now)
    return common.about(_NOBODY, cases.known_case(row[-1], row[5])), policy.elements


def everything_under_lock(
    actor: Actor, asked: Asked, now: datetime
) -> tuple[Facts, list[Seen], Mapping[str, Element]]:
    """Both: the facts that name no customer, and those about each, for an act of both kinds.

    Raises:
        LedgerUnavailable, Tampered: as the others.
    """
    wanted = wanted_sets(actor.id)
    row, *rows = _read_under_lock(actor, asked, wanted)
    person, standings, policy = _policy(actor, asked, wanted, row, now)
    found, blobs = _customers(rows, asked.customers)
    named = cases.facts_of(row[-1], row[5], asked.customers)
    common = _common_facts(actor, asked, policy, person, now)
    alike = _Alike(common, asked.purpose)
    seen = [
        Seen(
            customer,
            alike.facts(named.get(customer), header, standings[customer]),
            header,
            stored,
        )
        for customer, header, stored in zip(asked.customers, found, blobs, strict=True)
    ]
    return common.about(_NOBODY, cases.known_case(row[-1], row[5])), seen, policy.elements


def _read_under_lock(actor: Actor, asked: Asked, wanted: Wanted) -> list[tuple[Any, ...]]:
    # The lock is a statement of its own: one that locks and reads sees the past.
    shared = (actor.id,) if asked.writes else (actor.id, *asked.customers)
    alone = ((locks.EXCLUDING, (locks.keys_of(asked.customers),)),) if asked.writes else ()
    return trips.begin(
        *alone,
        (locks.SHARING, (locks.keys_of(shared),)),
        _seen_call(asked, wanted),
    )


def _seen_call(asked: Asked, wanted: Wanted) -> trips.Call:
    own = cases.id_of(asked.case)
    if own is not None:
        return _SEEN_FOR_ID, (wanted.kinds, wanted.owners, asked.customers, own)
    columns = cases.reference_columns(asked.case)
    return _SEEN, (wanted.kinds, wanted.owners, asked.customers, *columns)


class _Alike:
    """Gives customers about whom the same is known the same facts."""

    def __init__(self, common: Facts, purpose: str) -> None:
        self._common, self._purpose = common, purpose
        self._known: dict[tuple[CaseFacts | None, bool, bool, bool], Facts] = {}

    def facts(
        self,
        case: CaseFacts | None,
        header: headers.Header | None,
        standing: register.Standing,
    ) -> Facts:
        """The facts about one customer."""
        is_active = header is not None and header.is_active and not standing.gone
        objected = self._purpose in standing.objected
        known = case, is_active, standing.restricted, objected
        facts = self._known.get(known)
        if facts is None:
            # Until consents are kept, nobody has consented.
            customer = CustomerFacts(is_active, standing.restricted, objected, consented=False)
            facts = self._known[known] = self._common.about(customer, case)
        return facts


def _policy(
    actor: Actor, asked: Asked, wanted: Wanted, row: tuple[Any, ...], now: datetime
) -> tuple[register.Standing, Standings, Policy]:
    *_, sealed, caught_up, _ = row
    if lag.is_behind(now, lag.moment(caught_up)):
        raise LedgerUnavailable(
            "Entries of the ledger wait for their place for more than 30 seconds, so nothing is "
            "read: start `trustkeep serve`, and look at `trustkeep ledger verify`."
        )
    standings = register.standings(service.current(), (actor.id, *asked.customers))
    person = standings[actor.id]
    return person, standings, policy_for(actor.id, asked.purpose, wanted, sealed, person)


def _common_facts(
    actor: Actor, asked: Asked, policy: Policy, person: register.Standing, now: datetime
) -> Facts:
    """What holds for every customer that is asked for."""
    kept = person.roles_removed and permissions_of(policy.roles)
    return Facts(
        fields=asked.fields,
        known_fields=policy.known_fields,
        purpose=_purpose_facts(policy.purpose, now) if policy.purpose else None,
        grants=policy.grants,
        clearances=policy.clearances_at(now),
        roles=policy.roles,
        case=None,
        customer=_NOBODY,
        permitted=asked.permission in actor.permissions,
        deactivated=person.deactivated,
        token_revoked=str(actor.token) in person.revoked,
        role_removed=bool(person.roles_removed) and asked.permission not in kept,
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
        roles=terms.roles,
        masks=terms.masks,
    )


def _customers(
    rows: Iterable[tuple[Any, ...]], customers: Sequence[UUID]
) -> tuple[list[headers.Header | None], list[Blobs]]:
    key = service.current().named_key("policy")
    found: list[headers.Header | None] = [None] * len(customers)
    blobs: list[Blobs] = [{} for _ in customers]
    for place, *columns, number, written, blob, _, _ in rows:
        at = place - 1
        if found[at] is None:
            found[at] = headers.checked(customers[at], columns, key)
        if number is not None:
            blobs[at][number] = (written, blob)
    return found, blobs
