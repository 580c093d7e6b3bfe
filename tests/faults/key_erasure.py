"""The erasure of keys as a story with every place where it may be cut off.

The model of the security design: crash after any step, then at most one disaster; afterwards no
survivor is lost, neither its key nor what its reference means, and once the receipt stands the
erased cannot be read, nor its reference confirmed, with everything that ever existed: every state
of the key store, every key backup, the master key, and the slots as they are.
"""

import hashlib
import itertools
import shutil
import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pyrage
from tests.faults import thief
from tests.faults.thief import Secrets
from tests.keyhouse import Keyhouse

from trustkeep.base import points, world
from trustkeep.crypto import keytree
from trustkeep.kernel.keys import (
    authorisations,
    backups,
    epochs,
    founding,
    reference_lists,
    references,
    restoring,
    service,
    store,
    unwrap,
)
from trustkeep.kernel.keys.slots import FileSlot, recovery_slot
from trustkeep.kernel.keys.unwrap import Epoch

DIGEST = hashlib.sha256(b"this customer").digest()
NONE, STORE_LOST, HOST_LOST, RECOVERY_LOST = "none", "store lost", "host lost", "recovery lost"
DISASTERS = (NONE, STORE_LOST, HOST_LOST, RECOVERY_LOST)


class Cut(BaseException):
    """The power went: nothing of ours may catch it."""


