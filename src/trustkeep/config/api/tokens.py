"""Tokens and accounts of programs over the API.  SOP 4.3b."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.base import world
from trustkeep.base.spans import MOST_DAYS
from trustkeep.kernel.people import actions, token_list
from trustkeep.kernel.people.actions.credentials import IssuedToken
from trustkeep.kernel.people.employment import Reason
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.people.token_list import TokenView
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("people")

Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


class TokenAsked(Asked):
    """A token; `member` unset: for the caller."""

    member: UUID | None = None
    label: Annotated[str, Field(min_length=1, max_length=80)]
    days: Days = 90


class Rotation(Asked):
    """For how many days the old token goes on."""

    overlap_days: Annotated[int, Field(ge=0, le=14)] = 1


class TokenIssued(Schema):
    """A new token: `token` is shown this once."""

    id: UUID
    member: UUID
    token: str
    expires_at: datetime
    before_until: datetime | None = None

    @classmethod
    def of(cls, made: IssuedToken, member: UUID, until: datetime | None = None) -> "TokenIssued":
        """A token, as it is answered once."""
        return cls(
            id=made.id, member=member, token=made.secret, expires_at=made.expires_at,
            before_until=until,
        )  # fmt: skip


class TokenState(Schema):
    """A token that counts; `used_at` is true to the hour."""

    id: UUID
    member: UUID
    label: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    replaced: bool
    handed: bool

    @classmethod
    def of(cls, view: TokenView) -> "TokenState":
        """A token, as it is listed."""
        return cls(
            id=view.id, member=view.person, label=view.label, created_at=view.created_at,
            expires_at=view.expires_at, used_at=view.used_at, replaced=view.is_replaced,
            handed=view.is_handed,
        )  # fmt: skip


class AccountAsked(Asked):
    """An account of a program, with who answers for it and for how long it may exist."""

    name: Annotated[str, Field(min_length=1, max_length=120)]
    responsible: UUID
    days: Days


class Answering(Asked):
    """Who answers for an account from now on."""

    responsible: UUID


class Renewal(Asked):
    """For how long an account may exist from now on; a later end takes a reason."""

    days: Days
    reason: Reason | None = None


class AccountMade(Schema):
    """The id of an account."""

    account: UUID


@door.get("/tokens", Permission.VIEW_SOP, answers=list[TokenState])
def list_tokens(request: ApiRequest, everybodys: bool = False) -> list[TokenState]:  # noqa: FBT001, FBT002 - a query parameter
    """The caller's tokens and those of the accounts they answer for; or everybody's."""
    found = token_list.tokens_seen_by(request.actor, everybodys=everybodys)
    return [TokenState.of(each) for each in found]


@door.post("/tokens", Permission.VIEW_SOP, answers=TokenIssued, keeps=False)
def issue_token(request: ApiRequest, asked: TokenAsked) -> TokenIssued:
    """Make a token, for oneself or, to be exchanged for one of their own, for somebody else."""
    whose = asked.member or request.actor.id
    lasts = timedelta(days=asked.days)
    made = actions.issue_token(request.actor, member=whose, label=asked.label, lasts=lasts)
    return TokenIssued.of(made, whose)


@door.post("/tokens/rotation", Permission.VIEW_SOP, answers=TokenIssued, keeps=False)
def rotate_token(request: ApiRequest, asked: Rotation) -> TokenIssued:
    """Exchange the token that was shown for a new one; the old one goes on for a while."""
    done = actions.rotate_token(request.actor, overlap=timedelta(days=asked.overlap_days))
    return TokenIssued.of(done.token, request.actor.id, done.before_until)


@door.delete("/people/{uuid:member}/tokens/{uuid:token}", Permission.VIEW_SOP)
def revoke_token(request: ApiRequest, member: UUID, token: UUID) -> None:
    """End a token at once."""
    actions.revoke_token(request.actor, member=member, token=token)


@door.post("/accounts", Permission.MANAGE_PEOPLE, answers=AccountMade)
def create_account(request: ApiRequest, asked: AccountAsked) -> AccountMade:
    """Make an account for a program."""
    ends = world.now() + timedelta(days=asked.days)
    made = actions.create_service_account(
        request.actor, name=asked.name, responsible=asked.responsible, expires_at=ends
    )
    return AccountMade(account=made)


@door.put("/accounts/{uuid:account}/responsible", Permission.MANAGE_PEOPLE, answers=AccountMade)
def hand_over(request: ApiRequest, account: UUID, asked: Answering) -> AccountMade:
    """Have somebody else answer for an account."""
    actions.hand_over_account(request.actor, account=account, responsible=asked.responsible)
    return AccountMade(account=account)


@door.put("/accounts/{uuid:account}/end", Permission.MANAGE_PEOPLE, answers=AccountMade)
def renew(request: ApiRequest, account: UUID, asked: Renewal) -> AccountMade:
    """Give an account another end."""
    ends = world.now() + timedelta(days=asked.days)
    actions.renew_account(request.actor, account=account, expires_at=ends, reason=asked.reason)
    return AccountMade(account=account)
