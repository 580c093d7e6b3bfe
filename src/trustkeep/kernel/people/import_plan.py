"""What a list of people would do: created, changed, unchanged, refused and why.  Pure.

It asks the same rules that the actions ask; what it overlooks they refuse when it is carried out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trustkeep.kernel.people.census import Person
from trustkeep.kernel.people.employment import Employed, Reason
from trustkeep.kernel.people.permissions import Role

MOST_OF_NAME = 120


class Verdict(StrEnum):
    """What becomes of a row.  Shown: never rename one."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    DEACTIVATE = "deactivate"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why a row is refused.  Shown: never rename one."""

    RAGGED = "ragged"
    NOBODY = "nobody"
    UNKNOWN_ID = "unknown_id"
    PROGRAM = "program"
    TWICE = "twice"
    NAME = "name"
    ADDRESS = "address"
    ADDRESS_TAKEN = "address_taken"
    YES_OR_NO = "yes_or_no"
    NOT_HERE = "not_here"
    REACTIVATE = "reactivate"
    EMPLOYMENT = "employment"
    GAPS = "gaps"
    DEPARTMENT = "department"
    MANAGER = "manager"
    SPONSOR = "sponsor"
    DAY = "day"
    PAST = "past"
    REASON = "reason"
    ROLE = "role"
    ROLE_BEYOND = "role_beyond"
    ROLE_ANNOUNCED = "role_announced"
    DEACTIVATION = "deactivation"
    ONESELF = "oneself"
    GOES_ROUND = "goes_round"
    INCOMPLETE = "incomplete"
    ACTION = "action"  # refused when it was carried out; the sentence is the action's


SAID_OF: Mapping[Refusal, str] = {
    Refusal.RAGGED: "the row has more or fewer cells than the first line",
    Refusal.NOBODY: "neither id nor e-mail address says who is meant",
    Refusal.UNKNOWN_ID: "there is no member of this id: leave it out for somebody new",
    Refusal.PROGRAM: "this is an account of a program",
    Refusal.TWICE: "another row means the same person",
    Refusal.NAME: f"a name is one line of at most {MOST_OF_NAME} characters",
    Refusal.ADDRESS: "this is no e-mail address",
    Refusal.ADDRESS_TAKEN: "another member has this address",
    Refusal.YES_OR_NO: "active is yes or no",
    Refusal.NOT_HERE: "somebody who is not here is not to be here: leave the row out",
    Refusal.REACTIVATE: "a member is reactivated by `trustkeep people reactivate`",
    Refusal.EMPLOYMENT: f"employment is one of {', '.join(Employed)}",
    Refusal.GAPS: "the employment is not whole",
    Refusal.DEPARTMENT: "there is no department of this name or id",
    Refusal.MANAGER: "the manager is no other, active person of this address or id",
    Refusal.SPONSOR: "the sponsor is no active employee of this address or id",
    Refusal.DAY: "a last day is written as 2026-12-31",
    Refusal.PAST: "a new last day is not over yet and at most ten years away",
    Refusal.REASON: "an end that moves back or goes away needs a reason: give --reason",
    Refusal.ROLE: "a role is unknown",
    Refusal.ROLE_BEYOND: "your roles do not let you give or take this role",
    Refusal.ROLE_ANNOUNCED: "the last holder is gone: announce it by `trustkeep people assign`",
    Refusal.DEACTIVATION: "you may not deactivate",
    Refusal.ONESELF: "nobody changes their own employment, manager, roles or access",
    Refusal.GOES_ROUND: "somebody would come to answer to themselves",
    Refusal.INCOMPLETE: "nobody is deactivated by absence while a row is refused",
    Refusal.ACTION: "refused when it was carried out",
}


@dataclass(frozen=True, slots=True)
class Powers:
    """What whoever imports may do, and what else the plan must know."""

    actor: UUID
    may_give: Callable[[Role], bool]
    may_deactivate: bool
    announced: frozenset[Role]  # roles that are to be announced first
    now: datetime
    zone: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A column that will be another, as the cells say it."""

    column: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What becomes of one row; `line` 0: of somebody who is in no row."""

    line: int
    verdict: Verdict
    before: Person | None = None
    after: Person | None = None
    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    detail: str = ""

    @property
    def said(self) -> str:
        """Why it is refused, in words."""
        return self.detail or "; ".join(SAID_OF[each] for each in self.refusals)

    def refused(self, refusal: Refusal, detail: str = "") -> "RowPlan":
        """The same row, refused."""
        return replace(
            self, verdict=Verdict.REFUSED, refusals=(*self.refusals, refusal), detail=detail
        )
