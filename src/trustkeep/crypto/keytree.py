"""The key tree: master key and epoch secret, root key, 4,096 bucket keys, one key per customer.

Only wrapped keys are ever stored.  Whoever holds all stored wraps of an epoch and the master key
still needs that epoch's secret; when it is destroyed everywhere, the wraps are noise.  Format and
vectors: `docs/formats/key-tree.md`.
"""

from collections.abc import Sequence
from struct import Struct
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.crypto.derive import KEY_BYTES, extracted
from trustkeep.crypto.encoding import joined, u16, u64

BUCKETS: Final = 4096
NONCE_BYTES: Final = 12
WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + 16  # nonce, key, tag

_CUSTOMER_KEY: Final = joined(b"trustkeep/customer-key/v1")
_REFERENCE_OF: Final = joined(b"trustkeep/reference-of/v1")
# `joined`, at a quarter of its time: installation, customer, version, bucket, behind their lengths.
_OF_CUSTOMER: Final = Struct(">I16sI16sIIIH")
_OF_REFERENCE: Final = Struct(">I16sI16sIH")


class WrongKey(Exception):
    """The wrapped key was changed, or was wrapped by another key or for another place."""


def bucket_of(customer: UUID) -> int:
    """The bucket of a customer: the first 12 bits of a random identifier."""
    return customer.int >> 116


def root_key(*, master: bytes, epoch_secret: bytes, install: UUID, epoch: int) -> bytes:
    """The key that wraps everything of one epoch; both factors are needed."""
    return extracted(
        master + epoch_secret,
        salt=install.bytes,
        info=b"trustkeep/root/v1/" + str(epoch).encode(),
    )


def for_bucket(install: UUID, bucket: int, epoch: int) -> bytes:
    """What binds a wrapped bucket key to its place."""
    return joined(b"trustkeep/bucket/v1", install.bytes, u16(bucket), u64(epoch))


def for_customer(install: UUID, customer: UUID, key_version: int) -> bytes:
    """What binds a wrapped customer key to its place; the bucket follows from the customer."""
    return _CUSTOMER_KEY + _OF_CUSTOMER.pack(
        16, install.bytes, 16, customer.bytes, 4, key_version, 2, bucket_of(customer)
    )


def for_reference(install: UUID, customer: UUID) -> bytes:
    """What binds the wrapped hash of a customer's external reference to its place."""
    return _REFERENCE_OF + _OF_REFERENCE.pack(
        16, install.bytes, 16, customer.bytes, 2, bucket_of(customer)
    )


def for_name(install: UUID, name: str, epoch: int) -> bytes:
    """What binds a wrapped long-lived key to its name and epoch."""
    return joined(b"trustkeep/named-key/v1", install.bytes, name.encode(), u64(epoch))


def new_key() -> bytes:
    """A fresh key of 32 random bytes."""
    return world.random_bytes(KEY_BYTES)


def new_keys(count: int) -> list[bytes]:
    """Many fresh keys, from one draw."""
    drawn = world.random_bytes(KEY_BYTES * count)
    return [drawn[at : at + KEY_BYTES] for at in range(0, len(drawn), KEY_BYTES)]


class Wrapping:
    """A key that wraps others, made ready for several of them."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def wrap(self, place: bytes, key: bytes) -> bytes:
        """A key of 32 bytes, wrapped for one place: 60 bytes."""
        nonce = world.random_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, place)


def wrap(wrapping_key: bytes, place: bytes, key: bytes) -> bytes:
    """As `Wrapping.wrap`, where one key is wrapped."""
    return Wrapping(wrapping_key).wrap(place, key)


def unwrap(wrapping_key: bytes, place: bytes, wrapped: bytes) -> bytes:
    """The key that was wrapped for exactly this place.

    Raises:
        WrongKey: whatever the reason.
    """
    try:
        return AESGCM(wrapping_key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], place)
    except (InvalidTag, ValueError):
        raise WrongKey("the wrapped key does not open here") from None


def wrap_buckets(root: bytes, install: UUID, epoch: int, keys: Sequence[bytes]) -> bytes:
    """All bucket keys of an epoch as one table of 4,096 x 60 bytes."""
    return b"".join(
        wrap(root, for_bucket(install, bucket, epoch), key) for bucket, key in enumerate(keys)
    )


def unwrap_bucket(root: bytes, install: UUID, epoch: int, table: bytes, bucket: int) -> bytes:
    """One bucket key out of the table.

    Raises:
        WrongKey: the table was changed, or belongs to another root.
    """
    start = bucket * WRAPPED_BYTES
    return unwrap(root, for_bucket(install, bucket, epoch), table[start : start + WRAPPED_BYTES])
