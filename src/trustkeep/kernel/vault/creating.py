"""New customers, in bulk or one.  SOP 4.2a.

A key is durable in its store before the data that needs it; a reference means one customer only,
also when two imports run at once, and when one was interrupted and is started again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from trustkeep.base import points
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import references, service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.ledger.feeding import Copy, Feed
from trustkeep.kernel.vault import index, rules
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.known import recorded
from trustkeep.kernel.vault.merged import Path, paths, with_record
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.new_rows import NewRows
from trustkeep.kernel.vault.rules import SensitivityClass, Written
from trustkeep.kernel.vault.sealing import Values

CREATORS = 0x7472_7573_7469_6477  # advisory lock: one at a time turns references into customers

AT_ONCE, LOOKS = 250, 25  # customers in one message to the database; between two looks at it


class NewCustomer(NamedTuple):
    """A customer to be: the company's own reference, and opened values by element."""

    reference: str
    opened_values: Values


class Known(NamedTuple):
    """A row about somebody who has a record, and where the values of that are now."""

    row: NewCustomer
    path: Path

    @property
    def customer(self) -> UUID:
        """Who has the values."""
        return self.path.survivor


@dataclass(frozen=True, slots=True)
class Stored:
    """How many records are new, and the rows about those who had one already."""

    created: int
    known: Sequence[Known]


def store_new(
    actor: Actor,
    rows: Sequence[NewCustomer],
    elements: Mapping[str, Element],
    *,
    source: str,
) -> "Stored":
    """Store those of these customers that have no record yet.

    The references must differ from each other.  Only inside a transaction.

    Raises:
        KeysChanging: a key change is under way; try again in a moment.
    """
    wait_for_others()
    hashed = references.hashes(service.current(), [row.reference for row in rows])
    known, prepared = _customers_for(hashed)
    fresh = [
        (row, *prepared[digest])
        for digest, row in zip(hashed, rows, strict=True)
        if digest in prepared
    ]
    if fresh:
        _create(actor, fresh, elements, source=source)
    led = paths(known.values(), strict=False)
    there = [
        Known(row, led[known[digest]])
        for digest, row in zip(hashed, rows, strict=True)
        if digest in known
    ]
    return Stored(len(fresh), there)


def wait_for_others() -> None:
    """Be the only one who turns references into customers, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (CREATORS,))


def count_new(references_: Iterable[str]) -> int:
    """How many of these references have no record yet."""
    hashed = references.hashes(service.current(), list(references_))
    return len(set(hashed)) - len(recorded(hashed))


def _customers_for(
    hashed: Sequence[bytes],
) -> tuple[dict[bytes, UUID], dict[bytes, tuple[UUID, CustomerKey]]]:
    """Who has a record; and an identifier and a durable key for each reference that has none yet.

    A reference whose key was made by an attempt that was interrupted gets the same key again, so
    that starting anew makes no second customer.

    Raises:
        KeysChanging: a key change is under way; try again in a moment.
        Tampered: a key, or what the key store says of references, was taken away or changed.
    """
    keys = service.current()
    known, fresh, made = keys.customers_of(hashed)
    points.reached("vault.keys_created")
    there = with_record(known.values())
    orphans = keys.customer_keys([one for one in known.values() if one not in there])
    prepared = {digest: (customer, made[customer]) for digest, customer in fresh.items()}
    for digest, customer in known.items():
        if customer not in there:
            prepared[digest] = (customer, _present(orphans, customer))
    return {digest: one for digest, one in known.items() if one in there}, prepared


def _present(keys: Mapping[UUID, CustomerKey], customer: UUID) -> CustomerKey:
    if customer not in keys:
        raise Tampered(
            f"The key store knows the reference of customer {customer}, but not the key: restore "
            "it from its newest backup."
        )
    return keys[customer]


def _create(
    actor: Actor,
    fresh: Sequence[tuple[NewCustomer, UUID, CustomerKey]],
    elements: Mapping[str, Element],
    *,
    source: str,
) -> None:
    """Store customers, their index and an entry for each; PostgreSQL takes some meanwhile."""
    indexer = index.for_writing()
    rows, said = NewRows(elements, indexer, source), _Said(source)
    with Feed() as feed:
        # Else the commit would check each row's customer, while everybody waits.
        feed.give(Copy("SET CONSTRAINTS ALL IMMEDIATE"))
        for start in range(0, len(fresh), AT_ONCE):
            drafts = []
            for at, (row, customer, key) in enumerate(fresh[start : start + AT_ONCE]):
                classes = rows.add(customer, key, row.opened_values)
                details = said.about(classes)
                drafts.append(log.Draft(VaultEvent.CREATED, actor, customer, None, details))
                if at % LOOKS == 0:
                    feed.go_on()
            log.append_fed(feed, drafts, *rows.taken())


class _Said:
    """What an entry says of a new customer; most customers have values of one class only."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._templates: dict[SensitivityClass, log.Template] = {}

    def about(self, classes: rules.Classes) -> log.Details:
        """The details for these classes."""
        if len(classes) != 1:
            return self._details(rules.ledger_versions(classes))
        ((number, written),) = classes.items()
        template = self._templates.get(number)
        if template is None:
            unwritten = {number: Written(1, bytes.fromhex(log.Template.HERE))}
            details = self._details(rules.ledger_versions(unwritten))
            template = self._templates[number] = log.Template(VaultEvent.CREATED, details)
        return template.filled(written.digest)

    def _details(self, written: Mapping[str, list[int | str]]) -> dict[str, object]:
        return {"state": 1, "written": written, "source": self._source}
