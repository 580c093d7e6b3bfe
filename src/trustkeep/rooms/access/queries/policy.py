"""What the declarations and a person's grants say now, behind headers read under the lock."""

from collections.abc import Mapping
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

Seals = Mapping[tuple[str, UUID], bytes]


@dataclass(frozen=True, slots=True)
class Policy:
    """What is declared, and what this person holds for one purpose."""

    elements: Mapping[str, Element]
    purpose: purposes.PurposeTerms | None
    grants: tuple[GrantTerms, ...]
    clearances: frozenset[str]


@lru_cache(maxsize=4096)
def wanted_sets(person: UUID) -> tuple[list[str], list[UUID]]:
    """Kinds and owners of the sets that decide what this person may read."""
    wanted = [
        (Element.set_kind, INSTALLATION),
        (purposes.KIND, INSTALLATION),
        (RoleAssignment.set_kind, person),
        (Clearance.set_kind, person),
        (Grant.set_kind, person),
        *((Grant.set_kind, rules.grantee_of(role)) for role in Role),
    ]
    return [kind for kind, _ in wanted], [owner for _, owner in wanted]


def policy_for(
    person: UUID, purpose: str, seals: Seals, standing: Standing, now: datetime
) -> Policy:
    """The policy that the headers with these seals stand for.

    Raises:
        Tampered: a set was changed from outside.
    """
    elements = sealed_sets.derived(
        Element, None, seals.get((Element.set_kind, INSTALLATION)), _by_key
    )
    terms = purposes.terms_under(seals.get((purposes.KIND, INSTALLATION)))
    roles = sealed_sets.derived(
        RoleAssignment, person, seals.get((RoleAssignment.set_kind, person)), _roles
    )
    clearances = sealed_sets.derived(
        Clearance, person, seals.get((Clearance.set_kind, person)), tuple
    )
    grantees = [person, *(rules.grantee_of(role) for role in roles - standing.roles_removed)]
    grants = tuple(
        grant
        for grantee in grantees
        for grant in sealed_sets.derived(
            Grant, grantee, seals.get((Grant.set_kind, grantee)), _grant_terms
        )
        if grant.purpose == purpose
    )
    held = frozenset(one.clearance for one in clearances if one.given_at <= now < one.expires_at)
    return Policy(elements, terms.get(purpose), grants, held)


def grants_of(grantee: UUID) -> tuple[Grant, ...]:
    """The grants of one person or role."""
    return sealed_sets.rows(Grant, grantee)


def _by_key(rows: tuple[Element, ...]) -> dict[str, Element]:
    return {element.key: element for element in rows}


def _grant_terms(rows: tuple[Grant, ...]) -> tuple[GrantTerms, ...]:
    return tuple(grant.terms() for grant in rows)


def _roles(rows: tuple[RoleAssignment, ...]) -> frozenset[str]:
    return frozenset(row.role for row in rows)
