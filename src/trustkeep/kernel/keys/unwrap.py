"""The ring: the only code that turns wrapped keys into keys, in the memory of one process.

Root and bucket keys are kept for as long as the store's epoch is the one they were read in; it is
compared at every use, and a timer drops them in an idle process.  No customer's key is ever kept.
"""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from sqlite3 import Connection
from uuid import UUID

from trustkeep.base.errors import Misconfigured, Tampered, TrustkeepError
from trustkeep.crypto import keytree
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.keytree import Wrapping, WrongKey
from trustkeep.kernel.keys import store
from trustkeep.kernel.keys.providers import NOT_OURS
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.kernel.keys.store import Kept, KeyStore

DROP_AFTER_S = 60.0  # an erased customer's bucket key is in no process longer than this
CHECK_EVERY_S = 20.0
TABLE, MASTER_CHECK = "bucket-table", "master-check"
LIST_KEYS = tuple(f"reference-list-{group:x}" for group in range(16))  # an erasure replaces some
NAMED = ("policy", "index", "register", "chain", "reference", *LIST_KEYS)

_KEY_AND_EPOCH = (
    "SELECT m.value, k.version, k.wrapped FROM meta m"
    " LEFT JOIN customer_key k ON k.bucket = ? AND k.customer = ? WHERE m.name = ?"
)


@dataclass(frozen=True, slots=True, repr=False)
class CustomerKey:
    """A customer's key, for the length of one act."""

    version: int
    key: bytes


class Epoch:
    """The keys of one epoch, as one transaction of the store may use them."""

    def __init__(self, number: int, root: bytes, table: bytes, install: UUID) -> None:
        self.number, self.install = number, install
        self._root, self._table = root, table
        self._buckets: dict[int, bytes] = {}
        self._named: dict[str, bytes] = {}

    def bucket_key(self, bucket: int) -> bytes:
        """The key of one bucket.

        Raises:
            Tampered: the bucket table was changed.
        """
        key = self._buckets.get(bucket)
        if key is None:
            try:
                key = keytree.unwrap_bucket(
                    self._root, self.install, self.number, self._table, bucket
                )
            except WrongKey:
                raise _changed(f"Bucket {bucket} of the key store") from None
            self._buckets[bucket] = key
        return key

    def customer_key(self, customer: UUID, version: int, wrapped: bytes) -> CustomerKey:
        """A customer's key out of its wrap.

        Raises:
            Tampered: the wrapped key was changed, or moved from another customer.
        """
        bucket_key = self.bucket_key(keytree.bucket_of(customer))
        place = keytree.for_customer(self.install, customer, version)
        try:
            return CustomerKey(version, keytree.unwrap(bucket_key, place, wrapped))
        except WrongKey:
            raise _changed(f"The key of customer {customer}") from None

    def wrapped(
        self, keys: Mapping[UUID, CustomerKey], references: Mapping[UUID, bytes]
    ) -> Iterator[Kept]:
        """Customers' keys as the store keeps them; only inside `store.writing`.

        Beside each stands the hash of the customer's reference, where there is one.  In the order
        of the table: neighbours share a bucket, and a page.
        """
        last, wrapping = -1, None
        for customer in sorted(keys, key=attrgetter("int")):
            bucket = keytree.bucket_of(customer)
            if wrapping is None or bucket != last:
                last, wrapping = bucket, Wrapping(self.bucket_key(bucket))
            version, digest = keys[customer].version, references.get(customer)
            place = keytree.for_customer(self.install, customer, version)
            reference = digest and wrapping.wrap(
                keytree.for_reference(self.install, customer), digest
            )
            yield customer, version, wrapping.wrap(place, keys[customer].key), reference

    def named_key(self, rows: Connection, name: str) -> bytes:
        """One of the keys of `NAMED`.

        Raises:
            Tampered: its wrap was changed.
        """
        key = self._named.get(name)
        if key is None:
            wrapped = store.meta(rows, f"key/{name}") or b""
            try:
                place = keytree.for_name(self.install, name, self.number)
                key = keytree.unwrap(self._root, place, wrapped)
            except WrongKey:
                raise _changed(f"The {name} key of the key store") from None
            self._named[name] = key
        return key

    def opens_anything(self, rows: Connection) -> bool:
        """Whether the secret is this store's at all: a damaged store still opens in part."""
        for name in NAMED:
            try:
                self.named_key(rows, name)
            except Tampered:
                continue
            return True
        return False


