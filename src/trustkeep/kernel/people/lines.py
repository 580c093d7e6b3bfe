"""Who answers to whom.  Pure.  SOP 3b.

Somebody stands below the manager who is named for them, and below the head of their department;
where they head it themselves, below the head of the nearest department above it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID


def reached(person: UUID, above: Callable[[UUID], Iterable[UUID]]) -> frozenset[UUID]:
    """Everybody above somebody, over however many; the person too where the lines go round."""
    seen: set[UUID] = set()
    waiting = list(above(person))
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += above(each)
    return frozenset(seen)


@dataclass(frozen=True, slots=True)
class Lines:
    """The reporting lines at one moment, each by the id of the person or the department."""

    managers: Mapping[UUID, UUID] = field(default_factory=dict)  # of people
    members: Mapping[UUID, UUID] = field(default_factory=dict)  # person -> their department
    heads: Mapping[UUID, UUID] = field(default_factory=dict)  # department -> person
    parents: Mapping[UUID, UUID] = field(default_factory=dict)  # department -> the one above

    def above(self, person: UUID) -> tuple[UUID, ...]:
        """Whom somebody answers to directly: the manager first, then the department's head."""
        found = (self.managers.get(person), self._head_over(person))
        return tuple(dict.fromkeys(each for each in found if each is not None and each != person))

    def head_of(self, person: UUID) -> UUID | None:
        """The first whom somebody answers to; None: nobody."""
        return next(iter(self.above(person)), None)

    def all_above(self, person: UUID) -> frozenset[UUID]:
        """Everybody above somebody, over however many; the person too where the lines go round."""
        return reached(person, self.above)

    def team_of(self, head: UUID) -> frozenset[UUID]:
        """Everybody below somebody, over however many."""
        below: defaultdict[UUID, set[UUID]] = defaultdict(set)
        for person in self.managers.keys() | self.members.keys():
            for each in self.above(person):
                below[each].add(person)
        seen: set[UUID] = set()
        waiting = [head]
        while waiting:
            new = below[waiting.pop()] - seen
            seen |= new
            waiting += new
        return frozenset(seen - {head})

    def go_round(self, people: Iterable[UUID] | None = None) -> bool:
        """Whether anybody (or any of these people) stands above themselves."""
        asked = self.managers.keys() | self.members.keys() if people is None else people
        return any(person in self.all_above(person) for person in asked)

    def departments_above(self, department: UUID) -> tuple[UUID, ...]:
        """The departments above one, the nearest first; as far as they do not go round."""
        found: list[UUID] = []
        above = self.parents.get(department)
        while above is not None and above not in found and above != department:
            found.append(above)
            above = self.parents.get(above)
        return tuple(found)

    def is_led(self, department: UUID) -> bool:
        """Whether the head belongs where the department is: in it, above it, or in one they head.

        A head who belongs to no department counts; one who was moved to another team does not.
        """
        head = self.heads.get(department)
        home = self.members.get(head) if head else None
        if head is None or home is None:
            return head is not None
        near = {department, *self.departments_above(department)}
        return home in near or self.heads.get(home) == head

    def _head_over(self, person: UUID) -> UUID | None:
        home = self.members.get(person)
        if home is None:
            return None
        for department in (home, *self.departments_above(home)):
            head = self.heads.get(department)
            if head is not None and head != person:
                return head
        return None
