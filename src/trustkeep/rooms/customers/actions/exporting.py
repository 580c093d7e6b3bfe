"""Many customers as a file, or as one long answer.  SOP 4.2a, 4.3a, 4.3c.

Each customer has an entry before anything of them is opened, and is decided about as for any
reading; whom something speaks against is left out.  The last entry says how many rows there are and
what the whole is recognised by, or how many were read where it broke off; a beginning with neither
is an export whose process was ended.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.db import transaction

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import LedgerUnavailable, Tampered, Unacceptable
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import formats
from trustkeep.rooms.customers.actions.new_file import new_file
from trustkeep.rooms.customers.events import CustomerEvent
from trustkeep.rooms.customers.formats import Form

BATCH = 500  # customers in one transaction: each is a lock
DAMAGED = "tampered"  # beside the reasons of `access`

Progress = Callable[[int, int], None]  # customers done, of so many


@dataclass(slots=True)
class Exported:
    """What an export did so far: rows, and how many were left out for which reason."""

    rows: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    masked: tuple[str, ...] = ()  # fields that were shown in part to anybody
    digest: str = ""  # SHA-256 of all bytes; empty before the end


class Export:
    """An export that may be carried out: its bytes piece by piece, in flat memory."""

    def __init__(self, actor: Actor, fields: Sequence[str], purpose: str, form: Form) -> None:
        self.done, self.total = Exported(), known.count_active()
        self._actor, self._purpose, self._form = actor, purpose, form
        self._fields = tuple(dict.fromkeys(fields))
        self._id = world.new_id()

    def begin(self) -> None:
        """Decide whether it may be done at all, and enter that it begins.

        Raises:
            Denied: the actor may not read these fields of many customers for this purpose.
            Unacceptable: the form cannot hold so many.
        """
        people.require(self._actor, Permission.BULK_READ_CUSTOMERS)
        access.require_bulk_reading(self._actor, fields=self._fields, purpose=self._purpose)
        if self._form is Form.XLSX and self.total > formats.MOST_ROWS:
            raise formats.too_many_rows()
        self._enter(CustomerEvent.EXPORT_BEGUN, {"fields": list(self._fields)})

    def parts(self, progress: Progress | None = None) -> Generator[bytes, None, None]:
        """The bytes, from beginning to end; the last entry stands before the last of them.

        Raises:
            Denied: the right to it ended meanwhile.
            LedgerUnavailable: an entry could not be stored; what follows was not opened.
        """
        digest = hashlib.sha256()
        with (
            self._telling_what_broke(),
            closing(formats.writer_of(self._form, self._fields)) as writer,
        ):
            for part in self._before_the_end(writer, progress):
                digest.update(part)
                yield part
            last = writer.end(self.done.rows, self.done.left_out.total(), self.done.masked)
            digest.update(last)
            self.done.digest = digest.hexdigest()
            about = {
                "fields": list(self._fields), "masked": list(self.done.masked),
                "rows": self.done.rows, "left_out": self.done.left_out.total(),
            }  # fmt: skip
            self._enter(CustomerEvent.EXPORT_FINISHED, {**about, "digest": self.done.digest})
        yield last

    @contextmanager
    def _telling_what_broke(self) -> Iterator[None]:
        """Enter how much was read where nobody took the rest, or it could not be read."""
        try:
            yield
        except BaseException:
            with suppress(LedgerUnavailable):  # which the answer, or the silence after it, says
                self._enter(CustomerEvent.EXPORT_BROKEN, {"rows": self.done.rows})
            raise

    def _before_the_end(self, writer: formats.Writer, progress: Progress | None) -> Iterator[bytes]:
        yield writer.begin()
        looked_at = 0
        for batch in known.active_in_batches(BATCH):
            yield b"".join(writer.row(one.customer, one.opened_values) for one in self._read(batch))
            points.reached("customers.batch_exported")
            looked_at += len(batch)
            if progress:
                progress(looked_at, max(self.total, looked_at))

    def _read(self, batch: Sequence[UUID]) -> Sequence[access.Opened]:
        """Read one batch; one whose record was changed from outside is left out."""
        left = list(batch)
        while True:
            try:
                read = access.read_each(
                    self._actor, customers=left, fields=self._fields, purpose=self._purpose
                )
                break
            except Tampered as problem:
                if problem.customer not in left:
                    raise
                left.remove(problem.customer)
                self.done.left_out[DAMAGED] += 1
        for reasons in read.refused.values():
            self.done.left_out[reasons[0]] += 1
        self.done.rows += len(read.opened)
        masked = {*self.done.masked, *(name for one in read.opened for name in one.masked)}
        self.done.masked = tuple(name for name in self._fields if name in masked)
        self.done.left_out[DAMAGED] += len(read.damaged)
        gone = len(left) - len(read.opened) - len(read.refused) - len(read.damaged)
        self.done.left_out[access.Refusal.NO_CUSTOMER] += gone  # erased in this very moment
        return read.opened

    def _enter(self, event: CustomerEvent, more: Mapping[str, object]) -> None:
        details = {"export": str(self._id), "form": str(self._form), **more}
        with transaction.atomic(durable=True):
            log.append(event, self._actor, purpose=self._purpose, details=details)


def begin_export(
    actor: Actor, *, fields: Sequence[str], purpose: str, form: Form = Form.JSON
) -> Export:
    """An export that is decided and entered, and whose bytes are then taken from it.

    Raises:
        Denied: the actor may not read these fields of many customers for this purpose.
        Unacceptable: no field was named, or the form cannot hold so many.
    """
    if not fields:
        raise Unacceptable("An export needs at least one field.")
    export = Export(actor, fields, purpose, form)
    export.begin()
    return export


def export_customers(
    actor: Actor,
    *,
    fields: Sequence[str],
    purpose: str,
    form: Form,
    into: Path,
    progress: Progress | None = None,
) -> Exported:
    """Write some fields of every customer into a new file, which is whole or not there.

    Raises:
        Denied: the actor may not read these fields of many customers for this purpose.
        Unacceptable: the form cannot hold so many, or the folder cannot be written.
        Conflict: there is such a file already.
        LedgerUnavailable: an entry could not be stored; there is no file then.
    """
    people.require(actor, Permission.BULK_READ_CUSTOMERS)
    with new_file(into) as file:
        export = begin_export(actor, fields=fields, purpose=purpose, form=form)
        for part in export.parts(progress):
            file.write(part)
    return export.done
