"""Grants over the API: who may read what for which purpose.  SOP 4.3a."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field, model_validator

from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.rooms.access import actions, queries, rules
from trustkeep.rooms.access.grantees import ROLES, grantee_of, named
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.access.queries import Proposal
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked, Moment

door = Door("access")

Code = Annotated[str, Field(min_length=1, max_length=60)]


class GrantAsked(Asked):
    """A grant to a member (or service account), or to everybody with a role."""

    member: UUID | None = None
    role: Role | None = None
    purpose: Code
    fields: Annotated[list[Code], Field(max_length=200)] | Literal["*"] = "*"
    masked: list[Code] = Field(default_factory=list, max_length=200)
    ends_at: Moment | None = None
    bulk: bool = False

    @model_validator(mode="after")
    def _is_to_one(self) -> "GrantAsked":
        if (self.member is None) == (self.role is None):
            raise ValueError("name a `member` or a `role`")
        return self


class GrantState(Schema):
    """A grant that stands, to a member or a role; `fields` of `["*"]` are all of the purpose."""

    grant: UUID
    member: UUID | None
    role: str | None
    purpose: str
    fields: list[str]
    masked: list[str]
    starts_at: datetime
    ends_at: datetime | None
    bulk: bool
    given_by: UUID

    @classmethod
    def of(cls, one: Grant) -> "GrantState":
        """A stored grant, as it is answered."""
        role = ROLES.get(one.grantee)
        return cls(
            grant=one.id, member=None if role else one.grantee, role=role, purpose=one.purpose,
            fields=one.fields, masked=one.masked, starts_at=one.starts_at, ends_at=one.ends_at,
            bulk=one.bulk, given_by=one.given_by,
        )  # fmt: skip


class ProposalState(Schema):
    """A grant that a starter set proposes; `members` hold the role now and would read by it."""

    role: str
    purpose: str
    fields: list[str]
    masks: list[str]
    bulk: bool
    clearances: list[str]
    members: list[UUID]
    stands: bool
    why: str
    refused: str | None = None

    @classmethod
    def of(cls, one: Proposal, refused: str | None = None) -> "ProposalState":
        """A proposal, as it is answered."""
        return cls(
            role=one.asked.role, purpose=one.asked.purpose, fields=list(one.fields),
            masks=list(one.masks), bulk=one.asked.bulk, clearances=list(one.clearances),
            members=list(one.holders), stands=one.stands, why=one.asked.why, refused=refused,
        )  # fmt: skip


@door.get("/grants", Permission.VIEW_PEOPLE, answers=list[GrantState])
def list_grants(request: ApiRequest) -> list[GrantState]:
    """Every grant to a role, and to every member whom the caller may see."""
    return [GrantState.of(one) for one in queries.every_grant(request.actor)]


@door.get("/grants/members/{uuid:member}", Permission.VIEW_PEOPLE, answers=list[GrantState])
def grants_of_member(request: ApiRequest, member: UUID) -> list[GrantState]:
    """What one member may read by grants of their own; those of their roles stand apart."""
    return [GrantState.of(one) for one in queries.grants_shown(request.actor, member)]


@door.get("/grants/roles/{role}", Permission.VIEW_PEOPLE, answers=list[GrantState])
def grants_of_role(request: ApiRequest, role: Role) -> list[GrantState]:
    """What everybody with a role may read."""
    return [GrantState.of(one) for one in queries.grants_shown(request.actor, grantee_of(role))]


@door.post("/grants", Permission.GRANT_ACCESS, answers=GrantState)
def give_grant(request: ApiRequest, asked: GrantAsked) -> GrantState:
    """Let somebody read some fields for a purpose; never oneself."""
    return GrantState.of(
        actions.give_grant(
            request.actor, grantee=named(asked.member, asked.role), purpose=asked.purpose,
            fields=(rules.EVERY_FIELD,) if asked.fields == "*" else asked.fields,
            masked=asked.masked, ends_at=asked.ends_at, bulk=asked.bulk,
        )
    )  # fmt: skip


@door.delete("/grants/{uuid:grant}", Permission.GRANT_ACCESS)
def revoke_grant(request: ApiRequest, grant: UUID) -> None:
    """End a grant at once."""
    actions.revoke_grant(request.actor, grant=grant)


@door.get("/starters/{key}/grants", Permission.GRANT_ACCESS, answers=list[ProposalState])
def proposed_grants(request: ApiRequest, key: Code) -> list[ProposalState]:
    """Who would read what by the grants that a starter set proposes."""
    return [ProposalState.of(one) for one in queries.proposals(request.actor, key)]


@door.post("/starters/{key}/grants", Permission.GRANT_ACCESS, answers=list[ProposalState])
def give_proposed(request: ApiRequest, key: Code) -> list[ProposalState]:
    """Give the proposed grants that do not stand yet; `refused` says why one was not given."""
    return [
        ProposalState.of(replace(one, stands=why is None), why)
        for one, why in actions.give_proposed(request.actor, key=key)
    ]