@dataclass
class Erasure:
    """One installation, one customer to be erased, some who must survive."""

    house: Keyhouse
    survivors: dict[UUID, bytes] = field(default_factory=dict)
    references: dict[str, UUID] = field(default_factory=dict)
    captured: list[Path] = field(default_factory=list)

    def prepare(self):
        keys = self.house.found()
        with keys.store.reading() as rows:
            wrapped = store.meta(rows, founding.IDENTITY)
        # What the recovery kit holds, without the second that opening one takes.
        self.identity = founding.unwrapped_identity(keys.master, keys.install, wrapped)
        self.master, self.install = keys.master, keys.install
        self.erased = world.new_id()
        # Neighbours of the erased in its bucket, and others.
        near = [UUID(bytes=self.erased.bytes[:2] + world.random_bytes(14)) for _ in range(3)]
        others = [world.new_id() for _ in range(5)]
        self.references = self._named([self.erased, *near, *others])
        hashed = references.hashes(keys, list(self.references))
        means = dict(zip(hashed, self.references.values(), strict=True))
        made = keys.create_customer_keys([self.erased, *near, *others], means)
        self.survivors = {one: made[one].key for one in (*near, *others)}
        self.key = made[self.erased].key
        backups.write(keys)
        self.authorisation = authorisations.grant(
            epochs.DESTROY, DIGEST, world.new_id(), world.now() + timedelta(hours=1)
        )
        self.capture()
        return self

    def _named(self, customers):
        """A reference for each; those of the first two stand in one list."""
        keys = service.current()
        named = {f"C-{number}": customer for number, customer in enumerate(customers)}
        (mine, *_) = references.hashes(keys, ["C-0"])
        twins = (f"D-{number}" for number in itertools.count())
        bucket = reference_lists.bucket_of(mine)
        while (
            reference_lists.bucket_of(references.hashes(keys, [twin := next(twins)])[0]) != bucket
        ):
            continue
        named[twin] = named.pop("C-1")
        return named

    def capture(self):
        """What a thief of every disk image and every backup would have by now."""
        copy = self.house.folder / f"captured-{len(self.captured)}"
        shutil.copytree(self.house.places.backups, copy / "backups")
        if self.house.places.store.exists():
            shutil.copy(self.house.places.store, copy / "keys.sqlite")
        self.captured.append(copy)

    def run(self, stop_at=None):
        """Erase; at the named point the power goes.  Returns the change, or None if cut off."""

        def listener(name):
            self.capture()
            if name == stop_at:
                raise Cut

        keys = service.current()
        try:
            with points.listening(listener):
                if not self.is_intended():
                    epochs.destroy(keys, [self.erased], self.authorisation.id, digest=DIGEST)
                return epochs.resume(keys)
        except Cut:
            return None

    def is_intended(self):
        transition = epochs.under_way(service.current())
        return transition is not None or service.current().customer_key(self.erased) is None

    def strike(self, disaster):
        """One disaster, and what the handbook says to do about it."""
        places = self.house.places
        service.opened_by(None)
        if disaster in {STORE_LOST, HOST_LOST}:
            places.store.unlink()
            places.store.with_name("keys.sqlite-journal").unlink(missing_ok=True)
        if disaster == HOST_LOST:
            shutil.rmtree(places.primary)
            restoring.restore(places, self.master, self.recovery_slot())
        elif disaster == STORE_LOST:
            restoring.restore(places, self.master, FileSlot("primary", places.primary))
        elif disaster == RECOVERY_LOST:
            shutil.rmtree(places.recovery)
            keys = self.house.unsealed()
            keys.recovery.create()
            epoch = keys.epoch()
            keys.recovery.prepare(epoch, keys.primary.secret(epoch))
            keys.recovery.activate(epoch)

    def recovery_slot(self):
        identity = pyrage.x25519.Identity.from_str(self.identity)
        return recovery_slot(self.house.places.recovery, str(identity.to_public()), self.identity)

    def recover(self):
        """A new process starts, and carries on what it finds."""
        keys = self.house.unsealed()
        change = epochs.resume(keys)
        if keys.customer_key(self.erased) is not None:
            # The lost store knew of the intent; the data still does, and says it again.
            epochs.destroy_again(keys, [self.erased])
            change = epochs.resume(keys)
        return change

    def lost_survivors(self):
        keys = service.current()
        return [
            one
            for one, key in self.survivors.items()
            if (found := keys.customer_key(one)) is None or found.key != key
        ] + [
            customer
            for customer, found in self.meant().items()
            if customer not in {self.erased, found}
        ]

    def meant(self):
        """What each reference means now: customer to the one that is found."""
        keys = service.current()
        hashed = references.hashes(keys, list(self.references))
        found = references.customers(keys, hashed)
        return {
            customer: found.get(digest)
            for digest, customer in zip(hashed, self.references.values(), strict=True)
        }

    def is_confirmed(self):
        """Whether anything that was ever captured confirms the reference of the erased."""
        self.capture()
        secrets = Secrets(self.master, frozenset(self.secrets()))
        return bool(thief.confirmed(self.captured, secrets, ["C-0"]))

    def is_readable(self):
        """Whether anything that was ever captured opens the erased with the slots of now."""
        self.capture()
        master, secrets = self.master, self.secrets()
        return any(
            self.key == found
            for copy in self.captured
            for found in self._keys_in(copy, master, secrets)
        )

    def secrets(self):
        slots = [FileSlot("primary", self.house.places.primary), self.recovery_slot()]
        return {slot.secret(epoch) for slot in slots for epoch in slot.epochs()}

    def _keys_in(self, copy, master, secrets):
        with sqlite3.connect(copy / "keys.sqlite") as rows:
            install = UUID(bytes=store.meta(rows, service.INSTALL))
            number = int(store.meta(rows, store.EPOCH))
            found = store.wrapped_key(rows, self.erased)
            table = store.meta(rows, unwrap.TABLE)
        for secret in secrets:
            root = keytree.root_key(
                master=master, epoch_secret=secret, install=install, epoch=number
            )
            if found:
                try:
                    key = Epoch(number, root, table, install).customer_key(self.erased, *found)
                    yield key.key
                except Exception:  # noqa: S112 - a thief tries everything
                    continue
        yield from self._keys_in_backups(copy, master, secrets)

    def _keys_in_backups(self, copy, master, secrets):
        for number, secret in enumerate(secrets):
            into = copy / f"thief-{number}.sqlite"
            try:
                backups.restore(copy / "backups", master, _Held(secret), into)
            except Exception:  # noqa: S112 - as above
                continue
            with sqlite3.connect(into) as rows:
                found = store.wrapped_key(rows, self.erased)
                if found:
                    epoch = int(store.meta(rows, store.EPOCH))
                    install = UUID(bytes=store.meta(rows, service.INSTALL))
                    root = keytree.root_key(
                        master=master, epoch_secret=secret, install=install, epoch=epoch
                    )
                    table = store.meta(rows, unwrap.TABLE)
                    yield Epoch(epoch, root, table, install).customer_key(self.erased, *found).key


class _Held:
    """A secret in a thief's hand: offered for any epoch."""

    def __init__(self, secret):
        self._secret = secret

    def secret(self, epoch):
        return self._secret
