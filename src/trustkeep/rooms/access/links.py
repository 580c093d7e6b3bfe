"""Links that open a case: a business application says which, whoever follows it needs no retyping.

A link is a ticket: kept nowhere, it holds the system, its reference, the customers, who made it and
until when it is good.  Whoever has it learns nothing from it, and may do with it only what they
might do anyway.  SOP 4.3a.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trustkeep.base import canonical
from trustkeep.kernel.keys import tickets

MOST_OF_CODE = 100_000  # a thousand customers are some 60,000
_KIND = "case"


@dataclass(frozen=True, slots=True, repr=False)
class Linked:
    """What a link says; `until` is exclusive."""

    system: str
    reference: str
    customers: Sequence[UUID]
    made_by: UUID
    until: datetime


def code_of(linked: Linked) -> str:
    """The link's text."""
    said = canonical.encode(
        {
            "system": linked.system, "reference": linked.reference,
            "customers": [str(one) for one in linked.customers], "by": str(linked.made_by),
            "until": linked.until.isoformat(),
        }
    )  # fmt: skip
    return tickets.ticket_of(_KIND, said)


def linked_by(code: str) -> Linked | None:
    """What a link says; None where it is none of ours."""
    blob = tickets.said_by(_KIND, code)
    if blob is None:
        return None
    said: Any = canonical.decode(blob)
    return Linked(
        said["system"], said["reference"], [UUID(one) for one in said["customers"]],
        UUID(said["by"]), datetime.fromisoformat(said["until"]),
    )  # fmt: skip
