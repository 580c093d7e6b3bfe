"""What this room answers: the facts of a decision, cases and grants; never an opened value."""

from trustkeep.rooms.access.queries.cases import case_by_reference, case_hash
from trustkeep.rooms.access.queries.locked import Asked, Seen, policy_under_lock, seen_under_lock
from trustkeep.rooms.access.queries.policy import grants_of, unmasked_beside

__all__ = [
    "Asked",
    "Seen",
    "case_by_reference",
    "case_hash",
    "grants_of",
    "policy_under_lock",
    "seen_under_lock",
    "unmasked_beside",
]
