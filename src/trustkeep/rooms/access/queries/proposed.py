"""What a starter set proposes to grant, and to whom that would give what.  SOP 4.3a."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.people import queries as roster
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.access.queries.policy import grants_of
from trustkeep.rooms.access.rules import EVERY_FIELD
from trustkeep.rooms.purposes import queries as purposes
from trustkeep.rooms.purposes.queries import Proposed, PurposeTerms


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed grant to a role.  Whoever gets the role later reads as well, whoever loses it not.

    `fields` and `masks` are those of the purpose as it is declared here, empty where it is not;
    `clearances` are what each holder needs besides; `stands` says that it was given.
    """

    asked: Proposed
    is_declared: bool
    fields: Sequence[str]
    masks: Sequence[str]  # `field.mask`
    clearances: Sequence[str]
    holders: Sequence[UUID]  # of the role, now
    stands: bool


def proposals(actor: Actor, key: str) -> list[Proposal]:
    """The grants that a starter set proposes, to whoever gives grants.

    Raises:
        Denied: the actor may not grant.
        Missing: there is no such set.
    """
    require(actor, Permission.GRANT_ACCESS)
    declared, now = purposes.terms_by_key(), world.now()
    live = {each: terms for each, terms in declared.items() if terms.is_live(now)}
    return [
        _proposal(asked, live.get(asked.purpose))
        for asked in purposes.starter(key).declared.proposed
    ]


def _proposal(asked: Proposed, terms: PurposeTerms | None) -> Proposal:
    fields = terms.fields if terms else frozenset[str]()
    masks = terms.masks if terms else {}
    return Proposal(
        asked,
        is_declared=terms is not None,
        fields=sorted(fields.intersection(asked.fields) if asked.fields else fields),
        masks=[f"{field}.{masks[field]}" for field in sorted(masks)],
        clearances=sorted(terms.clearances) if terms else (),
        holders=roster.active_holders(asked.role),
        stands=any(_is_it(one, asked) for one in grants_of(grantee_of(asked.role))),
    )


def _is_it(grant: Grant, asked: Proposed) -> bool:
    return (
        grant.purpose == asked.purpose
        and grant.fields == sorted(asked.fields or (EVERY_FIELD,))
        and grant.masked == sorted(asked.masked)
        and grant.bulk == asked.bulk
        and grant.ends_at is None
    )
