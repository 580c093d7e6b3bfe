"""Decide whether one person may see some fields of one customer.  SOP 4.3a.

Pure: no clock, no database, no Django.  The caller brings the facts.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trustkeep.kernel.vault.masks import Mask, Shown

EVERY_FIELD = "*"  # in a grant: every field that the purpose needs


class Refusal(StrEnum):
    """Why a reading was refused.  The values are in the ledger: never rename one."""

    NO_PERMISSION = "no_permission"
    NO_FIELDS = "no_fields"
    UNKNOWN_FIELD = "unknown_field"
    NO_PURPOSE = "no_purpose"
    PURPOSE_RETIRED = "purpose_retired"
    FIELD_NOT_NEEDED = "field_not_needed"
    NO_LEGAL_BASIS = "no_legal_basis"
    NO_CONSENT = "no_consent"
    NO_GRANT = "no_grant"
    GRANT_ENDED = "grant_ended"
    NO_BULK_GRANT = "no_bulk_grant"
    ONLY_MASKED = "only_masked"
    NOT_YOUR_PURPOSE = "not_your_purpose"
    NO_CLEARANCE = "no_clearance"
    NO_CASE = "no_case"
    CASE_CLOSED = "case_closed"
    CASE_NAMES_ANOTHER = "case_names_another"
    NO_CUSTOMER = "no_customer"
    PROCESSING_RESTRICTED = "processing_restricted"
    OBJECTED = "objected"
    DEACTIVATED = "deactivated"
    TOKEN_REVOKED = "token_revoked"
    ROLE_REMOVED = "role_removed"


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """A grant as the decision sees it.  `fields` may be `EVERY_FIELD`; the end is exclusive."""

    id: UUID
    purpose: str
    fields: frozenset[str]
    masked: frozenset[str]
    starts_at: datetime
    ends_at: datetime | None  # None: as long as the purpose lives
    bulk: bool

    def covered(self, fields: Sequence[str]) -> frozenset[str]:
        """Those of the fields that this grant allows."""
        return frozenset(fields) if EVERY_FIELD in self.fields else self.fields.intersection(fields)


@dataclass(frozen=True, slots=True)
class PurposeFacts:
    """What the purpose demands; no `roles`: whoever is granted it may use it."""

    fields: frozenset[str]
    has_legal_basis: bool
    needs_consent: bool
    needs_case: bool
    clearances: frozenset[str]
    is_live: bool
    roles: frozenset[str]
    masks: Mapping[str, Mask]


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """The case that was named, if the reference is known at all."""

    id: UUID
    is_open: bool
    names_customer: bool


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    """The customer as the data and the register show them under the lock."""

    is_active: bool
    restricted: bool
    objected: bool  # to this purpose
    consented: bool  # to this purpose, as of now


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known at the moment of asking.  Times are aware, in UTC."""

    fields: tuple[str, ...]  # asked for
    known_fields: frozenset[str]
    purpose: PurposeFacts | None
    grants: tuple[GrantTerms, ...]  # of this purpose, to this person or their roles
    clearances: frozenset[str]
    case: CaseFacts | None
    customer: CustomerFacts
    roles: frozenset[str] = frozenset()  # that count now
    permitted: bool = True  # by a role, to do this at all
    deactivated: bool = False
    token_revoked: bool = False
    role_removed: bool = False  # the one that brought the permission to read
    bulk: bool = False

    def about(self, customer: CustomerFacts, case: CaseFacts | None) -> "Facts":
        """The same facts, about one customer."""
        return replace(self, customer=customer, case=case)


@dataclass(frozen=True, slots=True)
class Decision:
    """What may be released: `allowed` openly, `masks` in part; or every reason why nothing may.

    A refusal of one field refuses the reading: half an answer would hide what is missing.
    """

    allowed: tuple[str, ...]
    masks: tuple[tuple[str, Mask], ...]
    refused: tuple[Refusal, ...]
    grants: tuple[UUID, ...]

    @property
    def masked(self) -> tuple[str, ...]:
        """The fields that leave in part only."""
        return tuple(field for field, _ in self.masks)

    @property
    def released(self) -> Shown:
        """Every field that leaves, with its mask where it has one."""
        return {**dict.fromkeys(self.allowed), **dict(self.masks)}


def decide(facts: Facts, now: datetime) -> Decision:
    """The decision, with every reason that stands against it and the grants it rests on."""
    used = counting(facts, now)
    refused = (
        *_by_person(facts),
        *_by_purpose(facts),
        *_by_grant(facts, used, now),
        *_by_case(facts),
    )
    # Who may not read anyway is not told whether there is such a customer.
    refused = refused or tuple(_by_customer(facts))
    if refused:
        return Decision((), (), refused, ())
    masks = _masks(facts, used)
    allowed = tuple(field for field in facts.fields if field not in masks)
    return Decision(allowed, tuple(masks.items()), (), tuple(grant.id for grant in used))


def _masks(facts: Facts, used: Iterable[GrantTerms]) -> dict[str, Mask]:
    """How the fields are shown that are shown in part: as the purpose says, whatever was granted.

    Where it says nothing, a field is masked when every grant that allows it masks it.
    """
    by_purpose = facts.purpose.masks if facts.purpose else {}
    openly = frozenset[str]().union(*(grant.covered(facts.fields) - grant.masked for grant in used))
    return {
        field: by_purpose.get(field, Mask.HINT)
        for field in facts.fields
        if field in by_purpose or field not in openly
    }


