"""What the clauses write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event


class ClauseEvent(Event):
    """A check came to another result than before, or a part was declared not to apply."""

    STATUS_CHANGED = (
        "clauses.status.changed",
        {
            "check": Detail.CODE,
            "number": Detail.COUNT,
            "part": Detail.CODE,
            "status": Detail.CODE,
            "before": Detail.CODE,
        },
    )
    EXEMPTION_GIVEN = (
        "clauses.exemption.given",
        {"part": Detail.CODE, "expires": Detail.MOMENT, "reason": Detail.DIGEST},
    )
    EXEMPTION_ENDED = "clauses.exemption.ended", {"part": Detail.CODE}
