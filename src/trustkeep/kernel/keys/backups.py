"""Key backups: packs of the buckets that changed, and a manifest that says where each one lies.

A backup opens with the secret of its epoch only: wrapped keys, and each bucket's record sealed
under the bucket's key (`packs`).  Once that secret is destroyed it is noise.  Its cost follows what
changed, not how many customers there are.
Format: `docs/formats/key-tree.md`.
"""

import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from trustkeep.base import canonical, points, world
from trustkeep.base.errors import Misconfigured, Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import file_lock, packs, reference_lists, store, unwrap
from trustkeep.kernel.keys.service import INSTALL, KeyService
from trustkeep.kernel.keys.slots import FileSlot

CHECKPOINT = "checkpoint"  # where the ledger's anchor keeps the newest one in the store
KEPT = 3  # manifests; older ones, and packs that none of these names, are removed
FORMAT = 2  # 1 held each record as one text; nothing reads it any more
_MAC_LABEL = b"trustkeep/key-backup/v1"


def write(keys: KeyService) -> Path:
    """Back up what changed since the newest manifest; durable and read back when this returns.

    Raises:
        Tampered: what was read back is not what was written.
        Misconfigured: the folder cannot be written.
    """
    folder = keys.places.backups
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with file_lock.held(folder / ".lock"):  # two at once would write one pack
            return _written(keys, folder)
    except OSError as problem:
        raise Misconfigured(
            f"Key backups cannot be written to {folder} ({problem.strerror}): make room or set "
            "TRUSTKEEP_KEY_BACKUPS to another disk."
        ) from None


def _written(keys: KeyService, folder: Path) -> Path:
    secret = expanded(keys.master, _MAC_LABEL)
    before = newest(folder, secret)
    number = before["number"] + 1 if before else 1
    placed = _placed(before)
    with packs.durable(packs.path_of(folder, number)) as file, keys.store.reading() as rows:
        pack = packs.write(file, rows, keys.ring.at(rows), number, placed)
        metas = rows.execute("SELECT name, value FROM meta ORDER BY name").fetchall()
    points.reached("backup.packed")
    placed |= pack.placed
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "number": number,
        "at": world.now().isoformat(),
        "meta": {str(name): bytes(value).hex() for name, value in metas},
        "buckets": placed,
        "packs": _lengths(before, placed) | {str(number): pack.length},
    }
    body = canonical.encode(manifest)
    path = folder / f"manifest-{number}.json"
    with packs.durable(path) as file:
        file.write(hmac.digest(secret, body, "sha256").hex().encode() + b"\n" + body)
    points.reached("backup.written")
    if _manifest(folder, secret, number) is None or not packs.stands(folder, number, pack):
        raise Tampered(f"The key backup in {folder} could not be read back: check its disk.")
    _prune(folder, secret, number)
    return path


def _placed(before: dict[str, Any] | None) -> dict[str, packs.Placed]:
    return dict(before["buckets"]) if before and before["format"] == FORMAT else {}


def _lengths(before: dict[str, Any] | None, placed: dict[str, packs.Placed]) -> dict[str, int]:
    """The packs that are still needed, of those that the manifest before this one names."""
    needed = {str(pack) for _, pack, _, _ in placed.values()}
    known = before["packs"] if before and before["format"] == FORMAT else {}
    return {number: length for number, length in known.items() if number in needed}


def is_due(keys: KeyService) -> bool:
    """Whether anything changed since the newest backup."""
    before = newest(keys.places.backups, expanded(keys.master, _MAC_LABEL))
    placed = _placed(before)
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
        Misconfigured: there is no backup here that this master key made, or it is of another form.
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
    if manifest["format"] != FORMAT:
        raise Misconfigured(
            f"The key backup in {folder} was written in form {manifest['format']}, and this "
            f"version reads form {FORMAT}: restore it with the version that wrote it."
        )
    packs.refuse_cut_off(folder, manifest["packs"])
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
            packs.put_buckets(rows, epoch, folder, manifest["buckets"])
            reference_lists.make_again(rows, epoch)
    finally:
        keys.close()
    fresh.rename(into)
    return Manifest(install, number, datetime.fromisoformat(manifest["at"]))


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
