"""Reading a new epoch back in a fresh process, before the old secret may be destroyed.

`python -m trustkeep.kernel.keys.reopen` gets the master key and the task on standard input, and
opens the store from disk with nothing but the new secret.
"""

import base64
import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from trustkeep.base import world
from trustkeep.base.errors import Tampered, TrustkeepError
from trustkeep.crypto import keytree, sealed
from trustkeep.kernel.keys import reference_lists, store
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.kernel.keys.unwrap import NAMED, Epoch, Ring

OTHER_BUCKETS = 8  # looked at beside the changed ones: some 2,000 keys of a million
LOOKED_UP = 16  # references of one bucket
TIMEOUT_S = 300


@dataclass(frozen=True, slots=True)
class Sample:
    """A sealed blob of a surviving customer, to be opened in the new world."""

    place: sealed.Place
    blob: bytes


def verify(keys: KeyService, epoch: int, erased: Sequence[UUID], samples: Sequence[Sample]) -> None:
    """Have a fresh process open the store at an epoch.

    Raises:
        Tampered: it could not; the old secret must be kept.
    """
    task = {
        "store": str(keys.places.store),
        "slot": str(keys.places.primary),
        "install": str(keys.install),
        "master": keys.master.hex(),
        "epoch": epoch,
        "buckets": sorted({*map(keytree.bucket_of, erased), *_others()}),
        "erased": [str(customer) for customer in erased],
        "samples": [_said(sample) for sample in samples],
    }
    ran = subprocess.run(  # noqa: S603 - our own interpreter, our own module
        [sys.executable, "-m", __name__],
        input=json.dumps(task).encode(),
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    if ran.returncode != 0:
        raise Tampered(
            "The new keys could not be read back from disk, so the old ones are kept: run "
            "`trustkeep keys status`, and restore the key store if it names a defect."
        )


def opened(task: dict[str, object]) -> int:
    """Open what the task names; returns how many keys and blobs opened.

    Raises:
        Tampered: the store does not open with the new secret alone.
    """
    install = UUID(str(task["install"]))
    keys = store.KeyStore(Path(str(task["store"])))
    slot = FileSlot("primary", Path(str(task["slot"])))
    ring = Ring(keys, slot, install, bytes.fromhex(str(task["master"])))
    with keys.reading() as rows:
        epoch = ring.at(rows)
        if epoch.number != task["epoch"]:
            raise Tampered("the store is at another epoch")
        for bucket in range(keytree.BUCKETS):
            epoch.bucket_key(bucket)
        for name in NAMED:
            epoch.named_key(rows, name)
        count = keytree.BUCKETS + len(NAMED)
        for bucket in list(task["buckets"]):  # type: ignore[call-overload]
            count += _open_bucket(rows, epoch, bucket)
        count += reference_lists.verify_renewed(rows, epoch)
        for erased in map(UUID, list(task["erased"])):  # type: ignore[call-overload]
            if store.wrapped_key(rows, erased) is not None:
                raise Tampered("an erased customer still has a key")
        return count + _open_samples(rows, epoch, list(task["samples"]))  # type: ignore[call-overload]


def _open_bucket(rows: sqlite3.Connection, epoch: Epoch, bucket: int) -> int:
    meant: dict[bytes, UUID] = {}
    kept = store.keys_in(rows, bucket)
    for customer, version, wrapped, reference in kept:
        epoch.customer_key(customer, version, wrapped)
        if reference is not None:
            meant[reference_lists.unwrapped(epoch, customer, reference)] = customer
    # Each look-up opens a list, so some of them; the lists written anew are opened whole.
    some = dict(islice(meant.items(), LOOKED_UP))
    if reference_lists.find(rows, epoch, list(some)) != some:
        raise Tampered("a survivor's reference leads nowhere")
    return len(kept)


def _open_samples(rows: sqlite3.Connection, epoch: Epoch, samples: list[list[str]]) -> int:
    for install, subject, kind, key_version, version, blob in samples:
        place = sealed.Place(UUID(install), UUID(subject), kind, int(key_version), int(version))
        found = store.wrapped_key(rows, place.subject)
        if found is None:
            raise Tampered("a survivor has no key")
        key = epoch.customer_key(place.subject, *found)
        try:
            sealed.open_sealed(key.key, place, base64.b64decode(blob))
        except sealed.Unopenable:
            raise Tampered("a survivor's value does not open") from None
    return len(samples)


def _others() -> set[int]:
    """Some buckets that nothing was changed in."""
    drawn = world.random_bytes(2 * OTHER_BUCKETS)
    return {
        int.from_bytes(drawn[at : at + 2], "big") % keytree.BUCKETS
        for at in range(0, len(drawn), 2)
    }


def _said(sample: Sample) -> list[str]:
    place = sample.place
    return [
        str(place.install), str(place.subject), place.kind, str(place.key_version),
        str(place.version), base64.b64encode(sample.blob).decode(),
    ]  # fmt: skip


if __name__ == "__main__":
    try:
        print(opened(json.load(sys.stdin)))  # noqa: T201 - the answer of this program
    except TrustkeepError as problem:
        sys.exit(str(problem))
