"""The log's signing key: Ed25519, wrapped by the master key alone: it outlives every epoch."""

import sqlite3
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustkeep.base.errors import Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import store

SIGNING = "signing-key"
_LABEL = b"trustkeep/signing/v1"


def new_wrapped(master: bytes, install: UUID) -> bytes:
    """A new signing key, wrapped."""
    return keytree.wrap(_wrapping_key(master, install), _place(install), keytree.new_key())


def private_key(rows: sqlite3.Connection, master: bytes, install: UUID) -> Ed25519PrivateKey:
    """The signing key.

    Raises:
        Tampered: the wrapped key was changed.
    """
    wrapped = store.meta(rows, SIGNING) or b""
    try:
        seed = keytree.unwrap(_wrapping_key(master, install), _place(install), wrapped)
    except WrongKey:
        raise Tampered(
            "The signing key was changed: restore the key store from its newest backup."
        ) from None
    return Ed25519PrivateKey.from_private_bytes(seed)


def _wrapping_key(master: bytes, install: UUID) -> bytes:
    return expanded(master, joined(_LABEL, install.bytes))


def _place(install: UUID) -> bytes:
    return joined(_LABEL, install.bytes)
