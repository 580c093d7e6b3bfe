#!/usr/bin/env python3
"""Check a Trustkeep ledger offline.  Shares no code with Trustkeep; needs Python 3.11 alone.

    trustkeep_verify.py log FOLDER --key KEY [--anchor FILE]...   a whole exported ledger
    trustkeep_verify.py proof FILE --key KEY                      one entry's proof

KEY is the verifier key, which you must have from the company by another way than the folder;
an anchor is a checkpoint you received earlier: the ledger must extend it.
Exit code: 0 everything fits, 1 something does not, 2 wrong use.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

EMPTY_ROOT = hashlib.sha256(b"").digest()


class Wrong(Exception):  # noqa: N818 - what is checked is wrong
    """Something does not fit; the message says what and where."""


# --- Ed25519, RFC 8032 section 5.1, verification only ----------------------------------------

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def added(p: Point, q: Point) -> Point:
    """The sum of two points."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, p: Point) -> Point:
    """A multiple of a point."""
    total: Point = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = added(total, p)
        p, scalar = added(p, p), scalar >> 1
    return total


def point(data: bytes) -> Point:
    """The point that 32 bytes encode."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        raise Wrong("a point is not reduced")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        raise Wrong("this is not a point of the curve")
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


BASE = point(bytes.fromhex("58" + "66" * 31))


def is_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature is good (RFC 8032, section 5.1)."""
    try:
        key, commitment = point(public), point(signature[:32])
    except Wrong:
        return False
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = hashlib.sha512(signature[:32] + public + message).digest()
    left = times(scalar, BASE)
    right = added(commitment, times(int.from_bytes(challenge, "little") % ORDER, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (
        left[1] * right[2] - right[1] * left[2]
    ) % P == 0


# Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint)
def unbase64(text: str) -> bytes:
    """The bytes of canonical, padded base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Wrong("base64 is malformed") from None
    if base64.b64encode(data).decode() != text:
        raise Wrong("base64 is not canonical")
    return data


def key_from(text: str) -> tuple[str, bytes, bytes]:
    """(name, key id, public key) of a verifier key."""
    parts = text.strip().split("+", 2)
    data = unbase64(parts[2]) if len(parts) == 3 else b""
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    if len(data) != 33 or data[0] != 1 or key_id.hex() != parts[1]:
        raise Wrong("this is not an Ed25519 verifier key")
    return parts[0], key_id, data[1:]


def opened_note(note: bytes, key: tuple[str, bytes, bytes]) -> str:
    """The text of a note signed by the key."""
    whole = note.decode(errors="replace")  # what was replaced no longer fits its signature
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise Wrong("this is not a signed note")
    text, good = head + "\n", False
    for line in tail[:-1].split("\n"):
        found = re.fullmatch("\N{EM DASH} ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        data = unbase64(found[2]) if found else b""
        if not found or len(data) < 5 or any(sign.isspace() for sign in found[1]):
            raise Wrong("a signature line is malformed")
        if (found[1], data[:4]) == key[:2]:
            if not is_signed(key[2], data[4:], text.encode()):
                raise Wrong("the signature does not verify")
            good = True
    if not good:
        raise Wrong("the given key did not sign this note")
    return text


def opened_checkpoint(note: bytes, key: tuple[str, bytes, bytes]) -> tuple[int, bytes]:
    """(size, root) of a checkpoint signed by the log's own key."""
    lines = opened_note(note, key)[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise Wrong("this is not a checkpoint")
    size, root = int(lines[1]), unbase64(lines[2])
    if lines[0] != key[0] or len(root) != 32 or (size == 0 and root != EMPTY_ROOT):
        raise Wrong("the checkpoint is of another log, or malformed")
    return size, root


# The tree (RFC 6962)
def node(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbours (RFC 6962)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def included(root: bytes, size: int, index: int, leaf: bytes, proof: list[bytes]) -> bool:
    """Whether a proof shows the leaf, by walking down the recursive definition."""

    def walk(number: int, count: int, rest: list[bytes]) -> bytes:
        if count == 1 or not rest:
            return leaf if count == 1 and not rest else b""  # too long, or too short
        half = 1 << (count - 1).bit_length() - 1
        if number < half:
            return node(walk(number, half, rest[:-1]), rest[-1])
        return node(rest[-1], walk(number - half, count - half, rest[:-1]))

    return 0 <= index < size and walk(index, size, proof) == root


class Tree:
    """A tree that grows leaf by leaf; keeps only the complete subtrees of its right edge."""

    def __init__(self) -> None:
        """An empty tree."""
        self.size, self.peaks = 0, list[bytes]()

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        carry, sha = self.size, hashlib.sha256
        while carry & 1:
            leaf, carry = sha(b"\x01" + self.peaks.pop() + leaf).digest(), carry >> 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """The root as of now."""
        found = self.peaks[-1] if self.peaks else EMPTY_ROOT
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def tile_path(kind: str, index: int, width: int) -> str:
    """Where tlog-tiles puts a tile."""
    groups = f"{index:0{-(-len(str(index)) // 3) * 3}}"
    parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
    name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
    return f"tile/{kind}/{name}" + ("" if width == 256 else f".p/{width}")


def bundles(folder: Path, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """(first position, entries) of each bundle of 256 of the folder."""
    for first in range(0, size, 256):
        width = min(256, size - first)
        data, at, entries = (folder / tile_path("entries", first // 256, width)).read_bytes(), 0, []
        while at < len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            entries.append(data[at + 2 : end])
            at = end
        if at != len(data) or len(entries) != width:
            raise Wrong(f"the bundle of entries from {first} on is torn")
        yield first, entries


# What is checked
def check_log(folder: Path, key: tuple[str, bytes, bytes], anchors: list[bytes]) -> int:
    """Check a whole folder; returns the number of entries."""
    size, root = opened_checkpoint((folder / "checkpoint").read_bytes(), key)
    due = sorted(opened_checkpoint(note, key) for note in anchors)
    if due and due[-1][0] > size:
        raise Wrong(f"an anchor has seen {due[-1][0]} entries, here are {size}")
    tree, chains, loads, sha = Tree(), dict[str, tuple[int, str]](), json.loads, hashlib.sha256
    for first, entries in bundles(folder, size):
        leaves = [sha(b"\x00" + entry).digest() for entry in entries]
        stored = (folder / tile_path("0", first // 256, len(entries))).read_bytes()
        if stored != b"".join(leaves):
            raise Wrong(f"the hash tile does not fit the entries from {first} on")
        for number, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), first):
            while due and due[0][0] == number and tree.root() == due[0][1]:
                due.pop(0)
            try:
                body = loads(entry)
                writer, place = body["writer"], (body["n"], body["prev"])
            except (ValueError, KeyError, TypeError):
                raise Wrong(f"entry {number} is not readable") from None
            counter, before = chains.get(writer, (0, "00" * 32))
            if place != (counter + 1, before):
                raise Wrong(f"entry {number} does not follow its writer's entry {counter}")
            chains[writer] = place[0], leaf.hex()
            tree.add(leaf)
    if any(anchor != (tree.size, tree.root()) for anchor in due):
        raise Wrong(f"the first {due[0][0]} entries are not those that an anchor has seen")
    if tree.root() != root:
        raise Wrong("the entries do not make up the root that was signed")
    check_upper_tiles(folder, size)
    return size


def check_upper_tiles(folder: Path, size: int) -> None:
    """Check each tile above the lowest against the tiles below it."""
    level, below = 1, size // 256
    while below:
        for first in range(0, below, 256):
            width = min(256, below - first)
            hashes = b""
            for index in range(first, first + width):
                tree, tile = Tree(), (folder / tile_path(str(level - 1), index, 256)).read_bytes()
                for at in range(0, len(tile), 32):
                    tree.add(tile[at : at + 32])
                hashes += tree.root()
            if (folder / tile_path(str(level), first // 256, width)).read_bytes() != hashes:
                raise Wrong(f"a hash tile of level {level} does not fit the tiles below it")
        level, below = level + 1, below // 256


def check_proof(data: bytes, key: tuple[str, bytes, bytes]) -> bytes:
    """Check a proof file that carries its entry; returns the entry."""
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    if not blank or lines[0] != "c2sp.org/tlog-proof@v1" or len(lines) < 3:
        raise Wrong("this is not a proof file")
    if not lines[1].startswith("extra ") or not re.fullmatch("index (0|[1-9][0-9]*)", lines[2]):
        raise Wrong("the proof file lacks the entry or its index")
    entry, index = unbase64(lines[1][6:]), int(lines[2][6:])
    size, root = opened_checkpoint(note, key)
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if not included(root, size, index, leaf, [unbase64(line) for line in lines[3:]]):
        raise Wrong("the proof does not lead from the entry to the signed root")
    return entry


def main(arguments: list[str] | None = None) -> int:
    """Run one check as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kind", choices=("log", "proof"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--anchor", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    try:
        key = key_from(asked.key)
        if asked.kind == "proof":
            print(check_proof(asked.path.read_bytes(), key).decode())
        else:
            size = check_log(asked.path, key, [path.read_bytes() for path in asked.anchor])
            print(f"{size} entries: everything fits.")
    except (Wrong, OSError) as problem:
        print(f"WRONG: {problem}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
