"""Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint), with Ed25519.

Format: `docs/formats/checkpoint.md`.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustkeep.crypto.merkle import EMPTY_ROOT, HASH_BYTES

ED25519 = b"\x01"
LARGEST_NOTE = 1_000_000  # bytes; a bound before anything is parsed
MOST_SIGNATURES = 100
_DASH = "\N{EM DASH} "
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


class BadNote(ValueError):
    """The note is malformed, or no known key signed it, or a known key's signature is wrong."""


class Signer(Protocol):
    """What can sign with Ed25519."""

    def sign(self, data: bytes, /) -> bytes:
        """64 bytes."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A name and a public key of 32 bytes."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key of this name signed."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as it is published: name, key id and key, joined by `+`."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(ED25519 + self.public)}"

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The key from its published form.

        Raises:
            BadNote: it is not a verifier key, or not of type Ed25519, or its id does not fit.
        """
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        data = _bytes(encoded)
        key = cls(name, data[1:])
        if not _is_name(name) or data[:1] != ED25519 or len(data) != 1 + 32:
            raise BadNote("this is not an Ed25519 verifier key")
        if key_id != key.key_id.hex():
            raise BadNote("the key id does not fit the key")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The size and root of a log at one moment."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"

    @classmethod
    def parsed(cls, text: str) -> Self:
        """The checkpoint from a note's text; extension lines are ignored.

        Raises:
            BadNote: the text is not a checkpoint.
        """
        origin, *lines = text.removesuffix("\n").split("\n")
        if not text.endswith("\n") or len(lines) < 2 or not all((origin, *lines)):
            raise BadNote("a checkpoint has at least three lines, none of them empty")
        if not _NUMBER.fullmatch(lines[0]):
            raise BadNote("the second line of a checkpoint is the size, without leading zeros")
        found = cls(origin, int(lines[0]), _bytes(lines[1]))
        if len(found.root) != HASH_BYTES or (found.size == 0 and found.root != EMPTY_ROOT):
            raise BadNote("the third line of a checkpoint is the root hash in base64")
        return found


def sign(text: str, key: VerifierKey, signer: Signer) -> bytes:
    """The note: the text, an empty line, and the signature line.

    Raises:
        ValueError: the text does not end with a newline or holds control characters.
    """
    _refuse_bad_text(text)
    signature = _base64(key.key_id + signer.sign(text.encode()))
    return f"{text}\n{_DASH}{key.name} {signature}\n".encode()


def opened(note: bytes, known: Sequence[VerifierKey]) -> str:
    """The text of a note that at least one known key signed.

    Raises:
        BadNote: malformed, not signed by a known key, or a known key's signature does not verify.
    """
    text, lines = _parts(note)
    keys = {(key.name, key.key_id): key for key in known}
    verified = False
    for line in lines:
        name, data = _signature(line)
        key = keys.get((name, data[:4]))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(data[4:], text.encode())
        except (InvalidSignature, ValueError):
            raise BadNote(f"the signature of {name} does not verify") from None
        verified = True
    if not verified:
        raise BadNote("no known key signed this note")
    return text


def opened_checkpoint(note: bytes, known: Sequence[VerifierKey], origin: str) -> Checkpoint:
    """The checkpoint in a note, signed by a known key, of this log.

    Raises:
        BadNote: as `opened`; or the origin is another log's.
    """
    checkpoint = Checkpoint.parsed(opened(note, known))
    if checkpoint.origin != origin:
        raise BadNote("the checkpoint is of another log")
    return checkpoint


def _parts(note: bytes) -> tuple[str, list[str]]:
    if len(note) > LARGEST_NOTE:
        raise BadNote("the note is too long")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise BadNote("the note is not UTF-8") from None
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise BadNote("a note has a blank line before its signatures, and ends with a newline")
    lines = tail.removesuffix("\n").split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise BadNote("the note has too many signatures")
    text = head + "\n"
    _refuse_bad_text(whole)
    return text, lines


def _signature(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not _is_name(name):
        raise BadNote("a signature line is a dash, a key name and base64")
    data = _bytes(encoded)
    if len(data) < 5:
        raise BadNote("a signature line is too short")
    return name, data


def _refuse_bad_text(text: str) -> None:
    if not text.endswith("\n") or any(sign < " " and sign != "\n" for sign in text):
        raise BadNote("a note's text ends with a newline and holds no control characters")


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(sign.isspace() for sign in name)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("this is not padded base64") from None
    if _base64(data) != text:
        raise BadNote("this base64 is not canonical")
    return data
