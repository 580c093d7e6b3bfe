"""One bucket of the key store as bytes, for key backups: keys, references and register facts.

Keys: a count of four bytes, then each 16 bytes customer, 4 bytes version, 60 bytes wrap, 60 bytes
wrapped hash of the reference (zeros: none).  Facts: a count, then each as six length-prefixed
parts.  Then the head of 32 bytes.
"""

import sqlite3
import struct

from trustkeep.base.errors import Tampered
from trustkeep.crypto.encoding import joined, u32, u64
from trustkeep.crypto.keytree import WRAPPED_BYTES

_KEY = struct.Struct(f">16sI{WRAPPED_BYTES}s{WRAPPED_BYTES}s")
_NO_REFERENCE = bytes(WRAPPED_BYTES)
_COUNT = struct.Struct(">I")
_PARTS = 6


def of(rows: sqlite3.Connection, bucket: int) -> bytes:
    """The record of one bucket."""
    keys = rows.execute(
        "SELECT customer, version, wrapped, coalesce(reference, ?) FROM customer_key"
        " WHERE bucket = ?",
        (_NO_REFERENCE, bucket),
    ).fetchall()
    facts = rows.execute(
        "SELECT n, subject, fact, at, details, head FROM register WHERE bucket = ? ORDER BY n",
        (bucket,),
    ).fetchall()
    (head,) = rows.execute("SELECT head FROM bucket WHERE bucket = ?", (bucket,)).fetchone()
    return b"".join(
        (
            u32(len(keys)),
            *(_KEY.pack(*key) for key in keys),
            u32(len(facts)),
            *(
                joined(u64(n), subject, fact.encode(), at.encode(), details, after)
                for n, subject, fact, at, details, after in facts
            ),
            head,
        )
    )


def put(rows: sqlite3.Connection, bucket: int, generation: int, record: bytes) -> None:
    """Write a record into a fresh store.

    Raises:
        Tampered: the bytes are not a record.
    """
    try:
        at = _put_keys(rows, bucket, record)
        entries, at = _put_facts(rows, bucket, record, at)
    except (struct.error, UnicodeDecodeError, sqlite3.Error):
        raise Tampered("A pack of the key backup was changed: use an earlier backup.") from None
    if len(record) - at != 32:
        raise Tampered("A pack of the key backup was cut off: use an earlier backup.")
    rows.execute(
        "UPDATE bucket SET generation = ?, entries = ?, head = ? WHERE bucket = ?",
        (generation, entries, record[at:], bucket),
    )


def _put_keys(rows: sqlite3.Connection, bucket: int, record: bytes) -> int:
    count = int.from_bytes(record[:4], "big")
    for number in range(count):
        key = _KEY.unpack_from(record, 4 + number * _KEY.size)
        rows.execute(
            "INSERT INTO customer_key VALUES (?, ?, ?, ?, NULLIF(?, ?))",
            (bucket, *key, _NO_REFERENCE),
        )
    return 4 + count * _KEY.size


def _put_facts(rows: sqlite3.Connection, bucket: int, record: bytes, at: int) -> tuple[int, int]:
    (count,) = _COUNT.unpack_from(record, at)
    at += 4
    for _ in range(count):
        parts = []
        for _ in range(_PARTS):
            (length,) = _COUNT.unpack_from(record, at)
            parts.append(record[at + 4 : at + 4 + length])
            at += 4 + length
        n, subject, fact, moment, details, head = parts
        rows.execute(
            "INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?)",
            (bucket, int.from_bytes(n, "big"), subject, fact.decode(), moment.decode(), details,
             head),
        )  # fmt: skip
    return count, at
