"""Key backups: packs of the buckets that changed, and a manifest that says where each one lies.

A backup opens with the secret of its epoch only: wrapped keys, and each bucket's record sealed
under the bucket's key.  Once that secret is destroyed it is noise.  Its cost follows what changed,
not how many customers there are.
Format: `docs/formats/key-tree.md`.
"""

import hashlib
import hmac
import json
import os
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trustkeep.base import canonical, points, world
from trustkeep.base.errors import Misconfigured, Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.derive import expanded
from trustkeep.crypto.encoding import joined, u16, u64
from trustkeep.kernel.keys import bucket_record, reference_lists, store, unwrap
from trustkeep.kernel.keys.service import INSTALL, KeyService
from trustkeep.kernel.keys.slots import FileSlot, sync
from trustkeep.kernel.keys.unwrap import Epoch

CHECKPOINT = "checkpoint"  # where the ledger's anchor keeps the newest one in the store
KEPT = 3  # manifests; older ones, and packs that none of these names, are removed
_MAC_LABEL = b"trustkeep/key-backup/v1"
_RECORD_LABEL = b"trustkeep/bucket-record/v1"
Placed = list[int]  # generation, pack number, offset, length


def write(keys: KeyService) -> Path:
    """Back up what changed since the newest manifest; durable and read back when this returns.

    Raises:
        Tampered: what was read back is not what was written.
        Misconfigured: the folder cannot be written.
    """
    folder = keys.places.backups
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with keys.store.reading() as rows:
            secret = expanded(keys.master, _MAC_LABEL)
            before = newest(folder, secret)
            number = before["number"] + 1 if before else 1
            placed = dict(before["buckets"]) if before else {}
            pack, placed_now = _pack(rows, keys.ring.at(rows), placed, number)
            metas = rows.execute("SELECT name, value FROM meta ORDER BY name").fetchall()
    except OSError as problem:
        raise Misconfigured(
            f"Key backups cannot be written to {folder} ({problem.strerror}): make room or set "
            "TRUSTKEEP_KEY_BACKUPS to another disk."
        ) from None
    manifest: dict[str, Any] = {
        "format": 1,
        "number": number,
        "at": world.now().isoformat(),
        "meta": {str(name): bytes(value).hex() for name, value in metas},
        "buckets": placed | placed_now,
        "pack": hashlib.sha256(pack).hexdigest(),
    }
    _durably(folder / f"pack-{number}.keys", pack)
    points.reached("backup.packed")
    body = canonical.encode(manifest)
    path = folder / f"manifest-{number}.json"
    _durably(path, hmac.digest(secret, body, "sha256").hex().encode() + b"\n" + body)
    points.reached("backup.written")
    _read_back(folder, secret, number, pack)
    _prune(folder, secret, number)
    return path


def is_due(keys: KeyService) -> bool:
    """Whether anything changed since the newest backup."""
    before = newest(keys.places.backups, expanded(keys.master, _MAC_LABEL))
    placed = before["buckets"] if before else {}
    with keys.store.reading() as rows:
        metas = {
            str(name): bytes(value).hex() for name, value in rows.execute("SELECT * FROM meta")
        }
        generations = rows.execute("SELECT bucket, generation FROM bucket").fetchall()
    # A checkpoint that is kept beside the keys changes each second and is in the ledger anyway.
    kept = {name for name in metas if name != CHECKPOINT}
    return (
        before is None
        or any(before["meta"].get(name) != metas[name] for name in kept)
        or any(placed.get(str(bucket), [0])[0] != generation for bucket, generation in generations)
    )


def number_of(path: Path) -> int:
    """Which backup a manifest is of."""
    return int(path.stem.split("-")[1])


def newest(folder: Path, secret: bytes) -> dict[str, Any] | None:
    """The newest manifest that is genuine and whole."""
    genuine = (_manifest(folder, secret, number) for number in _numbers(folder))
    return next(filter(None, genuine), None)


def _numbers(folder: Path) -> list[int]:
    return sorted((number_of(path) for path in folder.glob("manifest-*.json")), reverse=True)


@dataclass(frozen=True, slots=True)
class Manifest:
    """Which backup was used."""

    install: UUID
    epoch: int
    at: datetime


