"""Why somebody is cleared, and who is.  SOP 6a."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.people import directory
from trustkeep.kernel.people.models import Clearance


class Reason(StrEnum):
    """Why somebody states that a member is cleared.  In rows and the log: never rename one."""

    TRAINED_HERE = "trained_here"
    CERTIFICATE_SEEN = "certificate_seen"
    AGREEMENT_SIGNED = "agreement_signed"
    BACKGROUND_CHECKED = "background_checked"
    HELD_BEFORE = "held_before"  # in what was used before this system
    EXCEPTION = "exception"  # decided although nothing of the above is there


@dataclass(frozen=True, slots=True)
class ClearanceView:
    """A clearance as it is shown; `reason` is empty for one that was given before it was asked."""

    member: UUID
    clearance: str
    reason: str
    given_by: UUID
    given_at: datetime
    expires_at: datetime
    in_force: bool


def clearances_shown(actor: Actor, member: UUID) -> tuple[ClearanceView, ...]:
    """The clearances of a member whom the actor may see, also those that have run out.

    Raises:
        Denied: the actor sees nobody's record.
        Missing: there is nobody of that id, or it is not the actor's to see.
    """
    directory.visible_to(actor).one(member)
    now = world.now()
    rows = sorted(sealed_sets.rows(Clearance, member), key=lambda row: row.clearance)
    return tuple(
        ClearanceView(
            row.person_id, row.clearance, row.reason, row.given_by, row.given_at, row.expires_at,
            row.given_at <= now < row.expires_at,
        )
        for row in rows
    )  # fmt: skip
