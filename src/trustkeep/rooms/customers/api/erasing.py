"""Erasing customers over the API, with two people.  SOP 4.5b."""

from uuid import UUID

from ninja import Schema

from trustkeep.kernel.approvals import queries as requests
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.customers import actions, queries
from trustkeep.rooms.customers.actions import ErasureOutcome
from trustkeep.rooms.customers.api.whom import Whom
from trustkeep.web.api.door import ApiRequest, Door

door = Door("customers")


class ErasureRequested(Schema):
    """The approval that must follow, and which way it comes."""

    approval: UUID
    way: str


class Erased(Schema):
    """The signed receipt; none as long as a slot of `pending` has not forgotten."""

    receipt: str | None
    pending: list[str]

    @classmethod
    def of(cls, customer: UUID, outcomes: list[ErasureOutcome]) -> "Erased":
        """What became of this customer."""
        (own,) = (one for one in outcomes if one.customer == customer)
        note = own.receipt.note.decode() if own.receipt else None
        return cls(receipt=note, pending=list(own.pending))


@door.post("/erasures", Permission.REQUEST_ERASURE, answers=ErasureRequested)
def request_erasure(request: ApiRequest, asked: Whom) -> ErasureRequested:
    """Ask that a customer be erased; somebody else must agree."""
    approval = actions.request_erasure(request.actor, customer=asked.known())
    return ErasureRequested(approval=approval, way=str(requests.request(approval).way))


@door.post("/erasures/{uuid:approval}/agreement", Permission.APPROVE, answers=Erased)
def approve_erasure(request: ApiRequest, approval: UUID, asked: Whom) -> Erased:
    """Agree to an erasure that somebody else asked for, and carry it out."""
    customer = asked.known()
    return Erased.of(
        customer, actions.approve_erasure(request.actor, approval=approval, customer=customer)
    )


@door.post("/erasures/{uuid:approval}/execution", Permission.REQUEST_ERASURE, answers=Erased)
def erase(request: ApiRequest, approval: UUID, asked: Whom) -> Erased:
    """Carry out an erasure that was agreed to."""
    customer = asked.known()
    return Erased.of(customer, actions.erase(request.actor, approval=approval, customer=customer))


@door.get("/erasures/{uuid:approval}/receipt", Permission.VIEW_RECEIPTS, answers=Erased)
def receipt(request: ApiRequest, approval: UUID) -> Erased:
    """The signed receipt of an erasure, exactly as it was issued."""
    return Erased(receipt=queries.receipt_of(request.actor, approval).note.decode(), pending=[])
