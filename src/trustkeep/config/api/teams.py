"""Departments and teams over the API.  SOP 3b."""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.base.errors import Missing
from trustkeep.kernel.people import actions, directory
from trustkeep.kernel.people.directory import UnitView
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("people")

Name = Annotated[str, Field(min_length=1, max_length=120)]


class DepartmentAsked(Asked):
    """A department under an active head, perhaps below another."""

    name: Name
    head: UUID
    parent: UUID | None = None


class NameAsked(Asked):
    """Another name."""

    name: Name


class HeadAsked(Asked):
    """Another head."""

    head: UUID


class ParentAsked(Asked):
    """Below which department; none: below none."""

    parent: UUID | None


class DepartmentState(Schema):
    """A department, with how many active people are in it and whether its head leads it."""

    id: UUID
    name: str
    head: UUID | None
    parent: UUID | None
    people: int
    has_head: bool

    @classmethod
    def of(cls, one: UnitView) -> "DepartmentState":
        """A department as the caller sees it."""
        return cls(
            id=one.unit.id, name=one.unit.name, head=one.unit.head, parent=one.unit.parent,
            people=one.people, has_head=one.has_head,
        )  # fmt: skip


class DepartmentMade(Schema):
    """The id of a department."""

    department: UUID


class TeamMember(Schema):
    """Somebody at their place among those who answer to each other."""

    member: UUID
    name: str
    depth: int
    answers_to: UUID | None


@door.get("/departments", Permission.VIEW_PEOPLE, answers=list[DepartmentState])
def list_departments(request: ApiRequest) -> list[DepartmentState]:
    """Every department."""
    return [DepartmentState.of(one) for one in directory.departments(request.actor)]


@door.get("/departments/{uuid:department}", Permission.VIEW_PEOPLE, answers=DepartmentState)
def one_department(request: ApiRequest, department: UUID) -> DepartmentState:
    """One department."""
    for one in directory.departments(request.actor):
        if one.unit.id == department:
            return DepartmentState.of(one)
    raise Missing("There is no such department, or none that you may see.")


@door.post("/departments", Permission.MANAGE_EMPLOYMENT, answers=DepartmentMade)
def make_department(request: ApiRequest, asked: DepartmentAsked) -> DepartmentMade:
    """Make a department."""
    made = actions.make_department(
        request.actor, name=asked.name, head=asked.head, parent=asked.parent
    )
    return DepartmentMade(department=made)


@door.put(
    "/departments/{uuid:department}/name", Permission.MANAGE_EMPLOYMENT, answers=DepartmentMade
)
def rename(request: ApiRequest, department: UUID, asked: NameAsked) -> DepartmentMade:
    """Give a department another name."""
    actions.rename_department(request.actor, department=department, name=asked.name)
    return DepartmentMade(department=department)


@door.put(
    "/departments/{uuid:department}/head", Permission.MANAGE_EMPLOYMENT, answers=DepartmentMade
)
def change_head(request: ApiRequest, department: UUID, asked: HeadAsked) -> DepartmentMade:
    """Give a department another head."""
    actions.change_head(request.actor, department=department, head=asked.head)
    return DepartmentMade(department=department)


@door.put(
    "/departments/{uuid:department}/parent", Permission.MANAGE_EMPLOYMENT, answers=DepartmentMade
)
def place(request: ApiRequest, department: UUID, asked: ParentAsked) -> DepartmentMade:
    """Put a department below another."""
    actions.place_department(request.actor, department=department, parent=asked.parent)
    return DepartmentMade(department=department)


@door.get("/team", Permission.VIEW_PEOPLE, answers=list[TeamMember])
def team(request: ApiRequest, head: UUID | None = None) -> list[TeamMember]:
    """Who answers to whom: the caller's team, or somebody else's whom the caller may see."""
    return [
        TeamMember(
            member=one.person.id, name=one.person.name, depth=one.depth, answers_to=one.answers_to
        )
        for one in directory.team(request.actor, head=head)
    ]
