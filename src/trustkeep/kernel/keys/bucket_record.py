"""One bucket of the key store as bytes, for key backups: keys, references and register facts.

Keys: a count of four bytes, then each 16 bytes customer, 4 bytes version, 60 bytes wrap, 60 bytes
wrapped hash of the reference (zeros: none).  Facts: a count, then each as six length-prefixed
parts.  Then the head of 32 bytes.  Written and read piece by piece.
"""

import sqlite3
import struct
from collections.abc import Iterable, Iterator

from trustkeep.base.errors import Tampered
from trustkeep.crypto.encoding import joined, u32, u64
from trustkeep.crypto.keytree import WRAPPED_BYTES

_KEY = struct.Struct(f">16sI{WRAPPED_BYTES}s{WRAPPED_BYTES}s")
_NO_REFERENCE = bytes(WRAPPED_BYTES)
_PARTS, _HEAD_BYTES = 6, 32


def of(rows: sqlite3.Connection, bucket: int) -> Iterator[bytes]:
    """The record of one bucket, in pieces."""
    where = (bucket,)
    yield _count(rows, "SELECT count(*) FROM customer_key WHERE bucket = ?", where)
    yield from map(
        _packed,
        rows.execute(
            "SELECT customer, version, wrapped, reference FROM customer_key WHERE bucket = ?", where
        ),
    )
    yield _count(rows, "SELECT count(*) FROM register WHERE bucket = ?", where)
    for n, subject, fact, at, details, after in rows.execute(
        "SELECT n, subject, fact, at, details, head FROM register WHERE bucket = ? ORDER BY n",
        where,
    ):
        yield joined(u64(n), subject, fact.encode(), at.encode(), details, after)
    (head,) = rows.execute("SELECT head FROM bucket WHERE bucket = ?", where).fetchone()
    yield head


def _count(rows: sqlite3.Connection, counting: str, where: tuple[int]) -> bytes:
    (count,) = rows.execute(counting, where).fetchone()
    return u32(count)


def _packed(key: tuple[bytes, int, bytes, bytes | None]) -> bytes:
    customer, version, wrapped, reference = key
    return _KEY.pack(customer, version, wrapped, reference or _NO_REFERENCE)


def put(rows: sqlite3.Connection, bucket: int, generation: int, pieces: Iterable[bytes]) -> None:
    """Write a record into a fresh store; to be undone if this fails.

    Raises:
        Tampered: the bytes are not a record.
    """
    record = _Pieces(pieces)
    try:
        for _ in range(record.number()):
            _put_key(rows, bucket, record.take(_KEY.size))
        entries = record.number()
        for _ in range(entries):
            _put_fact(rows, bucket, [record.take(record.number()) for _ in range(_PARTS)])
    except (UnicodeDecodeError, sqlite3.Error):
        raise Tampered("A pack of the key backup was changed: use an earlier backup.") from None
    head = record.take(_HEAD_BYTES)
    record.end()
    rows.execute(
        "UPDATE bucket SET generation = ?, entries = ?, head = ? WHERE bucket = ?",
        (generation, entries, head, bucket),
    )


def _put_key(rows: sqlite3.Connection, bucket: int, key: bytes) -> None:
    rows.execute(
        "INSERT INTO customer_key VALUES (?, ?, ?, ?, NULLIF(?, ?))",
        (bucket, *_KEY.unpack(key), _NO_REFERENCE),
    )


def _put_fact(rows: sqlite3.Connection, bucket: int, parts: list[bytes]) -> None:
    n, subject, fact, at, details, head = parts
    rows.execute(
        "INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?)",
        (bucket, int.from_bytes(n, "big"), subject, fact.decode(), at.decode(), details, head),
    )


class _Pieces:
    """A record that is read from its beginning to its end, with no more of it at hand than that."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._more = iter(pieces)
        self._at_hand, self._at = b"", 0

    def take(self, length: int) -> bytes:
        """The next so many bytes."""
        while len(self._at_hand) - self._at < length:
            piece = next(self._more, None)
            if piece is None:
                raise _cut_off()
            self._at_hand, self._at = self._at_hand[self._at :] + piece, 0
        self._at += length
        return self._at_hand[self._at - length : self._at]

    def number(self) -> int:
        """The next four bytes."""
        return int.from_bytes(self.take(4), "big")

    def end(self) -> None:
        """Nothing may follow."""
        if self._at != len(self._at_hand) or any(self._more):
            raise _cut_off()


def _cut_off() -> Tampered:
    return Tampered("A pack of the key backup is not as it was written: use an earlier backup.")
