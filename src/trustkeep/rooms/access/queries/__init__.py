"""What this room answers: the facts of a decision, cases and grants; never an opened value."""

from trustkeep.rooms.access.queries.cases import (
    OpenCases,
    case_by_hash,
    case_by_reference,
    case_hash,
    is_system,
    open_cases,
    sees_all,
)
from trustkeep.rooms.access.queries.locked import (
    Asked,
    Seen,
    everything_under_lock,
    policy_now,
    policy_under_lock,
    seen_under_lock,
)
from trustkeep.rooms.access.queries.policy import (
    every_grant,
    grants_of,
    grants_shown,
    unmasked_beside,
)
from trustkeep.rooms.access.queries.proposed import Proposal, proposals

__all__ = [
    "Asked",
    "OpenCases",
    "Proposal",
    "Seen",
    "case_by_hash",
    "case_by_reference",
    "case_hash",
    "every_grant",
    "everything_under_lock",
    "grants_of",
    "grants_shown",
    "is_system",
    "open_cases",
    "policy_now",
    "policy_under_lock",
    "proposals",
    "seen_under_lock",
    "sees_all",
    "unmasked_beside",
]
