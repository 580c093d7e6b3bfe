"""What a purpose demands, and which fields any live purpose needs.  SOP 4.1a.

Pure: the caller brings the purposes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class CaseRule(StrEnum):
    """Whether a case must stand behind a reading.  The values are stored: never rename one."""

    NONE = "none"
    OPEN = "open"  # a case must exist, be open, and name this customer


class LegalBasis(StrEnum):
    """GDPR Art. 6(1) (a) to (f).  The values are stored: never rename one."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


@dataclass(frozen=True, slots=True)
class PurposeTerms:
    """A purpose as the decision sees it.

    `legal_bases` maps a jurisdiction (`eu`, `uk`, `us-ca`) to a basis; `clearances` are what a
    person must hold.
    """

    key: str
    fields: frozenset[str]
    legal_bases: Mapping[str, LegalBasis]
    case_rule: CaseRule
    clearances: frozenset[str]
    retired_at: datetime | None

    @property
    def needs_case(self) -> bool:
        """Whether an open case must name the customer."""
        return self.case_rule is not CaseRule.NONE

    @property
    def needs_consent(self) -> bool:
        """Whether consent is the basis anywhere."""
        return LegalBasis.CONSENT in self.legal_bases.values()

    def is_live(self, now: datetime) -> bool:
        """Whether it may still be used; the end is exclusive."""
        return self.retired_at is None or now < self.retired_at


def needless(
    fields: Iterable[str], purposes: Iterable[PurposeTerms], *, now: datetime
) -> list[str]:
    """The fields that no live purpose needs, so that they may not be collected.

    GDPR Art. 5(1)(c): limited to what is necessary for the purposes.
    """
    needed = {field for one in purposes if one.is_live(now) for field in one.fields}
    return sorted(set(fields) - needed)
