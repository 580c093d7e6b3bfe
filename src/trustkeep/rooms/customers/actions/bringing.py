"""Rows of an import whose customers are known: what is new is brought in.  SOP 4.1a, 4.2a."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import updating
from trustkeep.kernel.vault.creating import NewCustomer
from trustkeep.kernel.vault.updating import Outcome, Prefer
from trustkeep.rooms.customers.rules import RefusedRow, RowRefusal

__all__ = ["Known", "Prefer", "Row", "bring", "with_news"]

Known = Mapping[UUID, NewCustomer]
_REFUSALS = {Outcome.HELD: RowRefusal.HELD, Outcome.RESTRICTED: RowRefusal.RESTRICTED}


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: whether a value was changed, and what is in conflict."""

    reference: str
    is_changed: bool
    conflicts: tuple[str, ...]
    refusal: RowRefusal | None

    def refused(self, line: int) -> RefusedRow | None:
        """The row as one that was not taken, or not wholly."""
        if self.refusal is None:
            return None
        return RefusedRow(line, ", ".join(self.conflicts) or None, self.refusal)


def with_news(known: Known, source: str) -> Iterator[Known]:
    """The known customers of whom the file says anything new, a few hundred at a time."""
    said = {customer: row.opened_values for customer, row in known.items()}
    news = iter(updating.with_news(said, source=source))
    while some := list(islice(news, updating.MOST_AT_ONCE)):
        yield {customer: known[customer] for customer in some}


def bring(actor: Actor, known: Known, source: str, prefer: Prefer) -> list[Row]:
    """Bring a few hundred known customers up to date, in one durable step."""
    said = {customer: row.opened_values for customer, row in known.items()}
    with people.acting(actor, Permission.IMPORT_CUSTOMERS):
        brought = updating.bring(actor, said, source=source, prefer=prefer)
    points.reached("customers.batch_brought")
    return [
        Row(
            known[customer].reference,
            one.is_changed,
            one.conflicts,
            RowRefusal.CONFLICT if one.conflicts else _REFUSALS.get(one.outcome),
        )
        for customer, one in brought.items()
    ]
