"""What staff may ask about the records, without opening any."""

from uuid import UUID

from trustkeep.base.errors import Missing
from trustkeep.kernel.keys import references, service
from trustkeep.kernel.vault import creating


def customer_of(reference: str) -> UUID:
    """The customer that an external reference means.

    Raises:
        Missing: there is none, or it was erased.
    """
    (digest,) = references.hashes(service.current(), [reference])
    found = creating.existing([digest])
    if digest not in found:
        raise Missing("There is no such customer.")
    return found[digest]
