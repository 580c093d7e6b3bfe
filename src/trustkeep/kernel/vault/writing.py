"""Writing customers: new ones in bulk, changed values one customer at a time.  SOP 4.2a.

Keys are durable in their store before the data that needs them; each writing and its ledger entry
stand or fall together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from trustkeep.base import points, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing
from trustkeep.kernel.keys import references, register, service
from trustkeep.kernel.keys.unwrap import CustomerKey
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import elements as declared
from trustkeep.kernel.vault import headers, index, locks, opening, rules, sealing
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.headers import Header
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import State, Written
from trustkeep.kernel.vault.sealing import Values

_HEADERS = (
    "COPY vault_customer (id, state, version, key_version, classes, seal, created_at)"
    " FROM STDIN (FORMAT BINARY)"
)
_HEADER_TYPES = ("uuid", "int2", "int8", "int4", "bytea", "bytea", "timestamptz")
_VALUES = (
    "COPY vault_sealedvalues (customer_id, number, version, blob) FROM STDIN (FORMAT BINARY)"
)
_VALUE_TYPES = ("uuid", "int2", "int8", "bytea")
_TOKENS = "COPY vault_token (token, customer) FROM STDIN (FORMAT BINARY)"
_TOKEN_TYPES = ("bytea", "uuid")


@dataclass(frozen=True, slots=True)
class NewCustomer:
    """A customer to be: the company's own reference, and opened values by element."""

    reference: str
    opened_values: Values


@dataclass(frozen=True, slots=True)
class _Sealed:
    header: Header
    seal: bytes
    blobs: dict[int, tuple[int, bytes]]


def prepare_keys(hashed: Sequence[bytes]) -> dict[bytes, tuple[UUID, CustomerKey]]:
    """An identifier and a durable key for each reference that has no record yet.

    A reference whose key was made by an attempt that was interrupted gets the same key again, so
    that starting anew makes no second customer.

    Raises:
        Conflict: a key change is under way; try again in a moment.
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


def existing(hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that these references mean and that have a record."""
    known = references.customers(service.current(), hashed)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM vault_customer WHERE id = ANY(%s)", (list(known.values()),))
        recorded = {customer for (customer,) in cursor.fetchall()}
    return {digest: customer for digest, customer in known.items() if customer in recorded}


def create(
    actor: Actor,
    rows: Sequence[NewCustomer],
    prepared: Sequence[tuple[UUID, CustomerKey]],
    elements: Mapping[str, Element],
    *,
    source: str,
) -> None:
    """Store new customers, their index and an entry for each; only inside a transaction."""
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
    _copy(
        _TOKENS,
        _TOKEN_TYPES,
        {
            token
            for row, one in zip(rows, done, strict=True)
            for token in indexer.tokens(one.header.customer, row.opened_values)
        },
    )
    log.append_many(
        log.Draft(
            VaultEvent.CREATED,
            actor,
            customer=one.header.customer,
            details={
                "state": 1,
                "written": rules.ledger_versions(one.header.classes),
                "source": source,
            },
        )
        for one in done
    )


def write_fields(actor: Actor, customer: UUID, changes: Mapping[str, str | None]) -> None:
    """Change values of one customer; None removes one.  Only inside a transaction.

    Raises:
        Missing: there is no such customer, or it is being erased.
        Conflict: its processing is restricted, or a hold stands on a value that would go.
    """
    locks.exclusive(customer)
    keys = service.current()
    standing = register.facts(customer)
    if standing.restricted:
        raise Conflict("Processing of this customer is restricted; nothing was changed.")
    if standing.held:
        raise Conflict("A legal hold stands on this customer; nothing was changed.")
    elements = declared.by_key()
    found, blobs = headers.with_blobs([customer], rules.SensitivityClass)
    key = keys.customer_key(customer)
    if customer not in found or key is None or standing.gone:
        raise Missing("There is no such customer.")
    header = found[customer]
    opened_values = opening.open_with(
        keys.install, key, header, blobs[customer], list(elements), elements
    )
    opened_after = _changed(opened_values, changes)
    after, fresh = _resealed(keys.install, key, header, opened_values, opened_after, elements)
    _store(after, after.seal(keys.named_key("policy")), fresh)
    indexer = index.Indexer(elements, index.writing_generation())
    index.replace(indexer, customer, opened_after)
    log.append(
        VaultEvent.WRITTEN,
        actor,
        customer=customer,
        details={"state": after.version, "written": rules.ledger_versions(after.classes)},
    )


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


def _changed(opened_values: Values, changes: Mapping[str, str | None]) -> dict[str, str]:
    opened_after = {**opened_values}
    for field, value in changes.items():
        if value is None:
            opened_after.pop(field, None)
        else:
            opened_after[field] = value
    return opened_after


def _resealed(
    install: UUID,
    key: CustomerKey,
    header: Header,
    opened_before: Values,
    opened_after: Values,
    elements: Mapping[str, Element],
) -> tuple[Header, dict[int, tuple[int, bytes]]]:
    """The next header, with a fresh blob for each class whose values changed."""
    before = sealing.by_class(opened_before, elements)
    classes = dict(header.classes)
    fresh: dict[int, tuple[int, bytes]] = {}
    after = sealing.by_class(opened_after, elements)
    for number in {*before, *after}:
        if before.get(number) == after.get(number):
            continue
        version = classes[number].version + 1 if number in classes else 1
        values = after.get(number, {})
        blob = sealing.seal_class(install, header.customer, key, number, version, values)
        fresh[number] = (version, blob)
        classes[number] = Written.of(version, blob)
    return header.following(classes=classes), fresh


def _store(header: Header, seal: bytes, fresh: Mapping[int, tuple[int, bytes]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE vault_customer SET state = %s, version = %s, key_version = %s, classes = %s,"
            " seal = %s WHERE id = %s",
            (
                header.state, header.version, header.key_version, rules.packed(header.classes),
                seal, header.customer,
            ),
        )  # fmt: skip
        for number, (version, blob) in fresh.items():
            cursor.execute(
                "INSERT INTO vault_sealedvalues (customer_id, number, version, blob)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT (customer_id, number)"
                " DO UPDATE SET version = excluded.version, blob = excluded.blob",
                (header.customer, number, version, blob),
            )


def _copy(statement: str, types: Sequence[str], rows: object) -> None:
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(types)
        for row in rows:  # type: ignore[attr-defined]
            copy.write_row(row)
