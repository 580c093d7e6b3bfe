"""Packs of key backups: the records of the buckets that changed, each sealed as a stream.

A pack is written and read a chunk at a time: what a backup takes in memory does not follow how many
customers there are.  Format: `docs/formats/key-tree.md`.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from trustkeep.base.errors import Tampered
from trustkeep.crypto import stream
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined, u16, u64
from trustkeep.kernel.keys import bucket_record
from trustkeep.kernel.keys.slots import sync
from trustkeep.kernel.keys.unwrap import Epoch

HEAD = b"trustkeep-key-pack/v2\n"
_RECORD_LABEL = b"trustkeep/bucket-record/v2"
Placed = list[int]  # generation, pack number, offset, length


@dataclass(frozen=True, slots=True)
class Written:
    """A pack as it was written: where each bucket's record lies, the length, and the SHA-256."""

    placed: dict[str, Placed]
    length: int
    digest: bytes


def path_of(folder: Path, number: int) -> Path:
    """Where a pack lies."""
    return folder / f"pack-{number}.keys"


@contextmanager
def durable(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which stands in its place, whole and durable, when the block has ended."""
    fresh = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    sync(path.parent)


def write(
    file: IO[bytes],
    rows: sqlite3.Connection,
    epoch: Epoch,
    number: int,
    before: dict[str, Placed],
) -> Written:
    """Write the records of the buckets that are not placed at their present generation."""
    placed: dict[str, Placed] = {}
    file.write(HEAD)
    digest, offset = hashlib.sha256(HEAD), len(HEAD)
    for bucket, generation in rows.execute("SELECT bucket, generation FROM bucket").fetchall():
        if generation == before.get(str(bucket), [0])[0]:
            continue
        length = 0
        record = bucket_record.of(rows, bucket)
        for part in stream.sealed(*_key_and_place(epoch, bucket, generation), record):
            file.write(part)
            digest.update(part)
            length += len(part)
        placed[str(bucket)] = [generation, number, offset, length]
        offset += length
    return Written(placed, offset, digest.digest())


def stands(folder: Path, number: int, written: Written) -> bool:
    """Whether a pack reads back as it was written."""
    with path_of(folder, number).open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest() == written.digest


def refuse_cut_off(folder: Path, lengths: dict[str, int]) -> None:
    """Go on only if every pack begins as one, and is as long as it was written.

    Raises:
        Tampered: one was cut off, added to, is missing, or is of another form.
    """
    for number, length in lengths.items():
        path = path_of(folder, int(number))
        with _reading(path) as file:
            if file.read(len(HEAD)) != HEAD or os.fstat(file.fileno()).st_size != length:
                raise Tampered(
                    f"The key backup's {path} was changed, cut off or added to: use another copy "
                    "of it."
                )


def put_buckets(
    rows: sqlite3.Connection, epoch: Epoch, folder: Path, placed: dict[str, Placed]
) -> None:
    """Write every bucket that is placed into a fresh store.

    Raises:
        Tampered: a record is not as it was written.
    """
    for bucket, (generation, pack, offset, length) in placed.items():
        with _reading(path_of(folder, pack)) as file:
            file.seek(offset)
            key, place = _key_and_place(epoch, int(bucket), generation)
            try:
                record = stream.opened(key, place, file, length)
                bucket_record.put(rows, int(bucket), generation, record)
            except stream.Broken:
                raise Tampered(
                    f"The key backup's {path_of(folder, pack)} was changed: use another copy of it."
                ) from None


@contextmanager
def _reading(path: Path) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as problem:
        raise Tampered(
            f"The key backup's {path} cannot be read ({problem.strerror}): use another copy of it."
        ) from None


def _key_and_place(epoch: Epoch, bucket: int, generation: int) -> tuple[bytes, bytes]:
    place = joined(_RECORD_LABEL, epoch.install.bytes, u16(bucket), u64(generation))
    return expanded(epoch.bucket_key(bucket), _RECORD_LABEL), place
