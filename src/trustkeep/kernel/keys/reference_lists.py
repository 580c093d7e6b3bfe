"""Which keyed hashes of external references mean which customers: one sealed list per bucket.

A hash belongs to the bucket of its own first 12 bits, so that a look-up opens one list.  The lists
are sealed in 16 groups, by the first 4 bits, each under a key of its own.  An erasure replaces the
key of one group and writes its 256 lists anew, each at its former size: an old copy of the file
shows the erased reference no more, nor in which of the 256 it stood.
Beside each customer's key its hash is wrapped once more; from these the lists can be made again.
Format: `docs/formats/key-tree.md`.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.encoding import joined, u16, u32
from trustkeep.crypto.keytree import BUCKETS, NONCE_BYTES, WrongKey
from trustkeep.kernel.keys import store
from trustkeep.kernel.keys.unwrap import LIST_KEYS, Epoch

RENEWED = "reference-lists-renewed"  # the groups of the last change, with their entries
HASH_BYTES, CUSTOMER_BYTES = 32, 16
ENTRY_BYTES = HASH_BYTES + CUSTOMER_BYTES
ROOM = 8  # a list is as long as a multiple of so many entries: its size says little of their number
Written = tuple[int, bytes, int]  # bucket, entries, room for at least so many
_LABEL = b"trustkeep/reference-list/v1"
_PUT = (
    "INSERT INTO reference_list VALUES (?, ?)"
    " ON CONFLICT (bucket) DO UPDATE SET list = excluded.list"
)


class Lists:
    """The lists of one installation under their keys, inside a transaction of the store."""

    def __init__(self, rows: sqlite3.Connection, install: UUID, named: Mapping[str, bytes]) -> None:
        self._rows, self._install = rows, install
        self._ciphers = [AESGCM(named[name]) for name in LIST_KEYS]

    @classmethod
    def at(cls, rows: sqlite3.Connection, epoch: Epoch) -> "Lists":
        """The lists as they stand."""
        return cls(rows, epoch.install, _keys(rows, epoch))

    def entries(self, bucket: int) -> tuple[bytes, int]:
        """The entries of one list one after the other, and for how many there is room.

        Raises:
            Tampered: the list was changed from outside.
        """
        row = self._rows.execute(
            "SELECT list FROM reference_list WHERE bucket = ?", (bucket,)
        ).fetchone()
        sealed = row[0] if row else b""
        try:
            opened = self._ciphers[group_of(bucket)].decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], self._place(bucket)
            )
        except (InvalidTag, ValueError, TypeError):
            raise Tampered(
                f"The references of bucket {bucket} of the key store were changed: restore the "
                "key store from its newest backup."
            ) from None
        count = int.from_bytes(opened[:4], "big")
        return opened[4 : 4 + count * ENTRY_BYTES], (len(opened) - 4) // ENTRY_BYTES

    def put(self, written: Iterable[Written]) -> None:
        """Write some lists."""
        self._rows.executemany(_PUT, (self._sealed(*one) for one in written))

    def make(self, known: Mapping[bytes, UUID]) -> None:
        """Write all lists, for a store that has none."""
        by_bucket = _by_bucket(known)
        self.put(
            (bucket, b"".join(one + known[one].bytes for one in by_bucket[bucket]), 0)
            for bucket in range(BUCKETS)
        )

    def _sealed(self, bucket: int, entries: bytes, room: int) -> tuple[int, bytes]:
        count = len(entries) // ENTRY_BYTES
        width = max(room, -(-max(count, 1) // ROOM) * ROOM)
        opened = u32(count) + entries.ljust(width * ENTRY_BYTES, b"\0")
        nonce = world.random_bytes(NONCE_BYTES)
        cipher = self._ciphers[group_of(bucket)]
        return bucket, nonce + cipher.encrypt(nonce, opened, self._place(bucket))

    def _place(self, bucket: int) -> bytes:
        return joined(_LABEL, self._install.bytes, u16(bucket))


def group_of(bucket: int) -> int:
    """The group of a bucket, from 0: the first 4 of its 12 bits."""
    return bucket >> 8


def buckets_of(groups: Collection[int]) -> list[int]:
    """The buckets of some groups."""
    return [bucket for group in sorted(groups) for bucket in range(group << 8, (group + 1) << 8)]


def bucket_of(digest: bytes) -> int:
    """The bucket of a hash: its first 12 bits."""
    return int.from_bytes(digest[:2], "big") >> 4


def find(rows: sqlite3.Connection, epoch: Epoch, hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that these hashes mean; unknown ones are left out.

    Raises:
        Tampered: a list was changed from outside.
    """
    lists = Lists.at(rows, epoch)
    found: dict[bytes, UUID] = {}
    for bucket, some in _by_bucket(hashed).items():
        entries, _ = lists.entries(bucket)
        for digest in some:
            place = _place_of(entries, digest)
            if place >= 0:
                found[digest] = UUID(bytes=entries[place + HASH_BYTES : place + ENTRY_BYTES])
    return found


def add(rows: sqlite3.Connection, epoch: Epoch, references: Mapping[bytes, UUID]) -> None:
    """Let hashes mean customers.

    Raises:
        Conflict: one of them means somebody already.
        Tampered: a list was changed from outside.
    """
    lists = Lists.at(rows, epoch)
    lists.put([_longer(lists, references, *one) for one in _by_bucket(references).items()])


