"""What the duties write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event

_DUTY = {"duty": Detail.ID, "kind": Detail.CODE}
_WHOM = {"person": Detail.ID, "role": Detail.CODE}  # one of the two
_MEMBER = {"member": Detail.ID}


class DutyEvent(Event):
    """The life of a duty, and what people arranged about theirs."""

    OWED = (
        "duties.duty.owed",
        {**_DUTY, **_WHOM, "clause": Detail.CODE, "due": Detail.MOMENT, "key": Detail.DIGEST},
    )
    DUE_MOVED = "duties.due.moved", {**_DUTY, "due": Detail.MOMENT, "before": Detail.MOMENT}
    SETTLED = "duties.duty.settled", {**_DUTY, "late": Detail.FLAG}
    WITHDRAWN = "duties.duty.withdrawn", _DUTY
    HANDED_OVER = (
        "duties.duty.handed_over",
        {**_DUTY, "to": Detail.ID, **_WHOM},  # person or role: who owed it before
    )
    PASSED_ON = (
        "duties.duty.passed_on",
        {**_DUTY, **_WHOM, "leaver": Detail.ID},  # person or role: who owes it now
    )
    STEP_TAKEN = "duties.step.taken", {**_DUTY, "step": Detail.CODE, "told": Detail.IDS}
    DIGEST_SENT = "duties.digest.sent", {**_MEMBER, "count": Detail.COUNT}
    ABSENCE_DECLARED = (
        "duties.absence.declared",
        {"deputy": Detail.ID, "begins": Detail.MOMENT, "ends": Detail.MOMENT},
    )
    ABSENCE_ENDED = "duties.absence.ended", {"deputy": Detail.ID}
    RHYTHM_CHOSEN = "duties.rhythm.chosen", {"rhythm": Detail.CODE}
    CALENDAR_OPENED = "duties.calendar.opened", _MEMBER
    CALENDAR_CLOSED = "duties.calendar.closed", _MEMBER
