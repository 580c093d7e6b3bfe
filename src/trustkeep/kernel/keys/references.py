"""External references: which customer a company's own number means, and that it means one only.

A reference is easy to guess, and a keyed hash of it in the data database would let whoever holds an
old dump and the live key confirm a guess about somebody who was erased.  So the hashes stand here,
beside the keys; they are removed with the key, and key backups seal them under the bucket key.
"""

import hmac
from collections.abc import Sequence
from uuid import UUID

from trustkeep.base import text
from trustkeep.crypto.encoding import joined
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