class Ring:
    """Gives the keys of the store's present epoch, and forgets those of any other."""

    def __init__(
        self,
        keys: KeyStore,
        slot: FileSlot,
        install: UUID,
        master: bytes,
        wrong: str = NOT_OURS,
    ) -> None:
        self._store, self._slot, self.install, self._master = keys, slot, install, master
        self._wrong = wrong
        self._lock = threading.Lock()
        self._epoch: Epoch | None = None
        self._named: dict[str, bytes] = {}

    def named_key(self, name: str) -> bytes:
        """One of the keys that outlast every epoch: the store's epoch is not asked for.

        Raises:
            Tampered: its wrap was changed.
            ValueError: an erasure replaces this one, so it counts within one reading only.
        """
        if name in LIST_KEYS:
            raise ValueError(f"the key {name} is asked of an epoch")
        key = self._named.get(name)
        if key is None:
            with self._store.reading() as rows:
                key = self._named[name] = self.at(rows).named_key(rows, name)
        return key

    def at(self, rows: Connection) -> Epoch:
        """The epoch that this transaction of the store sees; good for this transaction only.

        A bucket key from before an epoch change would make a wrap that nobody can open, so the
        store's epoch is read anew in each transaction.
        """
        number = store.epoch_of(rows)
        epoch = self._epoch
        if epoch is None or epoch.number != number:
            with self._lock:
                self._epoch = None
                check_master(rows, self._master, self.install, self._wrong)
                root = self.root_for(number, _secret(self._slot, number))
                epoch = Epoch(number, root, store.meta(rows, TABLE) or b"", self.install)
                if not epoch.opens_anything(rows):
                    raise _foreign(self._slot)
                self._epoch = epoch
        return epoch

    def customer_key(self, customer: UUID) -> CustomerKey | None:
        """A customer's key; None: never made, or erased.

        Raises:
            Tampered: the wrapped key or the epoch was changed.
        """
        # One statement sees one state: the wrapped key, and the epoch that it is wrapped in.
        place = (keytree.bucket_of(customer), customer.bytes, store.EPOCH)
        number, *found = self._store.one(_KEY_AND_EPOCH, place) or (None, None, None)
        epoch = self._epoch
        if epoch is not None and number == b"%d" % epoch.number:
            return None if found[1] is None else epoch.customer_key(customer, *found)
        with self._store.reading() as rows:
            stored = store.wrapped_key(rows, customer)
            return stored and self.at(rows).customer_key(customer, *stored)

    def root_for(self, epoch: int, secret: bytes) -> bytes:
        """The root key of an epoch whose secret is at hand."""
        return keytree.root_key(
            master=self._master, epoch_secret=secret, install=self.install, epoch=epoch
        )

    def drop(self) -> None:
        """Forget everything that was read; it is read again at the next use."""
        self._epoch, self._named = None, {}

    def drop_when_idle(self, stop: threading.Event) -> None:
        """Compare the epoch now and then, so that an idle process forgets too."""
        while not stop.wait(CHECK_EVERY_S):
            try:
                with self._store.reading() as rows:
                    current = store.epoch_of(rows)
            except (sqlite3.Error, TrustkeepError):
                current = 0  # the store does not answer: forgetting is the safe choice
            if self._epoch is not None and self._epoch.number != current:
                self.drop()


def master_check(master: bytes, install: UUID) -> bytes:
    """What tells a wrong master key from a changed store, and says nothing else of the key."""
    return expanded(master, b"trustkeep/master-check/v1" + install.bytes)[:16]


def check_master(rows: Connection, master: bytes, install: UUID, wrong: str) -> None:
    """Refuse a master key that is not this store's; `wrong` is what to say of it.

    Raises:
        Misconfigured: it is another installation's key.
    """
    if store.meta(rows, MASTER_CHECK) != master_check(master, install):
        raise Misconfigured(wrong)


def _changed(what: str) -> Tampered:
    return Tampered(f"{what} was changed: restore the key store from its newest backup.")


def _foreign(slot: FileSlot) -> Misconfigured:
    return Misconfigured(
        f"What lies in the primary slot {slot.folder} is not the secret of this key store, but "
        "another slot's: mount the right one, or move it away and fill it anew with `trustkeep "
        "keys slots --restore --kit FILE`."
    )


def _secret(slot: FileSlot, epoch: int) -> bytes:
    try:
        return slot.secret(epoch)
    except WrongKey:
        raise Misconfigured(
            f"The primary slot {slot.folder} holds no secret for the present epoch {epoch}: "
            "mount the right one, or restore it with `trustkeep keys slots --restore --kit FILE`."
        ) from None
