import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.crypto import merkle, tiles

VECTORS = json.loads((Path(__file__).parents[1] / "formats/vectors/merkle.json").read_text())
LEAVES = [merkle.leaf_hash(bytes.fromhex(entry)) for entry in VECTORS["entries"]]
TREE = merkle.of_leaves(LEAVES)


@pytest.mark.parametrize(("size", "root"), list(enumerate(VECTORS["roots"])))
def test_the_roots_are_those_of_the_published_vectors(size, root):
    assert root == merkle.of_leaves(LEAVES[:size])(0, size).hex()


@pytest.mark.parametrize("vector", VECTORS["inclusion"])
def test_the_inclusion_proofs_are_those_of_the_published_vectors(vector):
    index, size = vector["index"], vector["size"]
    proof = merkle.inclusion_proof(TREE, index, size)
    assert vector["proof"] == [step.hex() for step in proof]
    assert merkle.includes(TREE(0, size), size, index, LEAVES[index], proof)


@pytest.mark.parametrize("vector", VECTORS["consistency"])
def test_the_consistency_proofs_are_those_of_the_published_vectors(vector):
    old, size = vector["old"], vector["size"]
    proof = merkle.consistency_proof(TREE, old, size)
    assert vector["proof"] == [step.hex() for step in proof]
    assert merkle.extends(TREE(0, old), old, TREE(0, size), size, proof)


def leaves_of(size):
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


def flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@given(st.integers(1, 700), st.data())
def test_any_leaf_is_proven_and_any_flipped_bit_is_not(size, data):
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    tree = merkle.of_leaves(leaves)
    root, proof = tree(0, size), merkle.inclusion_proof(tree, index, size)
    assert merkle.includes(root, size, index, leaves[index], proof)
    bit = data.draw(st.integers(0, 255))
    assert not merkle.includes(root, size, index, flipped(leaves[index], bit), proof)
    assert not merkle.includes(flipped(root, bit), size, index, leaves[index], proof)
    for step in range(len(proof)):
        bad = [*proof[:step], flipped(proof[step], bit), *proof[step + 1 :]]
        assert not merkle.includes(root, size, index, leaves[index], bad)
    assert not merkle.includes(root, size, index, leaves[index], [*proof, root])
    assert not proof or not merkle.includes(root, size, index, leaves[index], proof[:-1])


@given(st.integers(1, 700), st.data())
def test_a_grown_tree_is_proven_and_any_flipped_bit_is_not(size, data):
    old = data.draw(st.integers(1, size))
    tree = merkle.of_leaves(leaves_of(size))
    before, after = tree(0, old), tree(0, size)
    proof = merkle.consistency_proof(tree, old, size)
    assert merkle.extends(before, old, after, size, proof)
    bit = data.draw(st.integers(0, 255))
    assert not merkle.extends(flipped(before, bit), old, after, size, proof)
    assert not merkle.extends(before, old, flipped(after, bit), size, proof)
    for step in range(len(proof)):
        bad = [*proof[:step], flipped(proof[step], bit), *proof[step + 1 :]]
        assert not merkle.extends(before, old, after, size, bad)


@given(st.lists(st.integers(0, 600), max_size=6))
def test_tiles_grown_in_any_steps_hash_like_the_leaves(steps):
    leaves = leaves_of(sum(steps))
    stored, edge, size = {}, [], 0
    for step in steps:
        edge, written = tiles.grow(size, edge, leaves[size : size + step])
        stored.update({(tile.level, tile.index): tile.hashes for tile in written})
        size += step
    hashed = tiles.range_hash(lambda level, index: stored.get((level, index), b""))
    plain = merkle.of_leaves(leaves)
    assert plain(0, size) == hashed(0, size)
    for index in range(0, size, 97):
        assert merkle.inclusion_proof(plain, index, size) == merkle.inclusion_proof(
            hashed, index, size
        )


@given(st.lists(st.binary(max_size=300)))
def test_a_bundle_gives_its_entries_back(entries):
    assert entries == tiles.entries_of(tiles.bundle(entries))


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00"])
def test_a_torn_bundle_is_refused(data):
    with pytest.raises(ValueError, match="ends inside"):
        tiles.entries_of(data)


def test_tile_paths_are_those_of_the_specification():
    assert tiles.path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.path(0, 5) == "tile/0/005"
    assert tiles.path("entries", 273, 112) == "tile/entries/273.p/112"


def test_the_widths_of_seventy_thousand_entries_are_those_of_the_specification():
    assert [(0, 273, 112), (1, 1, 17), (2, 0, 1)] == list(tiles.widths(70_000))
