"""`trustkeep people`: members, roles, tokens.  SOP 2a, 3, 4.3b."""

from argparse import ArgumentParser
from datetime import timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.people import actions, directory
from trustkeep.kernel.people.actions.credentials import IssuedToken
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.web.arguments import days as spell_of_days
from trustkeep.web.command import HOST, Answer, NounCommand, verb


def _person(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--email", required=True)


def _member(parser: ArgumentParser) -> None:
    parser.add_argument("member", type=UUID, help="the member's id")


def _member_and_role(parser: ArgumentParser) -> None:
    _member(parser)
    parser.add_argument("role", type=Role, choices=list(Role))


def _joiner(parser: ArgumentParser) -> None:
    _person(parser)
    parser.add_argument("--department", type=UUID)


def _department(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--head", type=UUID, required=True, help="the id of its head")


def _move(parser: ArgumentParser) -> None:
    _member(parser)
    parser.add_argument("department", type=UUID)


def _service(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--responsible", type=UUID, required=True)
    parser.add_argument("--days", type=spell_of_days, required=True, help="how long it may exist")


def _token(parser: ArgumentParser) -> None:
    parser.add_argument("--member", type=UUID, help="for whom; unset: for yourself")
    parser.add_argument("--label", required=True, help="what it is for")
    parser.add_argument("--days", type=spell_of_days, default=90)


def _revocation(parser: ArgumentParser) -> None:
    _member(parser)
    parser.add_argument("token", type=UUID, help="the token's id, not the token")


def _clearance(parser: ArgumentParser) -> None:
    _member(parser)
    parser.add_argument("clearance")
    parser.add_argument("--days", type=spell_of_days, required=True)


class Command(NounCommand):
    """People and what they may do."""

    help = "People: found, add, list, roles, tokens, deactivation"

    @verb("found", permission=HOST, help="make the first administrator, once", arguments=_person)
    def found(self, actor: Actor, *, name: str, email: str) -> Answer:
        """The first administrator, with a token that is shown once."""
        founded = actions.found(actor, name=name, email=email)
        return _shown_once(founded.token, founded.member)

    @verb("list", permission=Permission.VIEW_PEOPLE, help="every member")
    def list_(self, actor: Actor) -> Answer:
        """Every member with roles and conflicts of roles."""
        return Answer(
            [
                {
                    "id": str(each.id), "kind": each.kind, "name": each.name,
                    "active": each.active, "roles": ", ".join(each.roles),
                    "conflicts": ", ".join(each.conflicts),
                }
                for each in directory.everybody(actor)
            ]
        )  # fmt: skip

    @verb("departments", permission=Permission.VIEW_PEOPLE, help="every department")
    def departments(self, actor: Actor) -> Answer:
        """Every department with its head."""
        found = directory.departments(actor)
        return Answer(
            [{"id": str(each.id), "name": each.name, "head": str(each.head_id)} for each in found]
        )

    @verb("add", permission=Permission.MANAGE_PEOPLE, help="add a member", arguments=_joiner)
    def add(self, actor: Actor, *, name: str, email: str, department: UUID | None) -> Answer:
        """A new member without roles."""
        member = actions.add_member(actor, name=name, email=email, department=department)
        return Answer({"member": str(member)})

    @verb("department", permission=Permission.MANAGE_PEOPLE, help="make one", arguments=_department)
    def department(self, actor: Actor, *, name: str, head: UUID) -> Answer:
        """A new department."""
        return Answer({"department": str(actions.make_department(actor, name=name, head=head))})

    @verb("move", permission=Permission.MANAGE_PEOPLE, help="to a department", arguments=_move)
    def move(self, actor: Actor, *, member: UUID, department: UUID) -> Answer:
        """A member into another department."""
        actions.move_member(actor, member=member, department=department)
        return Answer({"member": str(member), "department": str(department)})

    @verb("service", permission=Permission.MANAGE_PEOPLE, help="an account", arguments=_service)
    def service(self, actor: Actor, *, name: str, responsible: UUID, days: int) -> Answer:
        """A service account with an owner and an end."""
        ends = world.now() + timedelta(days=days)
        made = actions.create_service_account(
            actor, name=name, responsible=responsible, expires_at=ends
        )
        return Answer({"member": str(made), "expires_at": ends.isoformat()})

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
        "deactivate", permission=Permission.DEACTIVATE_PEOPLE, help="end access", arguments=_member
    )
    def deactivate(self, actor: Actor, *, member: UUID) -> Answer:
        """Everything of a member ends now."""
        actions.deactivate(actor, member=member)
        return Answer({"member": str(member), "active": False})

    @verb("reactivate", permission=Permission.MANAGE_PEOPLE, help="again", arguments=_member)
    def reactivate(self, actor: Actor, *, member: UUID) -> Answer:
        """A member may act again."""
        actions.reactivate(actor, member=member)
        return Answer({"member": str(member), "active": True})

    @verb("token", permission=Permission.VIEW_SOP, help="a new token", arguments=_token)
    def token(self, actor: Actor, *, member: UUID | None, label: str, days: int) -> Answer:
        """A token, shown once."""
        whose = member or actor.id
        made = actions.issue_token(actor, member=whose, label=label, lasts=timedelta(days=days))
        return _shown_once(made, whose)

    @verb("revoke", permission=Permission.VIEW_SOP, help="end a token", arguments=_revocation)
    def revoke(self, actor: Actor, *, member: UUID, token: UUID) -> Answer:
        """A token ends now."""
        actions.revoke_token(actor, member=member, token=token)
        return Answer({"member": str(member), "revoked": str(token)})

    @verb("clear", permission=Permission.GIVE_CLEARANCES, help="a clearance", arguments=_clearance)
    def clear(self, actor: Actor, *, member: UUID, clearance: str, days: int) -> Answer:
        """A fact about a member, for so many days."""
        ends = world.now() + timedelta(days=days)
        actions.give_clearance(actor, member=member, clearance=clearance, expires_at=ends)
        return Answer({"member": str(member), "clearance": clearance, "until": ends.isoformat()})


def _shown_once(token: IssuedToken, member: UUID) -> Answer:
    data = {
        "member": str(member), "token_id": str(token.id), "token": token.secret,
        "expires_at": token.expires_at.isoformat(),
    }  # fmt: skip
    text = (
        f"member   {member}\ntoken    {token.secret}\nends     {token.expires_at:%Y-%m-%d}\n\n"
        "The token is shown this once. Put it into a file that only you can read, and name that "
        "file in TRUSTKEEP_TOKEN_FILE."
    )
    return Answer(data, text)
