"""What the declarations and a person's grants say now, behind headers read under the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.keys.sealed_rows import INSTALLATION
from trustkeep.kernel.keys.standing import Standing
from trustkeep.kernel.people.models import Clearance, RoleAssignment
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import rules
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.access.rules import GrantTerms
from trustkeep.rooms.purposes import queries as purposes

Seals = Mapping[tuple[str, str], bytes]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is declared, and what this person holds for one purpose."""

    elements: Mapping[str, Element]
    purpose: purposes.PurposeTerms | None
    grants: tuple[GrantTerms, ...]
    clearances: frozenset[str]
    roles: frozenset[Role]


# Kind, owner and seal of each wanted set, as text: one value instead of a row each.
SEALS = (
    "SELECT array_agg(s.kind || ' ' || s.owner || ' ' || encode(s.seal, 'hex'))"
    " FROM unnest(%s::text[]) AS w (place) JOIN keys_sealedset s"
    " ON s.kind = split_part(w.place, ' ', 1) AND s.owner = split_part(w.place, ' ', 2)::uuid"
)


def seals_in(found: Sequence[str] | None) -> Seals:
    """The seals by kind and owner, out of what `SEALS` answers."""
    parts = (one.split(" ") for one in found or ())
    return {(kind, owner): bytes.fromhex(seal) for kind, owner, seal in parts}


@lru_cache(maxsize=4096)
def wanted_sets(person: UUID) -> str:
    """Kinds and owners of the sets that decide what this person may read, as a text array."""
    wanted = [
        (Element.set_kind, INSTALLATION),
        (purposes.KIND, INSTALLATION),
        (RoleAssignment.set_kind, person),
        (Clearance.set_kind, person),
        (Grant.set_kind, person),
        *((Grant.set_kind, rules.grantee_of(role)) for role in Role),
    ]
    places = ",".join(f'"{kind} {owner}"' for kind, owner in wanted)
    return "{" + places + "}"


def policy_for(
    person: UUID, purpose: str, seals: Seals, standing: Standing, now: datetime
) -> Policy:
    """The policy that the headers with these seals stand for.

    Raises:
        Tampered: a set was changed from outside.
    """
    own, everybody = str(person), str(INSTALLATION)
    elements = sealed_sets.derived(Element, None, seals.get((Element.set_kind, everybody)), _by_key)
    terms = purposes.terms_under(seals.get((purposes.KIND, everybody)))
    held_roles = sealed_sets.derived(
        RoleAssignment, person, seals.get((RoleAssignment.set_kind, own)), _roles
    )
    roles = held_roles - standing.roles_removed
    clearances = sealed_sets.derived(Clearance, person, seals.get((Clearance.set_kind, own)), tuple)
    grants = tuple(
        grant
        for grantee in (person, *map(rules.grantee_of, roles))
        for grant in sealed_sets.derived(
            Grant, grantee, seals.get((Grant.set_kind, str(grantee))), _grant_terms
        )
        if grant.purpose == purpose
    )
    held = frozenset(one.clearance for one in clearances if one.given_at <= now < one.expires_at)
    return Policy(elements, terms.get(purpose), grants, held, roles)


def grants_of(grantee: UUID) -> tuple[Grant, ...]:
    """The grants of one person or role."""
    return sealed_sets.rows(Grant, grantee)


def _by_key(rows: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in rows}


def _grant_terms(rows: tuple[Grant, ...]) -> tuple[GrantTerms, ...]:
    return tuple(grant.terms() for grant in rows)


def _roles(rows: tuple[RoleAssignment, ...]) -> frozenset[Role]:
    return frozenset(Role(row.role) for row in rows)
