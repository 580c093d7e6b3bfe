"""Founding: the keys of a new installation, made once.  Resumable: each part is made if missing."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pyrage

from trustkeep.base import points, world
from trustkeep.base.errors import Misconfigured, Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import (
    epochs,
    register_chain,
    sealed_lists,
    sealed_meta,
    signing,
    store,
    unwrap,
)
from trustkeep.kernel.keys.providers import MasterKeyProvider
from trustkeep.kernel.keys.service import INSTALL, RECIPIENT, KeyPlaces
from trustkeep.kernel.keys.slots import ACTIVE, FileSlot, recovery_slot, sync
from trustkeep.kernel.keys.store import KeyStore

IDENTITY = "recovery-identity"  # wrapped by the master key, until the kit has been proven
FIRST_EPOCH = 1


def found(places: KeyPlaces, provider: MasterKeyProvider) -> bool:
    """Make master key, slots and key store where there are none; False if they were there.

    One process at a time: whoever calls this holds the lock of `init`.

    Raises:
        Misconfigured: a store stands without its slot, or the other way round.
    """
    if KeyStore(places.store).exists:
        return False
    places.store.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    provider.create()
    master = provider.read()
    primary = FileSlot("primary", places.primary)
    primary.create()
    # The store appears under its name only when it is whole.
    fresh = places.store.with_name(places.store.name + ".new")
    if ACTIVE not in primary.epochs().values():
        _make(places, master, primary, fresh)
    elif not fresh.exists():
        raise Misconfigured(
            f"The slot {places.primary} is in use but the key store {places.store} is missing: "
            "restore it with `trustkeep keys restore`; nothing was changed."
        )
    if places.recovery:  # also where the process was killed between the slots
        FileSlot("recovery", places.recovery).activate(FIRST_EPOCH)
    points.reached("founding.active")
    fresh.rename(places.store)
    sync(places.store.parent)
    return True


def _make(places: KeyPlaces, master: bytes, primary: FileSlot, fresh: Path) -> None:
    """Everything but the store's name; what an interrupted attempt left is made again."""
    identity = pyrage.x25519.Identity.generate()
    slots = [primary]
    if places.recovery:
        slots.append(recovery_slot(places.recovery, str(identity.to_public())))
        slots[-1].create()
    secret = world.random_bytes(32)
    for slot in slots:
        slot.prepare(FIRST_EPOCH, secret)
        points.reached(f"founding.prepared.{slot.name}")
    fresh.unlink(missing_ok=True)
    _fill(fresh, master, secret, identity, primary)
    points.reached("founding.filled")
    primary.activate(FIRST_EPOCH)  # from here on the rest is carried on, not made again
    points.reached("founding.primary_active")


@dataclass(frozen=True, slots=True, repr=False)
class _Founded:
    master: bytes
    install: UUID


def _fill(
    path: Path, master: bytes, secret: bytes, identity: pyrage.x25519.Identity, primary: FileSlot
) -> None:
    install = world.new_id()
    keys = KeyStore(path)
    keys.create()
    root = keytree.root_key(master=master, epoch_secret=secret, install=install, epoch=FIRST_EPOCH)
    buckets = [keytree.new_key() for _ in range(keytree.BUCKETS)]
    founded = _Founded(master, install)
    with keys.writing() as rows:
        store.set_meta(rows, INSTALL, install.bytes)
        store.set_meta(rows, store.EPOCH, str(FIRST_EPOCH).encode())
        sealed_meta.put(rows, founded, epochs.BEGAN, world.now().isoformat().encode())
        store.set_meta(rows, unwrap.MASTER_CHECK, unwrap.master_check(master, install))
        store.set_meta(
            rows, unwrap.TABLE, keytree.wrap_buckets(root, install, FIRST_EPOCH, buckets)
        )
        named = {name: keytree.new_key() for name in unwrap.NAMED}
        for name, key in named.items():
            place = keytree.for_name(install, name, FIRST_EPOCH)
            store.set_meta(rows, f"key/{name}", keytree.wrap(root, place, key))
        mark = register_chain.empty_mark(named["register"])
        store.set_meta(rows, register_chain.ROOT, mark)
        sealed_lists.Lists(rows, install, named).make()
        store.set_meta(rows, signing.SIGNING, signing.new_wrapped(master, install))
        sealed_meta.put(rows, founded, RECIPIENT, str(identity.to_public()).encode())
        store.set_meta(rows, IDENTITY, wrapped_identity(master, install, str(identity)))
    register_chain.hold_mark(primary, mark)
    keys.close()


def wrapped_identity(master: bytes, install: UUID, identity: str) -> bytes:
    """The kit's identity, kept by the host until the kit has been proven."""
    key = expanded(master, b"trustkeep/recovery-identity/v1" + install.bytes)
    return keytree.wrap(key, install.bytes, identity.encode())


def unwrapped_identity(master: bytes, install: UUID, wrapped: bytes) -> str:
    """The kit's identity, to write a kit of it."""
    key = expanded(master, b"trustkeep/recovery-identity/v1" + install.bytes)
    try:
        return keytree.unwrap(key, install.bytes, wrapped).decode()
    except WrongKey:
        raise Tampered(
            "The identity of the recovery kit was changed: restore the key store from its newest "
            "backup."
        ) from None
