"""The sealed lists of references: for each bucket an open list, and closed ones behind it.

New references go to the open list, which is short; when it is full, all of it moves to the last
closed list, or to a new one.  So what a reference costs does not follow how many there are.
Format: `docs/formats/key-tree.md`.
"""

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.base.errors import Tampered
from trustkeep.crypto.encoding import joined
from trustkeep.crypto.keytree import BUCKETS, NONCE_BYTES
from trustkeep.kernel.keys.unwrap import LIST_KEYS, Epoch

HASH_BYTES, CUSTOMER_BYTES = 32, 16
ENTRY_BYTES = HASH_BYTES + CUSTOMER_BYTES
OPEN, CLOSED = 16, 256  # entries of a list at most
ROOM = 8  # a closed list is as long as a multiple of so many entries: its size says little
_CLOSED_AT = 20  # bits of a place below the bucket of a closed list
_BY_BUCKET, _BY_BUCKET_AND_PLACE = itemgetter(0), itemgetter(0, 1)
_LABEL = b"trustkeep/reference-list/v2"
_PLACE = Struct(">IHII")  # `joined` of u16 bucket and u32 number, at a tenth of its time
_HEAD = Struct(">II")  # count, how many closed lists
# The open lists of some buckets, and whatever stands in the places of their closed ones (20 is
# `_CLOSED_AT`).
_OF = (
    "WITH wanted (bucket) AS (VALUES %s)"
    " SELECT bucket, place, list FROM wanted CROSS JOIN reference_list ON place = bucket UNION ALL"
    " SELECT bucket, place, list FROM wanted CROSS JOIN reference_list"
    " ON place BETWEEN ((bucket + 1) << 20) + 1 AND (bucket + 2) << 20"
)
_AT_ONCE = 400  # buckets in one statement
_PUT = (
    "INSERT INTO reference_list VALUES (?, ?)"
    " ON CONFLICT (place) DO UPDATE SET list = excluded.list"
)


class OneList(NamedTuple):
    """Entries one after the other, and for how many there is room at least."""

    entries: bytes
    room: int = OPEN


class Written(NamedTuple):
    """Lists of one bucket that are to be written, by number, and how many closed ones it has."""

    bucket: int
    closed: int
    lists: Mapping[int, OneList]


