"""The way up from one person, read as it is asked: a few rows for each who stands on it.

Tolerant, for duties must rest on somebody whatever was changed from outside: rows that do not fit
say nothing, and the comparison of state and ledger names them.
"""

from collections.abc import Callable, Mapping
from uuid import UUID

from trustkeep.base.errors import Missing, Tampered
from trustkeep.kernel.people import census, queries
from trustkeep.kernel.people.census import Unit
from trustkeep.kernel.people.lines import reached


class Upward:
    """Whom people answer to at one moment; each is looked up once."""

    def __init__(self) -> None:
        self._above: dict[UUID, tuple[UUID, ...]] = {}
        self._units: Mapping[UUID, Unit] | None = None

    def above(self, person: UUID) -> tuple[UUID, ...]:
        """Whom somebody answers to directly: the manager first, then the department's head."""
        if person not in self._above:
            manager = {person: _unless_tampered(queries.manager_of, person)}
            home = {person: _unless_tampered(_department_of, person)}
            lines = census.lines_through(manager, home, self._known_units())
            self._above[person] = lines.above(person)
        return self._above[person]

    def all_above(self, person: UUID) -> frozenset[UUID]:
        """Everybody above somebody, over however many; the person too where the lines go round."""
        return reached(person, self.above)

    def _known_units(self) -> Mapping[UUID, Unit]:
        if self._units is None:
            try:
                self._units = census.units()
            except Tampered:
                self._units = {}  # one set of all: it must not take away the managers too
        return self._units


def _department_of(person: UUID) -> UUID | None:
    return queries.member(person).department_id


def _unless_tampered(ask: Callable[[UUID], UUID | None], person: UUID) -> UUID | None:
    try:
        return ask(person)
    except (Missing, Tampered):
        return None
