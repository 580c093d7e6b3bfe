"""What a customer's header says, as bytes; and which class each data element is sealed in.

Pure: the caller brings bytes and keys.  Format: `docs/formats/sealed-blob.md`.
"""

import hashlib
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from trustkeep.crypto.encoding import joined, u64
from trustkeep.crypto.keyed import Keyed

ENTRY_BYTES = 1 + 8 + 32
_LABEL = joined(b"trustkeep/customer/v1")
_SEALED = Struct(">I16sIIIQIII")  # `joined`: each part behind its length


class SensitivityClass(IntEnum):
    """The unit sealed at rest.  Numbers and names are stored: never change one."""

    IDENTITY = 1  # identity and contact
    SENSITIVE = 2
    SPECIAL = 3  # special categories, GDPR Art. 9(1)

    __hash__ = int.__hash__  # the one of enumerations is a call of Python at each look-up

    @property
    def code(self) -> str:
        """The stored name."""
        return _CODES[self]

    @property
    def kind(self) -> str:
        """What a blob of this class is bound to."""
        return _KINDS[self]


# Worked out once: they are asked for with every value.
_CODES = {one: one.name.lower() for one in SensitivityClass}
_KINDS = {one: f"class/{code}" for one, code in _CODES.items()}
_NUMBERS = {one.value: one for one in SensitivityClass}


class State(IntEnum):
    """The life cycle of a customer; restricted, held and objected are flags beside it."""

    ACTIVE = 1
    ERASING = 2
    ERASED = 3
    MERGED = 4  # closed: its values went into another customer's record


STATES = {one.value: one for one in State}


class IndexKind(StrEnum):
    """How values of an element are made comparable; only such elements can be looked up."""

    NONE = "none"
    EMAIL = "email"
    PHONE = "phone"
    EXACT = "exact"
    NAME = "name"  # by its words, and only beside another element
    DATE = "date"  # only beside a name
    PLACE = "place"  # only beside a name


ALONE = frozenset({IndexKind.EMAIL, IndexKind.PHONE, IndexKind.EXACT})
BESIDE_A_NAME = ALONE | {IndexKind.DATE, IndexKind.PLACE}


class Written(NamedTuple):
    """The present version of one class and the digest of its blob."""

    version: int
    digest: bytes

    @classmethod
    def of(cls, version: int, blob: bytes) -> "Written":
        """What a blob is recognised by."""
        return cls(version, hashlib.sha256(blob).digest())


Classes = Mapping[SensitivityClass, Written]


def packed(classes: Classes) -> bytes:
    """Every class with its version and digest, in the order of their numbers: 41 bytes each."""
    return b"".join(
        bytes((number,)) + u64(classes[number].version) + classes[number].digest
        for number in sorted(classes)
    )


def unpacked(data: bytes) -> dict[SensitivityClass, Written]:
    """The classes that `packed` wrote."""
    return {
        _NUMBERS[data[at]]: Written(
            int.from_bytes(data[at + 1 : at + 9], "big"), data[at + 9 : at + ENTRY_BYTES]
        )
        for at in range(0, len(data), ENTRY_BYTES)
    }


def header_seal(
    under: Keyed, *, customer: UUID, state: int, version: int, key_version: int, classes: bytes
) -> bytes:
    """The keyed hash, under the policy key, that makes a header count."""
    sealed = _SEALED.pack(
        16, customer.int.to_bytes(16, "big"), 4, state, 8, version, 4, key_version, len(classes)
    )
    return under.digest(b"".join((_LABEL, sealed, classes)))


def ledger_versions(classes: Classes) -> dict[str, list[int | str]]:
    """How a ledger entry names what was written."""
    return {
        number.code: [written.version, written.digest.hex()] for number, written in classes.items()
    }
