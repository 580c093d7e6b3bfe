"""Single values of the key store that decide something and are no wrap: each with a keyed hash.

The key is the master key's own, so that they can be checked before any epoch is open.  A value that
was changed or moved to another name is refused, like every other damage of the store.
Format: `docs/formats/key-tree.md`.
"""

import hmac
import sqlite3
from typing import Protocol
from uuid import UUID

from trustkeep.base.errors import Tampered
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined
from trustkeep.kernel.keys import store

MAC_BYTES = 32
_LABEL = b"trustkeep/meta/v1"


class Unsealed(Protocol):
    """What it takes: the master key, and whose it is."""

    @property
    def master(self) -> bytes:
        """The master key."""

    @property
    def install(self) -> UUID:
        """The installation."""


def put(rows: sqlite3.Connection, keys: Unsealed, name: str, value: bytes | None) -> None:
    """Write a value, or remove it."""
    sealed = None if value is None else value + _mac(keys.master, keys.install, name, value)
    store.set_meta(rows, name, sealed)


def get(rows: sqlite3.Connection, keys: Unsealed, name: str) -> bytes | None:
    """A value as it was written; None where there is none.

    Raises:
        Tampered: it was changed from outside.
    """
    return opened(store.meta(rows, name), keys.master, keys.install, name)


def required(rows: sqlite3.Connection, keys: Unsealed, name: str) -> bytes:
    """A value that every store has.

    Raises:
        Tampered: it was changed from outside, or is gone.
    """
    found = get(rows, keys, name)
    if found is None:
        raise _changed(name)
    return found


def opened(sealed: bytes | None, master: bytes, install: UUID, name: str) -> bytes | None:
    """A value out of what stands in the store or in a backup of it.

    Raises:
        Tampered: it was changed from outside.
    """
    if sealed is None:
        return None
    value, mac = sealed[:-MAC_BYTES], sealed[-MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(master, install, name, value)):
        raise _changed(name)
    return value


def unverified(rows: sqlite3.Connection, name: str) -> bytes | None:
    """A value for a person to look at, where no key is at hand: nothing may follow from it."""
    sealed = store.meta(rows, name)
    return None if sealed is None else sealed[:-MAC_BYTES]


def _mac(master: bytes, install: UUID, name: str, value: bytes) -> bytes:
    key = expanded(master, joined(_LABEL, install.bytes))
    return hmac.digest(key, joined(name.encode(), value), "sha256")


def _changed(name: str) -> Tampered:
    return Tampered(
        f"The value {name} of the key store was changed: restore the key store from its newest "
        "backup."
    )
