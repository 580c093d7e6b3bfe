"""The single values of the key store by file: what was changed is refused and never believed."""

import os
import random
import time

import pytest
from tests.keyhouse import Keyhouse

from trustkeep.base.errors import Tampered, TrustkeepError
from trustkeep.config import key_status
from trustkeep.config.environment import Environment
from trustkeep.kernel.keys import (
    backups,
    epochs,
    founding,
    kit,
    register,
    replacing,
    sealed_meta,
    service,
    store,
)

SEALED = ("recovery-recipient", "kit-proven-at", "epoch-began", "transition", "epoch-untold")
# What the ledger signs and the anchors compare; and what an erasure has just written to read back.
ELSEWHERE = {backups.CHECKPOINT, "reference-lists-renewed"}


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Keys with every value that a store can have: a proven kit, and a change that waits."""
    folder = tmp_path_factory.mktemp("full")
    made = Keyhouse(folder / "house")
    made.places.store.parent.mkdir(parents=True)
    (made.folder / "elsewhere").mkdir()
    made.found()
    made.prove_kit()
    epochs.rotate(service.current())
    made.places.recovery.rename(folder / "away")
    assert epochs.rotate(service.current()).pending == ("recovery",)
    made.close()
    return made


@pytest.fixture
def house(full, tmp_path):
    """A copy of them, unsealed in this process."""
    made = full.copy(tmp_path / "house")
    made.unsealed()
    yield made
    made.close()


def values(house):
    with service.current().store.reading() as rows:
        return {name: bytes(value) for name, value in rows.execute("SELECT name, value FROM meta")}


def put(house, name, value):
    keys = store.KeyStore(house.places.store)
    with keys.writing() as rows:
        store.set_meta(rows, name, value)
    keys.close()


def flipped(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def looked(house):
    """Everything that a new process learns from the store's single values."""
    keys = house.unsealed()
    with keys.store.reading() as rows:
        untold = sealed_meta.get(rows, keys, epochs.UNTOLD)
        wrapped = store.meta(rows, founding.IDENTITY)
        identity = wrapped and founding.unwrapped_identity(keys.master, keys.install, wrapped)
        for name in ("policy", "index", "register", "chain", "reference"):
            keys.named_key(name)
        keys.ring.at(rows).bucket_key(0)
    register.verify(keys)
    return (
        keys.epoch(), kit.proven_at(keys), epochs.began_at(keys), epochs.under_way(keys), untold,
        keys.signer.public_key().public_bytes_raw(), identity,
    )  # fmt: skip


def test_no_changed_value_is_believed_and_none_is_an_incident(house, tier):
    chance = random.Random()
    chance.seed(begun := int(os.environ.get("FLIPS") or time.time()))
    before, whole = values(house), looked(house)
    assert set(SEALED) <= set(before)
    for name, value in before.items():
        if name in ELSEWHERE or name.startswith("key/reference-list-"):
            continue
        for _ in range(tier.pick(test=3, ci=20, long=100)):
            bit = chance.randrange(len(value) * 8)
            if name == "bucket-table":
                bit %= 480  # the wrap of the bucket that is looked at
            put(house, name, flipped(value, bit))
            with pytest.raises(TrustkeepError):
                looked(house)
                pytest.fail(f"{name} bit {bit} was believed; repeat with FLIPS={begun}")
            put(house, name, value)
    assert whole == looked(house)


@pytest.mark.parametrize("name", SEALED)
def test_the_sentence_names_the_value_and_the_remedy(house, name):
    put(house, name, flipped(values(house)[name], 11))

    with pytest.raises(Tampered, match=f"{name} of the key store was changed: restore"):
        looked(house)


def test_a_value_moved_to_another_name_is_refused(house):
    put(house, "kit-proven-at", values(house)["epoch-began"])

    with pytest.raises(Tampered, match="kit-proven-at"):
        looked(house)


def test_a_recipient_that_was_taken_away_is_refused(house):
    put(house, service.RECIPIENT, None)

    with pytest.raises(Tampered, match=service.RECIPIENT):
        house.unsealed()


def test_a_recovery_slot_is_never_sealed_to_somebody_elses_recipient(house):
    keys = service.current()
    put(house, service.RECIPIENT, b"age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq")

    with pytest.raises(Tampered, match=service.RECIPIENT):
        replacing.replace_recovery(keys, destroyed=True)


@pytest.mark.parametrize("name", ["kit-proven-at", "transition", "epoch"])
def test_the_status_says_that_the_store_was_changed(house, name):
    settings = Environment(
        home=house.folder, master_key=f"file:{house.provider.path}", slot=house.places.primary
    )
    assert not any("was changed" in one for one in key_status.status(settings)["attention"])
    put(house, name, flipped(values(house)[name], 9 if name != "epoch" else 6))

    assert any("was changed" in one for one in key_status.status(settings)["attention"])


def test_the_harness_sees_a_value_that_is_believed_unread(house, monkeypatch):
    """Planted: the keyed hash is cut off and not compared."""
    monkeypatch.setattr(
        sealed_meta, "opened", lambda sealed, *_: sealed and sealed[: -sealed_meta.MAC_BYTES]
    )
    put(house, "kit-proven-at", flipped(values(house)["kit-proven-at"], 8 * 18))  # a second

    assert looked(house)[1] is not None
