"""Hash tiles and entry bundles of a log (C2SP tlog-tiles): 256 hashes to a tile.

A tile at level `l` holds, in item `i` of tile `n`, the hash of the 256**l leaves from
(n*256+i)*256**l on.  Only full tiles are hashed upward.  Format: `docs/formats/checkpoint.md`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from trustkeep.crypto.merkle import EMPTY_ROOT, HASH_BYTES, RangeHash, node_hash, split

WIDTH = 256
HEIGHT = 8  # 2**8 == WIDTH
TILE_BYTES = WIDTH * HASH_BYTES
LARGEST_ENTRY = 65_535

ReadTile = Callable[[int, int], bytes]  # (level, index) -> the hashes, full or as far as known


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile, full or partial."""

    level: int
    index: int
    hashes: bytes


def grow(
    size: int, edge: Sequence[bytes], leaves: Iterable[bytes]
) -> tuple[list[bytes], list[Tile]]:
    """Append leaf hashes to a tree of `size` leaves whose partial tiles, by level, are `edge`.

    Returns the new edge and every tile that is new or longer, lowest level first.
    """
    grown: list[bytes] = []
    written: list[Tile] = []
    fresh, level, before = b"".join(leaves), 0, size
    while fresh or level < len(edge):
        hashes = (edge[level] if level < len(edge) else b"") + fresh
        first = before // WIDTH
        cut = len(hashes) - len(hashes) % TILE_BYTES
        full = [hashes[at : at + TILE_BYTES] for at in range(0, cut, TILE_BYTES)]
        written += [Tile(level, first + at, tile) for at, tile in enumerate(full)]
        if fresh and hashes[cut:]:
            written.append(Tile(level, first + len(full), hashes[cut:]))
        grown.append(hashes[cut:])
        fresh, level, before = b"".join(map(_folded, full)), level + 1, before // WIDTH
    return grown, written


def range_hash(read: ReadTile) -> RangeHash:
    """A source of range hashes over stored tiles, as the proofs of `merkle` want it.

    Raises (from the source):
        ValueError: a tile is missing or shorter than the tree needs.
    """

    def hashed(start: int, end: int) -> bytes:
        count = end - start
        if count == 0:
            return EMPTY_ROOT
        if count & (count - 1) == 0:
            return _complete(read, start, count)
        middle = start + split(count)
        return node_hash(_complete(read, start, middle - start), hashed(middle, end))

    return hashed


def widths(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number of full tiles, width of the partial tile or 0) of a tree of this size."""
    level = 0
    while size:
        yield level, size // WIDTH, size % WIDTH
        size, level = size // WIDTH, level + 1


def path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The path of a tile, or of an entry bundle when level is `entries`."""
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(parts)}{partial}"


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries behind their lengths, as an entry bundle stores them."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(data: bytes) -> list[bytes]:
    """The entries of a bundle.

    Raises:
        ValueError: the bundle ends inside an entry.
    """
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or at + 2 > len(data):
            raise ValueError("the bundle ends inside an entry")
        found.append(data[at + 2 : end])
        at = end
    return found


def _complete(read: ReadTile, start: int, count: int) -> bytes:
    # A complete subtree of 2**j leaves is a run of 2**(j mod 8) neighbours within one tile.
    level, within = divmod(count.bit_length() - 1, HEIGHT)
    item = start >> (HEIGHT * level)
    first = item % WIDTH * HASH_BYTES
    run = read(level, item // WIDTH)[first : first + (HASH_BYTES << within)]
    if len(run) != HASH_BYTES << within:
        raise ValueError(f"tile {level}/{item // WIDTH} is missing or too short")
    return _folded(run)


def _folded(hashes: bytes) -> bytes:
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(
            [
                sha256(b"\x01" + hashes[at : at + 2 * HASH_BYTES]).digest()
                for at in range(0, len(hashes), 2 * HASH_BYTES)
            ]
        )
    return hashes
