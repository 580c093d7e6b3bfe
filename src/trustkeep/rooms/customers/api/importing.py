"""Customers from another program, without a file.  SOP 4.1a, 4.2a."""

from typing import Annotated

from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault.judging import Prefer
from trustkeep.rooms.customers import actions
from trustkeep.rooms.customers.actions import Given, Imported
from trustkeep.rooms.customers.actions.importing import MOST_ROWS, REFERENCE
from trustkeep.rooms.customers.api.reading import Code
from trustkeep.rooms.customers.rules import REMEDIES, RefusedRow
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked, Moment

door = Door("customers")


class RowAsked(Asked):
    """One customer, as the other program knows it; an empty value is none."""

    reference: Annotated[str, Field(max_length=200)]
    values: Annotated[dict[Code, str], Field(max_length=200)]


class ImportAsked(Asked):
    """Rows, and where they come from; without a purpose, who is known is left alone.

    `made_at` is when they were taken from where they come from: what is older than an erasure might
    bring somebody back, and is refused.
    """

    source: Code
    made_at: Moment
    rows: Annotated[list[RowAsked], Field(min_length=1, max_length=MOST_ROWS)]
    purpose: Code | None = None
    prefer: Prefer = Prefer.NEITHER


class RowState(Schema):
    """Why a row, or a value of it, was not taken; `row` is its place in what was sent, from 1."""

    row: int
    element: str | None
    reason: str
    said: str

    @classmethod
    def of(cls, one: RefusedRow) -> "RowState":
        """A row that was not taken, or not wholly."""
        element = None if one.column == REFERENCE else one.column
        return cls(row=one.line, element=element, reason=one.reason, said=REMEDIES[one.reason])


class ImportState(Schema):
    """How many rows made a customer, were known, changed one, were in conflict or refused."""

    created: int
    known: int
    changed: int
    conflicts: int
    refused: int
    rows: list[RowState]

    @classmethod
    def of(cls, done: Imported) -> "ImportState":
        """An import, as it is answered."""
        return cls(
            created=done.created, known=done.known, changed=done.changed, conflicts=done.conflicts,
            refused=done.refused_count, rows=[RowState.of(one) for one in done.refused],
        )  # fmt: skip


@door.post("/customers/import", Permission.IMPORT_CUSTOMERS, answers=ImportState, status=200)
def bring(request: ApiRequest, asked: ImportAsked) -> ImportState:
    """Store customers whom another program names, and bring those who are known up to date."""
    done = actions.import_rows(
        request.actor, rows=[Given(one.reference, one.values) for one in asked.rows],
        source=asked.source, purpose=asked.purpose, made_at=asked.made_at, prefer=asked.prefer,
    )  # fmt: skip
    return ImportState.of(done)
