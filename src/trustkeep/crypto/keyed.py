"""Keyed hashes: HMAC with SHA-256 (RFC 2104), as two plain hashes.

The ready-made HMAC of OpenSSL sets up a context for each message, which takes longer than hashing
it; there are eight keyed hashes in a new customer.
"""

from hashlib import sha256
from typing import Final

_BLOCK_BYTES: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))


class Keyed:
    """HMAC-SHA256 under one key, of at most 64 bytes.

    Raises:
        ValueError: a longer key, which would have to be hashed first: ours have 32 bytes.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(_BLOCK_BYTES, b"\0")
        if len(block) > _BLOCK_BYTES:
            raise ValueError("a key for keyed hashes has at most 64 bytes")
        self._inner, self._outer = block.translate(_INNER), block.translate(_OUTER)

    def digest(self, message: bytes) -> bytes:
        """The keyed hash of a message, 32 bytes."""
        return sha256(self._outer + sha256(self._inner + message).digest()).digest()


def digest(key: bytes, message: bytes) -> bytes:
    """The keyed hash of one message, where the key is not used again."""
    return Keyed(key).digest(message)
