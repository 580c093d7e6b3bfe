"""Tiles in the database, and what is computed from them."""

from collections.abc import Iterable

from django.db import connection

from trustkeep.crypto import tiles
from trustkeep.crypto.merkle import HASH_BYTES, RangeHash
from trustkeep.crypto.tiles import Tile

_UPSERT = (
    "INSERT INTO ledger_tile(level,index,hashes) VALUES(%s,%s,%s) "
    "ON CONFLICT(level,index) DO UPDATE SET hashes=excluded.hashes"
)


def read(level: int, index: int) -> bytes:
    """A tile as far as it is stored; empty if it is not.  32 bytes a hash."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hashes FROM ledger_tile WHERE level=%s AND index=%s", (level, index))
        row = cursor.fetchone()
    return bytes(row[0]) if row else b""


def range_hash() -> RangeHash:
    """A source of range hashes over the stored tiles; reads each tile once."""
    seen: dict[tuple[int, int], bytes] = {}

    def once(level: int, index: int) -> bytes:
        place = level, index
        if place not in seen:
            seen[place] = read(level, index)
        return seen[place]

    return tiles.range_hash(once)


def edge(size: int) -> list[bytes]:
    """The partial tiles of a tree of this size, by level.

    Raises:
        ValueError: one is shorter than the size says.
    """
    found = []
    for level, full, width in tiles.widths(size):
        hashes = read(level, full)[: width * HASH_BYTES] if width else b""
        if len(hashes) != width * HASH_BYTES:
            raise ValueError(f"tile {level}/{full} is shorter than a tree of {size} entries needs")
        found.append(hashes)
    return found


def write(changed: Iterable[Tile]) -> None:
    """Store tiles that are new or longer."""
    with connection.cursor() as cursor:
        cursor.executemany(_UPSERT, [(tile.level, tile.index, tile.hashes) for tile in changed])
