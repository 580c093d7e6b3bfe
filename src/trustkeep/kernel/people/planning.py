"""A list of people against everybody there is: row by row what it would do.  Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from trustkeep.base import text
from trustkeep.kernel.people import cells
from trustkeep.kernel.people.census import Census, Person
from trustkeep.kernel.people.columns import NOBODY, Columns, Meant, Row, as_id
from trustkeep.kernel.people.employment import Employed, Statement
from trustkeep.kernel.people.import_plan import Change, Powers, Refusal, RowPlan, Verdict
from trustkeep.kernel.people.lines import Lines
from trustkeep.kernel.people.models import Kind
from trustkeep.kernel.people.sheet import COLUMNS, Sheet


class Planner:
    """One list, planned against one census."""

    def __init__(
        self, census: Census, sheet: Sheet, powers: Powers, new_id: Callable[[], UUID]
    ) -> None:
        self._census = census
        self._sheet = sheet
        self._powers = powers
        self._new_id = new_id
        self._columns = Columns(census, powers)

    def plan(self, *, complete: bool = False) -> tuple[RowPlan, ...]:
        """Every row, in the order of the file; then who is in none, where the list is complete."""
        refused: list[RowPlan] = []
        meant: list[Meant] = []
        seen: set[UUID] = set()
        for line, row in self._sheet.rows:
            found = self._meant(line, row)
            if isinstance(found, RowPlan):
                refused.append(found)
            elif found.person.id in seen:
                refused.append(_refused(line, Refusal.TWICE, found))
            else:
                seen.add(found.person.id)
                meant.append(found)
        planned = self._not_round([self._planned(each) for each in meant])
        rows = sorted([*refused, *planned], key=lambda each: each.line)
        return (*rows, *(self._absent(seen, rows) if complete else ()))

    def _meant(self, line: int, row: Row | None) -> "Meant | RowPlan":
        """Whom a row means: by id, otherwise by address, otherwise somebody new."""
        if row is None:
            return _refused(line, Refusal.RAGGED)
        named, email = row.get("id", ""), text.email(row.get("email", ""))
        person = self._columns.people.get(
            as_id(named) if named else self._columns.by_email.get(email, NOBODY)
        )
        if person is None and named:
            return _refused(line, Refusal.UNKNOWN_ID)
        if person is None:
            return self._somebody_new(line, row, email)
        if not person.is_person:
            return _refused(line, Refusal.PROGRAM)
        return Meant(line, row, person, is_new=person.id not in self._census.people)

    def _somebody_new(self, line: int, row: Row, email: str) -> "Meant | RowPlan":
        wrong = {
            Refusal.NOBODY: not email,
            Refusal.ADDRESS: not text.is_address(row.get("email", "")),
            Refusal.NOT_HERE: cells.flag_in(row.get("active", "")) is False,
        }
        for refusal, is_so in wrong.items():
            if is_so:
                return _refused(line, refusal)
        kind = row.get("employment", "").lower()
        stated = Statement(Employed(kind) if kind in set(Employed) else Employed.EMPLOYEE)
        person = Person(
            self._new_id(), Kind.STAFF, "", email, department=None, responsible=None, active=True,
            created_at=self._powers.now, manager=None, stated=stated, roles=frozenset(),
        )  # fmt: skip
        self._columns.add(person)
        return Meant(line, row, person, is_new=True)

    def _planned(self, meant: Meant) -> RowPlan:
        before = meant.person
        refusals: list[Refusal] = []
        after = self._columns.plain(meant, refusals)
        after = replace(
            after,
            manager=self._columns.manager(meant, refusals),
            stated=self._columns.statement(meant, refusals),
            roles=self._columns.roles(meant, refusals),
        )
        own = (before.active, before.manager, before.stated, before.roles)
        if before.id == self._powers.actor and own != (
            after.active, after.manager, after.stated, after.roles
        ):  # fmt: skip
            refusals.append(Refusal.ONESELF)
        changes = self._changes(meant, after)
        known = None if meant.is_new else before
        if refusals:
            return RowPlan(
                meant.line, Verdict.REFUSED, known, after, changes, tuple(dict.fromkeys(refusals))
            )
        verdict = Verdict.CREATE if meant.is_new else Verdict.CHANGE
        if not meant.is_new and after == before:
            verdict = Verdict.UNCHANGED
        elif before.active and not after.active:
            verdict = Verdict.DEACTIVATE
        return RowPlan(meant.line, verdict, known, after, changes)

    def _changes(self, meant: Meant, after: Person) -> tuple[Change, ...]:
        def said(person: Person) -> Mapping[str, str]:
            return cells.cells_of(
                person, self._columns.people, self._census.units, self._powers.zone
            )

        were, will = said(meant.person), said(after)
        if meant.is_new:
            were = dict.fromkeys(COLUMNS, "")
        return tuple(
            Change(column, were[column], will[column])
            for column in COLUMNS
            if column != "id" and were[column] != will[column]
        )

    def _not_round(self, rows: list[RowPlan]) -> list[RowPlan]:
        """Refuse the rows by which somebody would come to stand above themselves."""
        before = self._census.lines
        managers, members = dict(before.managers), dict(before.members)
        for each in rows:
            if each.after is not None and each.verdict is not Verdict.REFUSED:
                _set(managers, each.after.id, each.after.manager)
                _set(members, each.after.id, each.after.department)
        lines = Lines(managers, members, before.heads, before.parents)
        return [
            each.refused(Refusal.GOES_ROUND)
            if each.after is not None
            and each.verdict is not Verdict.REFUSED
            and _moves(each)
            and each.after.id in lines.all_above(each.after.id)
            else each
            for each in rows
        ]

    def _absent(self, seen: set[UUID], rows: list[RowPlan]) -> Iterator[RowPlan]:
        """Whoever is in no row leaves, unless anything is in the way."""
        some_refused = any(each.verdict is Verdict.REFUSED for each in rows)
        for person in self._census.people.values():
            if not (person.is_person and person.active) or person.id in seen:
                continue
            change = Change("active", "yes", "no")
            row = RowPlan(0, Verdict.DEACTIVATE, person, replace(person, active=False), (change,))
            if person.id == self._powers.actor:
                yield row.refused(Refusal.ONESELF)
            elif not self._powers.may_deactivate:
                yield row.refused(Refusal.DEACTIVATION)
            else:
                yield row.refused(Refusal.INCOMPLETE) if some_refused else row


def _moves(row: RowPlan) -> bool:
    before, after = row.before, row.after
    if before is None or after is None:
        return True
    return (before.manager, before.department) != (after.manager, after.department)


def _set(those: dict[UUID, UUID], person: UUID, value: UUID | None) -> None:
    those.pop(person, None)
    if value is not None:
        those[person] = value


def _refused(line: int, refusal: Refusal, meant: Meant | None = None) -> RowPlan:
    known = meant.person if meant and not meant.is_new else None
    return RowPlan(line, Verdict.REFUSED, known, None, (), (refusal,))
