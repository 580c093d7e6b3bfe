"""Which keyed hashes of external references mean which customers: sealed lists per bucket.

A hash belongs to the bucket of its own first 12 bits, so that a look-up opens the lists of one
(`sealed_lists`).  They are sealed in 16 groups, by the first 4 bits, each under a key of its own.
An erasure replaces the key of one group and writes the lists of its 256 buckets anew, each at its
former size: an old copy of the file shows the erased reference no more, nor in which of the 256 it
stood.
Beside each customer's key its hash is wrapped once more; from these the lists can be made again.
Format: `docs/formats/key-tree.md`.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.keytree import BUCKETS, WrongKey
from trustkeep.kernel.keys import sealed_lists, store
from trustkeep.kernel.keys.sealed_lists import (
    ENTRY_BYTES,
    HASH_BYTES,
    Lists,
    OneList,
    Written,
    group_of,
)
from trustkeep.kernel.keys.unwrap import LIST_KEYS, Epoch

RENEWED = "reference-lists-renewed"  # the groups of the last change, with their entries
AT_ONCE = 20_000  # references of one step, where the lists are made again


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
    by_bucket = _by_bucket(hashed)
    found: dict[bytes, UUID] = {}
    for bucket, lists in Lists.at(rows, epoch).of_many(by_bucket):
        found |= _found(lists, by_bucket[bucket])
    return found


def find_or_add(
    rows: sqlite3.Connection, epoch: Epoch, hashed: Sequence[bytes]
) -> tuple[dict[bytes, UUID], dict[bytes, UUID]]:
    """The customers that these hashes mean; and those, new ones, that the others mean from now on.

    Raises:
        Tampered: a list was changed from outside.
    """
    lists, by_bucket = Lists.at(rows, epoch), _by_bucket(hashed)
    known: dict[bytes, UUID] = {}
    fresh: dict[bytes, UUID] = {}

    def grown() -> Iterator[Written]:
        for bucket, before in lists.of_many(by_bucket):
            there = _found(before, by_bucket[bucket])
            known.update(there)
            new = {one: world.new_id() for one in by_bucket[bucket] if one not in there}
            if new:
                fresh.update(new)
                more = b"".join(digest + customer.bytes for digest, customer in new.items())
                yield sealed_lists.grown(bucket, before, more)

    lists.put(grown())  # one after the other, so that few are in memory
    return known, fresh


def _found(lists: Sequence[OneList], hashed: Iterable[bytes]) -> dict[bytes, UUID]:
    entries = lists[0].entries if len(lists) == 1 else b"".join([one.entries for one in lists])
    return {
        digest: UUID(bytes=entries[place + HASH_BYTES : place + ENTRY_BYTES])
        for digest in hashed
        if (place := _place_of(entries, digest)) >= 0
    }


def add(rows: sqlite3.Connection, epoch: Epoch, references: Mapping[bytes, UUID]) -> None:
    """Let hashes mean customers.

    Raises:
        Conflict: one of them means somebody already.
        Tampered: a list was changed from outside.
    """
    lists, by_bucket = Lists.at(rows, epoch), _by_bucket(references)
    # All of them before the first is written: a conflict changes nothing.
    lists.put(
        [
            _longer(references, bucket, before, by_bucket[bucket])
            for bucket, before in lists.of_many(by_bucket)
        ]
    )


def _longer(
    references: Mapping[bytes, UUID], bucket: int, before: Sequence[OneList], some: Sequence[bytes]
) -> Written:
    if _found(before, some):
        raise Conflict("This external reference belongs to another customer; nothing was changed.")
    more = b"".join(digest + references[digest].bytes for digest in some)
    return sealed_lists.grown(bucket, before, more)


def renew(rows: sqlite3.Connection, old: Epoch, gone: Collection[bytes]) -> dict[str, bytes]:
    """Write the groups of these hashes anew without them; returns the new keys, by name.

    Each list keeps its size: what became shorter would show where the erased reference stood.
    """
    gone_from = _by_bucket(gone)
    groups = {group_of(bucket) for bucket in gone_from}
    keys = {LIST_KEYS[group]: keytree.new_key() for group in groups}
    before = Lists.at(rows, old)
    after = Lists(rows, old.install, sealed_lists.keys(rows, old) | keys)
    shorter = [_shorter(before, one, gone_from.get(one, ())) for one in buckets_of(groups)]
    after.put(written for written, _ in shorter)
    entries = sum(count for _, count in shorter)
    said = {"groups": sorted(groups), "entries": entries - len(gone)}
    store.set_meta(rows, RENEWED, json.dumps(said).encode())
    return keys


def verify_renewed(rows: sqlite3.Connection, epoch: Epoch) -> int:
    """Open every list that the last change wrote anew; returns how many entries they have.

    Raises:
        Tampered: a list does not open, or has lost an entry.
    """
    said = json.loads(store.meta(rows, RENEWED) or b'{"groups": [], "entries": 0}')
    count = _count(Lists.at(rows, epoch), buckets_of(said["groups"]))
    if count != said["entries"]:
        raise Tampered("The lists of references were not written as they should be.")
    return count


def _count(lists: Lists, buckets: Iterable[int]) -> int:
    return sum(len(lists.entries(bucket)) // ENTRY_BYTES for bucket in buckets)


def _shorter(lists: Lists, bucket: int, gone: Sequence[bytes]) -> tuple[Written, int]:
    """A bucket without some of its entries, and how many it had."""
    before = lists.of(bucket)
    # The closed ones first: from an entry's place among them nothing may follow.
    entries = b"".join(one.entries for one in (*before[1:], before[0]))
    count = len(entries) // ENTRY_BYTES
    for digest in gone:
        place = _place_of(entries, digest)
        if place >= 0:
            entries = entries[:place] + entries[place + ENTRY_BYTES :]
    return sealed_lists.dealt(bucket, before, entries), count


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
    Lists.at(rows, epoch).make()
    stored = rows.execute(
        "SELECT customer, reference FROM customer_key WHERE reference IS NOT NULL"
    )
    known = _unwrapped(epoch, stored)
    while some := dict(islice(known, AT_ONCE)):
        add(rows, epoch, some)


def _unwrapped(epoch: Epoch, stored: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, UUID]]:
    for customer, reference in stored:
        subject = UUID(bytes=customer)
        yield unwrapped(epoch, subject, reference), subject


def verify(rows: sqlite3.Connection, epoch: Epoch) -> int:
    """Open every list and count; returns how many references there are.

    Raises:
        Tampered: a list does not open, or there are more or fewer than customers who have one.
    """
    total = _count(Lists.at(rows, epoch), range(BUCKETS))
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
