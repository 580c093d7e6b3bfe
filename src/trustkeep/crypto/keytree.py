"""The key tree: master key and epoch secret, root key, 4,096 bucket keys, one key per customer.

Only wrapped keys are ever stored.  Whoever holds all stored wraps of an epoch and the master key
still needs that epoch's secret; when it is destroyed everywhere, the wraps are noise.  Format and
vectors: `docs/formats/key-tree.md`.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.crypto.derive import KEY_BYTES, extracted
from trustkeep.crypto.encoding import joined, u16, u32, u64

BUCKETS: Final = 4096
NONCE_BYTES: Final = 12
WRAPPED_BYTES: Final = NONCE_BYTES + KEY_BYTES + 16  # nonce, key, tag

_CUSTOMER_KEY: Final = joined(b"trustkeep/customer-key/v1")
_TWO, _FOUR, _SIXTEEN = u32(2), u32(4), u32(16)


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
    number = customer.int
    # `joined`, with the lengths that never change written out: this is a hot line.
    return b"".join(
        (
            _CUSTOMER_KEY,
            _SIXTEEN,
            install.bytes,
            _SIXTEEN,
            number.to_bytes(16, "big"),
            _FOUR,
            key_version.to_bytes(4, "big"),
            _TWO,
            (number >> 116).to_bytes(2, "big"),
        )
    )


def for_reference(install: UUID, customer: UUID) -> bytes:
    """What binds the wrapped hash of a customer's external reference to its place."""
    return joined(
        b"trustkeep/reference-of/v1", install.bytes, customer.bytes, u16(bucket_of(customer))
    )


def for_name(install: UUID, name: str, epoch: int) -> bytes:
    """What binds a wrapped long-lived key to its name and epoch."""
    return joined(b"trustkeep/named-key/v1", install.bytes, name.encode(), u64(epoch))


def new_key() -> bytes:
    """A fresh key of 32 random bytes."""
    return world.random_bytes(KEY_BYTES)


def wrap(wrapping_key: bytes, place: bytes, key: bytes) -> bytes:
    """A key of 32 bytes, wrapped for one place: 60 bytes."""
    nonce = world.random_bytes(NONCE_BYTES)
    return nonce + AESGCM(wrapping_key).encrypt(nonce, key, place)


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
