"""Sealed blobs: bytes that open only with the right key, in the right place, at the right version.

AES-256-GCM with a key commitment, since GCM alone lets one ciphertext open under two keys.  The
associated data bind installation, subject, kind and both versions, so a blob that is moved or
written back does not open.  Format and vectors: `docs/formats/sealed-blob.md`.
"""

import hmac
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import world
from trustkeep.crypto.derive import expanded_pair
from trustkeep.crypto.encoding import joined, u32

VERSION: Final = 1
AES_256_GCM: Final = 1
HEAD: Final = bytes((VERSION, AES_256_GCM))
COMMITMENT_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
OVERHEAD_BYTES: Final = len(HEAD) + COMMITMENT_BYTES + NONCE_BYTES + TAG_BYTES
LENGTH_BYTES: Final = 4
STEPS: Final = (32, 64, 128, 256, 512, 1024)  # padded lengths; above, multiples of 1024
LARGEST: Final = 16 * 1024 * 1024  # a blob is one class of one customer, never a file

_LABEL: Final = b"trustkeep/sealed/v1"
_HEADED: Final = joined(_LABEL)
_VERSIONS: Final = Struct(">IIIQ")  # key version and version, each behind its length
_SIXTEEN: Final = u32(16)


class Unopenable(Exception):
    """The bytes do not open here: another key, another place, another version, or changed."""


class Place(NamedTuple):
    """Where a blob belongs.  `kind` names a class (`class/identity`) or a text (`text/...`).

    `key_version` counts the subject's keys, `version` the writings of this blob; both from 1.
    """

    install: UUID
    subject: UUID
    kind: str
    key_version: int
    version: int

    def associated_data(self) -> bytes:
        """What the tag covers beside the text."""
        before, after, _ = _alike(self.install, self.kind)
        versions = _VERSIONS.pack(4, self.key_version, 8, self.version)
        return b"".join((before, self.subject.bytes, after, versions))


@lru_cache(maxsize=64)
def _alike(install: UUID, kind: str) -> tuple[bytes, bytes, bytes]:
    """What places of one kind have alike: before and behind the subject, and the keys' label."""
    name = kind.encode()
    before = b"".join((_HEADED, _SIXTEEN, install.bytes, _SIXTEEN))
    return before, u32(len(name)) + name, _LABEL + b"/" + name


def _keys(key: bytes, place: Place) -> tuple[bytes, bytes]:
    """The sealing key of a place, and what commits to it."""
    return expanded_pair(key, _alike(place.install, place.kind)[2])


def seal(key: bytes, place: Place, opened: bytes) -> bytes:
    """Seal bytes under a subject's key of 32 bytes.

    Raises:
        ValueError: more than `LARGEST` bytes.
    """
    sealing_key, commitment = _keys(key, place)
    nonce = world.random_bytes(NONCE_BYTES)
    sealed = AESGCM(sealing_key).encrypt(nonce, _padded(opened), place.associated_data())
    return b"".join((HEAD, commitment, nonce, sealed))


def open_sealed(key: bytes, place: Place, blob: bytes) -> bytes:
    """The bytes that were sealed for exactly this place.

    Raises:
        Unopenable: whatever the reason; it is not said which.
    """
    if not has_form(blob):
        raise Unopenable("the bytes are not a sealed blob")
    sealing_key, commitment = _keys(key, place)
    nonce_at = len(HEAD) + COMMITMENT_BYTES
    if not hmac.compare_digest(commitment, blob[len(HEAD) : nonce_at]):
        raise Unopenable("the blob is committed to another key")
    try:
        padded = AESGCM(sealing_key).decrypt(
            blob[nonce_at : nonce_at + NONCE_BYTES],
            blob[nonce_at + NONCE_BYTES :],
            place.associated_data(),
        )
    except InvalidTag:
        raise Unopenable("the blob was changed, or belongs elsewhere") from None
    return _unpadded(padded)


def has_form(blob: bytes) -> bool:
    """Whether bytes have the outer form of a sealed blob: head, and a padded length."""
    return blob[:2] == HEAD and _is_step(len(blob) - OVERHEAD_BYTES)


def _is_step(size: int) -> bool:
    return size in STEPS or (size > STEPS[-1] and size % STEPS[-1] == 0)


def _step_for(size: int) -> int:
    for step in STEPS:
        if size <= step:
            return step
    return -(-size // STEPS[-1]) * STEPS[-1]


def _padded(opened: bytes) -> bytes:
    if len(opened) > LARGEST:
        raise ValueError("a sealed blob holds at most 16 MiB")
    size = LENGTH_BYTES + len(opened)
    return (u32(len(opened)) + opened).ljust(_step_for(size), b"\0")


def _unpadded(padded: bytes) -> bytes:
    length = int.from_bytes(padded[:LENGTH_BYTES], "big")
    end = LENGTH_BYTES + length
    if (
        end > len(padded)
        or len(padded) != _step_for(end)
        or padded.count(0, end) != len(padded) - end
    ):
        raise Unopenable("the padding is not ours")
    return padded[LENGTH_BYTES:end]
