"""Keys from keys: HKDF with SHA-256 (RFC 5869)."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trustkeep.crypto.keyed import Keyed

KEY_BYTES = 32


def extracted(secret: bytes, *, salt: bytes, info: bytes) -> bytes:
    """A key of 32 bytes from secret material of any shape."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(secret)


def expanded(key: bytes, info: bytes) -> bytes:
    """A key of 32 bytes from a key that is already uniform (RFC 5869 section 3.3)."""
    return hmac.digest(key, info + b"\x01", "sha256")


def expanded_pair(key: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Two independent keys of 32 bytes: the first 64 bytes of the expansion."""
    under = Keyed(key)
    first = under.digest(info + b"\x01")
    return first, under.digest(first + info + b"\x02")
