"""The plan of the demo company: months of ordinary work, decided before any is lived.

Pure: a seed, the last day and how long; the same give the same plan on every machine.
"""

from collections.abc import Iterator
from datetime import date, timedelta

from trustkeep.simulation import milestones
from trustkeep.simulation.chance import Chance
from trustkeep.simulation.diary import Diary
from trustkeep.simulation.happenings import (
    SIGN_OFF,
    CaseClosed,
    CaseHandled,
    Delivered,
    Exported,
    Happening,
    Mailed,
    Plan,
    Reading,
    ReadingRefused,
)

DAYS, CUSTOMERS = 183, 2000
ANSWER: Reading = ("answer_customer", ("name", "email"))
CALL_BACK: Reading = ("answer_customer", ("name", "phone"))
RECOGNISE: Reading = ("recognise_caller", ("name", "phone", "postal_code"))
ORDER: Reading = ("answer_about_order", ("name", "email", "city"))
REVIEW: Reading = ("review_support", ("country", "language"))
DELIVER: Reading = ("deliver_order", ("name", "street", "postal_code", "city", "country"))
_ASKED = (ANSWER, ANSWER, CALL_BACK, ORDER)
_ASKED_OF_CALLERS = (ANSWER, CALL_BACK)  # the call centre knows nothing of orders
_THURSDAY = 3
_MAILED_AT_ONCE = 35


def of(seed: int, ends_on: date, *, days: int = DAYS, customers: int = CUSTOMERS) -> Plan:
    """What happens from so many days before the last day until it; at least three weeks.

    Customers 1 and 2 are in none of it: a story of their own may be told about them.
    """
    chance = Chance(seed, "plan")
    diary = Diary(ends_on - timedelta(days=days - 1), ends_on, chance)
    once = milestones.of(diary, customers)
    work = list(_Work(diary, customers, once).done())
    happenings = sorted([*once.happenings, *work], key=lambda one: one.at)
    return Plan(diary.begins_on, ends_on, customers, tuple(happenings), once.contract_ends)


class _Work:
    """The ordinary work: what each working day brings."""

    def __init__(self, diary: Diary, customers: int, once: milestones.Milestones) -> None:
        self._diary, self._chance = diary, diary.chance
        self._customers = [
            number for number in range(3, customers + 1) if number not in once.spoken_for
        ]
        self._since, self._agents = once.since, once.agents
        self._cases = 0

    def done(self) -> Iterator[Happening]:
        """Everything but the first day, on which the company is founded."""
        for day in self._diary.working_days()[1:]:
            present = self._diary.present(self._agents, day, self._since)
            for _ in range(self._chance.within(2, 4)):
                yield from self._case(day, self._chance.choice(present))
            if self._chance.often(30):
                yield self._refused(day, self._chance.choice(present))
            yield from self._beside(day)

    def _case(self, day: date, agent: str) -> Iterator[Happening]:
        self._cases += 1
        case = f"HD-{self._cases:05d}"
        readings = [RECOGNISE] if self._chance.often(40) else []
        asked = _ASKED_OF_CALLERS if agent.startswith("caller-") else _ASKED
        readings.append(self._chance.choice(asked))
        if self._chance.often(5):
            readings.append(SIGN_OFF)
        yield CaseHandled(
            self._diary.minute(day), agent, case, self._chance.choice(self._customers),
            self._chance.choice(("email", "email", "phone")), tuple(readings),
            by_shop=self._chance.often(25), changes=self._chance.often(12),
        )  # fmt: skip
        closed_on = self._diary.later(day, self._chance.within(1, 3))
        if closed_on <= self._diary.ends_on:
            present = self._diary.present(self._agents, closed_on, self._since)
            closes = agent if agent in present else self._chance.choice(present)
            yield CaseClosed(self._diary.minute(closed_on), closes, case)

    def _refused(self, day: date, agent: str) -> Happening:
        """Slips of the hand: the case was forgotten, or another team's purpose named."""
        reading, reason = self._chance.choice(
            ((ANSWER, "no_case"), (CALL_BACK, "no_case"), (DELIVER, "not_your_purpose"))
        )
        customer = self._chance.choice(self._customers)
        return ReadingRefused(self._diary.minute(day), agent, customer, reading, reason)

    def _beside(self, day: date) -> Iterator[Happening]:
        """What other teams do: parcels each day, a mailing each week, one review of it all."""
        clerk = self._chance.choice(("clerk-1", "clerk-2"))
        parcels = tuple(self._chance.some(self._customers, self._chance.within(1, 3)))
        yield Delivered(self._diary.minute(day), clerk, parcels)
        if day.weekday() == _THURSDAY:
            addressed = tuple(self._chance.some(self._customers, _MAILED_AT_ONCE))
            yield Mailed(self._diary.minute(day), "editor", addressed)
        if day == self._diary.share(60):
            yield Exported(self._diary.minute(day), "records", REVIEW)
