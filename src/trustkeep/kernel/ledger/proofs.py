"""Proofs that an entry is in the ledger, for a file that a stranger can check.

Format: `docs/formats/proof.md` (C2SP tlog-proof).
"""

import base64

from trustkeep.base.errors import Missing
from trustkeep.crypto import merkle
from trustkeep.kernel.ledger import checkpoints, positions, tile_store
from trustkeep.kernel.ledger.checkpoints import Published

_HEAD = "c2sp.org/tlog-proof@v1"


def inclusion(position: int, published: Published) -> list[bytes]:
    """The hashes that lead from an entry to a checkpoint's root, the leaf's sibling first."""
    return merkle.inclusion_proof(tile_store.range_hash(), position, published.checkpoint.size)


def consistency(old: int, published: Published) -> list[bytes]:
    """The hashes that show that a checkpoint extends the ledger's first `old` entries."""
    return merkle.consistency_proof(tile_store.range_hash(), old, published.checkpoint.size)


def proof_file(position: int) -> bytes:
    """The proof of one entry against the newest checkpoint, with the entry itself as `extra`.

    Raises:
        Missing: no published checkpoint covers that position, or the entry was pruned.
    """
    published, entry = checkpoints.newest(), positions.entry_at(position)
    if published is None or entry is None or not 0 <= position < published.checkpoint.size:
        raise Missing(f"The ledger has no published entry {position}: see `trustkeep ledger show`.")
    lines = [
        _HEAD,
        f"extra {_base64(entry.body)}",
        f"index {position}",
        *map(_base64, inclusion(position, published)),
        "",
        "",
    ]
    return "\n".join(lines).encode() + published.note


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
