"""Reading, searching and changing customers over the API.  SOP 4.1a, 4.3a.

Whom an operation is about stands in the body and never in the address: addresses are logged.
"""

from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import Opened
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.api.whom import Whom
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("customers")

Code = Annotated[str, Field(min_length=1, max_length=80, examples=["support"])]
Case = Annotated[
    str | None,
    Field(
        None,
        max_length=300,
        description="SYSTEM:REFERENCE or the case's own id, where the purpose needs a case",
    ),
]


class ReadingAsked(Whom):
    """Which fields of one customer, and for what."""

    fields: Annotated[list[Code], Field(min_length=1, max_length=200)]
    purpose: Code
    case: Case


class BulkReadingAsked(Asked):
    """Which fields of many customers, and for what."""

    customers: Annotated[list[UUID], Field(min_length=1, max_length=1000)]
    fields: Annotated[list[Code], Field(min_length=1, max_length=200)]
    purpose: Code


class SearchAsked(Asked):
    """Which value of which field, and for what."""

    element: Code
    value: Annotated[str, Field(min_length=1, max_length=1000)]
    purpose: Code
    case: Case


class ChangeAsked(Whom):
    """What some fields shall be; null removes a value."""

    changes: Annotated[dict[Code, str | None], Field(min_length=1, max_length=200)]
    purpose: Code
    case: Case


class Reading(Schema):
    """Values that were read, those in `masked` in part only, and the entry that permits it."""

    customer: UUID
    values: dict[str, str]
    masked: list[str]
    entry: str

    @classmethod
    def of(cls, opened: Opened) -> "Reading":
        """What was opened, as it is answered."""
        return cls(
            customer=opened.customer, values=dict(opened.opened_values),
            masked=list(opened.masked), entry=str(opened.entry),
        )  # fmt: skip


class Found(Schema):
    """At most fifty customers with exactly this value, and whether more people have it."""

    customers: list[UUID]
    more: bool


class Changed(Schema):
    """The fields that were set or removed."""

    changed: list[str]


@door.post("/readings", Permission.READ_CUSTOMER, answers=Reading, status=200, repeats=True)
def read(request: ApiRequest, asked: ReadingAsked) -> Reading:
    """Read some fields of one customer for a purpose; the entry is in the ledger before."""
    opened = access.read_fields(
        request.actor, customer=asked.record_or_nobody(), fields=asked.fields,
        purpose=asked.purpose, case=asked.case,
    )  # fmt: skip
    return Reading.of(opened)


@door.post(
    "/readings/bulk", Permission.BULK_READ_CUSTOMERS, answers=list[Reading], status=200,
    repeats=True,
)  # fmt: skip
def read_many(request: ApiRequest, asked: BulkReadingAsked) -> list[Reading]:
    """Read some fields of many customers, an entry each; needs a grant for bulk reading."""
    opened = access.read_many(
        request.actor, customers=asked.customers, fields=asked.fields, purpose=asked.purpose
    )
    return [Reading.of(one) for one in opened]


@door.post("/searches", Permission.SEARCH_CUSTOMERS, answers=Found, status=200, repeats=True)
def search(request: ApiRequest, asked: SearchAsked) -> Found:
    """Find customers by an exact value that the company knows."""
    found = access.find_customers(
        request.actor, element=asked.element, value=asked.value, purpose=asked.purpose,
        case=asked.case,
    )  # fmt: skip
    return Found(customers=list(found.customers), more=found.is_more)


@door.patch("/customers", Permission.WRITE_CUSTOMER, answers=Changed)
def change(request: ApiRequest, asked: ChangeAsked) -> Changed:
    """Set or remove values of one customer."""
    actions.change_customer(
        request.actor, customer=asked.or_nobody(), changes=asked.changes, purpose=asked.purpose,
        case=asked.case,
    )  # fmt: skip
    return Changed(changed=sorted(asked.changes))
