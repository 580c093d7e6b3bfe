"""The ledger as a folder that the stand-alone verifier reads offline (C2SP tlog-tiles)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from trustkeep.base.errors import Missing, Tampered
from trustkeep.crypto import tiles
from trustkeep.crypto.merkle import HASH_BYTES
from trustkeep.kernel.ledger import checkpoints, ports, positions, tile_store


def export(folder: Path, say: Callable[[int, int], None] | None = None) -> int:
    """Write the newest checkpoint, its tiles, all entries and the public key; returns the size.

    `say` hears how many entries of how many are written.  Flat memory.

    Raises:
        Missing: nothing is published yet.
        Tampered: a tile or an entry is not there.
    """
    published = checkpoints.newest()
    if published is None:
        raise Missing("The ledger has no checkpoint yet: run `trustkeep ledger publish`.")
    size = published.checkpoint.size
    for name, content in _hash_tiles(size):
        _write(folder / name, content)
    for name, content, done in _bundles(size):
        _write(folder / name, content)
        if say is not None:
            say(done, size)
    _write(folder / "key", f"{ports.current().verifier_key().text}\n".encode())
    _write(folder / "checkpoint", published.note)  # last: a folder with it is whole
    return size


def _hash_tiles(size: int) -> Iterator[tuple[str, bytes]]:
    for level, full, width in tiles.widths(size):
        for index in range(full + (1 if width else 0)):
            own = tiles.WIDTH if index < full else width
            hashes = tile_store.read(level, index)[: own * HASH_BYTES]
            if len(hashes) != own * HASH_BYTES:
                raise Tampered(f"Tile {level}/{index} is too short: run `trustkeep ledger verify`.")
            yield tiles.path(level, index, own), hashes


def _bundles(size: int) -> Iterator[tuple[str, bytes, int]]:
    held: list[bytes] = []
    done = 0
    for place in positions.in_order(0, size):
        if place.entry is None:
            break
        held.append(place.entry.body)
        done = place.position + 1
        if len(held) == tiles.WIDTH or done == size:
            index = place.position // tiles.WIDTH
            yield tiles.path("entries", index, len(held)), tiles.bundle(held), done
            held = []
    if done != size:
        raise Tampered(f"Entry {done} is not there: run `trustkeep ledger verify`.")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
