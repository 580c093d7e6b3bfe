"""New customers, in bulk or one.  SOP 4.2a.

A key is durable in its store before the data that needs it; a reference means one customer only,
also when two imports run at once, and when one was interrupted and is started again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.kernel.keys import references, service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import index, rules, sealing
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.known import recorded
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass, State, Written
from trustkeep.kernel.vault.sealing import Values

CREATORS = 0x7472_7573_7469_6477  # advisory lock: one at a time turns references into customers

_HEADERS = (
    "COPY vault_customer (id, state, version, key_version, classes, seal, created_at)"
    " FROM STDIN (FORMAT BINARY)"
)
_HEADER_TYPES = ("uuid", "int2", "int8", "int4", "bytea", "bytea", "timestamptz")
_VALUES = "COPY vault_sealedvalues (customer_id, number, version, blob) FROM STDIN (FORMAT BINARY)"
_VALUE_TYPES = ("uuid", "int2", "int8", "bytea")
_TOKENS = "COPY vault_token (token, customer) FROM STDIN (FORMAT BINARY)"
_MARKS = "COPY vault_mark (customer, mark) FROM STDIN (FORMAT BINARY)"
_TOKEN_TYPES, _MARK_TYPES = ("bytea", "uuid"), ("uuid", "bytea")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be: the company's own reference, and opened values by element."""

    reference: str
    opened_values: Values


@dataclass(frozen=True, slots=True)
class Stored:
    """How many records are new, and those that were there already, with what was said of them."""

    created: int
    known: Mapping[UUID, NewCustomer]


@dataclass(frozen=True, slots=True)
class _Sealed:
    header: Header
    seal: bytes
    blobs: Mapping[SensitivityClass, tuple[int, bytes]]


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
    known = recorded(hashed)
    fresh = [(digest, row) for digest, row in zip(hashed, rows, strict=True) if digest not in known]
    if fresh:
        prepared = _keys_for([digest for digest, _ in fresh])
        _create(
            actor,
            [row for _, row in fresh],
            [prepared[digest] for digest, _ in fresh],
            elements,
            source=source,
        )
    there = {
        known[digest]: row for digest, row in zip(hashed, rows, strict=True) if digest in known
    }
    return Stored(len(fresh), there)


def wait_for_others() -> None:
    """Be the only one who turns references into customers, until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (CREATORS,))


def count_new(references_: Iterable[str]) -> int:
    """How many of these references have no record yet."""
    hashed = references.hashes(service.current(), list(references_))
    return len(set(hashed)) - len(recorded(hashed))


def _keys_for(hashed: Sequence[bytes]) -> dict[bytes, tuple[UUID, CustomerKey]]:
    """An identifier and a durable key for each reference that has no record yet.

    A reference whose key was made by an attempt that was interrupted gets the same key again, so
    that starting anew makes no second customer.

    Raises:
        KeysChanging: a key change is under way; try again in a moment.
    """
    keys = service.current()
    known = references.customers(keys, hashed)
    fresh = {digest: world.new_id() for digest in hashed if digest not in known}
    made = keys.create_customer_keys(list(fresh.values()), fresh)
    points.reached("vault.keys_created")
    orphans = keys.customer_keys(list(known.values()))
    prepared = {digest: (customer, made[customer]) for digest, customer in fresh.items()}
    for digest, customer in known.items():
        if customer in orphans:
            prepared[digest] = (customer, orphans[customer])
    return prepared


def _create(
    actor: Actor,
    rows: Sequence[NewCustomer],
    prepared: Sequence[tuple[UUID, CustomerKey]],
    elements: Mapping[str, Element],
    *,
    source: str,
) -> None:
    """Store customers, their index and an entry for each."""
    keys = service.current()
    policy = keys.named_key("policy")
    indexer = index.Indexer(elements, index.writing_generation())
    now = world.now()
    done = [
        _sealed(keys.install, policy, customer, key, row.opened_values, elements)
        for row, (customer, key) in zip(rows, prepared, strict=True)
    ]
    _copy(_HEADERS, _HEADER_TYPES, (_header_row(one, now) for one in done))
    _copy(
        _VALUES,
        _VALUE_TYPES,
        (
            (one.header.customer, number, version, blob)
            for one in done
            for number, (version, blob) in one.blobs.items()
        ),
    )
    tokens = {
        token
        for row, one in zip(rows, done, strict=True)
        for token in indexer.tokens(one.header.customer, row.opened_values)
    }
    _copy(_TOKENS, _TOKEN_TYPES, tokens)
    versions = {one.header.customer: one.header.version for one in done}
    _copy(_MARKS, _MARK_TYPES, index.marked(indexer, versions, tokens))
    said = _Said(source)
    log.append_many(
        log.Draft(
            VaultEvent.CREATED, actor, one.header.customer, details=said.about(one.header.classes)
        )
        for one in done
    )


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


def _sealed(
    install: UUID,
    policy: bytes,
    customer: UUID,
    key: CustomerKey,
    opened_values: Values,
    elements: Mapping[str, Element],
) -> _Sealed:
    blobs = {
        number: (1, sealing.seal_class(install, customer, key, number, 1, values))
        for number, values in sealing.by_class(opened_values, elements).items()
    }
    classes = {number: Written.of(version, blob) for number, (version, blob) in blobs.items()}
    header = Header(customer, State.ACTIVE, 1, key.version, classes)
    return _Sealed(header, header.seal(policy), blobs)


def _header_row(one: _Sealed, now: datetime) -> tuple[object, ...]:
    header = one.header
    classes = rules.packed(header.classes)
    return (
        header.customer, header.state, header.version, header.key_version, classes, one.seal, now,
    )  # fmt: skip


def _copy(statement: str, types: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
