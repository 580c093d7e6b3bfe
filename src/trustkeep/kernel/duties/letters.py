"""What stands in a letter about duties: sentences of our own, identifiers, times.  No customer."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from trustkeep.kernel.duties.queries import DutyView
from trustkeep.kernel.duties.rules import Step
from trustkeep.kernel.jobs.outbound.mail import Letter

MOST_LISTED = 50
SOON = timedelta(days=7)
_SUBJECTS = {
    Step.REMIND: "A duty of yours is due soon",
    Step.DUE: "A duty of yours is due",
    Step.HEAD: "A duty in your department is overdue",
    Step.DPO: "A duty is long overdue",
}


def digest(to: str, person: UUID, duties: Sequence[DutyView], now: datetime) -> Letter:
    """What somebody owes this morning: counts, then each with its due date."""
    overdue = sum(each.is_overdue(now) for each in duties)
    soon = sum(now < each.due_at <= now + SOON for each in duties)
    counts = f"{_counted(len(duties))} open, {overdue} overdue, {soon} due within 7 days"
    lines = [_line(each, person, now) for each in duties[:MOST_LISTED]]
    if len(duties) > MOST_LISTED:
        lines.append(f"and {len(duties) - MOST_LISTED} more")
    body = "\n".join(
        [f"{counts}.", "", *lines, "", "All of them: trustkeep duties list",
         "Less often: trustkeep duties digest weekly", ""]
    )  # fmt: skip
    return Letter(to, f"Your duties: {counts}", body)


def step(to: str, occasion: str, duties: Sequence[DutyView]) -> Letter:
    """A reminder, or word of an overdue duty."""
    taken = Step(occasion.rpartition(":")[2])
    lines = [
        f"{_due(each)}  {each.sentence}\n\ntrustkeep duties show {each.id}\n" for each in duties
    ]
    return Letter(to, _SUBJECTS[taken], "\n".join(lines))


def _line(each: DutyView, person: UUID, now: datetime) -> str:
    marks = ["overdue"] if each.is_overdue(now) else []
    if each.owner != str(person) and _is_id(each.owner):
        marks.append("you stand in")
    said = f" ({', '.join(marks)})" if marks else ""
    return f"{_due(each)}  {each.sentence}{said}"


def _due(each: DutyView) -> str:
    return f"{each.due_at:%Y-%m-%d %H:%M} UTC"


def _counted(count: int) -> str:
    return "1 duty" if count == 1 else f"{count} duties"


def _is_id(owner: str) -> bool:
    return len(owner) == len(str(UUID(int=0)))
