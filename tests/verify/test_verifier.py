import ast
import importlib.util
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "verify/trustkeep_verify.py"
MERKLE = json.loads((ROOT / "tests/formats/vectors/merkle.json").read_text())
NOTES = json.loads((ROOT / "tests/formats/vectors/notes.json").read_text())


@pytest.fixture(scope="module")
def verifier():
    spec = importlib.util.spec_from_file_location("trustkeep_verify", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_shares_no_code_with_trustkeep_and_is_short():
    text = SOURCE.read_text()
    imported = {
        name
        for step in ast.walk(ast.parse(text))
        if isinstance(step, ast.Import | ast.ImportFrom)
        for name in ([step.module] if isinstance(step, ast.ImportFrom) else
                     [each.name for each in step.names])
    }  # fmt: skip
    assert set() == {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert len(text.splitlines()) <= 300


def test_it_grows_the_roots_of_the_published_vectors(verifier):
    tree, roots = verifier.Tree(), []
    for entry in MERKLE["entries"]:
        roots.append(tree.root().hex())
        tree.add(verifier.hashlib.sha256(b"\x00" + bytes.fromhex(entry)).digest())
    assert MERKLE["roots"] == [*roots, tree.root().hex()]


@pytest.mark.parametrize("vector", MERKLE["inclusion"])
def test_it_accepts_the_published_inclusion_proofs(verifier, vector):
    root = bytes.fromhex(MERKLE["roots"][vector["size"]])
    entry = bytes.fromhex(MERKLE["entries"][vector["index"]])
    leaf = verifier.hashlib.sha256(b"\x00" + entry).digest()
    proof = [bytes.fromhex(step) for step in vector["proof"]]
    assert verifier.included(root, vector["size"], vector["index"], leaf, proof)
    assert not verifier.included(root, vector["size"], vector["index"], root, proof)


def test_it_opens_the_published_note_and_checkpoint(verifier):
    note, checkpoint = NOTES["note"], NOTES["checkpoint"]
    whole = f"{note['text']}\n— example.com/foo {note['signature']}\n".encode()
    assert note["text"] == verifier.opened_note(whole, verifier.key_from(note["key"]))
    key = verifier.key_from(checkpoint["key"])
    assert (8, bytes.fromhex(checkpoint["root"])) == verifier.opened_checkpoint(
        checkpoint["note"].encode(), key
    )


@settings(max_examples=60)
@given(st.integers(0, len(NOTES["checkpoint"]["note"].encode()) * 8 - 1))
def test_it_detects_any_flipped_bit_of_a_checkpoint(verifier, bit):
    changed = bytearray(NOTES["checkpoint"]["note"].encode())
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(verifier.Wrong):
        verifier.opened_checkpoint(bytes(changed), verifier.key_from(NOTES["checkpoint"]["key"]))


@given(st.integers(1, 10**10), st.integers(1, 256))
def test_it_names_tiles_as_the_writer_does(verifier, index, width):
    from trustkeep.crypto import tiles

    assert tiles.path(0, index, width) == verifier.tile_path("0", index, width)


@given(st.binary(max_size=64), st.binary(min_size=32, max_size=32))
def test_its_arithmetic_agrees_with_the_package(verifier, message, seed):
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert verifier.is_signed(public, signature, message)
    assert not verifier.is_signed(public, signature, message + b"x")
    assert not verifier.is_signed(public, signature[::-1], message)
