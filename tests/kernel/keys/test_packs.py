"""A pack of a key backup that was cut off, added to or put in another order is refused."""

import hashlib
import hmac
import json
import shutil
from itertools import pairwise

import pytest
from tests.keyhouse import Keyhouse

from trustkeep.base import canonical, world
from trustkeep.base.errors import Misconfigured, Tampered
from trustkeep.crypto import stream
from trustkeep.crypto.derive import expanded
from trustkeep.kernel.keys import backups, packs, references, restoring, service
from trustkeep.kernel.keys.slots import FileSlot

CHUNK = 64


@pytest.fixture
def backed(house, monkeypatch):
    """A backup with records of several chunks each, and the pack's file."""
    monkeypatch.setattr(stream, "CHUNK_BYTES", CHUNK)
    keys = service.current()
    customers = [world.new_id() for _ in range(5)]
    hashed = references.hashes(keys, [f"C-{number}" for number in range(5)])
    keys.create_customer_keys(customers, dict(zip(hashed, customers, strict=True)))
    backups.write(keys)
    return packs.path_of(house.places.backups, 1)


@pytest.fixture
def restore(house):
    def run():
        fresh = Keyhouse(house.folder / "restored")
        shutil.rmtree(fresh.folder, ignore_errors=True)
        shutil.copytree(house.places.backups, fresh.places.backups)
        fresh.places.store.parent.mkdir()
        slot = FileSlot("primary", house.places.primary)
        return restoring.restore(fresh.places, service.current().master, slot)

    return run


def manifest(house, number=1):
    path = house.places.backups / f"manifest-{number}.json"
    return json.loads(path.read_bytes().partition(b"\n")[2])


def sign(house, content, number=1):
    """Write a manifest as its owner would: what is tested lies below its seal."""
    body = canonical.encode(content)
    secret = expanded(service.current().master, b"trustkeep/key-backup/v1")
    seal = hmac.digest(secret, body, "sha256").hex().encode()
    (house.places.backups / f"manifest-{number}.json").write_bytes(seal + b"\n" + body)


def records(house):
    return [(offset, length) for _, _, offset, length in manifest(house)["buckets"].values()]


def chunks_of(offset, length):
    """Where the chunks of a record lie, from and to."""
    starts = range(offset + stream.SALT_BYTES, offset + length, CHUNK + 16)
    return [(start, min(start + CHUNK + 16, offset + length)) for start in starts]


def boundaries(house):
    return sorted({at for one in records(house) for chunk in chunks_of(*one) for at in chunk})


def test_a_backup_comes_back(backed, restore):
    assert 1 == restore().epoch


def test_a_pack_cut_off_at_any_chunk_is_refused(house, backed, restore):
    before = backed.read_bytes()
    wanted = [at for at in boundaries(house) if at < len(before)]
    assert len(wanted) > 10

    for at in wanted[:: len(wanted) // 10]:
        backed.write_bytes(before[:at])
        with pytest.raises(Tampered):
            restore()


def test_a_record_cut_off_at_any_chunk_is_refused_though_the_manifest_agrees(
    house, backed, restore
):
    genuine = manifest(house)
    (bucket, (generation, pack, offset, length)) = max(
        genuine["buckets"].items(), key=lambda one: one[1][3]
    )
    ends = [end for _, end in chunks_of(offset, length)][:-1]
    assert ends

    for end in ends:
        content = json.loads(json.dumps(genuine))
        content["buckets"][bucket] = [generation, pack, offset, end - offset]
        sign(house, content)
        with pytest.raises(Tampered):
            restore()


def test_chunks_that_were_exchanged_are_refused(house, backed, restore):
    before = backed.read_bytes()
    offset, length = max(records(house), key=lambda one: one[1])
    whole = [chunk for chunk in chunks_of(offset, length) if chunk[1] - chunk[0] == CHUNK + 16]
    assert len(whole) > 1

    for (one, one_end), (other, other_end) in pairwise(whole):
        swapped = bytearray(before)
        swapped[one:one_end], swapped[other:other_end] = (
            before[other:other_end], before[one:one_end],
        )  # fmt: skip
        backed.write_bytes(swapped)
        with pytest.raises(Tampered):
            restore()


def test_records_that_were_exchanged_are_refused(house, backed, restore):
    content = manifest(house)
    by_length = {}
    for bucket, placed in content["buckets"].items():
        by_length.setdefault(placed[3], []).append(bucket)
    one, other = max(by_length.values(), key=len)[:2]
    places = content["buckets"]
    places[one], places[other] = places[other], places[one]
    sign(house, content)

    with pytest.raises(Tampered):
        restore()


@pytest.mark.parametrize("more", [b"\0", bytes(CHUNK + 16)])
def test_a_pack_that_was_added_to_is_refused(backed, restore, more):
    backed.write_bytes(backed.read_bytes() + more)

    with pytest.raises(Tampered, match="added to"):
        restore()


def test_a_pack_of_another_form_is_refused(backed, restore):
    data = backed.read_bytes()
    backed.write_bytes(data.replace(b"/v2\n", b"/v1\n", 1))

    with pytest.raises(Tampered):
        restore()


def test_a_backup_of_the_first_form_is_refused_with_a_sentence(house, backed, restore):
    content = manifest(house) | {"format": 1, "pack": hashlib.sha256().hexdigest()}
    del content["packs"]
    sign(house, content)

    with pytest.raises(Misconfigured, match=r"form 1.*reads form 2"):
        restore()


def test_the_backup_after_one_of_the_first_form_holds_everything(house, backed, restore):
    content = manifest(house) | {"format": 1}
    del content["packs"]
    sign(house, content)
    assert backups.is_due(service.current())

    backups.write(service.current())

    assert {2} == {pack for _, pack, _, _ in manifest(house, 2)["buckets"].values()}
    assert 1 == restore().epoch


def test_a_pack_that_no_bucket_needs_any_more_is_not_asked_for(house, backed, restore):
    keys = service.current()
    with keys.store.writing() as rows:
        rows.execute("UPDATE bucket SET generation = generation + 1")
    backups.write(keys)

    assert ["2"] == list(manifest(house, 2)["packs"])
