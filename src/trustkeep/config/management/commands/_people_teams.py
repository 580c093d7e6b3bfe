"""The verbs of `trustkeep people` about departments, lines and employment.  SOP 2a, 3b."""

from argparse import ArgumentParser
from datetime import date, datetime
from uuid import UUID

from django.conf import settings

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.people import actions, directory
from trustkeep.kernel.people.employment import Employed, Reason, Statement, end_of
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.arguments import day, one_of
from trustkeep.web.command import Answer, NounCommand, verb


def member_argument(parser: ArgumentParser) -> None:
    """The member that a verb is about."""
    parser.add_argument("member", type=UUID, help="the member's id")


def employment_arguments(parser: ArgumentParser) -> None:
    """How somebody is employed, and until when."""
    parser.add_argument(
        "--kind", type=one_of(Employed), choices=list(Employed), default=Employed.EMPLOYEE
    )
    parser.add_argument("--sponsor", type=UUID, help="the employee who answers for them")
    parser.add_argument("--contract", default="", help="the reference of the contract")
    parser.add_argument("--ends-on", type=day, help="the last day")


def reason_argument(parser: ArgumentParser, *, required: bool = False) -> None:
    """Why an end moves back or goes away."""
    parser.add_argument("--reason", type=one_of(Reason), choices=list(Reason), required=required)


def stated_as(
    kind: Employed, sponsor: UUID | None, contract: str, ends_on: date | None
) -> Statement:
    """What the arguments state; the last day counts as a whole in the company's zone."""
    return Statement(kind, sponsor, contract, _end(ends_on) if ends_on else None)


