"""Which references a file has named so far, in little memory: 16 bytes for each."""

from hashlib import blake2b
from typing import Final

from trustkeep.base import text, world

_DIGEST_BYTES: Final = 16
_BUCKETS: Final = 4096  # a million references are looked for among 250 each


class References:
    """The references of one file: each counts once, however many rows lie between."""

    def __init__(self) -> None:
        # With a key of this run, so that nobody makes a file whose digests meet.
        self._key = world.random_bytes(32)
        self._buckets = [bytearray() for _ in range(_BUCKETS)]

    def is_first(self, reference: str) -> bool:
        """Whether the file names it for the first time; from now on it does not."""
        plain = text.reference(reference).encode()
        digest = blake2b(plain, digest_size=_DIGEST_BYTES, key=self._key).digest()
        bucket = self._buckets[int.from_bytes(digest[:2], "big") % _BUCKETS]
        if digest in bucket:
            return False
        bucket += digest
        return True
