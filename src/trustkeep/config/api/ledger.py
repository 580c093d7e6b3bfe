"""The ledger over the API, for the DPO and auditors: browse, and take a proof along.  SOP 4.3c."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Schema
from pydantic import Field

from trustkeep.kernel.ledger import browsing, checkpoints, lag, ports, proofs
from trustkeep.kernel.ledger.browsing import Found, Wanted
from trustkeep.kernel.ledger.entry import EntryRef
from trustkeep.kernel.people import authority
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import merged
from trustkeep.web.api import paging
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.paging import After, Limit
from trustkeep.web.api.schemas import Moment, Page

door = Door("ledger")

Word = Annotated[str | None, Field(max_length=120)]
Position = Annotated[int, Field(ge=0, lt=2**63)]


class LedgerState(Schema):
    """How far the ledger is; keep `checkpoint` elsewhere to recognise it again."""

    entries: int
    published: int
    waiting_since: datetime | None
    key: str
    checkpoint: str | None


class EntryState(Schema):
    """One entry as it is stored; `position` is none until a checkpoint may cover it."""

    position: int | None
    writer: UUID
    counter: int
    entry: dict[str, Any]

    @classmethod
    def of(cls, found: Found) -> "EntryState":
        """A stored entry, as it is answered."""
        return cls(
            position=found.position, writer=found.ref.writer, counter=found.ref.counter,
            entry=found.entry,
        )  # fmt: skip


class EntriesAsked(Schema):
    """Which entries; unset: whichever."""

    customer: UUID | None = None
    actor: Word = Field(None, examples=["staff:0b9c1d2e-0000-4000-8000-000000000001"])
    event: Word = Field(None, examples=["access.read.permitted"])
    purpose: Word = None
    since: Moment | None = None
    until: Moment | None = None


@door.get("/ledger", Permission.VIEW_LEDGER, answers=LedgerState)
def ledger(request: ApiRequest) -> LedgerState:
    """How far the ledger is, its newest checkpoint, and the key that signs it."""
    authority.require(request.actor, Permission.VIEW_LEDGER)
    newest = checkpoints.newest()
    return LedgerState(
        entries=checkpoints.size(),
        published=newest.checkpoint.size if newest else 0,
        waiting_since=lag.oldest_unpositioned_at(),
        key=ports.current().verifier_key().text,
        checkpoint=newest.note.decode() if newest else None,
    )


@door.get("/ledger/entries", Permission.VIEW_LEDGER, answers=Page[EntryState])
def entries(
    request: ApiRequest, asked: Query[EntriesAsked], limit: Limit = 50, after: After = None
) -> Page[EntryState]:
    """Entries by whom, about whom, of what kind and when; the newest first."""
    authority.require(request.actor, Permission.VIEW_LEDGER)
    named = asked.dict()
    customer = named.pop("customer")
    customers = merged.traces_of(customer) if customer else None
    wanted = Wanted(customers, **named, before=_before(after))
    found = browsing.entries(wanted, limit + 1)
    return paging.page(found, limit, item=EntryState.of, key=_key)


@door.get("/ledger/entries/{position}/proof", Permission.VIEW_LEDGER, answers=str)
def proof(request: ApiRequest, position: Position) -> HttpResponse:
    """The proof that an entry is in the ledger, as a file for the stand-alone verifier."""
    authority.require(request.actor, Permission.VIEW_LEDGER)
    response = HttpResponse(proofs.proof_file(position), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="entry-{position}.tlog-proof"'
    return response


def _key(found: Found) -> tuple[str, str, int]:
    return found.at.isoformat(), str(found.ref.writer), found.ref.counter


def _before(after: str | None) -> tuple[datetime, EntryRef] | None:
    key = paging.key_of(after, str, str, int)
    if key is None:
        return None
    return paging.moment_of(key[0]), EntryRef(paging.uuid_of(key[1]), key[2])
