"""`trustkeep people`: members, teams, roles, accounts, tokens, lists.  SOP 2a, 3, 4.3b."""

from argparse import ArgumentParser
from datetime import date
from uuid import UUID

from trustkeep.base.actor import Actor
from trustkeep.config.management.commands._people_accounts import AccountVerbs, shown_once
from trustkeep.config.management.commands._people_clearances import ClearanceVerbs
from trustkeep.config.management.commands._people_lists import ListVerbs
from trustkeep.config.management.commands._people_teams import (
    TeamVerbs,
    employment_arguments,
    member_argument,
    stated_as,
)
from trustkeep.kernel.people import actions, directory
from trustkeep.kernel.people.census import Person
from trustkeep.kernel.people.conflicts import conflicts_in
from trustkeep.kernel.people.directory import Visible
from trustkeep.kernel.people.employment import Employed
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.web.arguments import one_of
from trustkeep.web.command import HOST, Answer, verb


def _person(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--email", required=True)


def _joiner(parser: ArgumentParser) -> None:
    _person(parser)
    parser.add_argument("--department", type=UUID)
    employment_arguments(parser)


def _correction(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("--name")
    parser.add_argument("--email")


def _member_and_role(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("role", type=one_of(Role), choices=list(Role))


class Command(TeamVerbs, AccountVerbs, ListVerbs, ClearanceVerbs):
    """People and what they may do."""

    help = "People: found, add, list, teams, roles, accounts, tokens, lists in and out"

    @verb("found", permission=HOST, help="make the first administrator, once", arguments=_person)
    def found(self, actor: Actor, *, name: str, email: str) -> Answer:
        """The first administrator, with a token that is shown once."""
        founded = actions.found(actor, name=name, email=email)
        return shown_once(founded.token, founded.member)

    @verb("list", permission=Permission.VIEW_PEOPLE, help="every member; of a head, the team")
    def list_(self, actor: Actor) -> Answer:
        """Every member whom the actor may see, with roles and conflicts of roles."""
        return Answer(
            [
                {
                    "id": str(each.id), "kind": str(each.kind), "name": each.name,
                    "active": each.active, "roles": ", ".join(sorted(each.roles)),
                    "conflicts": _conflicts(each),
                }
                for each in directory.visible_to(actor).people
            ]
        )  # fmt: skip

    @verb("show", permission=Permission.VIEW_PEOPLE, help="one member", arguments=member_argument)
    def show(self, actor: Actor, *, member: UUID) -> Answer:
        """All that stands about one member."""
        seen = directory.visible_to(actor)
        return Answer(_record(seen, seen.one(member)))

    @verb("add", permission=Permission.MANAGE_EMPLOYMENT, help="add a member", arguments=_joiner)
    def add(
        self,
        actor: Actor,
        *,
        name: str,
        email: str,
        department: UUID | None,
        kind: Employed,
        sponsor: UUID | None,
        contract: str,
        ends_on: date | None,
    ) -> Answer:
        """A new member without roles."""
        stated = stated_as(kind, sponsor, contract, ends_on)
        member = actions.add_member(
            actor, name=name, email=email, department=department, stated=stated
        )
        return Answer({"member": str(member)})

    @verb(
        "correct", permission=Permission.MANAGE_EMPLOYMENT, help="name or address",
        arguments=_correction,
    )  # fmt: skip
    def correct(self, actor: Actor, *, member: UUID, name: str | None, email: str | None) -> Answer:
        """A name or an address as it is."""
        actions.correct_member(actor, member=member, name=name, email=email)
        return Answer({"member": str(member)})

    @verb(
        "assign", permission=Permission.ASSIGN_ROLES, help="give a role", arguments=_member_and_role
    )
    def assign(self, actor: Actor, *, member: UUID, role: Role) -> Answer:
        """A role for somebody else."""
        actions.assign_role(actor, member=member, role=role)
        return Answer({"member": str(member), "role": str(role)})

    @verb(
        "remove", permission=Permission.ASSIGN_ROLES, help="take a role", arguments=_member_and_role
    )
    def remove(self, actor: Actor, *, member: UUID, role: Role) -> Answer:
        """A role back."""
        actions.remove_role(actor, member=member, role=role)
        return Answer({"member": str(member), "removed": str(role)})

    @verb(
        "deactivate", permission=Permission.DEACTIVATE_PEOPLE, help="end access",
        arguments=member_argument,
    )  # fmt: skip
    def deactivate(self, actor: Actor, *, member: UUID) -> Answer:
        """Everything of a member ends now."""
        actions.deactivate(actor, member=member)
        return Answer({"member": str(member), "active": False})

    @verb(
        "reactivate", permission=Permission.MANAGE_PEOPLE, help="again", arguments=member_argument
    )
    def reactivate(self, actor: Actor, *, member: UUID) -> Answer:
        """A member may act again."""
        actions.reactivate(actor, member=member)
        return Answer({"member": str(member), "active": True})


def _conflicts(person: Person) -> str:
    return ", ".join(" + ".join(each.roles) for each in conflicts_in(person.roles))


def _record(seen: Visible, person: Person) -> dict[str, object]:
    ends_at, unit = person.stated.ends_at, seen.census.units.get(person.department or person.id)
    above = seen.census.lines.above(person.id)
    return {
        "id": str(person.id), "kind": str(person.kind), "name": person.name,
        "email": person.email, "active": person.active,
        "employment": str(person.stated.kind) if person.is_person else None,
        "department": unit.name if unit else None,
        "answers_to": [str(each) for each in above],
        "heads": [seen.census.units[each].name for each in seen.census.heads_of(person.id)],
        "sponsor": str(person.stated.sponsor) if person.stated.sponsor else None,
        "contract": person.stated.contract or None,
        "ends_at": ends_at.isoformat() if ends_at else None,
        "responsible": str(person.responsible) if person.responsible else None,
        "roles": sorted(person.roles), "conflicts": _conflicts(person) or None,
        "data_access": list(person.data_access),
    }  # fmt: skip
