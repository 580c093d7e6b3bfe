"""Everybody at one moment, in a few statements however many they are; every row is verified.

Whoever's rows were changed from outside is not in it: the comparison of state and ledger names
them.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from trustkeep.base import world
from trustkeep.kernel.keys import register, sealed_sets, service
from trustkeep.kernel.keys.standing import Standing
from trustkeep.kernel.people.employment import Employed, Statement
from trustkeep.kernel.people.lines import Lines
from trustkeep.kernel.people.models import (
    Department,
    DepartmentPlace,
    Employment,
    Kind,
    Member,
    RoleAssignment,
)
from trustkeep.kernel.people.permissions import DATA_ACCESS, Role, permissions_of


@dataclass(frozen=True, slots=True)
class Person:
    """A member with everything that stands about them; `active` counts register and end."""

    id: UUID
    kind: Kind
    name: str
    email: str
    department: UUID | None
    responsible: UUID | None  # of a service account only
    active: bool
    created_at: datetime
    manager: UUID | None
    stated: Statement
    roles: frozenset[Role]

    @property
    def is_person(self) -> bool:
        """Whether this is no account of a program."""
        return self.kind is Kind.STAFF

    @property
    def data_access(self) -> tuple[str, ...]:
        """The permissions of their roles that reach customers' data."""
        return tuple(sorted(permissions_of(self.roles) & DATA_ACCESS))


@dataclass(frozen=True, slots=True)
class Unit:
    """A department: its head, and the department above it."""

    id: UUID
    name: str
    head: UUID | None
    parent: UUID | None


@dataclass(frozen=True, slots=True)
class Census:
    """Everybody and every department."""

    people: Mapping[UUID, Person]
    units: Mapping[UUID, Unit]
    lines: Lines

    def heads_of(self, person: UUID) -> tuple[UUID, ...]:
        """The departments that somebody heads."""
        return tuple(each.id for each in self.units.values() if each.head == person)


def taken() -> Census:
    """Everybody as they are now.

    Raises:
        Tampered: the departments are not as they were written.
    """
    found = units()
    ids = list(Member.objects.values_list("id", flat=True))
    stated = {row.person_id: row for row in sealed_sets.rows_of_each(Employment, ids)}
    roles: defaultdict[UUID, set[Role]] = defaultdict(set)
    for row in sealed_sets.rows_of_each(RoleAssignment, ids):
        roles[row.person_id].add(Role(row.role))
    standings = register.standings(service.current(), ids)
    members = sorted(
        sealed_sets.rows_of_each(Member, ids), key=lambda row: (row.created_at, row.id)
    )
    people = {
        row.id: _person(row, stated.get(row.id), roles[row.id], standings[row.id])
        for row in members
    }
    managers = {each.id: each.manager for each in people.values()}
    homes = {each.id: each.department for each in people.values()}
    return Census(
        MappingProxyType(people), MappingProxyType(found), lines_through(managers, homes, found)
    )


def units() -> dict[UUID, Unit]:
    """The departments by name.

    Raises:
        Tampered: they are not as they were written.
    """
    parents = {row.department_id: row.parent_id for row in sealed_sets.rows(DepartmentPlace)}
    rows = sorted(sealed_sets.rows(Department), key=lambda row: row.name)
    return {row.id: Unit(row.id, row.name, row.head_id, parents.get(row.id)) for row in rows}


def lines() -> Lines:
    """The reporting lines alone; whoever's rows do not fit stands in none.

    Raises:
        Tampered: the departments are not as they were written.
    """
    ids = list(Member.objects.filter(kind=Kind.STAFF).values_list("id", flat=True))
    stated = sealed_sets.rows_of_each(Employment, ids)
    members = sealed_sets.rows_of_each(Member, ids)
    return lines_through(
        {row.person_id: row.manager_id for row in stated},
        {row.id: row.department_id for row in members},
        units(),
    )


def lines_through(
    managers: Mapping[UUID, UUID | None],
    members: Mapping[UUID, UUID | None],
    units: Mapping[UUID, Unit],
) -> Lines:
    """The lines of these people: their managers, their departments, and what heads those."""
    return Lines(
        managers={person: each for person, each in managers.items() if each},
        members={person: each for person, each in members.items() if each},
        heads={each.id: each.head for each in units.values() if each.head},
        parents={each.id: each.parent for each in units.values() if each.parent},
    )


def _person(row: Member, stated: Employment | None, held: set[Role], standing: Standing) -> Person:
    ended = row.expires_at is not None and row.expires_at <= world.now()
    return Person(
        row.id, Kind(row.kind), row.name, row.email or "", row.department_id, row.responsible_id,
        row.active and not ended and not standing.deactivated, row.created_at,
        stated.manager_id if stated else None, statement_of(row, stated),
        frozenset(role for role in held if role not in standing.roles_removed),
    )  # fmt: skip


def statement_of(row: Member, stated: Employment | None) -> Statement:
    """What stands about somebody's employment; an employee where nothing was stated."""
    if stated is None:
        return Statement(ends_at=row.expires_at)
    return Statement(Employed(stated.kind), stated.sponsor_id, stated.contract, row.expires_at)
