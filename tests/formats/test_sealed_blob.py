import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base import world
from trustkeep.crypto import sealed
from trustkeep.crypto.encoding import joined, u32, u64
from trustkeep.crypto.keyed import Keyed
from trustkeep.crypto.sealed import Place, Unopenable
from trustkeep.kernel.vault import rules

VECTORS = json.loads((Path(__file__).parent / "vectors/sealed-blob.json").read_text())
IDS = st.uuids()
PLACES = st.builds(
    Place, IDS, IDS, st.sampled_from(["class/identity", "class/special", "text/note"]),
    st.integers(1, 2**32 - 1), st.integers(1, 2**64 - 1),
)  # fmt: skip
KEYS = st.binary(min_size=32, max_size=32)


class FixedNonce(world.RealWorld):
    """Chance that is known, so that the same bytes come out."""

    def __init__(self, nonce):
        self.nonce = nonce

    def random_bytes(self, count):
        assert count == len(self.nonce)
        return self.nonce


def place_of(vector):
    return Place(
        UUID(vector["install"]), UUID(vector["subject"]), vector["kind"],
        vector["key_version"], vector["version"],
    )  # fmt: skip


def sealed_again(vector):
    with world.another(FixedNonce(bytes.fromhex(vector["nonce"]))):
        key, opened = bytes.fromhex(vector["key"]), bytes.fromhex(vector["opened"])
        return sealed.seal(key, place_of(vector), opened).hex()


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=lambda each: each["kind"])
def test_a_blob_is_sealed_and_opened_byte_for_byte_as_the_vector_says(vector):
    assert vector["associated_data"] == place_of(vector).associated_data().hex()
    assert vector["blob"] == sealed_again(vector)
    opened = sealed.open_sealed(
        bytes.fromhex(vector["key"]), place_of(vector), bytes.fromhex(vector["blob"])
    )
    assert vector["opened"] == opened.hex()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=lambda each: each["why"])
def test_what_the_format_refuses_does_not_open(vector):
    with pytest.raises(Unopenable):
        sealed.open_sealed(
            bytes.fromhex(vector["key"]), place_of(vector), bytes.fromhex(vector["blob"])
        )


def test_a_header_is_sealed_as_the_vector_says():
    header = VECTORS["header"]
    classes = bytes.fromhex(header["classes"])
    assert classes == rules.packed(rules.unpacked(classes))
    assert header["seal"] == rules.header_seal(
        Keyed(bytes.fromhex(header["policy_key"])), customer=UUID(header["customer"]),
        state=header["state"], version=header["version"], key_version=header["key_version"],
        classes=classes,
    ).hex()  # fmt: skip


def without_version(self):
    return joined(
        b"trustkeep/sealed/v1", self.install.bytes, self.subject.bytes, self.kind.encode(),
        u32(self.key_version),
    )  # fmt: skip


def without_subject(self):
    return joined(
        b"trustkeep/sealed/v1", self.install.bytes, self.kind.encode(), u32(self.key_version),
        u64(self.version),
    )  # fmt: skip


@pytest.mark.parametrize("planted", [without_version, without_subject])
def test_a_planted_format_without_a_part_of_the_place_is_found(monkeypatch, planted):
    monkeypatch.setattr(Place, "associated_data", planted)

    assert all(vector["blob"] != sealed_again(vector) for vector in VECTORS["opens"])


@given(KEYS, PLACES, st.binary(max_size=3000))
def test_what_was_sealed_opens_in_its_place(key, place, opened):
    blob = sealed.seal(key, place, opened)
    assert opened == sealed.open_sealed(key, place, blob)
    assert sealed.has_form(blob)


@given(KEYS, PLACES, st.binary(max_size=300), st.data())
def test_no_flipped_bit_goes_unseen(key, place, opened, data):
    blob = bytearray(sealed.seal(key, place, opened))
    bit = data.draw(st.integers(0, len(blob) * 8 - 1))
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unopenable):
        sealed.open_sealed(key, place, bytes(blob))


@given(KEYS, PLACES, PLACES, st.binary(max_size=100))
def test_no_blob_opens_in_another_place(key, place, other, opened):
    blob = sealed.seal(key, place, opened)
    if place != other:
        with pytest.raises(Unopenable):
            sealed.open_sealed(key, other, blob)


@given(KEYS, KEYS, PLACES)
def test_no_blob_opens_with_another_key(key, other, place):
    if key != other:
        with pytest.raises(Unopenable):
            sealed.open_sealed(other, place, sealed.seal(key, place, b"x"))


@given(st.integers(0, 5000))
def test_the_length_of_a_blob_tells_only_a_step(size):
    padded = sealed._padded(bytes(size))
    assert bytes(size) == sealed._unpadded(padded)
    smaller = [step for step in (*sealed.STEPS, *range(2048, 8192, 1024)) if step < len(padded)]
    assert all(size + 4 > step for step in smaller)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_way(data):
    with pytest.raises(Unopenable):
        sealed.open_sealed(bytes(32), place_of(VECTORS["opens"][0]), data)
