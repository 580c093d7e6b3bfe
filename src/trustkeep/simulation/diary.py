"""The days of the plan: which are worked, who is there, and one free minute after the other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from trustkeep.simulation.chance import Chance

OPENS, CLOSES = 7, 16  # o'clock, UTC
_SATURDAY = 5
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Diary:
    """A span of days, both included, with who is away and which minutes are taken."""

    begins_on: date
    ends_on: date
    chance: Chance
    away: dict[str, list[tuple[date, date]]] = field(default_factory=dict)
    taken: set[datetime] = field(default_factory=set)

    def days(self) -> Iterator[date]:
        """Each day."""
        day = self.begins_on
        while day <= self.ends_on:
            yield day
            day += _DAY

    def working_days(self) -> list[date]:
        """Each day that is no weekend."""
        return [day for day in self.days() if is_worked(day)]

    def share(self, percent: int) -> date:
        """The working day at a share of the span; never the first, on which all is founded."""
        days = self.working_days()
        return days[max(1, min(len(days) - 1, len(days) * percent // 100))]

    def minute(self, day: date, hours: tuple[int, int] = (OPENS, CLOSES)) -> datetime:
        """A minute of a day at which nothing else begins."""
        least, most = hours
        while True:
            minutes = self.chance.within(least * 60, most * 60 - 1)
            at = datetime.combine(day, time(), UTC) + timedelta(minutes=minutes)
            if at not in self.taken:
                self.taken.add(at)
                return at

    def later(self, day: date, days: int) -> date:
        """So many working days later; within the span or not."""
        while days > 0 or not is_worked(day):
            day += _DAY
            days -= is_worked(day)
        return day

    def leave(self, who: str, after: date, days: int) -> None:
        """Have somebody be away on so many days after one."""
        self.away.setdefault(who, []).append((after + _DAY, after + days * _DAY))

    def is_there(self, who: str, day: date) -> bool:
        """Whether somebody works on a day."""
        return not any(first <= day <= last for first, last in self.away.get(who, ()))

    def present(self, among: Sequence[str], day: date, since: Mapping[str, date]) -> list[str]:
        """Those who work on a day; `since`: from when on the later ones do."""
        return [
            one
            for one in among
            if self.is_there(one, day) and since.get(one, self.begins_on) <= day
        ]


def is_worked(day: date) -> bool:
    """Whether a day is no weekend."""
    return day.weekday() < _SATURDAY