def decide_change(facts: Facts, now: datetime) -> Decision:
    """As `decide`, for writing the fields: what is seen masked only, nobody writes over."""
    decision = decide(facts, now)
    if decision.masked:
        return Decision((), (), (Refusal.ONLY_MASKED,), ())
    return decision


# What stands against one customer only, where many are asked for.
ABOUT_ONE = frozenset(
    {Refusal.NO_CUSTOMER, Refusal.PROCESSING_RESTRICTED, Refusal.OBJECTED, Refusal.NO_CONSENT}
)
_ANYBODY = CustomerFacts(is_active=True, restricted=False, objected=False, consented=True)


def decide_change_of_anybody(facts: Facts, now: datetime) -> Decision:
    """As `decide_change`, before it is known whom: nothing stands against the customer."""
    return decide_change(facts.about(_ANYBODY, facts.case), now)


def decide_of_anybody(facts: Facts, now: datetime) -> Decision:
    """As `decide`, before it is known whom: nothing stands against the customer."""
    return decide(facts.about(_ANYBODY, facts.case), now)


def refusals_to_search(facts: Facts, now: datetime) -> tuple[Refusal, ...]:
    """Every reason not to look somebody up by a value: as for reading it, with nobody named.

    Where the purpose demands a case, one must be open; whom it names is not known before.
    """
    used = counting(facts, now)
    by_case = (each for each in _by_case(facts) if each is not Refusal.CASE_NAMES_ANOTHER)
    return (*_by_person(facts), *_by_purpose(facts), *_by_grant(facts, used, now), *by_case)


def counting(facts: Facts, now: datetime) -> tuple[GrantTerms, ...]:
    """The grants that count at a moment."""
    return tuple(grant for grant in facts.grants if _counts(grant, now))


def covered(grants: Iterable[GrantTerms], fields: Sequence[str]) -> frozenset[str]:
    """Those of the fields that any of the grants allows."""
    return frozenset[str]().union(*(grant.covered(fields) for grant in grants))


def _counts(grant: GrantTerms, now: datetime) -> bool:
    return grant.starts_at <= now and (grant.ends_at is None or now < grant.ends_at)


def _by_person(facts: Facts) -> Sequence[Refusal]:
    found = []
    if not facts.permitted:
        found.append(Refusal.NO_PERMISSION)
    if facts.deactivated:
        found.append(Refusal.DEACTIVATED)
    if facts.token_revoked:
        found.append(Refusal.TOKEN_REVOKED)
    if facts.role_removed:
        found.append(Refusal.ROLE_REMOVED)
    return found


def _by_purpose(facts: Facts) -> Sequence[Refusal]:
    found = []
    if not facts.fields:
        found.append(Refusal.NO_FIELDS)
    if not facts.known_fields.issuperset(facts.fields):
        found.append(Refusal.UNKNOWN_FIELD)
    if facts.purpose is None:
        return [*found, Refusal.NO_PURPOSE]
    if not facts.purpose.is_live:
        found.append(Refusal.PURPOSE_RETIRED)
    if not facts.purpose.fields.issuperset(facts.fields):
        found.append(Refusal.FIELD_NOT_NEEDED)
    if not facts.purpose.has_legal_basis:
        found.append(Refusal.NO_LEGAL_BASIS)
    if facts.purpose.roles and not facts.purpose.roles & facts.roles:
        found.append(Refusal.NOT_YOUR_PURPOSE)
    if not facts.clearances.issuperset(facts.purpose.clearances):
        found.append(Refusal.NO_CLEARANCE)
    return found


def _by_grant(facts: Facts, used: Collection[GrantTerms], now: datetime) -> Sequence[Refusal]:
    if covered(used, facts.fields).issuperset(facts.fields):
        if facts.bulk and not any(grant.bulk for grant in used):
            return (Refusal.NO_BULK_GRANT,)
        return ()
    ended = [grant for grant in facts.grants if grant.ends_at is not None and grant.ends_at <= now]
    if covered(ended, facts.fields):
        return (Refusal.GRANT_ENDED,)
    return (Refusal.NO_GRANT,)


def _by_case(facts: Facts) -> Sequence[Refusal]:
    if facts.purpose is None or not facts.purpose.needs_case:
        return ()
    if facts.case is None:
        return (Refusal.NO_CASE,)
    found = []
    if not facts.case.is_open:
        found.append(Refusal.CASE_CLOSED)
    if not facts.case.names_customer:
        found.append(Refusal.CASE_NAMES_ANOTHER)
    return found


def _by_customer(facts: Facts) -> Sequence[Refusal]:
    customer = facts.customer
    if not customer.is_active:
        return (Refusal.NO_CUSTOMER,)
    found = []
    if customer.restricted:  # GDPR Art. 18(2): storage only
        found.append(Refusal.PROCESSING_RESTRICTED)
    if customer.objected:  # GDPR Art. 21(3)
        found.append(Refusal.OBJECTED)
    # GDPR Art. 6(1)(a); what has no consent on record has none.
    if facts.purpose is not None and facts.purpose.needs_consent and not customer.consented:
        found.append(Refusal.NO_CONSENT)
    return found
