"""The ledger as a folder that the stand-alone verifier reads offline (C2SP tlog-tiles)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trustkeep.base.errors import Missing, Tampered
from trustkeep.crypto import tiles
from trustkeep.crypto.merkle import HASH_BYTES
from trustkeep.kernel.ledger import checkpoints, ports, positions, tile_store


@dataclass(frozen=True, slots=True)
class Exported:
    """How many entries the checkpoint has, and the positions whose rows are not there."""

    size: int
    missing: tuple[int, ...]


def export(folder: Path, say: Callable[[int, int], None] | None = None) -> Exported:
    """Write the newest checkpoint, its tiles, all entries and the public key.

    An entry that is not there is written as an empty one, which no verifier accepts: an auditor
    gets what there is, and sees what is missing.  `say` hears how many entries of how many are
    written.  Flat memory.

    Raises:
        Missing: nothing is published yet.
        Tampered: a tile is not there, or nobody knows which entries a stretch held.
    """
    published = checkpoints.newest()
    if published is None:
        raise Missing("The ledger has no checkpoint yet: run `trustkeep ledger publish`.")
    size = published.checkpoint.size
    for name, content in _hash_tiles(size):
        _write(folder / name, content)
    missing: list[int] = []
    for name, content, done in _bundles(size, missing):
        _write(folder / name, content)
        if say is not None:
            say(done, size)
    _write(folder / "key", f"{ports.current().verifier_key().text}\n".encode())
    _write(folder / "checkpoint", published.note)  # last: a folder with it is whole
    return Exported(size, tuple(missing))


def _hash_tiles(size: int) -> Iterator[tuple[str, bytes]]:
    for level, full, width in tiles.widths(size):
        for index in range(full + (1 if width else 0)):
            own = tiles.WIDTH if index < full else width
            hashes = tile_store.read(level, index)[: own * HASH_BYTES]
            if len(hashes) != own * HASH_BYTES:
                raise Tampered(f"Tile {level}/{index} is too short: run `trustkeep ledger verify`.")
            yield tiles.path(level, index, own), hashes


def _bundles(size: int, missing: list[int]) -> Iterator[tuple[str, bytes, int]]:
    held: list[bytes] = []
    done = 0
    for place in positions.in_order(0, size):
        if place.entry is None:
            missing.append(place.position)
        held.append(place.entry.body if place.entry else b"")
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
