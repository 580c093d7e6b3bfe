"""External references: which customer a company's own number means, and that it means one only.

A reference is easy to guess, and a keyed hash of it in the data database would let whoever holds an
old dump and the live key confirm a guess about somebody who was erased.  So the hashes stand here,
beside the keys and sealed: an erasure leaves no key that opens an old copy of them.
"""

from collections.abc import Sequence
from uuid import UUID

from trustkeep.base import text
from trustkeep.crypto.encoding import joined
from trustkeep.crypto.keyed import Keyed
from trustkeep.kernel.keys import reference_lists
from trustkeep.kernel.keys.service import KeyService

_LABEL = b"trustkeep/reference/v1"


def hashes(keys: KeyService, references: Sequence[str]) -> list[bytes]:
    """The keyed hash of each reference, normalised."""
    under = Keyed(keys.named_key("reference"))
    return [under.digest(joined(_LABEL, text.reference(one).encode())) for one in references]


def customers(keys: KeyService, hashed: Sequence[bytes]) -> dict[bytes, UUID]:
    """The customers that known references mean; unknown ones are left out.

    Raises:
        Tampered: what the key store says of references was changed from outside.
    """
    with keys.store.reading() as rows:
        return reference_lists.find(rows, keys.ring.at(rows), hashed)
