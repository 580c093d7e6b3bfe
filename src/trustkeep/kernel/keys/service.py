"""The key service of this process: one object while the installation is unsealed.

Used in process by default; a service of its own would offer the same methods.
"""

import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustkeep.base.errors import KeysChanging, SealedStart
from trustkeep.crypto import keytree
from trustkeep.kernel.keys import reference_lists, rollback, sealed_meta, signing, store
from trustkeep.kernel.keys.providers import MasterKeyProvider
from trustkeep.kernel.keys.slots import FileSlot, recovery_slot
from trustkeep.kernel.keys.standing import Seen
from trustkeep.kernel.keys.store import KeyStore
from trustkeep.kernel.keys.unwrap import CustomerKey, Epoch, Ring, check_master

INSTALL, RECIPIENT, TRANSITION = "install", "recovery-recipient", "transition"


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where an installation keeps its keys.  `recovery` is None where the owner declined one."""

    store: Path
    primary: Path
    recovery: Path | None
    backups: Path


@dataclass(slots=True, repr=False)
class KeyService:
    """The unsealed keys of one installation, in this process."""

    places: KeyPlaces
    install: UUID
    store: KeyStore
    ring: Ring
    primary: FileSlot
    recovery: FileSlot | None
    signer: Ed25519PrivateKey
    master: bytes
    seen: Seen = field(default_factory=Seen)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def slots(self) -> tuple[FileSlot, ...]:
        """Every slot, the primary first."""
        return (self.primary, self.recovery) if self.recovery else (self.primary,)

    def epoch(self) -> int:
        """The present epoch."""
        with self.store.reading() as rows:
            return self.ring.at(rows).number

    def named_key(self, name: str) -> bytes:
        """One of the long-lived keys of `unwrap.NAMED`."""
        return self.ring.named_key(name)

    def customer_key(self, customer: UUID) -> CustomerKey | None:
        """A customer's key; None: never made, or erased.  For `kernel.vault` only."""
        return self.ring.customer_key(customer)

    def customer_keys(self, customers: Sequence[UUID]) -> dict[UUID, CustomerKey]:
        """The keys of many customers in one reading; those without a key are left out."""
        with self.store.reading() as rows:
            epoch = self.ring.at(rows)
            return {
                customer: epoch.customer_key(customer, version, wrapped)
                for customer, version, wrapped in store.wrapped_keys(rows, customers)
            }

    def create_customer_keys(
        self, customers: Sequence[UUID], references: Mapping[bytes, UUID]
    ) -> dict[UUID, CustomerKey]:
        """Make and store a key for each new customer, durable when this returns.

        `references` are the keyed hashes that shall mean them, from `references.hashes`.

        Raises:
            KeysChanging: an epoch change is under way.
            Conflict: a key or reference is there already.
        """
        with self.store.writing() as rows:
            refuse_in_transition(rows)
            epoch = self.ring.at(rows)
            made = _made(rows, epoch, customers, references)
            reference_lists.add(rows, epoch, references)
        return made

    def customers_of(
        self, hashed: Sequence[bytes]
    ) -> tuple[dict[bytes, UUID], dict[bytes, UUID], dict[UUID, CustomerKey]]:
        """Whom references mean that were known; whom the others mean from now on; the new keys.

        `hashed` are from `references.hashes`.  One look at the lists for both: it is most of the
        work.  What is new is durable when this returns.

        Raises:
            KeysChanging: some are new, and an epoch change is under way.
            Tampered: what the key store says of references was changed from outside.
        """
        with self.store.writing() as rows:
            epoch = self.ring.at(rows)
            known, fresh = reference_lists.find_or_add(rows, epoch, hashed)
            if fresh:
                refuse_in_transition(rows)
            made = _made(rows, epoch, list(fresh.values()), fresh)
        return known, fresh, made

    def close(self) -> None:
        """Forget every key and close the store."""
        self.stop.set()
        self.ring.drop()
        self.store.close()


def _made(
    rows: sqlite3.Connection,
    epoch: Epoch,
    customers: Sequence[UUID],
    references: Mapping[bytes, UUID],
) -> dict[UUID, CustomerKey]:
    """Store a new key for each customer, wrapped inside the transaction that has read the epoch."""
    keys = zip(customers, keytree.new_keys(len(customers)), strict=True)
    made = {customer: CustomerKey(1, key) for customer, key in keys}
    digests = {customer: digest for digest, customer in references.items()}
    store.add_keys(rows, epoch.wrapped(made, digests))
    return made


def refuse_in_transition(rows: sqlite3.Connection) -> None:
    """Refuse while an epoch change has not yet reached a key backup.

    A key made in that window would exist only in a world that a lost disk takes away.

    Raises:
        KeysChanging: try again in a moment.
    """
    if store.meta(rows, TRANSITION) is not None:
        raise KeysChanging(
            "Keys are being changed: try again in a moment; `trustkeep keys status` says what the "
            "change waits for."
        )


def unseal(places: KeyPlaces, provider: MasterKeyProvider) -> KeyService:
    """Open the installation's keys for this process.

    Raises:
        SealedStart: the master key, the store or the primary slot is not there.
        Misconfigured: the master key or the slot belongs to another installation.
        RollbackSuspected: a slot holds a later epoch than the store knows.
    """
    keys = KeyStore(places.store)
    if not keys.exists:
        raise SealedStart(
            f"There is no key store at {places.store}: mount its volume, or bring a lost one back "
            "with `trustkeep keys restore`; only a new installation begins with `trustkeep init`."
        )
    master = provider.read()
    with keys.reading() as rows:
        install = UUID(bytes=store.meta(rows, INSTALL) or bytes(16))
        check_master(rows, master, install, provider.wrong)
        sealed = store.meta(rows, RECIPIENT) or b""
        recipient = sealed_meta.opened(sealed, master, install, RECIPIENT) or b""
        signer = signing.private_key(rows, master, install)
    primary = FileSlot("primary", places.primary)
    recovery = recovery_slot(places.recovery, recipient.decode()) if places.recovery else None
    ring = Ring(keys, primary, install, master, provider.wrong)
    service = KeyService(places, install, keys, ring, primary, recovery, signer, master)
    with keys.reading() as rows:  # before the slot is asked: the store may be the older of the two
        rollback.refuse_behind_slots(rows, service, places.store, service.slots)
    service.epoch()  # a missing or wrong slot is said now, not at the first read
    threading.Thread(
        target=ring.drop_when_idle, args=(service.stop,), name="forget-keys", daemon=True
    ).start()
    return service


_opener: Callable[[], KeyService] | None = None
_current: KeyService | None = None
_lock = threading.Lock()


def opened_by(opener: Callable[[], KeyService] | None) -> None:
    """Say how this process unseals, when it first needs a key.  Called by `config` once."""
    global _opener, _current
    with _lock:
        if _current is not None:
            _current.close()
        _opener, _current = opener, None


def current() -> KeyService:
    """The unsealed keys of this process.

    Raises:
        SealedStart: nobody has unsealed them yet.
    """
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                if _opener is None:
                    raise SealedStart("The keys are sealed: run `trustkeep keys unseal`.")
                _current = _opener()
    return _current
