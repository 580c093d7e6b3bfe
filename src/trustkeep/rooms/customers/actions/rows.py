"""The rows of an import, batch by batch: each reference once, and what is refused is counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.vault.creating import NewCustomer
from trustkeep.rooms.customers import rules
from trustkeep.rooms.customers.actions import bringing, mapping
from trustkeep.rooms.customers.actions.references import References
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.rules import Mapped, RefusedRow, RowRefusal, TakenRow

MOST_REPORTED = 10_000

Agree = Callable[[mapping.Shown], None]  # raises where somebody does not
Batch = tuple[list[NewCustomer], Mapping[str, int]]  # rows, and the line of each reference


@dataclass(slots=True)
class Imported:
    """What an import did so far: `known` rows had a record already, `changed` of them was changed.

    `conflicts` of them, which are among the refused, say something else than somebody did here, or
    than another source.
    """

    created: int = 0
    known: int = 0
    changed: int = 0
    conflicts: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    refused_count: int = 0  # rows; one with two reasons is listed twice

    def count(self, row: bringing.Row, line: int) -> None:
        """Count a row whose customer was known; one in conflict may have been changed in part."""
        self.changed += row.is_changed
        self.conflicts += row.is_conflict
        self.refuse(*row.refused(line))

    def refuse(self, *reasons: RefusedRow) -> None:
        """Count a row that was refused for these reasons; the first of them are listed."""
        self.refused_count += bool(reasons)
        self.refused += reasons[: MOST_REPORTED - len(self.refused)]


class Given(NamedTuple):
    """A row that came without a file: the reference, and values by element."""

    reference: str
    given_values: Mapping[str, str]


def batches(taken: Iterable[TakenRow], done: Imported, *, at_most: int) -> Iterator[Batch]:
    """The rows that may be stored, so many at a time; the others are counted in `done`.

    Raises:
        Unacceptable: as the rows; what came before was given.
    """
    references = References()
    for batch in _batches(taken, at_most):
        yield _distinct(batch, references, done)


def of_given(rows: Sequence[Given], mapped: Mapped, done: Imported) -> Iterator[TakenRow]:
    """The rows whose values may be taken; its `line` is the place of each, from 1."""
    header = [mapped.reference, *mapped.fields.values()]
    for place, row in enumerate(rows, 1):
        cells = [row.given_values.get(element, "") for element in mapped.fields]
        yield from _counted(rules.row_of(place, header, [row.reference, *cells], mapped), done)


def of_table(
    table: Table, mapped: Mapped, done: Imported, agree: Agree | None = None
) -> Iterator[TakenRow]:
    """The rows of a file whose values may be taken.

    `agree` is shown what becomes of the columns before the first row is read.

    Raises:
        Unacceptable: the file is no table that fits.
    """
    rows = table.rows()
    _, header = next(rows)
    mapping.check_header(header, mapped)
    if agree:
        agree(mapping.shown(header, mapped))
    for line, cells in rows:
        yield from _counted(rules.row_of(line, header, cells, mapped), done)


def _counted(row: TakenRow | RefusedRow, done: Imported) -> Iterator[TakenRow]:
    if isinstance(row, RefusedRow):
        done.refuse(row)
    else:
        yield row


def _batches(rows: Iterable[TakenRow], at_most: int) -> Iterator[list[TakenRow]]:
    batch: list[TakenRow] = []
    try:
        for row in rows:
            batch.append(row)
            if len(batch) == at_most:
                yield batch
                batch = []
    except Unacceptable:
        if batch:  # the sentence says that what came before is stored
            yield batch
        raise
    if batch:
        yield batch


def _distinct(batch: Sequence[TakenRow], references: References, done: Imported) -> Batch:
    """The rows of a batch whose references come for the first time, and the line of each."""
    rows: list[NewCustomer] = []
    lines: dict[str, int] = {}
    for row in batch:
        if references.is_first(row.reference):
            rows.append(NewCustomer(row.reference, row.opened_values))
            lines[row.reference] = row.line
        else:
            done.refuse(RefusedRow(row.line, None, RowRefusal.DUPLICATE_REFERENCE))
    return rows, lines
