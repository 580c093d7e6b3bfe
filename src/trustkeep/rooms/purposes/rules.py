"""What a purpose demands, and which fields any live purpose needs.  SOP 4.1a.

Pure: the caller brings the purposes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask


class CaseRule(StrEnum):
    """Whether a case must stand behind a reading.  The values are stored: never rename one."""

    NONE = "none"
    OPEN = "open"  # a case must exist, be open, and name this customer


class LegalBasis(StrEnum):
    """Why a law allows a use.  The values are stored: never rename one."""

    # GDPR Art. 6(1) (a) to (f)
    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"
    # HIPAA: 45 CFR 164.506(c), and 164.508 for what a patient must authorise
    TREATMENT = "treatment"
    PAYMENT = "payment"
    HEALTH_CARE_OPERATIONS = "health_care_operations"
    AUTHORIZATION = "authorization"
    # CCPA: Cal. Civ. Code 1798.140(e)
    BUSINESS_PURPOSE = "business_purpose"


# What somebody must have agreed to before.
_AGREED = frozenset({LegalBasis.CONSENT, LegalBasis.AUTHORIZATION})
# Bases that only the United States know, or one of the states (`us-ca`).
_AMERICAN = frozenset(
    {
        LegalBasis.TREATMENT, LegalBasis.PAYMENT, LegalBasis.HEALTH_CARE_OPERATIONS,
        LegalBasis.AUTHORIZATION, LegalBasis.BUSINESS_PURPOSE,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """A purpose as the decision sees it.

    `legal_bases` maps a jurisdiction (`eu`, `uk`, `us-ca`) to a basis; `clearances` are what a
    person must hold, and one of `roles` where there are any; `masks` say which fields are shown in
    part only, to whomever.
    """

    key: str
    fields: frozenset[str]
    legal_bases: Mapping[str, LegalBasis]
    case_rule: CaseRule
    clearances: frozenset[str]
    roles: frozenset[Role]
    masks: Mapping[str, Mask]
    retired_at: datetime | None

    @property
    def needs_case(self) -> bool:
        """Whether an open case must name the customer."""
        return self.case_rule is not CaseRule.NONE

    @property
    def needs_consent(self) -> bool:
        """Whether the customer must have agreed, anywhere."""
        return not _AGREED.isdisjoint(self.legal_bases.values())

    def is_open_to(self, roles: Collection[Role]) -> bool:
        """Whether somebody with these roles may use it at all."""
        return not self.roles or not self.roles.isdisjoint(roles)

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be used; the end is exclusive."""
        return self.retired_at is None or now < self.retired_at


def foreign(legal_bases: Mapping[str, LegalBasis]) -> tuple[str, LegalBasis] | None:
    """A jurisdiction whose law does not know the basis that it is given, and that basis."""
    for where, basis in legal_bases.items():
        if basis in _AMERICAN and where.partition("-")[0] != "us":
            return where, basis
    return None


def needless(
    fields: Iterable[str], purposes: Iterable[PurposeTerms], *, now: datetime
) -> list[str]:
    """The fields that no live purpose needs, so that they may not be collected.

    GDPR Art. 5(1)(c): limited to what is necessary for the purposes.
    """
    needed = {field for one in purposes if one.is_live(now) for field in one.fields}
    return sorted(set(fields) - needed)
