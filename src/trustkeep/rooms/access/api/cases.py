"""Cases over the API: a business application says why somebody deals with a customer.  SOP 4.3a.

The other system's reference stands in the body and never in the address: it may name a customer.
"""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field, model_validator

from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

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
        if not self.customers and not self.references:
            raise ValueError("name at least one customer")
        return self


class CaseOpened(Schema):
    """The case's own id."""

    case: UUID


@door.post("/cases", Permission.OPEN_CASES, answers=CaseOpened)
def open_case(request: ApiRequest, asked: CaseAsked) -> CaseOpened:
    """Open a case of another system that names customers."""
    customers = [*asked.customers, *map(known.customer_or_nobody, asked.references)]
    made = actions.open_case(
        request.actor, system=asked.system, reference=asked.reference, customers=customers
    )
    return CaseOpened(case=made.id)


@door.post("/cases/closure", Permission.OPEN_CASES, answers=None, status=204)
def close_case(request: ApiRequest, asked: CaseNamed) -> None:
    """Close a case: nothing is read on its strength any more."""
    actions.close_case(request.actor, system=asked.system, reference=asked.reference)
