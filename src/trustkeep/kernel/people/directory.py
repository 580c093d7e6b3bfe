"""Who there is, as doors show it to those who may see people: everybody, or one's own team."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing
from trustkeep.kernel.people import census
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.census import Census, Person, Unit
from trustkeep.kernel.people.conflicts import Conflict, conflicts_in
from trustkeep.kernel.people.permissions import Permission


@dataclass(frozen=True, slots=True)
class Visible:
    """What an actor may see of everybody: `people` of the whole `census`."""

    census: Census
    people: tuple[Person, ...]

    def one(self, person: UUID) -> Person:
        """One whom the actor may see.

        Raises:
            Missing: there is nobody of that id, or it is not the actor's to see.
        """
        for each in self.people:
            if each.id == person:
                return each
        raise Missing("There is no such member: `trustkeep people list` shows them.")

    def name_of(self, person: UUID | None) -> str:
        """A name as a list shows it; of whom the actor may not see, nothing."""
        return next((each.name for each in self.people if each.id == person), "")


@dataclass(frozen=True, slots=True)
class Placed:
    """Somebody at their place among those who answer to each other; 0: to nobody who is shown."""

    person: Person
    depth: int
    answers_to: UUID | None


@dataclass(frozen=True, slots=True)
class UnitView:
    """A department with how many active people are in it, and whether its head leads it."""

    unit: Unit
    people: int
    has_head: bool


@dataclass(frozen=True, slots=True)
class Concern:
    """Somebody who holds roles that are better apart, or who reaches customers' data."""

    person: Person
    conflicts: tuple[Conflict, ...]


def visible_to(actor: Actor) -> Visible:
    """Whom the actor may see: everybody, or themselves and who answers to them.

    Raises:
        Denied: the actor sees nobody's record.
    """
    require(actor, Permission.VIEW_PEOPLE)
    found = census.taken()
    if Permission.VIEW_ALL_PEOPLE in actor.permissions:
        require(actor, Permission.VIEW_ALL_PEOPLE)
        return Visible(found, tuple(found.people.values()))
    mine = found.lines.team_of(actor.id) | {actor.id}
    # An account of a program belongs to the team of whoever answers for it.
    shown = (each for each in found.people.values() if {each.id, each.responsible} & mine)
    return Visible(found, tuple(shown))


def team(actor: Actor, *, head: UUID | None = None) -> tuple[Placed, ...]:
    """Those whom the actor may see as they answer to each other, each below whom they answer to.

    Raises:
        Missing: the head is not the actor's to see.
    """
    seen = visible_to(actor)
    lines = seen.census.lines
    people = [each for each in seen.people if each.is_person and each.active]
    if head is not None:
        its = lines.team_of(seen.one(head).id) | {head}
        people = [each for each in people if each.id in its]
    shown = {each.id for each in people}
    above = {each.id: lines.head_of(each.id) for each in people}
    below: defaultdict[UUID | None, list[Person]] = defaultdict(list)
    for each in people:
        is_top = each.id == head or above[each.id] not in shown
        below[None if is_top else above[each.id]].append(each)

    def placed(under: UUID | None, depth: int) -> Iterator[Placed]:
        for each in below[under]:
            yield Placed(each, depth, above[each.id])
            yield from placed(each.id, depth + 1)

    return tuple(placed(None, 0))


def departments(actor: Actor) -> tuple[UnitView, ...]:
    """Every department that the actor may see, by name; a head sees those of their team."""
    seen = visible_to(actor)
    counts = Counter(each.department for each in seen.people if each.active)
    sees_all = len(seen.people) == len(seen.census.people)
    return tuple(
        UnitView(unit, counts[unit.id], has_head(seen.census, unit))
        for unit in seen.census.units.values()
        if sees_all or counts[unit.id] or unit.head == actor.id
    )


def has_head(found: Census, unit: Unit) -> bool:
    """Whether an active person heads a department and belongs there."""
    head = found.people.get(unit.head) if unit.head else None
    return head is not None and head.active and found.lines.is_led(unit.id)


def concerns(actor: Actor) -> tuple[Concern, ...]:
    """Every active member with roles that are better apart or with data access; conflicts first."""
    found = [
        Concern(each, conflicts_in(each.roles)) for each in visible_to(actor).people if each.active
    ]
    some = [each for each in found if each.conflicts or each.person.data_access]
    return tuple(sorted(some, key=lambda each: -len(each.conflicts)))


def accounts(actor: Actor) -> tuple[Person, ...]:
    """The accounts of programs that the actor may see."""
    return tuple(each for each in visible_to(actor).people if not each.is_person)
