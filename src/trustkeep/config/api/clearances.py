"""Clearances over the API: what is stated of members by hand.  SOP 4.3b, 6a."""

from datetime import datetime
from uuid import UUID

from ninja import Schema

from trustkeep.kernel.people import actions, clearing
from trustkeep.kernel.people.clearing import ClearanceView, Reason
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked, Moment

door = Door("people")


class ClearanceAsked(Asked):
    """Why a member is cleared, and until when."""

    reason: Reason
    expires_at: Moment


class ClearanceState(Schema):
    """A clearance; `reason` is empty where it was given before one was asked for."""

    clearance: str
    reason: str
    given_by: UUID
    given_at: datetime
    expires_at: datetime
    in_force: bool

    @classmethod
    def of(cls, view: ClearanceView) -> "ClearanceState":
        """A clearance, as it is answered."""
        return cls(
            clearance=view.clearance, reason=view.reason, given_by=view.given_by,
            given_at=view.given_at, expires_at=view.expires_at, in_force=view.in_force,
        )  # fmt: skip


@door.get("/people/{uuid:member}/clearances", Permission.VIEW_PEOPLE, answers=list[ClearanceState])
def list_clearances(request: ApiRequest, member: UUID) -> list[ClearanceState]:
    """What a member is cleared for, also what has run out."""
    return [ClearanceState.of(one) for one in clearing.clearances_shown(request.actor, member)]


@door.put(
    "/people/{uuid:member}/clearances/{clearance}", Permission.GIVE_CLEARANCES,
    answers=list[ClearanceState],
)  # fmt: skip
def give_clearance(
    request: ApiRequest, member: UUID, clearance: str, asked: ClearanceAsked
) -> list[ClearanceState]:
    """State that a member is cleared; an earlier statement of it is replaced."""
    actions.give_clearance(
        request.actor, member=member, clearance=clearance, reason=asked.reason,
        expires_at=asked.expires_at,
    )  # fmt: skip
    return list_clearances(request, member)


@door.delete("/people/{uuid:member}/clearances/{clearance}", Permission.GIVE_CLEARANCES)
def end_clearance(request: ApiRequest, member: UUID, clearance: str) -> None:
    """Withdraw a clearance."""
    actions.end_clearance(request.actor, member=member, clearance=clearance)
