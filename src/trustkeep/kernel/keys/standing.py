"""What can stand in the register about a customer or a person, and what it adds up to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Fact(StrEnum):
    """What can stand in the register.  The values are stored: never rename one."""

    ERASING = "erasing"  # intended by two people; there is no way back
    ERASED = "erased"
    RESTRICTED = "restricted"
    RESTRICTION_LIFTED = "restriction_lifted"
    OBJECTED = "objected"  # details: purpose
    OBJECTION_WITHDRAWN = "objection_withdrawn"
    HELD = "held"  # details: hold
    HOLD_LIFTED = "hold_lifted"
    CONSENT_WITHDRAWN = "consent_withdrawn"  # details: purpose
    CONSENT_GIVEN = "consent_given"
    DEACTIVATED = "deactivated"
    REACTIVATED = "reactivated"
    TOKEN_REVOKED = "token_revoked"  # details: token
    ROLE_REMOVED = "role_removed"  # details: role
    ROLE_GIVEN = "role_given"
    TOOK_IN = "took_in"  # details: customer, whose values went into this one's record
    MERGED = "merged"  # details: customer, in whose record the values of this one are
    FOUNDED = "founded"  # about the installation itself: its first administrator was made


_SWITCHES = {
    Fact.RESTRICTED: ("restricted", True),
    Fact.RESTRICTION_LIFTED: ("restricted", False),
    Fact.DEACTIVATED: ("deactivated", True),
    Fact.REACTIVATED: ("deactivated", False),
    Fact.ERASING: ("erasing", True),
    Fact.ERASED: ("erased", True),
    Fact.FOUNDED: ("founded", True),
}
_SETS = {
    Fact.OBJECTED: ("objected", "purpose", True),
    Fact.OBJECTION_WITHDRAWN: ("objected", "purpose", False),
    Fact.HELD: ("holds", "hold", True),
    Fact.HOLD_LIFTED: ("holds", "hold", False),
    Fact.CONSENT_WITHDRAWN: ("withdrawn", "purpose", True),
    Fact.CONSENT_GIVEN: ("withdrawn", "purpose", False),
    Fact.TOOK_IN: ("taken_in", "customer", True),
    Fact.MERGED: ("merged_into", "customer", True),
    Fact.TOKEN_REVOKED: ("revoked", "token", True),
    Fact.ROLE_REMOVED: ("roles_removed", "role", True),
    Fact.ROLE_GIVEN: ("roles_removed", "role", False),
}


@dataclass(slots=True)
class Standing:
    """What the register says of one subject, all of its facts taken in order."""

    erasing: bool = False
    erased: bool = False
    restricted: bool = False
    deactivated: bool = False
    founded: bool = False
    objected: set[str] = field(default_factory=set)  # purposes
    holds: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)  # purposes
    taken_in: set[str] = field(default_factory=set)  # customers
    merged_into: set[str] = field(default_factory=set)  # customers; never more than one
    revoked: set[str] = field(default_factory=set)  # tokens
    roles_removed: set[str] = field(default_factory=set)

    @property
    def being_erased(self) -> bool:
        """Whether an erasure began, or is done."""
        return self.erasing or self.erased

    @property
    def gone(self) -> bool:
        """Whether nothing may be read or written in this customer's own record any more."""
        return self.being_erased or bool(self.merged_into)

    @property
    def held(self) -> bool:
        """Whether any hold stands."""
        return bool(self.holds)

    def take(self, fact: Fact, details: Mapping[str, str]) -> None:
        """Let one more fact count."""
        if fact in _SWITCHES:
            name, value = _SWITCHES[fact]
            setattr(self, name, value)
            return
        name, key, adds = _SETS[fact]
        members: set[str] = getattr(self, name)
        (members.add if adds else members.discard)(details[key])


Bucket = tuple[bytes, dict[bytes, Standing]]  # its head, and the standings under it


@dataclass(frozen=True, slots=True)
class Verified:
    """A state of the register that was verified: how many facts, their mark, each bucket's head.

    One object, so that a thread never sees the mark of one state with the heads of another.
    """

    count: int = -1
    mark: bytes = b""
    heads: Sequence[bytes] = ()


@dataclass(slots=True)
class Seen:
    """What this process has verified: a later look must not show less."""

    verified: Verified = field(default_factory=Verified)
    buckets: dict[int, Bucket] = field(default_factory=dict)
