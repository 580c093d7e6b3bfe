"""The new world of an epoch change: everything wrapped anew, nothing of the erased taken along."""

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from trustkeep.crypto import keytree
from trustkeep.kernel.keys import reference_lists, store, unwrap
from trustkeep.kernel.keys.unwrap import Epoch


def rewrap(
    rows: sqlite3.Connection, old: Epoch, root: bytes, epoch: int, *, erased: Sequence[UUID]
) -> None:
    """New keys for the buckets of the erased and their lists, new wraps under the root."""
    gone = [_dropped(rows, old, customer) for customer in erased]
    keys = [old.bucket_key(bucket) for bucket in range(keytree.BUCKETS)]
    for bucket in {keytree.bucket_of(customer) for customer in erased}:
        keys[bucket] = keytree.new_key()
        survivors = [_moved(old, keys[bucket], kept) for kept in store.keys_in(rows, bucket)]
        store.replace_keys(rows, bucket, survivors)
    store.set_meta(rows, unwrap.TABLE, keytree.wrap_buckets(root, old.install, epoch, keys))
    named = {name: old.named_key(rows, name) for name in unwrap.NAMED}
    named |= reference_lists.renew(rows, old, [one for one in gone if one])
    for name, key in named.items():
        place = keytree.for_name(old.install, name, epoch)
        store.set_meta(rows, f"key/{name}", keytree.wrap(root, place, key))


def _dropped(rows: sqlite3.Connection, old: Epoch, customer: UUID) -> bytes | None:
    """Drop a customer's key; returns the hash of the reference that led to it."""
    stored = store.wrapped_reference(rows, customer)
    store.drop_key(rows, customer)
    return stored and reference_lists.unwrapped(old, customer, stored)


def _moved(old: Epoch, new_key: bytes, kept: store.Kept) -> store.Kept:
    """A customer's key and reference, wrapped by the new key of the bucket."""
    customer, version, wrapped, reference = kept
    key = old.customer_key(customer, version, wrapped).key
    place = keytree.for_customer(old.install, customer, version)
    if reference is not None:
        digest = reference_lists.unwrapped(old, customer, reference)
        reference = keytree.wrap(new_key, keytree.for_reference(old.install, customer), digest)
    return customer, version, keytree.wrap(new_key, place, key), reference
