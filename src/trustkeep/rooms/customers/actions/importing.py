"""Importing customers from a CSV file by an explicit mapping.  SOP 4.1a, 4.2a.

Each batch is one durable step, and a reference that is known is passed over: an import that was
interrupted is simply started again.
"""

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction

from trustkeep.base import points, text
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Unacceptable
from trustkeep.kernel.keys import backups, kit, service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import creating, elements, index
from trustkeep.kernel.vault.creating import NewCustomer
from trustkeep.kernel.vault.models import Customer, Element
from trustkeep.rooms.customers import rules
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.rules import Mapped, RefusedRow, TakenRow
from trustkeep.rooms.purposes import queries as purposes

BATCH = 5000
MOST_BEFORE_PROOF = 50  # customers, before the recovery kit must have been proven
MOST_REPORTED = 10_000

Progress = Callable[["Imported", float], None]


@dataclass(slots=True)
class Imported:
    """What an import did so far: `known` rows had a record already."""

    created: int = 0
    known: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    refused_count: int = 0

    def refuse(self, row: RefusedRow) -> None:
        """Count a refused row; the first of them are listed."""
        self.refused_count += 1
        if len(self.refused) < MOST_REPORTED:
            self.refused.append(row)


def mapping_from(path: Path) -> Mapped:
    """The mapping that a TOML file declares: `reference = "Column"`, `[fields] element = "Column"`.

    Raises:
        Unacceptable: it cannot be read, or it is not a mapping.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        data = {}
    fields: Any = data.get("fields")
    texts = [data.get("reference"), *fields, *fields.values()] if isinstance(fields, dict) else []
    if (
        not texts
        or set(data) != {"reference", "fields"}
        or any(type(one) is not str for one in texts)
    ):
        raise Unacceptable(
            f'{path} is no mapping: it needs reference = "Column" and a table [fields] with '
            'element = "Column".'
        )
    return Mapped(data["reference"], dict(fields))


def import_customers(
    actor: Actor,
    *,
    file: Path,
    mapped: Mapped,
    source: str,
    progress: Progress | None = None,
    is_demo: bool = False,
) -> Imported:
    """Store the customers of a file.  `source` names where they come from, as a code.

    Raises:
        Denied: the actor may not import.
        Unacceptable: the mapping or the file does not fit, or a field is needed by no purpose.
        Conflict: the recovery kit has not been proven yet.
        Rebuilding: the look-up index is not whole.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    declared = elements.known(mapped.fields)
    needless = purposes.needless(mapped.fields)
    if needless:
        raise Unacceptable(
            f"No live purpose needs {', '.join(needless)}, so it must not be collected: leave it "
            "out of the mapping, or declare the purpose that needs it."
        )
    index.ready()
    done = Imported()
    table = Table(file)
    for batch in _batches(_taken(table, mapped, done)):
        _refuse_unproven(done.created + len(batch), is_demo=is_demo)
        _store(actor, batch, declared, source, done)
        if progress:
            progress(done, table.bytes_read / max(1, table.size))
    _finish(actor, source, done)
    return done


def _taken(table: Table, mapped: Mapped, done: Imported) -> Iterator[TakenRow]:
    rows = table.rows()
    _, header = next(rows)
    _check_header(header, mapped)
    for line, cells in rows:
        row = rules.row_of(line, header, cells, mapped)
        if isinstance(row, RefusedRow):
            done.refuse(row)
        else:
            yield row


def _check_header(header: Sequence[str], mapped: Mapped) -> None:
    wanted = (mapped.reference, *mapped.fields.values())
    missing = sorted(set(wanted) - set(header))
    if missing:
        raise Unacceptable(
            f"The file has no column {', '.join(missing)}: mend the mapping or the first line."
        )
    if len(set(header)) != len(header):
        raise Unacceptable("Two columns of the file have the same name: rename one of them.")


def _batches(rows: Iterable[TakenRow]) -> Iterator[list[TakenRow]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _store(
    actor: Actor,
    batch: Sequence[TakenRow],
    declared: Mapping[str, Element],
    source: str,
    done: Imported,
) -> None:
    by_reference: dict[str, NewCustomer] = {}
    for row in batch:
        reference = text.reference(row.reference)
        if reference in by_reference:
            done.refuse(RefusedRow(row.line, None, rules.RowRefusal.DUPLICATE_REFERENCE))
        else:
            by_reference[reference] = NewCustomer(row.reference, row.opened_values)
    rows = list(by_reference.values())
    with transaction.atomic(durable=True):
        created = creating.store_new(actor, rows, declared, source=source)
    points.reached("customers.batch_stored")
    done.created += created
    done.known += len(rows) - created


def _finish(actor: Actor, source: str, done: Imported) -> None:
    with transaction.atomic(durable=True):
        log.append(
            CustomerEvent.IMPORT_FINISHED,
            actor,
            details={
                "source": source,
                "created": done.created,
                "known": done.known,
                "refused": done.refused_count,
            },
        )
    if done.created:
        # New keys must not exist on one disk only.
        backups.write(service.current())


def _refuse_unproven(count: int, *, is_demo: bool) -> None:
    if is_demo or count <= MOST_BEFORE_PROOF:
        return
    keys = service.current()
    if keys.recovery is None or kit.proven_at(keys) is None:
        raise Conflict(
            f"More than {MOST_BEFORE_PROOF} customers are imported only once they cannot be lost "
            "with this disk: set TRUSTKEEP_RECOVERY_SLOT to another medium, then run `trustkeep "
            "keys kit --make FILE` and `trustkeep keys kit --prove FILE`."
        )
    keys.recovery.epochs()
    if Customer.objects.count() == 0 and not keys.recovery.epochs():
        raise Conflict("The recovery slot holds no secret: run `trustkeep keys slots`.")