def _longer(
    lists: Lists, references: Mapping[bytes, UUID], bucket: int, some: Sequence[bytes]
) -> Written:
    entries, room = lists.entries(bucket)
    if any(_place_of(entries, digest) >= 0 for digest in some):
        raise Conflict("This external reference belongs to another customer; nothing was changed.")
    more = (digest + references[digest].bytes for digest in some)
    return bucket, b"".join((entries, *more)), room


def renew(rows: sqlite3.Connection, old: Epoch, gone: Collection[bytes]) -> dict[str, bytes]:
    """Write the groups of these hashes anew without them; returns the new keys, by name.

    Each list keeps its size: what became shorter would show where the erased reference stood.
    """
    gone_from = _by_bucket(gone)
    groups = {group_of(bucket) for bucket in gone_from}
    keys = {LIST_KEYS[group]: keytree.new_key() for group in groups}
    before = Lists.at(rows, old)
    after = Lists(rows, old.install, _keys(rows, old) | keys)
    buckets = buckets_of(groups)
    entries = sum(len(before.entries(bucket)[0]) // ENTRY_BYTES for bucket in buckets)
    after.put([_shorter(before, bucket, gone_from.get(bucket, ())) for bucket in buckets])
    said = {"groups": sorted(groups), "entries": entries - len(gone)}
    store.set_meta(rows, RENEWED, json.dumps(said).encode())
    return keys


def verify_renewed(rows: sqlite3.Connection, epoch: Epoch) -> int:
    """Open every list that the last change wrote anew; returns how many entries they have.

    Raises:
        Tampered: a list does not open, or has lost an entry.
    """
    said = json.loads(store.meta(rows, RENEWED) or b'{"groups": [], "entries": 0}')
    lists = Lists.at(rows, epoch)
    count = sum(
        len(lists.entries(bucket)[0]) // ENTRY_BYTES for bucket in buckets_of(said["groups"])
    )
    if count != said["entries"]:
        raise Tampered("The lists of references were not written as they should be.")
    return count


def _keys(rows: sqlite3.Connection, epoch: Epoch) -> dict[str, bytes]:
    return {name: epoch.named_key(rows, name) for name in LIST_KEYS}


def _shorter(lists: Lists, bucket: int, gone: Sequence[bytes]) -> Written:
    entries, room = lists.entries(bucket)
    for digest in gone:
        place = _place_of(entries, digest)
        if place >= 0:
            entries = entries[:place] + entries[place + ENTRY_BYTES :]
    return bucket, entries, room


def wrapped(epoch: Epoch, customer: UUID, digest: bytes | None) -> bytes | None:
    """The hash of a customer's reference, to stand beside the customer's key."""
    if digest is None:
        return None
    key = epoch.bucket_key(keytree.bucket_of(customer))
    return keytree.wrap(key, keytree.for_reference(epoch.install, customer), digest)


def unwrapped(epoch: Epoch, customer: UUID, stored: bytes) -> bytes:
    """The hash of a customer's reference out of what stands beside the key.

    Raises:
        Tampered: it was changed, or moved from another customer.
    """
    key = epoch.bucket_key(keytree.bucket_of(customer))
    try:
        return keytree.unwrap(key, keytree.for_reference(epoch.install, customer), stored)
    except WrongKey:
        raise Tampered(
            f"The reference of customer {customer} in the key store was changed: restore the key "
            "store from its newest backup."
        ) from None


def make_again(rows: sqlite3.Connection, epoch: Epoch) -> None:
    """Make the lists out of what stands beside the customers' keys: a key backup holds no lists.

    Raises:
        Tampered: what stands there was changed.
    """
    stored = rows.execute(
        "SELECT customer, reference FROM customer_key WHERE reference IS NOT NULL"
    )
    known: dict[bytes, UUID] = {}
    for customer, reference in stored:
        subject = UUID(bytes=customer)
        known[unwrapped(epoch, subject, reference)] = subject
    Lists.at(rows, epoch).make(known)


def verify(rows: sqlite3.Connection, epoch: Epoch) -> int:
    """Open every list and count; returns how many references there are.

    Raises:
        Tampered: a list does not open, or there are more or fewer than customers who have one.
    """
    lists = Lists.at(rows, epoch)
    total = sum(len(lists.entries(bucket)[0]) // ENTRY_BYTES for bucket in range(BUCKETS))
    (stored,) = rows.execute("SELECT count(reference) FROM customer_key").fetchone()
    if total != stored:
        raise Tampered(
            "The references of the key store do not fit its customers: restore it from its newest "
            "backup."
        )
    return total


def _by_bucket(hashed: Iterable[bytes]) -> defaultdict[int, list[bytes]]:
    by_bucket: defaultdict[int, list[bytes]] = defaultdict(list)
    for digest in hashed:
        by_bucket[bucket_of(digest)].append(digest)
    return by_bucket


def _place_of(entries: bytes, digest: bytes) -> int:
    place = entries.find(digest)
    while place % ENTRY_BYTES and place >= 0:  # across two entries: not one
        place = entries.find(digest, place + 1)
    return place
