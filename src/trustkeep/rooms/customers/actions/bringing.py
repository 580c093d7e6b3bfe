"""Rows of an import whose customers are known: what is new is brought in.  SOP 4.1a, 4.2a, 4.3a."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Tampered
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import creating, merged, updating
from trustkeep.kernel.vault.creating import NewCustomer
from trustkeep.kernel.vault.judging import Difference, Prefer
from trustkeep.kernel.vault.updating import Brought, Outcome
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers.rules import Mapped, RefusedRow, RowRefusal

__all__ = ["Bringing", "Prefer", "Row"]

Known = Mapping[UUID, creating.Known]
Refusals = tuple[tuple[str | None, RowRefusal], ...]  # columns, reason
_OUTCOMES = {
    Outcome.HELD: RowRefusal.HELD,
    Outcome.RESTRICTED: RowRefusal.RESTRICTED,
    Outcome.TAMPERED: RowRefusal.TAMPERED,
}
_DIFFERENCES = {
    Difference.CHANGED_HERE: RowRefusal.CONFLICT,
    Difference.REMOVED_HERE: RowRefusal.REMOVED_HERE,
    Difference.OTHER_SOURCE: RowRefusal.OTHER_SOURCE,
    Difference.UNKNOWN: RowRefusal.UNKNOWN_ORIGIN,
}
_REFUSALS = {  # somebody who is gone is refused by nothing: there is nothing to bring
    access.Refusal.PROCESSING_RESTRICTED: RowRefusal.RESTRICTED,
    access.Refusal.OBJECTED: RowRefusal.OBJECTED,
    access.Refusal.NO_CONSENT: RowRefusal.NO_CONSENT,
}


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one row: whether a value was changed, and what of it was not taken and why."""

    reference: str
    is_changed: bool = False
    is_conflict: bool = False
    refusals: Refusals = ()

    def refused(self, line: int) -> list[RefusedRow]:
        """The row as one that was not taken, or not wholly: once for each reason."""
        return [RefusedRow(line, columns, reason) for columns, reason in self.refusals]


@dataclass(frozen=True, slots=True)
class Bringing:
    """For what purpose known customers are brought up to date, and whose value counts in doubt."""

    purpose: str
    source: str
    prefer: Prefer
    mapped: Mapped

    def require(self, actor: Actor) -> None:
        """Go on only if the actor may do it at all.

        Raises:
            Denied: with every reason; the refusal itself is in the ledger.
        """
        access.require_bringing(actor, fields=tuple(self.mapped.fields), purpose=self.purpose)

    def parts(self, known: Sequence[creating.Known]) -> Iterator[Known]:
        """The known customers, as many at a time as may be brought in one step, and each once.

        Of two who were merged the file may still have both.
        """
        part: dict[UUID, creating.Known] = {}
        for one in known:
            if one.customer in part or len(part) == updating.MOST_AT_ONCE:
                yield part
                part = {}
            part[one.customer] = one
        if part:
            yield part

    def bring(self, actor: Actor, known: Known) -> list[Row]:
        """Bring a few hundred known customers up to date, in one durable step.

        One whose record was changed from outside is left alone; the others are brought.  Of one
        who was merged meanwhile, the survivor is.
        """
        people.require(actor, Permission.IMPORT_CUSTOMERS)
        waiting, rows = [dict(known)], []
        while waiting:
            left = waiting.pop()
            try:
                done = self._brought(actor, left)
            except Tampered as problem:
                if problem.customer not in left:
                    raise
                row = left.pop(problem.customer).row
                rows.append(Row(row.reference, refusals=((None, RowRefusal.TAMPERED),)))
                waiting += [left] if left else []
                continue
            moved = _moved(left, done.refused)
            rows += self._rows(left, done, passed_over=moved)
            waiting += map(dict, self.parts(moved))
        points.reached("customers.batch_brought")
        return rows

    def _brought(self, actor: Actor, known: Known) -> access.BroughtMany:
        return access.bring_many(
            actor,
            rows={customer: one.row.opened_values for customer, one in known.items()},
            says=updating.Said(
                self.source,
                self.prefer,
                tuple(self.mapped.fields),
                {customer: one.path.through for customer, one in known.items()},
            ),
            purpose=self.purpose,
        )

    def _rows(
        self, known: Known, done: access.BroughtMany, *, passed_over: Collection[creating.Known]
    ) -> list[Row]:
        rows = [self._row(known[customer].row, one) for customer, one in done.brought.items()]
        again = {one.row.reference for one in passed_over}
        for customer, reasons in done.refused.items():
            if known[customer].row.reference in again:
                continue
            refused = tuple((None, _REFUSALS[one]) for one in reasons if one in _REFUSALS)
            rows.append(Row(known[customer].row.reference, refusals=refused))
        return rows

    def _row(self, row: NewCustomer, one: Brought) -> Row:
        columns: dict[RowRefusal, list[str]] = {}
        for element, why in one.conflicts.items():
            columns.setdefault(_DIFFERENCES[why], []).append(self.mapped.fields[element])
        refusals: Refusals = tuple((", ".join(names), why) for why, names in columns.items())
        if one.outcome in _OUTCOMES:
            refusals = ((None, _OUTCOMES[one.outcome]),)
        return Row(row.reference, one.is_changed, bool(columns), refusals)


def _moved(known: Known, refused: Collection[UUID]) -> list[creating.Known]:
    """Those who were merged after it was looked where their values are; who is gone has none."""
    return [
        known[customer]._replace(
            path=path._replace(through=(*known[customer].path.through, *path.through))
        )
        for customer, path in merged.paths(refused, strict=False).items()
        if path.through
    ]
