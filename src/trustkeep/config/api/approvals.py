"""Approvals over the API: what waits for a second person, and what they say.  SOP 4.5b.

What a request is about is told by nobody but who asked: an approver names it, or its digest.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.kernel.approvals import actions, queries
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.kernel.approvals.rules import act_of
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("approvals")


class Agreement(Asked):
    """The digest of the act that the approver means; unset: whatever was asked for."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None


class ApprovalState(Schema):
    """A request that waits; `digest` is the SHA-256 of the verb and its exact parameters."""

    id: UUID
    act: str
    verb: str
    state: str
    way: str
    asked_by: UUID
    beneficiary: UUID | None
    since: datetime
    until: datetime
    digest: str

    @classmethod
    def of(cls, row: ApprovalRequest) -> "ApprovalState":
        """A request, as it is answered."""
        return cls(
            id=row.id, act=act_of(row.verb), verb=row.verb, state=row.state, way=row.way,
            asked_by=row.requester_id, beneficiary=row.beneficiary_id, since=row.created_at,
            until=row.expires_at, digest=row.digest,
        )  # fmt: skip


@door.get("/approvals", Permission.APPROVE, answers=list[ApprovalState])
def list_approvals(request: ApiRequest) -> list[ApprovalState]:
    """What waits: for somebody to agree, or to be carried out; the oldest first."""
    return [ApprovalState.of(row) for row in queries.open_requests(request.actor)]


@door.get("/approvals/mine", Permission.REQUEST_APPROVAL, answers=list[ApprovalState])
def list_own(request: ApiRequest) -> list[ApprovalState]:
    """What the caller asked for and still waits."""
    return [ApprovalState.of(row) for row in queries.own_requests(request.actor)]


@door.post("/approvals/{uuid:approval}/agreement", Permission.APPROVE, answers=None, status=204)
def agree(request: ApiRequest, approval: UUID, asked: Agreement) -> None:
    """Agree to what somebody else asked for; whoever asked carries it out."""
    digest = bytes.fromhex(asked.digest) if asked.digest else None
    actions.approve(request.actor, approval, digest=digest)


@door.post("/approvals/{uuid:approval}/refusal", Permission.APPROVE, answers=None, status=204)
def refuse(request: ApiRequest, approval: UUID) -> None:
    """Say no: the request is over."""
    actions.refuse(request.actor, approval)


@door.delete("/approvals/{uuid:approval}", Permission.REQUEST_APPROVAL)
def withdraw(request: ApiRequest, approval: UUID) -> None:
    """Take one's own request back."""
    actions.withdraw(request.actor, approval)
