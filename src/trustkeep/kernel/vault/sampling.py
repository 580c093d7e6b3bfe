"""Do the stored values still open?  A look at random ones, of which nothing leaves this module.

The entry that says how many are opened is committed before the first of them is.  SOP 4.2a.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from trustkeep.base import actor as actors
from trustkeep.base.errors import Tampered
from trustkeep.crypto import sealed
from trustkeep.kernel.keys import register, service
from trustkeep.kernel.ledger import log
from trustkeep.kernel.vault import headers, said, sealing
from trustkeep.kernel.vault.events import VaultEvent
from trustkeep.kernel.vault.rules import SensitivityClass, State

INSPECTOR = actors.job("vault.inspector")
MOST_LISTED = 20

# Customers after random points of the identifiers' range; identifiers are random, so each customer
# has about the same chance.
_RANDOM = f"""
WITH starts AS MATERIALIZED (SELECT gen_random_uuid() AS start FROM generate_series(1, %s))
SELECT c.*, v.number, v.version, v.blob FROM (
  SELECT DISTINCT ON (n.id) n.* FROM starts CROSS JOIN LATERAL (
    (SELECT id, {headers.COLUMNS} FROM vault_customer
     WHERE id >= start AND state = %s ORDER BY id LIMIT 1)
    UNION ALL  -- beyond the last customer it begins anew, so that few customers are found too
    (SELECT id, {headers.COLUMNS} FROM vault_customer WHERE state = %s ORDER BY id LIMIT 1)
    LIMIT 1) n) c
JOIN vault_sealedvalues v ON v.customer_id = c.id
ORDER BY random() LIMIT %s
"""  # noqa: S608 - our own column names
# Where there are few, identifiers lie unevenly, and one might never be met: then all are taken.
_ALL = f"""
SELECT c.*, v.number, v.version, v.blob
FROM (SELECT id, {headers.COLUMNS} FROM vault_customer WHERE state = %s LIMIT %s) c
JOIN vault_sealedvalues v ON v.customer_id = c.id
ORDER BY random()
"""  # noqa: S608 - our own column names


@dataclass(frozen=True, slots=True)
class Sampled:
    """How many blobs were opened; which did not open, as (customer, class), the first twenty."""

    opened: int
    failed: int
    places: tuple[tuple[UUID, str], ...]


def open_samples(count: int) -> Sampled:
    """Open so many random blobs of random customers, and forget at once what was in them."""
    with connection.cursor() as cursor:
        cursor.execute(_ALL, (State.ACTIVE, count + 1))
        rows = cursor.fetchall()
        if len({row[0] for row in rows}) > count:
            cursor.execute(_RANDOM, (count, State.ACTIVE, State.ACTIVE, count))
            rows = cursor.fetchall()
        rows = rows[:count]
    if not rows:
        return Sampled(0, 0, ())
    with transaction.atomic(durable=True):
        log.append(VaultEvent.SAMPLE_OPENED, INSPECTOR, details={"count": len(rows)})
    places = tuple(
        (row[0], SensitivityClass(row[6]).code) for row in rows if not _opens(row[0], row[1:])
    )
    if places:
        _say(places)
    return Sampled(len(rows), len(places), places[:MOST_LISTED])


def _opens(customer: UUID, row: tuple[Any, ...]) -> bool:
    *columns, number, version, blob = row
    keys = service.current()
    try:
        header = headers.checked(customer, tuple(columns), keys.named_key("policy"))
        key = keys.customer_key(customer)
        if key is None:
            # Erased since the rows were read: then it must not open.
            return register.facts(customer).gone
        written = header.classes[SensitivityClass(number)]
        sealing.unseal_class(
            keys.install, customer, key, SensitivityClass(number), written, (version, bytes(blob))
        )
    except (Tampered, KeyError, ValueError):
        return False
    return True


def _say(places: tuple[tuple[UUID, str], ...]) -> None:
    with transaction.atomic(durable=True):
        log.append_many(
            log.Draft(
                VaultEvent.OPENING_FAILED, INSPECTOR, customer=customer, details={"class": code}
            )
            for customer, code in places
        )


@dataclass(frozen=True, slots=True)
class Columns:
    """How many stored blobs there are, and how many of them have not the sealed form.

    `undeclared` are columns that nobody declared, as `table.column`; `odd` are declared ones with
    something in them that has not the form of what belongs there, and how often.
    """

    blobs: int
    formless: int
    customers: tuple[UUID, ...]
    undeclared: tuple[str, ...]
    odd: Mapping[str, int]


_LENGTH = f"octet_length(blob) - {sealed.OVERHEAD_BYTES}"
_FORMLESS = (
    f"NOT (substring(blob, 1, 2) = decode('{sealed.HEAD.hex()}', 'hex') AND"
    f" ({_LENGTH} IN ({', '.join(map(str, sealed.STEPS))})"
    f" OR ({_LENGTH} > {sealed.STEPS[-1]} AND ({_LENGTH}) %% {sealed.STEPS[-1]} = 0)))"
)
_COUNTED = f"""
SELECT count(*), count(*) FILTER (WHERE formless),
  (array_agg(customer_id) FILTER (WHERE formless))[1:%s]
