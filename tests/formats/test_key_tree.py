import json
import sqlite3
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base.errors import Tampered
from trustkeep.crypto import keytree
from trustkeep.crypto.keytree import WrongKey
from trustkeep.kernel.keys import bucket_record, reference_lists, register_chain
from trustkeep.kernel.keys.sealed_lists import OPEN, Lists, OneList
from trustkeep.kernel.keys.slots import ACTIVE, FileSlot
from trustkeep.kernel.keys.store import KeyStore, keys_in
from trustkeep.kernel.keys.unwrap import LIST_KEYS

VECTORS = json.loads((Path(__file__).parent / "vectors/key-tree.json").read_text())
INSTALL, CUSTOMER = UUID(VECTORS["install"]), UUID(VECTORS["customer"])
BUCKET, EPOCH = VECTORS["bucket"], VECTORS["epoch"]
PLACES = {
    "bucket key": keytree.for_bucket(INSTALL, BUCKET, EPOCH),
    "customer key": keytree.for_customer(INSTALL, CUSTOMER, 1),
    "named key policy": keytree.for_name(INSTALL, "policy", EPOCH),
    "reference of a customer": keytree.for_reference(INSTALL, CUSTOMER),
}


def test_the_root_key_needs_both_factors():
    assert VECTORS["root"] == keytree.root_key(
        master=bytes.fromhex(VECTORS["master"]),
        epoch_secret=bytes.fromhex(VECTORS["epoch_secret"]),
        install=INSTALL, epoch=EPOCH,
    ).hex()  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS["wraps"], ids=lambda each: each["what"])
def test_a_wrap_opens_as_the_vector_says(vector):
    assert vector["place"] == PLACES[vector["what"]].hex()
    wrapping, wrapped = bytes.fromhex(vector["wrapping"]), bytes.fromhex(vector["wrapped"])
    assert vector["key"] == keytree.unwrap(wrapping, PLACES[vector["what"]], wrapped).hex()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda each: each["why"])
def test_a_wrap_of_elsewhere_does_not_open(vector):
    with pytest.raises(WrongKey):
        keytree.unwrap(
            bytes.fromhex(vector["wrapping"]), bytes.fromhex(vector["place"]),
            bytes.fromhex(vector["wrapped"]),
        )  # fmt: skip


@pytest.mark.parametrize(("customer", "bucket"), VECTORS["buckets"])
def test_a_customer_has_the_bucket_of_its_first_twelve_bits(customer, bucket):
    assert bucket == keytree.bucket_of(UUID(customer))


def test_a_fact_is_chained_as_the_vector_says():
    vector = VECTORS["register"]
    fact, key = vector["fact"], bytes.fromhex(vector["key"])
    row = (
        fact["bucket"], fact["n"], UUID(fact["subject"]).bytes, fact["fact"], fact["at"],
        fact["details"].encode(),
    )  # fmt: skip
    assert vector["head"] == register_chain.next_head(key, bytes(32), row).hex()
    assert vector["empty_mark"] == register_chain.empty_mark(key).hex()


def test_a_bucket_is_recorded_and_restored_as_the_vector_says(tmp_path):
    record = bytes.fromhex(VECTORS["bucket_record"]["record"])
    store = KeyStore(tmp_path / "keys.sqlite")
    store.create()
    with store.writing() as rows:
        bucket_record.put(rows, BUCKET, 3, [record])
        assert record == b"".join(bucket_record.of(rows, BUCKET))
        found = keys_in(rows, BUCKET)
    wrapped = bytes.fromhex(VECTORS["bucket_record"]["wrapped"])
    reference = bytes.fromhex(VECTORS["bucket_record"]["reference"])
    assert [(CUSTOMER, 1, wrapped, reference)] == found
    store.close()


@pytest.fixture
def lists(tmp_path):
    """The list of references of the vector, in a store of its own."""
    store = KeyStore(tmp_path / "keys.sqlite")
    store.create()
    vector = VECTORS["reference_list"]
    with store.writing() as rows:
        rows.execute(
            "INSERT INTO reference_list VALUES (?, ?)",
            (vector["bucket"], bytes.fromhex(vector["list"])),
        )
        yield Lists(rows, INSTALL, dict.fromkeys(LIST_KEYS, bytes.fromhex(vector["key"])))
    store.close()


def test_a_list_of_references_opens_as_the_vector_says(lists):
    vector = VECTORS["reference_list"]
    digest = bytes.fromhex(vector["hash"])

    assert vector["bucket"] == reference_lists.bucket_of(digest)
    assert [OneList(digest + CUSTOMER.bytes, OPEN)] == lists.of(vector["bucket"])


def test_a_list_of_another_bucket_is_refused(lists):
    bucket = VECTORS["reference_list"]["bucket"]
    lists._rows.execute("UPDATE reference_list SET place = ?", (bucket + 1,))
    with pytest.raises(Tampered):
        lists.entries(bucket + 1)


@given(st.lists(st.sampled_from([bytes(24), bytes([1]) * 24]), min_size=2, max_size=12), st.data())
def test_a_hash_across_two_entries_is_none(halves, data):
    entries = b"".join(halves[: len(halves) // 2 * 2])
    at = data.draw(st.integers(0, len(entries) - 32))
    digest = entries[at : at + 32]
    starts = [
        start for start in range(0, len(entries), 48) if entries[start : start + 32] == digest
    ]

    assert (starts or [-1])[0] == reference_lists._place_of(entries, digest)


@pytest.mark.parametrize("cut", [0, 3, 40, 100, 200, -1])
def test_a_record_that_was_cut_off_is_refused(tmp_path, cut):
    store = KeyStore(tmp_path / "keys.sqlite")
    store.create()
    with pytest.raises((Tampered, sqlite3.Error)), store.writing() as rows:
        record = bytes.fromhex(VECTORS["bucket_record"]["record"])[:cut]
        bucket_record.put(rows, BUCKET, 3, [record])
    store.close()


def test_a_slot_holds_a_secret_as_the_vector_says(tmp_path):
    slot = FileSlot("primary", tmp_path / "slot")
    slot.create()
    slot.prepare(EPOCH, bytes.fromhex(VECTORS["epoch_secret"]))
    slot.activate(EPOCH)

    assert {EPOCH: ACTIVE} == slot.epochs()
    assert VECTORS["slot_file"] == (tmp_path / "slot" / f"epoch-{EPOCH}.active").read_bytes().hex()


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=40), st.data())
def test_no_flipped_bit_of_a_wrap_goes_unseen(key, place, data):
    wrapped = bytearray(keytree.wrap(key, place, keytree.new_key()))
    bit = data.draw(st.integers(0, len(wrapped) * 8 - 1))
    wrapped[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKey):
        keytree.unwrap(key, place, bytes(wrapped))
