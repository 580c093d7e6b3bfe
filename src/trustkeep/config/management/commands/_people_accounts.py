"""The verbs of `trustkeep people` about accounts of programs and about tokens.  SOP 4.3b."""

from argparse import ArgumentParser
from datetime import timedelta
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.config.management.commands._people_teams import member_argument, reason_argument
from trustkeep.kernel.people import actions, directory, token_list
from trustkeep.kernel.people.actions.credentials import IssuedToken
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.arguments import days as spell_of_days
from trustkeep.web.arguments import overlap_of_days
from trustkeep.web.command import Answer, NounCommand, verb


def _service(parser: ArgumentParser) -> None:
    parser.add_argument("--name", required=True)
    parser.add_argument("--responsible", type=UUID, required=True)
    parser.add_argument("--days", type=spell_of_days, required=True, help="how long it may exist")


def _answering(parser: ArgumentParser) -> None:
    parser.add_argument("account", type=UUID)
    parser.add_argument("responsible", type=UUID, help="the id of who answers for it from now on")


def _renewal(parser: ArgumentParser) -> None:
    parser.add_argument("account", type=UUID)
    parser.add_argument("--days", type=spell_of_days, required=True, help="from now on")
    reason_argument(parser)


def _token(parser: ArgumentParser) -> None:
    parser.add_argument("--member", type=UUID, help="for whom; unset: for yourself")
    parser.add_argument("--label", required=True, help="what it is for")
    parser.add_argument("--days", type=spell_of_days, default=90)


def _rotation(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--overlap", type=overlap_of_days, default=7, metavar="DAYS",
        help="how long the old token goes on: 0 to 14 days, 7 unless said",
    )  # fmt: skip


def _tokens(parser: ArgumentParser) -> None:
    parser.add_argument("--all", action="store_true", help="everybody's")
    parser.add_argument(
        "--unused", type=spell_of_days, metavar="DAYS", help="only those not used for so long"
    )


def _revocation(parser: ArgumentParser) -> None:
    member_argument(parser)
    parser.add_argument("token", type=UUID, help="the token's id, not the token")


class AccountVerbs(NounCommand):
    """Accounts of programs, tokens."""

    @verb("service", permission=Permission.MANAGE_PEOPLE, help="an account", arguments=_service)
    def service(self, actor: Actor, *, name: str, responsible: UUID, days: int) -> Answer:
        """A service account with an owner and an end."""
        ends = world.now() + timedelta(days=days)
        made = actions.create_service_account(
            actor, name=name, responsible=responsible, expires_at=ends
        )
        return Answer({"member": str(made), "expires_at": ends.isoformat()})

    @verb("accounts", permission=Permission.VIEW_PEOPLE, help="of programs, with their owners")
    def accounts(self, actor: Actor) -> Answer:
        """Every account of a program that the actor may see."""
        seen = directory.visible_to(actor)
        return Answer(
            [
                {
                    "id": str(each.id), "name": each.name, "active": each.active,
                    "responsible": str(each.responsible),
                    "expires_at": each.stated.ends_at.isoformat() if each.stated.ends_at else None,
                    "roles": sorted(each.roles),
                }
                for each in seen.people
                if not each.is_person
            ]
        )  # fmt: skip

    @verb(
        "answer-for", permission=Permission.MANAGE_PEOPLE, help="another owner of an account",
        arguments=_answering,
    )  # fmt: skip
    def answer_for(self, actor: Actor, *, account: UUID, responsible: UUID) -> Answer:
        """An account under another owner."""
        actions.hand_over_account(actor, account=account, responsible=responsible)
        return Answer({"account": str(account), "responsible": str(responsible)})

    @verb(
        "renew", permission=Permission.MANAGE_PEOPLE, help="another end of an account",
        arguments=_renewal,
    )  # fmt: skip
    def renew(self, actor: Actor, *, account: UUID, days: int, reason: Reason | None) -> Answer:
        """An account with another end."""
        ends = world.now() + timedelta(days=days)
        actions.renew_account(actor, account=account, expires_at=ends, reason=reason)
        return Answer({"account": str(account), "expires_at": ends.isoformat()})

    @verb("token", permission=Permission.VIEW_SOP, help="a new token", arguments=_token)
    def token(self, actor: Actor, *, member: UUID | None, label: str, days: int) -> Answer:
        """A token, shown once."""
        whose = member or actor.id
        made = actions.issue_token(actor, member=whose, label=label, lasts=timedelta(days=days))
        return shown_once(made, whose)

    @verb(
        "rotate", permission=Permission.VIEW_SOP, help="your token for a new one",
        arguments=_rotation,
    )  # fmt: skip
    def rotate(self, actor: Actor, *, overlap: int) -> Answer:
        """Another token in the place of the one that was shown, which goes on for a while."""
        rotated = actions.rotate_token(actor, overlap=timedelta(days=overlap))
        until = rotated.before_until
        return Answer(
            {
                **data_of(rotated.token, actor.id),
                "before": str(actor.token), "before_until": until.isoformat(),
            },
            f"{text_of(rotated.token, actor.id)}\n"
            f"The old token goes on until {until:%Y-%m-%d %H:%M} UTC.",
        )  # fmt: skip

    @verb("tokens", permission=Permission.VIEW_SOP, help="which there are", arguments=_tokens)
    def tokens(self, actor: Actor, *, all: bool, unused: int | None) -> Answer:  # noqa: A002
        """The tokens that count, and when each was last used, to the hour."""
        now = world.now()
        return Answer(
            [
                {
                    "id": str(each.id), "member": str(each.person), "label": each.label,
                    "created_at": f"{each.created_at:%FT%TZ}",
                    "expires_at": f"{each.expires_at:%FT%TZ}",
                    "used_at": f"{each.used_at:%FT%TZ}" if each.used_at else None,
                    "replaced": each.is_replaced, "handed": each.is_handed,
                }
                for each in token_list.tokens_seen_by(actor, everybodys=all)
                if unused is None or each.is_unused(now, timedelta(days=unused))
            ]
        )  # fmt: skip

    @verb("revoke", permission=Permission.VIEW_SOP, help="end a token", arguments=_revocation)
    def revoke(self, actor: Actor, *, member: UUID, token: UUID) -> Answer:
        """A token ends now."""
        actions.revoke_token(actor, member=member, token=token)
        return Answer({"member": str(member), "revoked": str(token)})


def shown_once(token: IssuedToken, member: UUID) -> Answer:
    """A new token, with what to do with it."""
    return Answer(data_of(token, member), text_of(token, member))


def data_of(token: IssuedToken, member: UUID) -> dict[str, str]:
    """A new token for a program."""
    return {
        "member": str(member), "token_id": str(token.id), "token": token.secret,
        "expires_at": token.expires_at.isoformat(),
    }  # fmt: skip


def text_of(token: IssuedToken, member: UUID) -> str:
    """A new token for a person, with what to do with it."""
    return (
        f"member   {member}\ntoken    {token.secret}\nends     {token.expires_at:%Y-%m-%d}\n\n"
        "The token is shown this once. Put it into a file that only you can read, and name that "
        "file in TRUSTKEEP_TOKEN_FILE."
    )
