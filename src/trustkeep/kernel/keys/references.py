"""External references: which customer a company's own number means, and that it means one only.

A reference is easy to guess, and a keyed hash of it in the data database would let whoever holds an
old dump and the live key confirm a guess about somebody who was erased.  So the hashes stand here,
beside the keys; they are removed with the key, and key backups seal them under the bucket key.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID
import hmac

from trustkeep.base import text
from trustkeep.base.errors import Conflict
from trustkeep.crypto.encoding import joined
from trustkeep.crypto.keytree import bucket_of
from trustkeep.kernel.keys import store
from trustkeep.kernel.keys.service import KeyService

_LABEL = b"trustkeep/reference/v1"
_AT_ONCE = 500  # bound values in one statement


def hashes(keys: KeyService, references: Sequence[str]) -> list[bytes]:
    """The keyed hash of each reference, normalised."""
    key = keys.named_key("reference")
    return [
        hmac.digest(key, joined(_LABEL, text.reference(one).encode()), "sha256")
        for one in references
    ]


def customers(keys: KeyService, hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that known references mean; unknown ones are left out."""
    found: dict[bytes, UUID] = {}
    with keys.store.reading() as rows:
        for start in range(0, len(hashed), _AT_ONCE):
            some = hashed[start : start + _AT_ONCE]
            marks = ",".join("?" * len(some))
            for digest, customer in rows.execute(
                f"SELECT hash, customer FROM reference WHERE hash IN ({marks})",  # noqa: S608
                some,
            ):
                found[digest] = UUID(bytes=customer)
    return found


def claim(keys: KeyService, claims: Mapping[bytes, UUID]) -> None:
    """Let references mean customers from now on; durable when this returns.

    Raises:
        Conflict: one of them means another customer already.
    """
    with keys.store.writing() as rows:
        try:
            rows.executemany(
                "INSERT INTO reference VALUES (?, ?, ?)",
                (
                    (digest, bucket_of(customer), customer.bytes)
                    for digest, customer in claims.items()
                ),
            )
        except store.sqlite3.IntegrityError:
            raise Conflict(
                "This external reference belongs to another customer; nothing was changed."
            ) from None
        store.note_changed(rows, {bucket_of(customer) for customer in claims.values()})
