"""Proofs that an entry is in the ledger, and that the ledger only grew, as files for a stranger.

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


def growth_file(old: int, size: int | None = None) -> bytes:
    """The proof that a published checkpoint extends the ledger's first `old` entries.

    The later checkpoint is the one of `size` entries, or the newest.

    Raises:
        Missing: there is no such checkpoint, or it covers fewer entries than `old`.
    """
    published = checkpoints.newest(at_most=size)
    found = published.checkpoint.size if published else None
    if published is None or size not in (None, found):
        raise Missing(
            f"No checkpoint of {size or 'any'} entries was published: see `trustkeep ledger show`."
        )
    if not 0 <= old <= published.checkpoint.size:
        raise Missing(
            f"The checkpoint covers {found} entries and cannot extend {old}: name a later one."
        )
    lines = [f"old {old}", *map(_base64, consistency(old, published)), "", ""]
    return "\n".join(lines).encode() + published.note


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
