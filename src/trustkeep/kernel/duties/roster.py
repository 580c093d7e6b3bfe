"""Who there is now, as the rules of duties ask for it; each person is looked up once."""

from datetime import datetime
from uuid import UUID

from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.duties.models import Absence
from trustkeep.kernel.duties.rules import Standing
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.models import Kind
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.people.upward import Upward

_NOBODY = Standing(active=False)


class RosterNow:
    """The people as they are at one moment."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._standings: dict[UUID, Standing] = {}
        self._holders: dict[Role, tuple[UUID, ...]] = {}
        self._upward = Upward()

    def standing(self, person: UUID) -> Standing:
        """What is known of one person; whoever's rows were changed from outside does not count."""
        if person not in self._standings:
            try:
                self._standings[person] = self._looked_up(person)
            except (Missing, Tampered):
                self._standings[person] = _NOBODY
        return self._standings[person]

    def holders(self, role: Role) -> tuple[UUID, ...]:
        """The active people who hold a role; an account of a program owes nothing."""
        if role not in self._holders:
            self._holders[role] = tuple(
                each for each in people.named_for(role) if self._holds(each, role)
            )
        return self._holders[role]

    def _holds(self, person: UUID, role: Role) -> bool:
        try:
            return self.standing(person).active and role in people.roles_of(person)
        except Tampered:
            return False

    def _looked_up(self, person: UUID) -> Standing:
        row = people.member(person)
        if row.kind == Kind.SERVICE:
            return Standing(active=False, deputy=row.responsible_id)
        deputy = self._deputy_of(person)
        return Standing(
            active=people.is_active(person),
            absent=deputy is not None,
            deputy=deputy,
            head=next(iter(self._upward.above(person)), None),
        )

    def is_above(self, head: UUID, person: UUID) -> bool:
        """Whether somebody answers to the other, directly or over others."""
        return head in self._upward.all_above(person)

    def _deputy_of(self, person: UUID) -> UUID | None:
        """Who stands in for somebody who declared an absence for this moment."""
        try:
            absences = sealed_sets.rows(Absence, person)
        except Tampered:
            return None
        here = (row.deputy_id for row in absences if row.begins_at <= self._now < row.ends_at)
        return next(here, None)
