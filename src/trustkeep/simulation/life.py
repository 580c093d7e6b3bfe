"""The demo company lived through: the plan is carried out day by day, on the story's own clock."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from trustkeep.kernel.ledger import checkpoints
from trustkeep.simulation import coming_and_going, founding, nights, staff
from trustkeep.simulation.at_work import live
from trustkeep.simulation.desk import Desk
from trustkeep.simulation.diary import is_worked
from trustkeep.simulation.happenings import Happening, Plan
from trustkeep.simulation.story import Cast, Part, Story

NIGHT = time(23, 50)
_LIVED = coming_and_going.__name__  # imported for what it registers


class Life:
    """One company, from its first morning to the night of the plan's last day."""

    def __init__(self, plan: Plan, desk: Desk, story: Story) -> None:
        self._plan, self._desk, self._story = plan, desk, story

    def lived(self) -> Iterator[str]:
        """Live through it; a sentence when it is founded, and one for each month.

        Raises:
            StoryError: something came out otherwise than it was planned.
        """
        desk, plan = self._desk, self._plan
        desk.prove_kit()
        yield "recovery kit made and proven"
        founding.found(desk, plan.contract_ends)
        yield f"{len(desk.ids) - 1} people and a program hired, in {len(staff.Team)} departments"
        desk.publish()
        yield from self._story.beginning(self.cast())
        desk.know(range(1, len(desk.rows) + 1))
        by_day: Mapping[date, list[Happening]] = {
            day: list(these) for day, these in groupby(plan.happenings, lambda one: one.at.date())
        }
        day, worked = plan.begins_on, 0
        while day <= plan.ends_on:
            for happening in by_day.get(day, ()):
                live(happening, desk, desk.at(happening))
            desk.place()
            desk.clock.set_forward(datetime.combine(day, NIGHT, UTC))
            worked += is_worked(day)
            nights.pass_night(desk, worked if is_worked(day) else 0)
            day += timedelta(days=1)
            if day.day == 1 or day > plan.ends_on:
                yield f"until {day - timedelta(days=1)}: {checkpoints.size():,} entries"

    def cast(self) -> Cast:
        """Who tells the story of the main job, as they may act now."""
        steward, agent, head = (
            Part(self._desk.people[key].name, self._desk.actor(key))
            for key in ("records", "agent-2", "orders-head")
        )
        return Cast(steward, agent, head)
