"""Masked cards and exports over the API.  SOP 4.3a.

What is looked for stands in the body and never in the address: addresses are logged.
"""

from typing import Annotated
from uuid import UUID

from django.http import StreamingHttpResponse
from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.actions import Card, Sought
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.api.reading import Case, Code
from trustkeep.web.api import streams
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("customers")


class Value(Asked):
    """One value that the company knows, and which field it is of."""

    element: Code
    value: Annotated[str, Field(min_length=1, max_length=1000)]


class CardsAsked(Asked):
    """Whom to look for, and for what: by one value, or by a name and `beside` it a second value."""

    by: Value
    beside: Value | None = None
    purpose: Code
    case: Case


class CardState(Schema):
    """A customer to recognise: masked values, or in `refused` why none are shown.

    `entry` is the entry of the reading; none where nothing was opened.
    """

    customer: UUID
    shown: dict[str, str]
    refused: list[str]
    entry: str | None

    @classmethod
    def of(cls, card: Card) -> "CardState":
        """A card, as it is answered."""
        return cls(
            customer=card.customer, shown=dict(card.masked_values),
            refused=[str(reason) for reason in card.refused],
            entry=str(card.entry) if card.entry else None,
        )  # fmt: skip


class Cards(Schema):
    """At most ten cards, whether more people match, and how was compared.

    `words` is how many exact words of a name were compared.
    """

    customers: list[CardState]
    more: bool
    words: int
    said: str


class ExportAsked(Asked):
    """Which fields of all customers, and for what."""

    fields: Annotated[list[Code], Field(min_length=1, max_length=200)]
    purpose: Code


class ExportedRow(Schema):
    """One customer: the values that it has of those asked for, masked as the grant says."""

    customer: UUID
    values: dict[str, str]


class ExportState(Schema):
    """Every customer that may be read, and how many were left out because something forbids it."""

    customers: list[ExportedRow]
    masked: list[str]
    rows: int
    left_out: int


@door.post(
    "/customers/search", Permission.SEARCH_CUSTOMERS, answers=Cards, status=200, repeats=True
)
def search_cards(request: ApiRequest, asked: CardsAsked) -> Cards:
    """Find customers by a value, or a name beside a second value, and answer masked cards."""
    beside = access.Value(asked.beside.element, asked.beside.value) if asked.beside else None
    sought = Sought(
        access.Value(asked.by.element, asked.by.value), asked.purpose, beside, asked.case
    )
    found = access.search_customers(request.actor, sought=sought)
    return Cards(
        customers=[CardState.of(card) for card in found.cards], more=found.is_more,
        words=found.words, said=found.sentence,
    )  # fmt: skip


@door.post(
    "/customers/export", Permission.BULK_READ_CUSTOMERS, answers=ExportState, status=200,
    repeats=True,
)  # fmt: skip
def export(request: ApiRequest, asked: ExportAsked) -> StreamingHttpResponse:
    """Read some fields of every customer in one streamed answer; needs a grant for bulk reading."""
    with streams.one() as stream:
        begun = actions.begin_export(request.actor, fields=asked.fields, purpose=asked.purpose)
        stream.carry(begun.parts())
    return StreamingHttpResponse(stream, content_type="application/json")
