"""What a link to a case says.  Form: `docs/formats/sealed-blob.md`.

A business application makes it, somebody else opens the case by it.  It is a ticket, kept nowhere;
it has ids and a keyed hash of the other system's reference, so that a link which lies about
somewhere names nobody who was erased meanwhile.  SOP 4.3a.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trustkeep.base import canonical
from trustkeep.kernel.keys import tickets

MOST_OF_CODE = 60_000  # a thousand customers are some 53,000
_KIND = "case"


@dataclass(frozen=True, slots=True, repr=False)
class CaseTicket:
    """Which case, who made the link with which token, and until when it is good (exclusive)."""

    id: UUID
    system: str
    reference_hash: bytes
    customers: Sequence[UUID]
    made_by: UUID
    token: UUID | None
    made_at: datetime
    until: datetime


def code_of(ticket: CaseTicket) -> str:
    """The link's text."""
    said = canonical.encode(
        {
            "id": str(ticket.id), "system": ticket.system,
            "reference": ticket.reference_hash.hex(),
            "customers": [str(one) for one in ticket.customers], "by": str(ticket.made_by),
            "token": str(ticket.token) if ticket.token else None,
            "at": ticket.made_at.isoformat(), "until": ticket.until.isoformat(),
        }
    )  # fmt: skip
    return tickets.ticket_of(_KIND, said)


def ticket_of(code: str) -> CaseTicket | None:
    """What a link says; None where it is none of ours."""
    blob = tickets.said_by(_KIND, code)
    if blob is None:
        return None
    said: Any = canonical.decode(blob)
    return CaseTicket(
        UUID(said["id"]), said["system"], bytes.fromhex(said["reference"]),
        [UUID(one) for one in said["customers"]], UUID(said["by"]),
        UUID(said["token"]) if said["token"] else None, datetime.fromisoformat(said["at"]),
        datetime.fromisoformat(said["until"]),
    )  # fmt: skip
