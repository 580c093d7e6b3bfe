"""Cases over the API: a business application says why somebody deals with a customer.  SOP 4.3a.

The other system's reference stands in the body and never in the address: it may name a customer.
"""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field, model_validator

from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions, queries
from trustkeep.rooms.access.actions.cases import MOST_NAMED
from trustkeep.rooms.access.links import MOST_OF_CODE
from trustkeep.rooms.access.models import Case
from trustkeep.web.api import paging
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.paging import After, Limit
from trustkeep.web.api.schemas import Asked, Page

door = Door("access")

System = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,23}$", examples=["helpdesk"])]
Reference = Annotated[str, Field(min_length=1, max_length=200)]


class CaseNamed(Asked):
    """A case, as the other system names it."""

    system: System
    reference: Reference


class CaseAsked(CaseNamed):
    """A case to open; customers by the id that a search answers or the company's own reference."""

    customers: list[UUID] = Field(default_factory=list, max_length=1000)
    references: list[Reference] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _names_somebody(self) -> "CaseAsked":
        if not 0 < len(self.customers) + len(self.references) <= MOST_NAMED:
            raise ValueError(f"name at least one customer, and at most {MOST_NAMED}")
        return self

    def named(self) -> list[UUID]:
        """Their ids; nobody's, where a reference means nobody."""
        return [*self.customers, *map(known.customer_or_nobody, self.references)]


class LinkAsked(CaseAsked):
    """A case that somebody else shall open, and for how long they may."""

    hours: Annotated[int, Field(ge=1, le=168)] = 8


class LinkMade(Schema):
    """A link for whoever shall work on the case; good until `until`, exclusive."""

    code: str
    until: datetime


class CodeAsked(Asked):
    """A link's code."""

    code: Annotated[str, Field(min_length=1, max_length=MOST_OF_CODE)]


class CaseState(Schema):
    """An open case; the other system's reference is kept as a keyed hash and not shown."""

    case: UUID
    system: str
    customers: list[UUID]
    opened_by: UUID
    opened_at: datetime

    @classmethod
    def of(cls, one: Case) -> "CaseState":
        """A stored case, as it is answered."""
        return cls(
            case=one.id, system=one.system, customers=one.customers, opened_by=one.opened_by,
            opened_at=one.opened_at,
        )  # fmt: skip


class CaseOpened(Schema):
    """The case's own id."""

    case: UUID


@door.get("/cases", Permission.OPEN_CASES, answers=Page[CaseState])
def list_cases(request: ApiRequest, limit: Limit = 50, after: After = None) -> Page[CaseState]:
    """The open cases that the caller opened, or of whoever reads the ledger all; newest first."""
    found = queries.open_cases(request.actor, most=limit, before=_before(after))
    last = [found.last[0].isoformat(), str(found.last[1])] if found.last else None
    return Page(
        items=[CaseState.of(one) for one in found.cases],
        next=paging.cursor(last) if last else None,
    )


@door.post("/cases", Permission.OPEN_CASES, answers=CaseOpened)
def open_case(request: ApiRequest, asked: CaseAsked) -> CaseOpened:
    """Open a case of another system that names customers."""
    made = actions.open_case(
        request.actor, system=asked.system, reference=asked.reference, customers=asked.named()
    )
    return CaseOpened(case=made.id)


@door.post("/cases/links", Permission.OPEN_CASES, answers=LinkMade, repeats=True)
def link_case(request: ApiRequest, asked: LinkAsked) -> LinkMade:
    """Make a link by which somebody else opens a case; nothing is opened yet."""
    made = actions.link_case(
        request.actor, system=asked.system, reference=asked.reference, customers=asked.named(),
        lasts=timedelta(hours=asked.hours),
    )  # fmt: skip
    return LinkMade(code=made.code, until=made.until)


@door.post("/cases/linked", Permission.OPEN_CASES, answers=CaseOpened)
def open_linked(request: ApiRequest, asked: CodeAsked) -> CaseOpened:
    """Open the case that a link names, or take up the one that is open already."""
    return CaseOpened(case=actions.open_linked(request.actor, code=asked.code).id)


@door.post("/cases/closure", Permission.OPEN_CASES, answers=None, status=204)
def close_case(request: ApiRequest, asked: CaseNamed) -> None:
    """Close a case: nothing is read on its strength any more."""
    actions.close_case(request.actor, system=asked.system, reference=asked.reference)


@door.post("/cases/{uuid:case}/closure", Permission.OPEN_CASES, answers=None, status=204)
def close_own_case(request: ApiRequest, case: UUID) -> None:
    """Close a case that the caller opened; whoever reads the ledger closes anybody's."""
    actions.close_own_case(request.actor, case=case)


def _before(after: str | None) -> tuple[datetime, UUID] | None:
    key = paging.key_of(after, str, str)
    return None if key is None else (paging.moment_of(key[0]), paging.uuid_of(key[1]))
