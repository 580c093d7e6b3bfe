"""Personal and service tokens: made, and recognised.  SOP 4.3b.

A token is `tk_` and 256 random bits in base64url; only its SHA-256 is kept, which for a value of
that entropy needs no salt and no slowness.
"""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import NOBODY, Actor, ActorKind
from trustkeep.base.errors import NotSignedIn
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.ledger import trips
from trustkeep.kernel.ledger.trips import Statement
from trustkeep.kernel.people import uses
from trustkeep.kernel.people.models import Member, RoleAssignment, Token
from trustkeep.kernel.people.permissions import HANDED, Role, permissions_of

PREFIX = "tk_"
_REMEMBERED = 1_000  # people whose verified rows a process keeps


@dataclass(frozen=True, slots=True)
class _Known:
    """The verified rows of one person, and the seals of the headers they were verified under."""

    seals: tuple[bytes, ...]
    member: Member | None
    roles: frozenset[Role]
    tokens: tuple[Token, ...]


_known: dict[UUID, _Known] = {}

# One statement: whose token it is, when it was last used, and the present seal of each of that
# person's sets.
_WHOSE = Statement(
    "people_whose_token",
    "text",
    "SELECT token.person_id, header.seal, used.used_at FROM people_token token"
    " LEFT JOIN people_tokenuse used ON used.token_id = token.id"
    " LEFT JOIN keys_sealedset header ON header.owner = token.person_id"
    " AND header.kind IN ('people.member', 'people.role', 'people.token')"
    " WHERE token.digest = $1 ORDER BY header.kind",
)


def make() -> str:
    """A new token, to be shown once."""
    return PREFIX + base64.urlsafe_b64encode(world.random_bytes(32)).decode().rstrip("=")


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def actor_for(token: str) -> Actor:
    """Whoever shows this token, with the permissions of their roles as of now.

    Raises:
        NotSignedIn: unknown, expired, revoked, or its holder deactivated; which is not said.
    """
    digest, now = digest_of(token), world.now()
    found = trips.ask((_WHOSE, (digest,)))
    if not found:
        raise _not_signed_in()
    person, _, used_at = found[0]
    known = _verified(person, tuple(bytes(seal) for _, seal, _ in found if seal is not None))
    shown = next((row for row in known.tokens if row.digest == digest), None)
    standing = register.facts(person)
    if shown is None or known.member is None or not known.member.active or standing.deactivated:
        raise _not_signed_in()
    if str(shown.id) in standing.revoked or _ended(shown.expires_at, now):
        raise _not_signed_in()
    if _ended(known.member.expires_at, now):
        raise _not_signed_in()
    uses.note(shown.id, known=used_at, now=now)
    held = permissions_of(role for role in known.roles if role not in standing.roles_removed)
    # Whoever made it could use it, so it is good for one thing: to make one's own.  The founder's
    # first token is made by the host's operator, who is nobody.
    is_handed = shown.issued_by not in {person, NOBODY}
    allowed = HANDED if is_handed else held
    return Actor(
        ActorKind(known.member.kind),
        person,
        permissions=allowed,
        token=shown.id,
        is_handed=is_handed,
    )


def forget() -> None:
    """Drop what this process has verified."""
    _known.clear()


sealed_sets.also_forgets(forget)


def _verified(person: UUID, seals: tuple[bytes, ...]) -> _Known:
    """The person's rows; kept ones count only under the very seals they were verified under."""
    known = _known.get(person)
    if known is None or known.seals != seals:
        members = sealed_sets.rows(Member, person)
        known = _Known(
            seals,
            members[0] if members else None,
            frozenset(Role(row.role) for row in sealed_sets.rows(RoleAssignment, person)),
            sealed_sets.rows(Token, person),
        )
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[person] = known
    return known


def _ended(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _not_signed_in() -> NotSignedIn:
    return NotSignedIn(
        "This token is not good here: ask an administrator for a new one and put it into the file "
        "that TRUSTKEEP_TOKEN_FILE names."
    )
