"""The Merkle tree of RFC 6962, section 2.1, with SHA-256: roots, proofs, and their verification.

Proofs are made from any source that can hash a range of the leaves (`RangeHash`), so that the
same code serves a list in memory and the stored tiles.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

RangeHash = Callable[[int, int], bytes]  # hash of the leaves from (inclusive) to (exclusive)


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry as a leaf, 32 bytes."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbours, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two smaller than a count of at least 2."""
    return 1 << (count - 1).bit_length() - 1


def of_leaves(leaves: Sequence[bytes]) -> RangeHash:
    """A source of range hashes over leaf hashes held in memory."""

    def hashed(start: int, end: int) -> bytes:
        if end == start:
            return EMPTY_ROOT
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        return node_hash(hashed(start, middle), hashed(middle, end))

    return hashed


def inclusion_proof(hashed: RangeHash, index: int, size: int) -> list[bytes]:
    """The proof that a leaf is in the tree of this size, the leaf's sibling first.

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError("the index lies outside the tree")
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split(end - start)
        if index < middle:
            proof.append(hashed(middle, end))
            end = middle
        else:
            proof.append(hashed(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(hashed: RangeHash, old: int, size: int) -> list[bytes]:
    """The proof that the tree of `size` extends the tree of `old` leaves.

    Raises:
        ValueError: the old tree is larger.
    """
    if not 0 <= old <= size:
        raise ValueError("the old tree is larger than the new one")
    if old in (0, size):
        return []
    proof = []
    start, end, whole = 0, size, True
    while end != old:
        middle = start + split(end - start)
        if old <= middle:
            proof.append(hashed(middle, end))
            end = middle
        else:
            proof.append(hashed(start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(hashed(start, end))
    return proof[::-1]


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows this leaf hash at this index (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def extends(old_root: bytes, old: int, new_root: bytes, size: int, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the new tree begins with the old (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= size:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == size:
        return not proof and old_root == new_root
    steps = _steps(old, old_root, proof)
    first = next(steps, None)
    if first is None:
        return False
    return _folded(first, steps, old, size) == (old_root, new_root)


def _steps(old: int, old_root: bytes, proof: Sequence[bytes]) -> Iterator[bytes]:
    if old & (old - 1) == 0:  # a complete subtree is its own first step
        yield old_root
    yield from proof


def _folded(first: bytes, rest: Iterator[bytes], old: int, size: int) -> tuple[bytes, bytes] | None:
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_found = new_found = first
    for step in rest:
        if last == 0:
            return None
        if place & 1 or place == last:
            old_found, new_found = node_hash(step, old_found), node_hash(step, new_found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, step)
        place, last = place >> 1, last >> 1
    return (old_found, new_found) if last == 0 else None
