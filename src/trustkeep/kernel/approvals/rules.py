"""May this approval be given, may it be taken?  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

LASTS = timedelta(hours=72)
DELAY = timedelta(hours=72)
COOLING = timedelta(hours=72)  # after one changed the other's roles or credentials


class Way(StrEnum):
    """How the second pair of eyes looks.  Stored: never rename one."""

    TWO_PEOPLE = "two_people"
    CONFIRMER = "confirmer"
    DELAY = "delay"


class State(StrEnum):
    """Stored: never rename one."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    TAKEN = "taken"


class Refusal(StrEnum):
    """Why an approval was not given or not taken.  In the answers: never rename one."""

    NOT_OPEN = "not_open"
    NOT_APPROVED = "not_approved"
    ENDED = "ended"
    OWN_REQUEST = "own_request"
    BENEFITS = "benefits"
    SAME_CREDENTIAL = "same_credential"
    CHANGED_BY_THE_OTHER = "changed_by_the_other"
    OTHER_PARAMETERS = "other_parameters"
    TOO_EARLY = "too_early"
    INACTIVE = "inactive"
    OTHER_WAY = "other_way"


# What to do about each, for the person who meets it.
REMEDIES: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.NOT_OPEN: "it is not open any more: it was agreed to, refused, withdrawn or used",
        Refusal.NOT_APPROVED: "nobody agreed to it yet, or it was used already",
        Refusal.ENDED: "its time has ended: ask for the act again",
        Refusal.OWN_REQUEST: "you asked for it yourself: somebody else agrees",
        Refusal.BENEFITS: "it is for your own benefit: somebody else agrees",
        Refusal.SAME_CREDENTIAL: "it was asked for with this very token: agree with your own",
        Refusal.CHANGED_BY_THE_OTHER: "one of you gave the other a role or a token, which counts "
        "for 72 hours: let a third person agree, or wait",
        Refusal.OTHER_PARAMETERS: "it was asked for about something else: name exactly that, or "
        "ask again",
        Refusal.TOO_EARLY: "the delay of 72 hours has not passed",
        Refusal.INACTIVE: "who asked or agreed may not act any more: ask again",
        Refusal.OTHER_WAY: "it goes another way here: `trustkeep approvals list` says which",
    }
)
ACTS: Mapping[str, str] = MappingProxyType(
    {
        "keys.destroy": "erase a customer for good",
        "keys.set.begin_anew": "discard a damaged set of policy, or lost tokens, and begin anew",
    }
)


def act_of(verb: str) -> str:
    """An act in words; nothing of whom it is about."""
    return ACTS.get(verb, verb)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as the rules need it; times are aware, `expires_at` is exclusive."""

    requester: UUID
    requester_token: UUID | None
    beneficiary: UUID | None
    digest: str
    way: Way
    state: State
    created_at: datetime
    expires_at: datetime


def refusals_to_approve(
    asked: Asked,
    *,
    approver: UUID,
    token: UUID | None,
    digest: str | None,
    changed_each_other: bool,
    now: datetime,
) -> tuple[Refusal, ...]:
    """Every reason why this person may not approve; empty means yes.

    `digest` is that of the act which the approver has in mind; None: whatever was asked for.
    """
    found = []
    if digest is not None and digest != asked.digest:
        found.append(Refusal.OTHER_PARAMETERS)
    if asked.state is not State.OPEN:
        found.append(Refusal.NOT_OPEN)
    if now >= asked.expires_at:
        found.append(Refusal.ENDED)
    if approver == asked.requester:
        found.append(Refusal.OWN_REQUEST)
    if approver == asked.beneficiary:
        found.append(Refusal.BENEFITS)
    if token is not None and token == asked.requester_token:
        found.append(Refusal.SAME_CREDENTIAL)
    if changed_each_other:
        found.append(Refusal.CHANGED_BY_THE_OTHER)
    return tuple(found)


def refusals_to_take(
    asked: Asked, *, digest: str, people_active: bool, now: datetime
) -> tuple[Refusal, ...]:
    """Every reason why the act may not go on; empty means yes."""
    found = []
    waited = asked.way is Way.DELAY and asked.state is State.OPEN
    if asked.state is not State.APPROVED and not waited:
        found.append(Refusal.NOT_APPROVED)
    if waited and now < asked.created_at + DELAY:
        found.append(Refusal.TOO_EARLY)
    if now >= asked.expires_at:
        found.append(Refusal.ENDED)
    if digest != asked.digest:
        found.append(Refusal.OTHER_PARAMETERS)
    if not people_active:
        found.append(Refusal.INACTIVE)
    return tuple(found)


def expires_at(way: Way, now: datetime) -> datetime:
    """When a request made now ends; a delay first lets its 72 hours pass."""
    return now + LASTS + (DELAY if way is Way.DELAY else timedelta(0))
