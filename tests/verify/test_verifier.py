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
    assert len(text.splitlines()) <= 310


def leaf_of(verifier, entry):
    return verifier.hashlib.sha256(b"\x00" + bytes.fromhex(entry)).digest()


def test_it_grows_the_roots_of_the_published_vectors(verifier):
    leaves = [leaf_of(verifier, entry) for entry in MERKLE["entries"]]
    roots = [verifier.root_over(b"".join(leaves[:size])).hex() for size in range(9)]
    assert MERKLE["roots"] == roots


@pytest.mark.parametrize("vector", MERKLE["inclusion"])
def test_it_accepts_the_published_inclusion_proofs(verifier, vector):
    root = bytes.fromhex(MERKLE["roots"][vector["size"]])
    leaf = leaf_of(verifier, MERKLE["entries"][vector["index"]])
    proof = [bytes.fromhex(step) for step in vector["proof"]]
    assert verifier.included(root, vector["size"], vector["index"], leaf, proof)
    assert not verifier.included(root, vector["size"], vector["index"], root, proof)


def test_it_accepts_no_bytes_that_only_look_like_two_hashes(verifier):
    """The root's two children, handed over as one step, prove no entry and no growth."""
    leaves = [leaf_of(verifier, entry) for entry in MERKLE["entries"]]
    root = bytes.fromhex(MERKLE["roots"][8])
    children = verifier.root_over(b"".join(leaves[:4])) + verifier.root_over(b"".join(leaves[4:]))
    forged = verifier.hashlib.sha256(b"\x00forged").digest()
    assert root == verifier.hashlib.sha256(b"\x01" + children).digest()
    for index in range(8):
        assert not verifier.included(root, 8, index, forged, [children])
        assert not verifier.included(root, 8, index, forged, [b"", children])
        assert not verifier.extends((index + 1, forged), (8, root), [children])


@pytest.mark.parametrize("vector", MERKLE["consistency"])
def test_it_accepts_the_published_consistency_proofs(verifier, vector):
    old, new = (
        (vector[which], bytes.fromhex(MERKLE["roots"][vector[which]])) for which in ("old", "size")
    )
    proof = [bytes.fromhex(step) for step in vector["proof"]]
    assert verifier.extends(old, new, proof)
    assert not verifier.extends(old, new, proof[:-1])
    assert not verifier.extends(old, new, [*proof, new[1]])
    assert not verifier.extends((old[0] - 1, old[1]), new, proof)


@given(st.integers(1, 300), st.data())
def test_it_judges_proofs_as_trustkeep_does(verifier, size, data):
    """Two implementations that share no code: one walks up, the other down."""
    from trustkeep.crypto import merkle

    old = data.draw(st.integers(0, size))
    leaves = [verifier.hashlib.sha256(bytes([0, n & 255, n >> 8])).digest() for n in range(size)]
    tree = merkle.of_leaves(leaves)
    before, after = (old, tree(0, old)), (size, tree(0, size))
    growth = merkle.consistency_proof(tree, old, size)
    assert verifier.extends(before, after, growth)
    index = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_proof(tree, index, size)
    assert verifier.included(after[1], size, index, leaves[index], path)
    for proof in (growth, path):
        if proof:
            at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
            proof[at] = flipped(proof[at], bit)
    assert not path or not verifier.included(after[1], size, index, leaves[index], path)
    assert not growth or not verifier.extends(before, after, growth)
    assert old == 0 or not verifier.extends((old, flipped(before[1], 7)), after, growth)
    assert not verifier.extends(before, (size, flipped(after[1], 7)), growth) or old == 0


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


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