class Lists:
    """The lists of one installation under their keys, inside a transaction of the store."""

    def __init__(self, rows: sqlite3.Connection, install: UUID, named: Mapping[str, bytes]) -> None:
        self._rows, self._install = rows, joined(_LABEL, install.bytes)
        self._ciphers = [AESGCM(named[name]) for name in LIST_KEYS]

    @classmethod
    def at(cls, rows: sqlite3.Connection, epoch: Epoch) -> "Lists":
        """The lists as they stand."""
        return cls(rows, epoch.install, keys(rows, epoch))

    def of(self, bucket: int) -> list[OneList]:
        """The lists of a bucket: the open one, then the closed ones in their order.

        Raises:
            Tampered: a list was changed from outside, or is gone.
        """
        ((_, lists),) = self.of_many((bucket,))
        return lists

    def of_many(self, buckets: Iterable[int]) -> Iterator[tuple[int, list[OneList]]]:
        """The lists of some buckets, with few of them in memory at a time.

        Raises:
            Tampered: a list was changed from outside, or is gone.
        """
        remaining = iter(buckets)
        while some := list(islice(remaining, _AT_ONCE)):
            stored = self._rows.execute(_OF % ",".join(["(?)"] * len(some)), some).fetchall()
            stored.sort(key=_BY_BUCKET_AND_PLACE)
            by_bucket = {bucket: list(lists) for bucket, lists in groupby(stored, _BY_BUCKET)}
            for bucket in some:
                yield bucket, self._all_opened(bucket, by_bucket.get(bucket, ()))

    def _all_opened(self, bucket: int, stored: Collection[tuple[int, int, bytes]]) -> list[OneList]:
        opened = [self._opened(bucket, number, row[2]) for number, row in enumerate(stored)]
        if not opened or opened[0][1] != len(opened) - 1:
            raise _changed(bucket)
        return [one for one, _ in opened]

    def entries(self, bucket: int) -> bytes:
        """All entries of a bucket.

        Raises:
            Tampered: a list was changed from outside, or is gone.
        """
        return b"".join(one.entries for one in self.of(bucket))

    def put(self, written: Iterable[Written]) -> None:
        """Write some lists."""
        self._rows.executemany(_PUT, (row for one in written for row in self._sealed(one)))

    def make(self) -> None:
        """Write an empty open list for each bucket, for a store that has none."""
        self.put(Written(bucket, 0, {0: OneList(b"")}) for bucket in range(BUCKETS))

    def _opened(self, bucket: int, number: int, sealed: bytes) -> tuple[OneList, int]:
        try:
            opened = self._ciphers[group_of(bucket)].decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._place(bucket, number)
            )
        except (InvalidTag, ValueError, TypeError):
            raise _changed(bucket) from None
        count, closed = _HEAD.unpack_from(opened)
        room = (len(opened) - _HEAD.size) // ENTRY_BYTES
        return OneList(opened[_HEAD.size : _HEAD.size + count * ENTRY_BYTES], room), closed

    def _sealed(self, written: Written) -> Iterator[tuple[int, bytes]]:
        bucket, cipher = written.bucket, self._ciphers[group_of(written.bucket)]
        for number, one in written.lists.items():
            count = len(one.entries) // ENTRY_BYTES
            room = max(one.room, -(-count // ROOM) * ROOM)
            # The open list says how many others there are: otherwise the last could be taken away.
            head = _HEAD.pack(count, 0 if number else written.closed)
            nonce = world.random_bytes(NONCE_BYTES)
            opened = head + one.entries.ljust(room * ENTRY_BYTES, b"\0")
            sealed = cipher.encrypt(nonce, opened, self._place(bucket, number))
            yield place_of(bucket, number), nonce + sealed

    def _place(self, bucket: int, number: int) -> bytes:
        return self._install + _PLACE.pack(2, bucket, 4, number)


def keys(rows: sqlite3.Connection, epoch: Epoch) -> dict[str, bytes]:
    """The keys of the groups of lists, by name."""
    return {name: epoch.named_key(rows, name) for name in LIST_KEYS}


def group_of(bucket: int) -> int:
    """The group of a bucket, from 0: the first 4 of its 12 bits."""
    return bucket >> 8


def place_of(bucket: int, number: int) -> int:
    """Where a list stands: the open lists together, the closed ones of a bucket together."""
    return (bucket + 1) << _CLOSED_AT | number if number else bucket


def bucket_and_number(place: int) -> tuple[int, int]:
    """Whose list stands at a place."""
    if place < BUCKETS:
        return place, 0
    return (place >> _CLOSED_AT) - 1, place & ((1 << _CLOSED_AT) - 1)


def _changed(bucket: int) -> Tampered:
    return Tampered(
        f"The references of bucket {bucket} of the key store were changed: restore the key store "
        "from its newest backup."
    )


def grown(bucket: int, lists: Sequence[OneList], more: bytes) -> Written:
    """What is to be written so that a bucket has more entries: few lists, however many it has."""
    fresh, last = lists[0].entries + more, len(lists) - 1
    if len(fresh) <= OPEN * ENTRY_BYTES:
        return Written(bucket, last, {0: OneList(fresh)})
    room = 0
    if last and len(lists[last].entries) < CLOSED * ENTRY_BYTES:
        fresh, room = lists[last].entries + fresh, lists[last].room
    else:
        last += 1
    step = CLOSED * ENTRY_BYTES
    pieces = [fresh[at : at + step] for at in range(0, len(fresh), step)]
    closed = {last + at: OneList(piece, room) for at, piece in enumerate(pieces)}
    return Written(bucket, max(closed), {0: OneList(b""), **closed})


def dealt(bucket: int, lists: Sequence[OneList], entries: bytes) -> Written:
    """All lists of a bucket with these entries, no more than it had, each at its former size.

    The closed lists are filled first, so that no gap shows where an entry was taken out.
    """
    written, at = {}, 0
    for number in (*range(1, len(lists)), 0):
        room = lists[number].room
        written[number] = OneList(entries[at : at + room * ENTRY_BYTES], room)
        at += room * ENTRY_BYTES
    return Written(bucket, len(lists) - 1, written)
