"""What the cells of one row mean, and what is wrong with them.  Pure.

Each method adds its refusals to the row's and answers what stood before where there is any, so that
one look shows all that is wrong with a row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from trustkeep.base import spans, text
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import cells, employment
from trustkeep.kernel.people.census import Census, Person
from trustkeep.kernel.people.employment import Employed, Gap, Statement
from trustkeep.kernel.people.import_plan import MOST_OF_NAME, Powers, Refusal
from trustkeep.kernel.people.permissions import Role

Row = Mapping[str, str]
NOBODY = UUID(int=0)


@dataclass(slots=True)
class Meant:
    """A row and whom it means; `is_new`: a member that it would make."""

    line: int
    row: Row
    person: Person
    is_new: bool


class Columns:
    """The columns as they are meant in one census; `people` grows by those the list would make."""

    def __init__(self, census: Census, powers: Powers) -> None:
        self.people: dict[UUID, Person] = dict(census.people)
        self.by_email = {each.email: each.id for each in census.people.values() if each.email}
        # The last counts: a name as it is written before the same in other capitals, and an id.
        self._units = {str(each): each for each in census.units}
        self._units |= {each.name.casefold(): each.id for each in census.units.values()}
        self._units |= {each.name: each.id for each in census.units.values()}
        self._powers = powers

    def add(self, person: Person) -> None:
        """One whom the list would make: other rows may name them."""
        self.people[person.id] = person
        self.by_email[person.email] = person.id

    def plain(self, meant: Meant, refusals: list[Refusal]) -> Person:
        """The person with the name, address, department and activity of the row."""
        row, before = meant.row, meant.person
        name = row.get("name", before.name)
        if not text.is_line(name, MOST_OF_NAME):
            refusals.append(Refusal.NAME)
        department = before.department
        if "department" in row:
            cell = row["department"]
            department = self._units.get(cell) or self._units.get(cell.casefold())
            if row["department"] and department is None:
                refusals.append(Refusal.DEPARTMENT)
        return replace(
            before, name=name.strip(), email=self._email(meant, refusals), department=department,
            active=self._active(meant, refusals),
        )  # fmt: skip

    def _email(self, meant: Meant, refusals: list[Refusal]) -> str:
        if "email" not in meant.row:
            return meant.person.email
        email = text.email(meant.row["email"])
        if not text.is_address(meant.row["email"]):
            refusals.append(Refusal.ADDRESS)
        elif self.by_email.get(email, meant.person.id) != meant.person.id:
            refusals.append(Refusal.ADDRESS_TAKEN)
        return email

    def _active(self, meant: Meant, refusals: list[Refusal]) -> bool:
        before, cell = meant.person.active, meant.row.get("active", "")
        asked = cells.flag_in(cell)
        if asked is None:
            if cell:
                refusals.append(Refusal.YES_OR_NO)
            return before
        if asked and not before:
            refusals.append(Refusal.REACTIVATE)
        elif before and not asked and not self._powers.may_deactivate:
            refusals.append(Refusal.DEACTIVATION)
        return asked

    def manager(self, meant: Meant, refusals: list[Refusal]) -> UUID | None:
        """Whom they would answer to."""
        before = meant.person
        if "manager" not in meant.row:
            return before.manager
        named = self.named(meant.row["manager"])
        if not meant.row["manager"] or (named is not None and named.id == before.manager):
            return named.id if named else None
        if named is None or not named.active or named.id == before.id:
            refusals.append(Refusal.MANAGER)
            return before.manager
        return named.id

    def statement(self, meant: Meant, refusals: list[Refusal]) -> Statement:
        """How they would be employed."""
        row, before = meant.row, meant.person.stated
        kind = row.get("employment", str(before.kind)).lower() or str(Employed.EMPLOYEE)
        if kind not in set(Employed):
            refusals.append(Refusal.EMPLOYMENT)
            return before
        try:
            ends_at = before.ends_at
            if "ends_on" in row:
                ends_at = cells.end_in(row["ends_on"], before.ends_at, self._powers.zone)
        except (ValueError, OverflowError):
            refusals.append(Refusal.DAY)
            return before
        stated = Statement(
            Employed(kind), self._sponsor(meant, refusals), row.get("contract", before.contract),
            ends_at,
        )  # fmt: skip
        if stated != before or meant.is_new:
            refusals += self._wrong(stated, meant)
        return stated

    def _wrong(self, stated: Statement, meant: Meant) -> Iterator[Refusal]:
        before = meant.person.stated
        gaps = set(employment.gaps(stated, meant.person.id))
        if gaps - ({Gap.NO_SPONSOR} if meant.row.get("sponsor") else set()):
            yield Refusal.GAPS
        if stated.ends_at is not None and stated.ends_at != before.ends_at:
            try:
                spans.check_end(stated.ends_at, self._powers.now)
            except Unacceptable:
                yield Refusal.PAST
        if employment.loosens(before.ends_at, stated.ends_at) and self._powers.reason is None:
            yield Refusal.REASON

    def _sponsor(self, meant: Meant, refusals: list[Refusal]) -> UUID | None:
        before = meant.person.stated.sponsor
        if "sponsor" not in meant.row:
            return before
        named = self.named(meant.row["sponsor"])
        if not meant.row["sponsor"]:
            return None
        may = named is not None and named.active and named.stated.kind is Employed.EMPLOYEE
        if named is None or not (may or named.id == before):
            refusals.append(Refusal.SPONSOR)
            return before
        return named.id

    def roles(self, meant: Meant, refusals: list[Refusal]) -> frozenset[Role]:
        """Which roles they would hold."""
        before = meant.person.roles
        if "roles" not in meant.row:
            return before
        roles = cells.roles_in(meant.row["roles"])
        if roles is None:
            refusals.append(Refusal.ROLE)
            return before
        if not all(map(self._powers.may_give, roles ^ before)):
            refusals.append(Refusal.ROLE_BEYOND)
        if (roles - before) & self._powers.announced:
            refusals.append(Refusal.ROLE_ANNOUNCED)
        return roles

    def named(self, cell: str) -> Person | None:
        """Another person by id or address; no account of a program."""
        found = self.people.get(self.by_email.get(text.email(cell)) or as_id(cell))
        return found if found is not None and found.is_person else None


def as_id(cell: str) -> UUID:
    """An id; of what is none, nobody's."""
    try:
        return UUID(cell)
    except ValueError:
        return NOBODY
