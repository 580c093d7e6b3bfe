"""3a: what needs attention is answered in time, and rests on somebody."""

from datetime import timedelta

from trustkeep.base import world
from trustkeep.kernel.clauses import owing
from trustkeep.kernel.clauses.checks import Finding, Status, check
from trustkeep.kernel.duties import queries
from trustkeep.kernel.duties.roster import RosterNow

NAME = "kernel.clauses.answered.duties_are_met_in_time"
MOST_ROWS = 50


@check("3a.monitors", every=timedelta(hours=1), expects_rows=False)
def duties_are_met_in_time() -> Finding:
    """No open duty is overdue, and each rests on somebody; this check's own is left out."""
    now = world.now()
    own = queries.open_by_key(owing.key_of(NAME))
    found = [each for each in queries.all_open(RosterNow(now)) if each.id != own]
    late = [each for each in found if each.is_overdue(now)]
    on_nobody = [each for each in found if not each.rests_on]
    figure = f"{len(found) - len(late)} of {len(found)}"
    if not late and not on_nobody:
        sentence = f"Of {len(found)} open duties none is overdue."
        return Finding(Status.HOLDS, figure, sentence, looked_at=len(found))
    rows = [
        {"duty": str(each.id), "kind": each.kind, "due": f"{each.due_at:%Y-%m-%d}"}
        for each in {each.id: each for each in (*late, *on_nobody)}.values()
    ]
    sentence = (
        f"{len(late)} open duties are overdue and {len(on_nobody)} rest on nobody: "
        "`trustkeep duties list --all` shows them."
    )
    return Finding(Status.NEEDS_ATTENTION, figure, sentence, rows[:MOST_ROWS], looked_at=len(found))
