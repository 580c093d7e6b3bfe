"""Which tokens there are, and which of them nobody uses.  SOP 4.3b.

Everybody sees their own and those of the accounts that they answer for; whoever may end anybody's
token sees all.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import NOBODY, Actor
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.models import Member, Rotation, Token, TokenUse
from trustkeep.kernel.people.permissions import Permission


@dataclass(frozen=True, slots=True)
class TokenView:
    """A token as it is shown; `used_at` is true to the hour, None: never used."""

    id: UUID
    person: UUID
    label: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    is_replaced: bool  # it gave way to another and goes on for a while
    is_handed: bool  # somebody else made it: good for making one's own only

    def is_unused(self, now: datetime, spell: timedelta) -> bool:
        """Whether it was not used for so long, and is older than that."""
        return (self.used_at or self.created_at) <= now - spell


def tokens_seen_by(actor: Actor, *, everybodys: bool = False) -> tuple[TokenView, ...]:
    """The tokens that count now, by holder; one's own and of one's accounts, or everybody's.

    Raises:
        Denied: everybody's tokens are for those who may end them.
    """
    require(actor, Permission.VIEW_SOP)
    members = Member.objects.order_by("created_at", "id")
    if everybodys:
        require(actor, Permission.DEACTIVATE_PEOPLE)
        return _of(members.values_list("id", flat=True))
    named = members.filter(responsible_id=actor.id).values_list("id", flat=True)
    mine = [row.id for row in sealed_sets.rows_of_each(Member, named)]
    return _of([actor.id, *mine])


def _of(people: Iterable[UUID]) -> tuple[TokenView, ...]:
    now, ids = world.now(), list(people)
    standings = register.standings(service.current(), ids)
    rows = [
        row
        for row in sealed_sets.rows_of_each(Token, ids)
        if row.expires_at > now and str(row.id) not in standings[row.person_id].revoked
    ]
    replaced = {row.before_id for row in sealed_sets.rows_of_each(Rotation, ids)}
    uses = TokenUse.objects.filter(token_id__in=[row.id for row in rows])
    used = dict(uses.values_list("token_id", "used_at"))
    found = [
        TokenView(
            row.id, row.person_id, row.label, row.created_at, row.expires_at, used.get(row.id),
            row.id in replaced, row.issued_by not in {row.person_id, NOBODY},
        )
        for row in rows
    ]  # fmt: skip
    order = {person: place for place, person in enumerate(ids)}
    return tuple(sorted(found, key=lambda each: (order[each.person], each.created_at)))
