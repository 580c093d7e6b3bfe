"""One bit of a file that keys or anchors lie in, and it is refused with a sentence.

A failure names its seed; `FLIPS=<seed>` before pytest and this file's name repeats it.
"""

import hashlib
import hmac
import os
import random
import shutil
import time

import pyrage
import pytest
from tests.keyhouse import Keyhouse
from tests.security.test_bit_flips import flipped

from trustkeep.base import world
from trustkeep.base.errors import TrustkeepError
from trustkeep.config import start
from trustkeep.kernel.keys import (
    backups,
    founding,
    references,
    register,
    register_chain,
    replacing,
    restoring,
    service,
    store,
)
from trustkeep.kernel.keys.slots import FileSlot, recovery_slot
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger import sequencer


@pytest.fixture
def each_flip_is_refused(tier):
    """Flips random bits of a file, one at a time; each time the act must refuse with a sentence."""
    seed = int(os.environ.get("FLIPS") or time.time())
    chance = random.Random(seed)

    def check(path, act, *, within=None, share=1):
        before = path.read_bytes()
        first, last = within or (0, len(before))
        for _ in range(max(8, tier.pick(test=40, ci=200, long=1000) // share)):
            bit = chance.randrange(first * 8, last * 8)
            path.write_bytes(flipped(before, bit))
            assert is_refused(act), f"bit {bit} of {path.name} counted; FLIPS={seed}"
        for length in {0, 1, len(before) // 2, len(before) - 1}:
            path.write_bytes(before[:length])
            assert is_refused(act), f"{path.name} cut off at {length} counted"
        path.write_bytes(before)
        assert not is_refused(act)  # it was the bit, and nothing else

    return check


def is_refused(act):
    """Whether an act ends with one sentence for a person; any other failure is passed on."""
    try:
        act()
    except TrustkeepError as refusal:
        sentence = refusal.sentence
    else:
        return False
    assert "\n" not in sentence
    assert sentence.endswith(".")
    return True


@pytest.fixture
def house(tmp_path):
    """Keys with three customers, a held register and one key backup."""
    house = Keyhouse(tmp_path)
    keys = house.found()
    customers = [world.new_id() for _ in range(3)]
    hashed = references.hashes(keys, ["C-1", "C-2", "C-3"])
    keys.create_customer_keys(customers, dict(zip(hashed, customers, strict=True)))
    register.enter(Fact.HELD, customers[0], details={"hold": "lawsuit"})
    backups.write(keys)
    yield house
    house.close()


def kit_of(keys):
    """What the recovery kit holds, without the seconds that opening one takes."""
    with keys.store.reading() as rows:
        wrapped = store.meta(rows, founding.IDENTITY)
    identity = founding.unwrapped_identity(keys.master, keys.install, wrapped)
    return {"install": str(keys.install), "master": keys.master.hex(), "identity": identity}


@pytest.fixture
def restoring_from(house):
    """Makes the key store out of its backup in a place of its own, with a slot of this house."""
    keys = service.current()
    kit = kit_of(keys)

    def restore(slot):
        fresh = Keyhouse(house.folder / "restored")
        shutil.rmtree(fresh.folder, ignore_errors=True)
        shutil.copytree(house.places.backups, fresh.places.backups)
        fresh.places.store.parent.mkdir()
        restoring.restore(fresh.places, keys.master, slot)

    def with_recovery():
        to = str(pyrage.x25519.Identity.from_str(kit["identity"]).to_public())
        restore(recovery_slot(house.places.recovery, to, kit["identity"]))

    def with_primary():
        restore(FileSlot("primary", house.places.primary))

    return {"primary": with_primary, "recovery": with_recovery}


def test_a_manifest_of_a_key_backup(house, each_flip_is_refused, restoring_from):
    each_flip_is_refused(house.places.backups / "manifest-1.json", restoring_from["primary"])


def test_a_newer_manifest_does_not_make_way_for_an_older_one(
    house, each_flip_is_refused, restoring_from
):
    keys = service.current()
    keys.create_customer_keys([world.new_id()], {})
    backups.write(keys)

    each_flip_is_refused(house.places.backups / "manifest-2.json", restoring_from["primary"])


def test_a_pack_of_a_key_backup(house, each_flip_is_refused, restoring_from):
    each_flip_is_refused(house.places.backups / "pack-1.keys", restoring_from["primary"], share=2)


def test_a_pack_that_is_not_there(house, restoring_from):
    (house.places.backups / "pack-1.keys").unlink()

    assert is_refused(restoring_from["primary"])


@pytest.mark.parametrize("slot", ["primary", "recovery"])
def test_a_slot_from_which_the_store_is_restored(house, each_flip_is_refused, restoring_from, slot):
    folder = getattr(house.places, slot)
    each_flip_is_refused(folder / "epoch-1.active", restoring_from[slot], share=2)


def test_the_primary_slot_at_a_start(house, each_flip_is_refused):
    each_flip_is_refused(house.places.primary / "epoch-1.active", house.unsealed)


def test_the_recovery_slot_when_the_primary_is_filled_from_it(house, each_flip_is_refused):
    kit = kit_of(service.current())

    def fill():
        shutil.rmtree(house.places.primary)
        replacing.restore_primary(house.places, kit)

    each_flip_is_refused(house.places.recovery / "epoch-1.active", fill)


def test_the_mark_of_the_register_in_the_slot(house, each_flip_is_refused):
    def look():
        house.unsealed()
        register.facts(world.new_id())

    each_flip_is_refused(house.places.primary / "held-register-root", look)


@pytest.mark.parametrize("slot", ["primary", "recovery"])
def test_the_checkpoint_in_a_slot(company, dan, each_flip_is_refused, slot):
    sequencer.run_once()
    folder = getattr(service.current().places, slot)

    each_flip_is_refused(folder / "held-checkpoint", start.check_not_rolled_back)


def test_the_checkpoint_in_the_key_store(company, dan, each_flip_is_refused, tmp_path):
    sequencer.run_once()
    keys = service.current()
    copy = tmp_path / "checkpoint"
    with keys.store.reading() as rows:
        copy.write_bytes(store.meta(rows, backups.CHECKPOINT))

    def begin():
        with keys.store.writing() as rows:
            store.set_meta(rows, backups.CHECKPOINT, copy.read_bytes())
        start.check_not_rolled_back()

    each_flip_is_refused(copy, begin)


def test_a_wrapped_reference_in_the_key_store(house, each_flip_is_refused, tmp_path):
    keys = service.current()
    (digest,) = references.hashes(keys, ["C-1"])
    copy = tmp_path / "list"
    where = (int.from_bytes(digest[:2], "big") >> 4,)
    with keys.store.reading() as rows:
        found = rows.execute("SELECT list FROM reference_list WHERE place = ?", where).fetchone()
        copy.write_bytes(found[0])

    def look():
        with keys.store.writing() as rows:
            rows.execute(
                "UPDATE reference_list SET list = ? WHERE place = ?",
                (copy.read_bytes(), *where),
            )
        assert references.customers(keys, [digest])

    each_flip_is_refused(copy, look)


def test_the_harness_sees_a_manifest_whose_seal_nobody_compares(
    house, restoring_from, each_flip_is_refused, monkeypatch
):
    """Planted: a comparison that always agrees; a changed length or number is then taken."""

    class Agreeing:
        digest = staticmethod(hmac.digest)
        compare_digest = staticmethod(lambda *_: True)

    monkeypatch.setattr(backups, "hmac", Agreeing)
    manifest = house.places.backups / "manifest-1.json"
    within = (0, 64)  # the seal itself

    with pytest.raises(AssertionError, match="counted"):
        each_flip_is_refused(manifest, restoring_from["primary"], within=within)


def test_the_harness_sees_a_mark_without_its_digest(house, each_flip_is_refused, monkeypatch):
    """Planted: a mark that counts less is taken for one that lags behind."""
    monkeypatch.setattr(
        register_chain, "held_mark", lambda slot: slot.held(register_chain.ROOT)[:40]
    )
    mark = house.places.primary / "held-register-root"

    def look():
        house.unsealed()
        register.facts(world.new_id())

    with pytest.raises(AssertionError, match="counted"):
        each_flip_is_refused(mark, look, within=(7, 8))


def test_the_digest_of_the_mark_is_its_own(house):
    stored = (house.places.primary / "held-register-root").read_bytes()

    assert hashlib.sha256(stored[:40]).digest() == stored[40:]
