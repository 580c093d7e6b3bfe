"""A long text sealed in chunks, so that neither side holds the whole of it.

Each chunk is bound to its number and to whether it is the last (the construction STREAM of Hoang,
Reyhanitabar, Rogaway and Vizar): what is cut off, added to, or put in another order does not open.
Format: `docs/formats/key-tree.md`.
"""

from collections.abc import Iterable, Iterator
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined

CHUNK_BYTES: Final = 65_536
SALT_BYTES: Final = 32
_TAG_BYTES = 16
_LABEL = b"trustkeep/stream/v1"


class Broken(Exception):
    """The stream was changed, cut off, added to, or sealed by another key or for another place."""


def sealed(key: bytes, place: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Seal a text that comes in pieces of any size; the parts of the stream, in order."""
    salt = world.random_bytes(SALT_BYTES)
    cipher = _cipher(key, salt)
    before = salt
    for number, (chunk, is_last) in enumerate(_chunks(pieces)):
        yield before + cipher.encrypt(_nonce(number, is_last=is_last), chunk, place)
        before = b""


def opened(key: bytes, place: bytes, file: IO[bytes], length: int) -> Iterator[bytes]:
    """Open a stream of a known length from where a file stands.

    A text counts only when the last chunk has been opened: until then it may have been cut off.

    Raises:
        Broken: it is not as it was sealed.
    """
    cipher = _cipher(key, file.read(SALT_BYTES))
    left, number = length - SALT_BYTES, 0
    is_last = False
    while not is_last:
        size = max(0, min(left, CHUNK_BYTES + _TAG_BYTES))
        left -= size
        is_last = left <= 0
        try:
            yield cipher.decrypt(_nonce(number, is_last=is_last), file.read(size), place)
        except (InvalidTag, ValueError):
            raise Broken from None
        number += 1


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    # A key for this stream alone, so that its nonces can count.
    return AESGCM(expanded(key, joined(_LABEL, salt)))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if is_last else b"\0")


def _chunks(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The text in chunks of one size; the last one may be shorter, and is empty if all of it is."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) > CHUNK_BYTES:
            yield bytes(waiting[:CHUNK_BYTES]), False
            del waiting[:CHUNK_BYTES]
    yield bytes(waiting), True
