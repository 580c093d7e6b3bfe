"""What the declarations and a person's grants say now, behind headers read under the lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.keys.sealed_rows import INSTALLATION, SEAL_BYTES
from trustkeep.kernel.keys.standing import Standing
from trustkeep.kernel.people.models import Clearance, RoleAssignment
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import rules
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.access.rules import GrantTerms
from trustkeep.rooms.purposes import queries as purposes

Place = tuple[str, UUID]  # kind and owner of a set
Seals = Mapping[Place, bytes]

# The seals of the wanted sets in one string, 32 bytes each, zeros where there is no set.  A seal of
# another length is no seal: its set is then verified, and found to be changed.
SEALS = (
    "SELECT string_agg(CASE WHEN octet_length(s.seal) = 32 THEN s.seal"
    " ELSE decode(repeat('00', 32), 'hex') END, ''::bytea ORDER BY w.n)"
    " FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS w (kind, owner, n)"
    " LEFT JOIN keys_sealedset s USING (kind, owner)"
)
_NONE = bytes(SEAL_BYTES)
MOST_KNOWN = 20_000


@dataclass(frozen=True, slots=True)
class Policy:
    """What is declared, and what this person holds for one purpose."""

    elements: Mapping[str, Element]
    known_fields: frozenset[str]
    purpose: purposes.PurposeTerms | None
    grants: tuple[GrantTerms, ...]
    roles: frozenset[Role]
    clearances: tuple[Clearance, ...]

    def clearances_at(self, now: datetime) -> frozenset[str]:
        """The clearances that are in force."""
        return frozenset(
            one.clearance for one in self.clearances if one.given_at <= now < one.expires_at
        )


@lru_cache(maxsize=4096)
def wanted_sets(person: UUID) -> tuple[str, str]:
    """Kinds and owners of the sets that decide what this person may read, as two arrays."""
    kinds, owners = zip(*_wanted(person), strict=True)
    return "{" + ",".join(kinds) + "}", "{" + ",".join(map(str, owners)) + "}"


def _wanted(person: UUID) -> list[Place]:
    return [
        (Element.set_kind, INSTALLATION),
        (purposes.KIND, INSTALLATION),
        (RoleAssignment.set_kind, person),
        (Clearance.set_kind, person),
        (Grant.set_kind, person),
        *((Grant.set_kind, rules.grantee_of(role)) for role in Role),
    ]


_known: dict[tuple[UUID, str], tuple[bytes, frozenset[str], Policy]] = {}


def policy_for(person: UUID, purpose: str, sealed: bytes, standing: Standing) -> Policy:
    """The policy that headers with these seals stand for; made once for the same seals.

    Raises:
        Tampered: a set was changed from outside.
    """
    removed = frozenset(standing.roles_removed)
    known = _known.get((person, purpose))
    if known is None or known[0] != sealed or known[1] != removed:
        if len(_known) > MOST_KNOWN:
            _known.clear()
        known = sealed, removed, _policy(person, purpose, _seals(person, sealed), removed)
        _known[person, purpose] = known
    return known[2]


def _seals(person: UUID, sealed: bytes) -> Seals:
    cut = (sealed[at : at + SEAL_BYTES] for at in range(0, len(sealed), SEAL_BYTES))
    return {place: seal for place, seal in zip(_wanted(person), cut, strict=True) if seal != _NONE}


def _policy(person: UUID, purpose: str, seals: Seals, removed: frozenset[str]) -> Policy:
    elements = sealed_sets.derived(
        Element, None, seals.get((Element.set_kind, INSTALLATION)), _by_key
    )
    terms = purposes.terms_under(seals.get((purposes.KIND, INSTALLATION)))
    held_roles = sealed_sets.derived(
        RoleAssignment, person, seals.get((RoleAssignment.set_kind, person)), _roles
    )
    roles = held_roles - removed
    clearances = sealed_sets.derived(
        Clearance, person, seals.get((Clearance.set_kind, person)), tuple
    )
    grants = tuple(
        grant
        for grantee in (person, *map(rules.grantee_of, roles))
        for grant in sealed_sets.derived(
            Grant, grantee, seals.get((Grant.set_kind, grantee)), _grant_terms
        )
        if grant.purpose == purpose
    )
    return Policy(elements, frozenset(elements), terms.get(purpose), grants, roles, clearances)


def grants_of(grantee: UUID) -> tuple[Grant, ...]:
    """The grants of one person or role."""
    return sealed_sets.rows(Grant, grantee)


def _by_key(rows: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in rows}


def _grant_terms(rows: tuple[Grant, ...]) -> tuple[GrantTerms, ...]:
    return tuple(grant.terms() for grant in rows)


def _roles(rows: tuple[RoleAssignment, ...]) -> frozenset[Role]:
    return frozenset(Role(row.role) for row in rows)