def _department(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--head", type=UUID, required=True, help="the id of its head")
    parser.add_argument("--below", type=UUID, help="the department above it")


def _one_department(parser: ArgumentParser) -> None:
    parser.add_argument("department", type=UUID)


def _renaming(parser: ArgumentParser) -> None:
    _one_department(parser)
    parser.add_argument("--name", required=True)


def _new_head(parser: ArgumentParser) -> None:
    _one_department(parser)
    parser.add_argument("head", type=UUID, help="the id of its new head")


def _place(parser: ArgumentParser) -> None:
    _one_department(parser)
    parser.add_argument("--below", type=UUID, help="the department above; unset: none")


def _move(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("department", type=UUID)


def _employment(parser: ArgumentParser) -> None:
    member_argument(parser)
    employment_arguments(parser)
    reason_argument(parser)


def _extension(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("ends_on", type=day, help="the new last day")
    reason_argument(parser, required=True)


def _manager(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("manager", type=UUID, nargs="?", help="unset: the head of the department")


def _team(parser: ArgumentParser) -> None:
    parser.add_argument("--of", type=UUID, dest="head", help="those who answer to this member")


class TeamVerbs(NounCommand):
    """Departments, lines, employment."""

    @verb("departments", permission=Permission.VIEW_PEOPLE, help="every department")
    def departments(self, actor: Actor) -> Answer:
        """Every department with its head, and whether that head leads it."""
        return Answer(
            [
                {
                    "id": str(each.unit.id), "name": each.unit.name,
                    "head": str(each.unit.head) if each.unit.head else None,
                    "below": str(each.unit.parent) if each.unit.parent else None,
                    "people": each.people, "has_head": each.has_head,
                }
                for each in directory.departments(actor)
            ]
        )  # fmt: skip

    @verb(
        "department", permission=Permission.MANAGE_EMPLOYMENT, help="make one",
        arguments=_department,
    )  # fmt: skip
    def department(self, actor: Actor, *, name: str, head: UUID, below: UUID | None) -> Answer:
        """A new department."""
        made = actions.make_department(actor, name=name, head=head, parent=below)
        return Answer({"department": str(made)})

    @verb(
        "rename-department", permission=Permission.MANAGE_EMPLOYMENT, help="another name",
        arguments=_renaming,
    )  # fmt: skip
    def rename_department(self, actor: Actor, *, department: UUID, name: str) -> Answer:
        """A department under another name."""
        actions.rename_department(actor, department=department, name=name)
        return Answer({"department": str(department), "name": name})

    @verb("head", permission=Permission.MANAGE_EMPLOYMENT, help="another head", arguments=_new_head)
    def head(self, actor: Actor, *, department: UUID, head: UUID) -> Answer:
        """A department under another head."""
        actions.change_head(actor, department=department, head=head)
        return Answer({"department": str(department), "head": str(head)})

    @verb("place", permission=Permission.MANAGE_EMPLOYMENT, help="below which", arguments=_place)
    def place(self, actor: Actor, *, department: UUID, below: UUID | None) -> Answer:
        """A department below another."""
        actions.place_department(actor, department=department, parent=below)
        return Answer({"department": str(department), "below": str(below) if below else None})

    @verb("move", permission=Permission.MANAGE_EMPLOYMENT, help="to a department", arguments=_move)
    def move(self, actor: Actor, *, member: UUID, department: UUID) -> Answer:
        """A member into another department."""
        actions.move_member(actor, member=member, department=department)
        return Answer({"member": str(member), "department": str(department)})

    @verb("team", permission=Permission.VIEW_PEOPLE, help="who answers to whom", arguments=_team)
    def team(self, actor: Actor, *, head: UUID | None) -> Answer:
        """Everybody below whom they answer to."""
        found = directory.team(actor, head=head)
        data = [
            {
                "id": str(each.person.id), "name": each.person.name, "depth": each.depth,
                "answers_to": str(each.answers_to) if each.answers_to else None,
            }
            for each in found
        ]  # fmt: skip
        lines = [f"{'  ' * each.depth}{each.person.name}  {each.person.id}" for each in found]
        return Answer(data, "\n".join(lines) or "nobody")

    @verb("conflicts", permission=Permission.VIEW_PEOPLE, help="of roles; who reaches data")
    def conflicts(self, actor: Actor) -> Answer:
        """Who holds roles that are better apart, with the reason, and who has data access."""
        return Answer(
            [
                {
                    "id": str(each.person.id), "name": each.person.name,
                    "data_access": list(each.person.data_access),
                    "conflicts": [
                        f"{' + '.join(pair.roles)}: {pair.why}" for pair in each.conflicts
                    ],
                }
                for each in directory.concerns(actor)
            ]
        )  # fmt: skip

    @verb(
        "employ", permission=Permission.MANAGE_EMPLOYMENT, help="state an employment",
        arguments=_employment,
    )  # fmt: skip
    def employ(
        self,
        actor: Actor,
        *,
        member: UUID,
        kind: Employed,
        sponsor: UUID | None,
        contract: str,
        ends_on: date | None,
        reason: Reason | None,
    ) -> Answer:
        """How a member is employed, as a whole."""
        stated = stated_as(kind, sponsor, contract, ends_on)
        actions.state_employment(actor, member=member, stated=stated, reason=reason)
        return Answer({"member": str(member), "employment": str(kind), "ends_on": ends_on})

    @verb(
        "extend", permission=Permission.MANAGE_EMPLOYMENT, help="a later last day",
        arguments=_extension,
    )  # fmt: skip
    def extend(self, actor: Actor, *, member: UUID, ends_on: date, reason: Reason) -> Answer:
        """A later last day."""
        actions.extend_end(actor, member=member, ends_at=_end(ends_on), reason=reason)
        return Answer({"member": str(member), "ends_on": str(ends_on)})

    @verb(
        "manager", permission=Permission.MANAGE_EMPLOYMENT, help="whom one answers to",
        arguments=_manager,
    )  # fmt: skip
    def manager(self, actor: Actor, *, member: UUID, manager: UUID | None) -> Answer:
        """A member below a manager."""
        actions.name_manager(actor, member=member, manager=manager)
        return Answer({"member": str(member), "manager": str(manager) if manager else None})


def _end(day: date) -> datetime:
    try:
        return end_of(day, settings.COMPANY_ZONE)
    except OverflowError:
        raise Unacceptable("A last day lies within the next ten years.") from None
