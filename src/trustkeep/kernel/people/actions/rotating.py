"""A new token while the old one goes on for a stated time.  SOP 4.3b.

By its holder only, with the token itself: whoever else made one could keep a copy (decision 13).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Denied, Unacceptable
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.actions.credentials import (
    LONGEST,
    IssuedToken,
    add_token,
    refuse_replaced,
    revoke_token,
)
from trustkeep.kernel.people.actions.stating import moment
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.events import PeopleEvent
from trustkeep.kernel.people.models import Rotation, Token
from trustkeep.kernel.people.permissions import Permission

MOST_OVERLAP = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Rotated:
    """The new token, and until when the old one goes on."""

    token: IssuedToken
    before_until: datetime


def rotate_token(actor: Actor, *, overlap: timedelta) -> Rotated:
    """Make another token like the one that was shown, which ends after the overlap by itself.

    The new one lasts as long as the old one did.  Without an overlap the old one ends at once.

    Raises:
        Denied: the token was handed over by somebody else, or gave way already.
        Unacceptable: the overlap is longer than 14 days.
    """
    if not timedelta(0) <= overlap <= MOST_OVERLAP:
        raise Unacceptable(f"An overlap lasts at most {MOST_OVERLAP.days} days.")
    if actor.token is None or actor.is_handed:
        raise Denied(
            "A token is rotated with itself, and one that somebody else made is none of one's own: "
            "run `trustkeep people token --label LABEL` first.",
            ("handed_token",),
        )
    with acting(actor, Permission.VIEW_SOP):
        # Under the set's lock: of two who rotate one token at once the second finds it replaced.
        with sealed_sets.change(Rotation, actor.id, actor) as rotations:
            refuse_replaced(actor)
            with sealed_sets.change(Token, actor.id, actor) as owned:
                old = next(row for row in owned.rows if row.pk == actor.token)
                lasts, now = min(old.expires_at - old.created_at, LONGEST), world.now()
                old.expires_at = min(old.expires_at, now + overlap)
                owned.replace(old)
            made = add_token(actor, actor.id, label=old.label, lasts=lasts)
            rotations.add(
                Rotation(
                    id=world.new_id(), person_id=actor.id, before_id=old.pk, token_id=made.id,
                    rotated_at=now, ends_at=old.expires_at,
                )
            )  # fmt: skip
        details = {
            "member": str(actor.id), "token": str(made.id), "before": str(old.pk),
            "until": moment(old.expires_at),
        }  # fmt: skip
        log.append(PeopleEvent.TOKEN_ROTATED, actor, details=details)
    if overlap == timedelta(0):
        revoke_token(actor, member=actor.id, token=old.pk)
    return Rotated(made, old.expires_at)
