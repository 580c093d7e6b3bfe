"""What happens as a duty's time comes and goes: each step once, with its entry and its letters."""

from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import points, world
from trustkeep.base.events import MOST_IDS
from trustkeep.kernel.duties import locks, notices, queries, rules
from trustkeep.kernel.duties.actions.owing import changing, each_alone, named
from trustkeep.kernel.duties.events import DutyEvent
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.duties.rules import State
from trustkeep.kernel.ledger import log

CLOCK = actors.job("duties.clock")


def take_steps() -> int:
    """Take every step whose time has come; how many duties had one."""
    due = Duty.objects.filter(state=State.OPEN, next_at__lte=world.now())
    return each_alone(_take, due.order_by("next_at", "id").values_list("id", "key"))


def _take(duty_id: UUID, key: str) -> bool:
    with transaction.atomic(durable=True):
        locks.duty(key)
        row, now = queries.duty(duty_id), world.now()
        steps = rules.steps_due(row.owed_at, row.due_at, taken=row.taken, now=now)
        if row.state != State.OPEN or not steps:
            return False
        roster = RosterNow(now)
        with changing(CLOCK, duty_id) as row:
            row.step = steps[-1]
            row.next_at = rules.next_step_at(row.owed_at, row.due_at, taken=steps[-1])
            told = {step: rules.told_of(step, row.owner_now, roster)[:MOST_IDS] for step in steps}
            for step, people in told.items():
                details = {**named(row), "step": str(step), "told": [str(each) for each in people]}
                log.append(DutyEvent.STEP_TAKEN, CLOCK, details=details)
            # Of several that were missed, only the last to each person is worth a letter.
            last = {person: step for step, people in told.items() for person in people}
            for person, step in last.items():
                notices.prepare([person], f"step:{duty_id}:{step}", duty_id)
    points.reached("duties.step.taken")
    return True
