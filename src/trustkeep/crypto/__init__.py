"""The mathematics: sealed values, key tree, blind index, Merkle tree, signed notes.  No Django."""
