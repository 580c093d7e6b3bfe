import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto import notes
from trustkeep.crypto.notes import BadNote, Checkpoint, VerifierKey

VECTORS = json.loads((Path(__file__).parent / "vectors/notes.json").read_text())
CHECKPOINT = VECTORS["checkpoint"]
NOTE = CHECKPOINT["note"].encode()
KEY = VerifierKey.parsed(CHECKPOINT["key"])
SIGNER = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(CHECKPOINT["seed"]))


def test_the_example_note_of_the_specification_opens():
    vector = VECTORS["note"]
    note = f"{vector['text']}\n— example.com/foo {vector['signature']}\n".encode()
    assert vector["text"] == notes.opened(note, [VerifierKey.parsed(vector["key"])])


def test_the_checkpoint_of_the_vector_is_made_byte_for_byte():
    checkpoint = Checkpoint(CHECKPOINT["origin"], 8, bytes.fromhex(CHECKPOINT["root"]))
    assert NOTE == notes.sign(checkpoint.text, KEY, SIGNER)
    assert checkpoint == notes.opened_checkpoint(NOTE, [KEY], CHECKPOINT["origin"])


def test_a_key_is_published_as_the_vector_says():
    assert CHECKPOINT["key"] == VerifierKey(KEY.name, SIGNER.public_key().public_bytes_raw()).text


@pytest.mark.parametrize("text", VECTORS["refused_texts"])
def test_what_is_no_checkpoint_is_refused(text):
    with pytest.raises(BadNote):
        Checkpoint.parsed(text)


@given(st.integers(0, len(NOTE) * 8 - 1))
def test_any_flipped_bit_of_a_checkpoint_is_detected(bit):
    changed = bytearray(NOTE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(BadNote):
        notes.opened_checkpoint(bytes(changed), [KEY], CHECKPOINT["origin"])


@given(st.binary(max_size=200))
def test_bytes_that_are_no_note_are_refused_in_one_way(data):
    with pytest.raises(BadNote):
        notes.opened(data, [KEY])


def test_a_signature_by_an_unknown_key_is_passed_over():
    text, signature = CHECKPOINT["note"].split("\n\n")
    note = f"{text}\n\n— somebody.example/else AAAAAAAA\n{signature}".encode()
    assert text + "\n" == notes.opened(note, [KEY])


def test_a_note_that_no_known_key_signed_is_refused():
    with pytest.raises(BadNote, match="no known key"):
        notes.opened(NOTE, [])


def test_the_checkpoint_of_another_log_is_refused():
    with pytest.raises(BadNote, match="another log"):
        notes.opened_checkpoint(NOTE, [KEY], "log.example.org/other")
