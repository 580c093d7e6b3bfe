"""Sealed rows: policy that counts only as it was written.

Each row carries a keyed hash of its columns; the rows of one owner form a set under a sealed header
with a version and a digest of all of them.  A row that is inserted, changed, deleted or written
back by SQL makes the set unusable, which refuses; a whole earlier set is found by comparing its
version with the ledger's.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from django.db import models

from trustkeep.base import canonical
from trustkeep.base.canonical import Value
from trustkeep.crypto.encoding import joined, u64

INSTALLATION = UUID(int=0)  # the owner of a set that belongs to everybody
SEAL_BYTES = 32


def seal_of(kind: str, columns: Mapping[str, object], key: bytes) -> bytes:
    """The keyed hash of a row's columns; `kind` keeps a row of one table out of another."""
    row = canonical.encode({name: _plain(value) for name, value in columns.items()})
    return hmac.digest(key, joined(b"trustkeep/row/v1", kind.encode(), row), "sha256")


class SealedRow(models.Model):
    """Base of every policy table.

    `set_kind` is the stored name of the sets; `set_owner` names the column whose UUID owns a set,
    or is None where the installation has one set only; `sealed_columns` are what the seal covers.
    Of these, `sealed_when_set` were added after rows existed: the seal covers them where they are
    other than what rows from before were given, so that those keep their seal.
    """

    set_kind: ClassVar[str]
    set_owner: ClassVar[str | None]
    sealed_columns: ClassVar[tuple[str, ...]]
    sealed_when_set: ClassVar[Mapping[str, object]] = {}

    seal = models.BinaryField(max_length=SEAL_BYTES)

    class Meta:
        abstract = True

    @property
    def owner(self) -> UUID:
        """Whose set this row belongs to."""
        return INSTALLATION if self.set_owner is None else getattr(self, self.set_owner)

    def expected_seal(self, key: bytes) -> bytes:
        """The seal that these columns must carry."""
        columns = {name: getattr(self, name) for name in self.sealed_columns}
        for name, unset in self.sealed_when_set.items():
            if columns[name] == unset:
                del columns[name]
        return seal_of(self.set_kind, {"id": str(self.pk), **columns}, key)

    def fits(self, key: bytes) -> bool:
        """Whether the row is as it was written; what could never be sealed is not."""
        try:
            expected = self.expected_seal(key)
        except (TypeError, ValueError):
            return False
        return hmac.compare_digest(bytes(self.seal), expected)


class SealedSet(models.Model):
    """The sealed header of one owner's rows of one kind."""

    kind = models.CharField(max_length=80)
    owner = models.UUIDField()
    version = models.BigIntegerField()
    count = models.IntegerField()
    digest = models.BinaryField(max_length=SEAL_BYTES)
    seal = models.BinaryField(max_length=SEAL_BYTES)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_header_per_set", fields=["kind", "owner"]),
        ]

    def expected_seal(self, key: bytes) -> bytes:
        """The seal that this header must carry."""
        return hmac.digest(
            key,
            joined(
                b"trustkeep/set/v1",
                self.kind.encode(),
                self.owner.bytes,
                u64(self.version),
                u64(self.count),
                bytes(self.digest),
            ),
            "sha256",
        )


def _plain(value: object) -> Value:
    match value:
        case None | bool() | int() | str():
            return value
        case UUID():
            return str(value)
        case datetime():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case _:
            raise TypeError(f"{type(value).__name__} cannot be sealed in a row")