def restore(folder: Path, master: bytes, slot: FileSlot, into: Path) -> Manifest:
    """Make a key store out of the newest backup, with a slot that holds its epoch's secret.

    The register is checked when the restored store is first used.

    Raises:
        Misconfigured: there is no backup here that this master key made.
        Tampered: the newest manifest or a pack is missing or was changed.
    """
    secret = expanded(master, _MAC_LABEL)
    manifest = newest(folder, secret)
    if manifest is None:
        raise Misconfigured(f"{folder} holds no key backup that belongs to this master key.")
    highest = _numbers(folder)[0]
    if highest != manifest["number"]:
        raise Tampered(
            f"The newest key backup, manifest-{highest}.json in {folder}, was changed: use another "
            "copy of it, or move it away to use an earlier one, which knows no newer customer."
        )
    metas = {name: bytes.fromhex(value) for name, value in manifest["meta"].items()}
    number = int(metas[store.EPOCH])
    install = UUID(bytes=metas[INSTALL])
    root = keytree.root_key(
        master=master, epoch_secret=slot.secret(number), install=install, epoch=number
    )
    epoch = unwrap.Epoch(number, root, metas[unwrap.TABLE], install)
    fresh = into.with_name(into.name + ".new")
    fresh.unlink(missing_ok=True)
    keys = store.KeyStore(fresh)
    try:
        keys.create()
        with keys.writing() as rows:
            for name, value in metas.items():
                store.set_meta(rows, name, value)
            _put_buckets(rows, epoch, folder, manifest["buckets"])
            reference_lists.make_again(rows, epoch)
    finally:
        keys.close()
    fresh.rename(into)
    return Manifest(install, number, datetime.fromisoformat(manifest["at"]))


def _put_buckets(
    rows: sqlite3.Connection, epoch: Epoch, folder: Path, placed: dict[str, Placed]
) -> None:
    for bucket, (generation, pack, offset, length) in placed.items():
        data = _part(folder / f"pack-{pack}.keys", offset, length)
        record = _opened(epoch, int(bucket), generation, data)
        bucket_record.put(rows, int(bucket), generation, record)


def _part(pack: Path, offset: int, length: int) -> bytes:
    try:
        with pack.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except OSError as problem:
        raise Tampered(
            f"The key backup's {pack} cannot be read ({problem.strerror}): use another copy of it."
        ) from None


def _sealed(epoch: Epoch, bucket: int, generation: int, record: bytes) -> bytes:
    nonce = world.random_bytes(keytree.NONCE_BYTES)
    cipher = AESGCM(expanded(epoch.bucket_key(bucket), _RECORD_LABEL))
    return nonce + cipher.encrypt(nonce, record, _place(epoch, bucket, generation))


def _opened(epoch: Epoch, bucket: int, generation: int, data: bytes) -> bytes:
    cipher = AESGCM(expanded(epoch.bucket_key(bucket), _RECORD_LABEL))
    nonce, sealed = data[: keytree.NONCE_BYTES], data[keytree.NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, sealed, _place(epoch, bucket, generation))
    except (InvalidTag, ValueError):
        raise Tampered("A pack of the key backup was changed: use an earlier backup.") from None


def _place(epoch: Epoch, bucket: int, generation: int) -> bytes:
    return joined(_RECORD_LABEL, epoch.install.bytes, u16(bucket), u64(generation))


def _pack(
    rows: sqlite3.Connection, epoch: Epoch, placed: dict[str, Placed], number: int
) -> tuple[bytes, dict[str, Placed]]:
    changed: dict[str, Placed] = {}
    parts: list[bytes] = []
    offset = 0
    for bucket, generation in rows.execute("SELECT bucket, generation FROM bucket").fetchall():
        if generation == placed.get(str(bucket), [0])[0]:
            continue
        record = _sealed(epoch, bucket, generation, bucket_record.of(rows, bucket))
        changed[str(bucket)] = [generation, number, offset, len(record)]
        parts.append(record)
        offset += len(record)
    return b"".join(parts), changed


def _manifest(folder: Path, secret: bytes, number: int) -> dict[str, Any] | None:
    try:
        data = (folder / f"manifest-{number}.json").read_bytes()
    except OSError:
        return None
    mac, _, body = data.partition(b"\n")
    if not hmac.compare_digest(mac, hmac.digest(secret, body, "sha256").hex().encode()):
        return None
    manifest: dict[str, Any] = json.loads(body)
    return manifest


def _read_back(folder: Path, secret: bytes, number: int, pack: bytes) -> None:
    manifest = _manifest(folder, secret, number)
    stored = (folder / f"pack-{number}.keys").read_bytes()
    if manifest is None or stored != pack:
        raise Tampered(f"The key backup in {folder} could not be read back: check its disk.")


def _prune(folder: Path, secret: bytes, number: int) -> None:
    kept = range(number - KEPT + 1, number + 1)
    named = set(kept) | {
        placed[1]
        for n in kept
        if (manifest := _manifest(folder, secret, n))
        for placed in manifest["buckets"].values()
    }
    for path in folder.glob("manifest-*.json"):
        if number_of(path) <= number - KEPT:
            path.unlink()
    for path in folder.glob("pack-*.keys"):
        if number_of(path) not in named:
            path.unlink()


def _durably(path: Path, data: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(path)
        sync(path.parent)
    except OSError as problem:
        raise Misconfigured(
            f"The key backup {path} cannot be written ({problem.strerror}): make room or set "
            "TRUSTKEEP_KEY_BACKUPS to another disk."
        ) from None
