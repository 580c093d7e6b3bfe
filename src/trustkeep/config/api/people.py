"""People over the API: who there is, what they are, which roles they hold.  SOP 2a, 3."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from django.conf import settings
from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people import actions, directory
from trustkeep.kernel.people.census import Person
from trustkeep.kernel.people.conflicts import conflicts_in
from trustkeep.kernel.people.employment import Employed, Reason, Statement, end_of, last_day
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("people")

Line = Annotated[str, Field(min_length=1, max_length=254)]


class EmploymentAsked(Asked):
    """Of what kind somebody's employment is; the last day counts as a whole."""

    kind: Employed = Employed.EMPLOYEE
    sponsor: UUID | None = None
    contract: Annotated[str, Field(max_length=80)] = ""
    ends_on: Annotated[date, Field(ge=date(2000, 1, 1), le=date(2200, 1, 1))] | None = None

    def stated(self) -> Statement:
        """As the actions take it."""
        ends_at = end_of(self.ends_on, settings.COMPANY_ZONE) if self.ends_on else None
        return Statement(self.kind, self.sponsor, self.contract, ends_at)


class MemberAsked(EmploymentAsked):
    """Somebody who joins."""

    name: Line
    email: Line
    department: UUID | None = None


class Correction(Asked):
    """A name or an address as it is."""

    name: Line | None = None
    email: Line | None = None


class StatementAsked(EmploymentAsked):
    """Another statement of somebody's employment; a later end takes a reason."""

    reason: Reason | None = None


class ManagerAsked(Asked):
    """To whom somebody answers; none: to the head of the department."""

    manager: UUID | None


class DepartmentChosen(Asked):
    """Into which department somebody moves; none: into none."""

    department: UUID | None


class MemberState(Schema):
    """A member with everything that stands about them; of a program, who answers for it."""

    id: UUID
    kind: str
    name: str
    email: str
    active: bool
    department: UUID | None
    manager: UUID | None
    responsible: UUID | None
    employment: str
    sponsor: UUID | None
    contract: str
    ends_on: date | None
    created_at: datetime
    roles: list[str]
    data_access: list[str]
    conflicts: list[list[str]]

    @classmethod
    def of(cls, one: Person) -> "MemberState":
        """A person, as it is answered."""
        ends, stated = one.stated.ends_at, one.stated
        return cls(
            id=one.id, kind=str(one.kind), name=one.name, email=one.email or "",
            active=one.active, department=one.department, manager=one.manager,
            responsible=one.responsible, employment=str(stated.kind), sponsor=stated.sponsor,
            contract=stated.contract,
            ends_on=last_day(ends, settings.COMPANY_ZONE) if ends else None,
            created_at=one.created_at, roles=sorted(one.roles), data_access=list(one.data_access),
            conflicts=[list(map(str, each.roles)) for each in conflicts_in(one.roles)],
        )  # fmt: skip


def _shown(request: ApiRequest, member: UUID) -> MemberState:
    return MemberState.of(directory.visible_to(request.actor).one(member))


@door.get("/people", Permission.VIEW_PEOPLE, answers=list[MemberState])
def list_people(request: ApiRequest) -> list[MemberState]:
    """Every member whom the caller may see: a head sees their own team."""
    return [MemberState.of(one) for one in directory.visible_to(request.actor).people]


@door.get("/people/{uuid:member}", Permission.VIEW_PEOPLE, answers=MemberState)
def show_member(request: ApiRequest, member: UUID) -> MemberState:
    """One member."""
    return _shown(request, member)


@door.post("/people", Permission.MANAGE_EMPLOYMENT, answers=MemberState)
def add_member(request: ApiRequest, asked: MemberAsked) -> MemberState:
    """Add a member, without any role yet."""
    made = actions.add_member(
        request.actor, name=asked.name, email=asked.email, department=asked.department,
        stated=asked.stated(),
    )  # fmt: skip
    return _shown(request, made)


@door.patch("/people/{uuid:member}", Permission.MANAGE_EMPLOYMENT, answers=MemberState)
def correct_member(request: ApiRequest, member: UUID, asked: Correction) -> MemberState:
    """Correct a name or an address."""
    actions.correct_member(request.actor, member=member, name=asked.name, email=asked.email)
    return _shown(request, member)


@door.put("/people/{uuid:member}/employment", Permission.MANAGE_EMPLOYMENT, answers=MemberState)
def state_employment(request: ApiRequest, member: UUID, asked: StatementAsked) -> MemberState:
    """State of what kind somebody's employment is, and until when."""
    actions.state_employment(
        request.actor, member=member, stated=asked.stated(), reason=asked.reason
    )
    return _shown(request, member)


@door.put("/people/{uuid:member}/manager", Permission.MANAGE_EMPLOYMENT, answers=MemberState)
def name_manager(request: ApiRequest, member: UUID, asked: ManagerAsked) -> MemberState:
    """Say to whom somebody answers."""
    actions.name_manager(request.actor, member=member, manager=asked.manager)
    return _shown(request, member)


@door.put("/people/{uuid:member}/department", Permission.MANAGE_EMPLOYMENT, answers=MemberState)
def move_member(request: ApiRequest, member: UUID, asked: DepartmentChosen) -> MemberState:
    """Put somebody into another department."""
    actions.move_member(request.actor, member=member, department=asked.department)
    return _shown(request, member)


@door.put("/people/{uuid:member}/roles/{role}", Permission.ASSIGN_ROLES, answers=MemberState)
def assign_role(request: ApiRequest, member: UUID, role: Role) -> MemberState:
    """Give a role to somebody else."""
    actions.assign_role(request.actor, member=member, role=role)
    return _shown(request, member)


@door.delete("/people/{uuid:member}/roles/{role}", Permission.ASSIGN_ROLES)
def remove_role(request: ApiRequest, member: UUID, role: Role) -> None:
    """Take a role back; it counts no more at once."""
    actions.remove_role(request.actor, member=member, role=role)


@door.post(
    "/people/{uuid:member}/deactivation", Permission.DEACTIVATE_PEOPLE, answers=None, status=204
)
def deactivate(request: ApiRequest, member: UUID) -> None:
    """End everything a member may do, at once."""
    actions.deactivate(request.actor, member=member)


@door.delete("/people/{uuid:member}/deactivation", Permission.MANAGE_PEOPLE)
def reactivate(request: ApiRequest, member: UUID) -> None:
    """Let a member act again."""
    actions.reactivate(request.actor, member=member)
