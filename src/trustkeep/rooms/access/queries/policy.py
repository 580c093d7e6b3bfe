"""What the declarations and a person's grants say now, behind headers read under the lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from django.db import connection

from trustkeep.base.actor import Actor
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.keys.sealed_rows import INSTALLATION, SEAL_BYTES
from trustkeep.kernel.keys.standing import Standing
from trustkeep.kernel.people import directory
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.models import Clearance, RoleAssignment
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access.grantees import ROLES, grantee_of
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
_SEALS_NOW = SEALS.replace("$1", "%s").replace("$2", "%s")
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """The sets that decide what a person may read, and their kinds and owners as two arrays."""

    roles: frozenset[Role]  # whose grants are among them
    places: tuple[Place, ...]
    kinds: str
    owners: str

    def seals(self, sealed: bytes) -> Seals:
        """The seals by set, out of one string; those of sets that there are."""
        cut = (sealed[at : at + SEAL_BYTES] for at in range(0, len(sealed), SEAL_BYTES))
        return {place: seal for place, seal in zip(self.places, cut, strict=True) if seal != _NONE}


def wanted_sets(person: UUID) -> Wanted:
    """The sets to ask for: those of the roles that the person held when last seen, or of all."""
    return _sets_of(person, _held.get(person, _EVERY_ROLE))


@lru_cache(maxsize=4096)
def _sets_of(person: UUID, roles: frozenset[Role]) -> Wanted:
    places = (
        (Element.set_kind, INSTALLATION),
        (purposes.KIND, INSTALLATION),
        (RoleAssignment.set_kind, person),
        (Clearance.set_kind, person),
        (Grant.set_kind, person),
        *((Grant.set_kind, grantee_of(role)) for role in sorted(roles)),
    )
    kinds, owners = zip(*places, strict=True)
    return Wanted(
        roles, places, "{" + ",".join(kinds) + "}", "{" + ",".join(map(str, owners)) + "}"
    )


_EVERY_ROLE = frozenset(Role)
_held: dict[UUID, frozenset[Role]] = {}
_known: dict[tuple[UUID, str], tuple[Wanted, bytes, frozenset[str], Policy]] = {}


def _forget() -> None:
    _known.clear()
    _held.clear()


sealed_sets.also_forgets(_forget)


def policy_for(
    person: UUID, purpose: str, wanted: Wanted, sealed: bytes, standing: Standing
) -> Policy:
    """The policy that headers with these seals stand for; made once for the same seals.

    Raises:
        Tampered: a set was changed from outside.
    """
    removed = frozenset(standing.roles_removed)
    known = _known.get((person, purpose))
    if known is None or known[:3] != (wanted, sealed, removed):
        if len(_known) > MOST_KNOWN:
            _forget()
        known = wanted, sealed, removed, _policy(person, purpose, wanted, sealed, removed)
        _known[person, purpose] = known
    return known[3]


def _policy(
    person: UUID, purpose: str, wanted: Wanted, sealed: bytes, removed: frozenset[str]
) -> Policy:
    seals = wanted.seals(sealed)
    held = _held[person] = sealed_sets.derived(
        RoleAssignment, person, seals.get((RoleAssignment.set_kind, person)), _roles
    )
    if not held <= wanted.roles:  # given since this process saw the person last
        wanted = _sets_of(person, held)
        seals = wanted.seals(_sealed_now(wanted))
    elements = sealed_sets.derived(
        Element, None, seals.get((Element.set_kind, INSTALLATION)), _by_key
    )
    terms = purposes.terms_under(seals.get((purposes.KIND, INSTALLATION)))
    clearances = sealed_sets.derived(
        Clearance, person, seals.get((Clearance.set_kind, person)), tuple
    )
    roles = held - removed
    grants = tuple(
        grant
        for grantee in (person, *map(grantee_of, roles))
        for grant in sealed_sets.derived(
            Grant, grantee, seals.get((Grant.set_kind, grantee)), _grant_terms
        )
        if grant.purpose == purpose
    )
    return Policy(elements, frozenset(elements), terms.get(purpose), grants, roles, clearances)


def _sealed_now(wanted: Wanted) -> bytes:
    """The seals of these sets, under the locks that are held already."""
    with connection.cursor() as cursor:
        cursor.execute(_SEALS_NOW, (wanted.kinds, wanted.owners))
        return bytes(cursor.fetchone()[0])


def grants_of(grantee: UUID) -> tuple[Grant, ...]:
    """The grants of one person or role."""
    return sealed_sets.rows(Grant, grantee)


def grants_shown(actor: Actor, grantee: UUID) -> tuple[Grant, ...]:
    """The grants of a role, or of one person to whoever may see that person.

    Raises:
        Denied: the actor sees nobody's record.
        Missing: there is nobody of that id, or it is not the actor's to see.
    """
    require(actor, Permission.VIEW_PEOPLE)
    if grantee not in ROLES:
        directory.visible_to(actor).one(grantee)
    return grants_of(grantee)


def every_grant(actor: Actor) -> tuple[Grant, ...]:
    """The grants of every role, and of every member whom the actor may see; by grantee.

    Raises:
        Denied: the actor sees nobody's record.
    """
    require(actor, Permission.VIEW_PEOPLE)
    seen = (each.id for each in directory.visible_to(actor).people)
    return tuple(sealed_sets.rows_of_each(Grant, [*ROLES, *seen]))


def unmasked_beside(grant: Grant) -> list[str]:
    """The fields that a grant masks and another one of the same grantee and purpose shows.

    What the purpose masks nobody is shown, whatever was granted.
    """
    by_purpose = purposes.terms_by_key()[grant.purpose].masks
    others = [one for one in grants_of(grant.grantee) if one.purpose == grant.purpose]
    openly = [one.terms().covered(grant.masked) - set(one.masked) for one in others if one != grant]
    return sorted(frozenset[str]().union(*openly) - set(by_purpose))


def _by_key(rows: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in rows}


def _grant_terms(rows: tuple[Grant, ...]) -> tuple[GrantTerms, ...]:
    return tuple(grant.terms() for grant in rows)


def _roles(rows: tuple[RoleAssignment, ...]) -> frozenset[Role]:
    return frozenset(Role(row.role) for row in rows)
