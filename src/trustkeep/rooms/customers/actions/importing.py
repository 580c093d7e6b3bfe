"""Importing customers from a CSV file by an explicit mapping, or as rows.  SOP 4.1a, 4.2a.

A reference that is known is left alone or, for a purpose, brought up to date with what the file
says.  An import that was interrupted is simply started again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Unacceptable
from trustkeep.kernel.jobs import queue
from trustkeep.kernel.keys import backups, service
from trustkeep.kernel.keys import jobs as keys
from trustkeep.kernel.people import authority as people
from trustkeep.kernel.people.permissions import Permission
from trustkeep.rooms.customers.actions import gate, mapping
from trustkeep.rooms.customers.actions.bringing import Bringing, Prefer
from trustkeep.rooms.customers.actions.rows import Agree, Given, Imported, of_given, of_table
from trustkeep.rooms.customers.actions.table import Table
from trustkeep.rooms.customers.actions.taking import Taking, Waits, telling_what_is_stored
from trustkeep.rooms.customers.rules import Mapped

MOST_ROWS = 1_000  # of one request
PATIENCE_S = 5.0  # somebody waits for the answer
REFERENCE = " reference"  # where a column would be; no element has such a name

Progress = Callable[[Imported, float | None], None]


def import_customers(
    actor: Actor,
    *,
    file: Path,
    mapped: Mapped,
    source: str,
    purpose: str | None = None,
    progress: Progress | None = None,
    waits: Waits | None = None,
    made_at: datetime | None = None,
    prefer: Prefer = Prefer.NEITHER,
    agree: Agree | None = None,
    is_demo: bool = False,
) -> Imported:
    """Store the customers of a file, or of standard input (`-`).

    `source` names where they come from, as a code, and `made_at` is when the file was made: one
    that is older than an erasure may bring somebody back.  None is a source that tells of now.
    `purpose` is what known customers are brought up to date for; None leaves them alone.
    `prefer` says whose value counts where both the file and somebody here changed one.
    `progress` hears what was done so far and the share of the file, None where its size is unknown;
    `agree` is shown what becomes of the columns, and raises what ends the import before it began;
    `waits` hears how many seconds a batch has waited for a key change to end.

    Raises:
        Denied: the actor may not import, or not bring known customers up to date for this purpose.
        Unacceptable: the mapping or the file does not fit, or a field is needed by no purpose.
        Conflict: the recovery kit has not been proven yet, or the file is older than an erasure.
        KeysChanging: a key change did not end in time; what came before is stored.
        Rebuilding: the look-up index is not whole.
        Interrupted: something failed in the middle; what came before is stored.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    mapping.check_source(source)
    act = Taking(
        actor, mapping.declared(mapped), source,
        None if made_at is None else gate.not_in_the_future(made_at),
        Bringing(purpose, source, prefer, mapped) if purpose is not None else None, waits, is_demo,
    )  # fmt: skip
    act.check()
    done = Imported()
    with telling_what_is_stored(done):
        table = Table(file, separator=mapped.separator, encoding=mapped.encoding)
        tell = partial(progress, done) if progress else None
        act.take_all(of_table(table, mapped, done, agree), done, lambda: tell and tell(table.share))
        act.finish(done)
        if done.created:
            # New keys must not exist on one disk only.
            backups.write(service.current())
    return done


def import_rows(
    actor: Actor,
    *,
    rows: Sequence[Given],
    source: str,
    purpose: str | None = None,
    made_at: datetime | None = None,
    prefer: Prefer = Prefer.NEITHER,
) -> Imported:
    """Store at most 1,000 customers that another program names, as `import_customers` does.

    Raises:
        Denied, Unacceptable, Conflict, KeysChanging, Rebuilding, Interrupted: as
            `import_customers`.
    """
    people.require(actor, Permission.IMPORT_CUSTOMERS)
    mapping.check_source(source)
    if not 0 < len(rows) <= MOST_ROWS:
        raise Unacceptable(f"Send 1 to {MOST_ROWS:,} rows at a time.")
    named = sorted({element for row in rows for element in row.given_values})
    mapped = Mapped(REFERENCE, {element: element for element in named})
    act = Taking(
        actor, mapping.declared(mapped), source,
        None if made_at is None else gate.not_in_the_future(made_at),
        Bringing(purpose, source, prefer, mapped) if purpose is not None else None,
        patience_s=PATIENCE_S,
    )  # fmt: skip
    act.check()
    done = Imported()
    with telling_what_is_stored(done):
        act.take_all(of_given(rows, mapped, done), done, lambda: None)
        act.finish(done)
        if done.created:  # soon, and once for many such requests
            queue.enqueue_once(keys.BACK_UP)
    return done
