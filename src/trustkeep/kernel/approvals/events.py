"""What the approvals write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event

_REQUEST = {"request": Detail.ID, "verb": Detail.CODE, "digest": Detail.DIGEST}


class ApprovalEvent(Event):
    """The life of a request for approval."""

    REQUESTED = (
        "approvals.request.made",
        {**_REQUEST, "beneficiary": Detail.ID, "way": Detail.CODE, "expires": Detail.MOMENT},
    )
    APPROVED = "approvals.request.approved", _REQUEST
    CONFIRMED = "approvals.request.confirmed_outside", _REQUEST
    REFUSED = "approvals.request.refused", _REQUEST
    WITHDRAWN = "approvals.request.withdrawn", _REQUEST
    TAKEN = "approvals.request.taken", {**_REQUEST, "way": Detail.CODE}
    WAY_CHOSEN = "approvals.way.chosen", {"way": Detail.CODE}
    NOTICE_SENT = "approvals.notice.sent", {"request": Detail.ID, "count": Detail.COUNT}