FROM (SELECT customer_id, {_FORMLESS} AS formless FROM vault_sealedvalues) v
"""  # noqa: S608 - our own names
# What the migrations made; a column beyond these could hold anything.
_DECLARED = {
    "vault_customer": {
        "id", "state", "version", "key_version", "classes", "seal", "created_at",
    },
    "vault_sealedvalues": {"customer_id", "number", "version", "blob"},
    "vault_token": {"token", "customer"},
    "vault_mark": {"customer", "mark"},
    "vault_said": {"customer", "digests"},
    "vault_sentinel": {"generation"},
    "vault_indexgeneration": {"id", "generation", "keyed_at", "rebuilding_at"},
    "vault_element": {"seal", "key", "label", "number", "index", "kinds"},
}  # fmt: skip


# What each column may look like that could hold a value at all; numbers, moments, flags and
# identifiers cannot.
_CODE = "[a-z0-9][a-z0-9._-]{0,79}"
_FORMS = {
    ("vault_customer", "classes"): "CASE WHEN state = 4 THEN octet_length(classes) = 16 ELSE"
    " octet_length(classes) % 41 = 0 AND octet_length(classes) <= 123"
    " AND (classes = '' OR get_byte(classes, 0) IN (1, 2, 3)) END",
    ("vault_customer", "seal"): "octet_length(seal) = 32",
    ("vault_token", "token"): "octet_length(token) = 16",
    ("vault_mark", "mark"): "octet_length(mark) = 16",
    ("vault_said", "digests"): f"substring(digests, 1, 4) = decode('{said.HEAD.hex()}', 'hex')"
    f" AND octet_length(digests) >= {said.LEAST_BYTES}"
    f" AND (octet_length(digests) - {said.LEAST_BYTES}) % {said.UNIT_BYTES} = 0",
    ("vault_element", "key"): f"key ~ '^{_CODE}$'",
    ("vault_element", "seal"): "octet_length(seal) = 32",
}


def columns() -> Columns:
    """Every stored blob against the sealed form, and every column of the vault against its own."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, (MOST_LISTED,))
        blobs, formless, customers = cursor.fetchone()
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name LIKE 'vault\\_%%' ORDER BY 1, 2",
            (),
        )
        undeclared = tuple(
            f"{table}.{column}"
            for table, column in cursor.fetchall()
            if column not in _DECLARED.get(table, ())
        )
        odd = {
            f"{table}.{column}": _odd(cursor, table, form)
            for (table, column), form in _FORMS.items()
        }
    found = {place: count for place, count in odd.items() if count}
    return Columns(blobs, formless, tuple(customers or ()), undeclared, found)


def _odd(cursor: CursorWrapper, table: str, form: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table} WHERE NOT ({form})")  # noqa: S608 - our own words
    count: int = cursor.fetchone()[0]
    return count
