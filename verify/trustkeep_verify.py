#!/usr/bin/env python3
"""Check a Trustkeep ledger offline.  Shares no code with Trustkeep; needs Python 3.11 alone.

    trustkeep_verify.py log FOLDER --key KEY [--anchor FILE]...   a whole exported ledger
    trustkeep_verify.py proof FILE --key KEY                      one entry's proof
    trustkeep_verify.py growth FILE --key KEY --anchor FILE       only added to, since the anchor
    trustkeep_verify.py receipt FILE --key KEY                    that a receipt was signed so

KEY is the verifier key or a file with it, which you must have by another way than the folder;
an anchor is a checkpoint you received earlier: the ledger must extend it.
Exit code: 0 everything fits, 1 something does not, 2 wrong use.
"""

import argparse
import base64
import hashlib
import json
import re
import sys
from pathlib import Path

EMPTY_ROOT = hashlib.sha256(b"").digest()
FIRST = (1, "00" * 32)  # a writer's counter, and the leaf hash of its entry before


class Wrong(Exception):  # noqa: N818 - what is checked is wrong
    """Something does not fit; the message says what and where."""


# --- Ed25519, RFC 8032 section 5.1, verification only ----------------------------------------
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Sized = tuple[int, bytes]  # size and root of a tree
Key = tuple[str, bytes, bytes]  # name, key id, public key
Point = tuple[int, int, int, int]  # X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z


def added(p: Point, q: Point) -> Point:
    """The sum of two points."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, p: Point) -> Point:
    """A multiple of a point."""
    even = times(scalar >> 1, added(p, p)) if scalar else (0, 1, 1, 0)
    return added(even, p) if scalar & 1 else even


def point(data: bytes) -> Point:
    """The point that 32 bytes encode."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if y >= P or (x * x - square) % P or (x == 0 and sign):
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
    return not any((left[at] * right[2] - right[at] * left[2]) % P for at in (0, 1))


# Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint)
def unbase64(text: str) -> bytes:
    """The bytes of canonical, padded base64."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if not text or base64.b64encode(data).decode() != text:
        raise Wrong("base64 is malformed or not canonical")
    return data


def key_from(text: str) -> Key:
    """(name, key id, public key) of a verifier key."""
    parts = text.strip().split("+", 2)
    data = unbase64(parts[2]) if len(parts) == 3 else b""
    key_id = hashlib.sha256(parts[0].encode() + b"\n" + data).digest()[:4]
    if len(data) != 33 or data[0] != 1 or key_id.hex() != parts[1]:
        raise Wrong("this is not an Ed25519 verifier key")
    return parts[0], key_id, data[1:]


def opened_note(note: bytes, key: Key, start: str = "") -> str:
    """The text of a note that starts so and is signed by the key."""
    whole = note.decode(errors="replace")  # what was replaced no longer fits its signature
    head, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n") or any(c < " " and c != "\n" for c in whole):
        raise Wrong("this is not a signed note")
    text, ours = head + "\n", []
    if not text.startswith(start):
        raise Wrong("this is signed, but about something else")
    for line in tail[:-1].split("\n"):
        found = re.fullmatch("\N{EM DASH} ([^ +]+) ([A-Za-z0-9+/=]+)", line)
        data = unbase64(found[2]) if found else b""
        if not found or len(data) < 5 or any(sign.isspace() for sign in found[1]):
            raise Wrong("a signature line is malformed")
        if (found[1], data[:4]) == key[:2]:
            ours.append(is_signed(key[2], data[4:], text.encode()))
    if not ours or not all(ours):
        raise Wrong("the given key did not sign this note, or its signature does not verify")
    return text


def opened_checkpoint(note: bytes, key: Key) -> Sized:
    """(size, root) of a checkpoint signed by the log's own key."""
    lines = opened_note(note, key)[:-1].split("\n")
    if len(lines) < 3 or not all(lines) or not re.fullmatch("0|[1-9][0-9]{0,18}", lines[1]):
        raise Wrong("this is not a checkpoint")
    size, root = int(lines[1]), unbase64(lines[2])
    if lines[0] != key[0] or len(root) != 32 or (size == 0 and root != EMPTY_ROOT):
        raise Wrong("the checkpoint is of another log, or malformed")
    return size, root


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two neighbours; nothing where one is no hash."""
    fits = len(left) == len(right) == 32  # or 64 bytes of a proof could pass for two hashes
    return hashlib.sha256(b"\x01" + left + right).digest() if fits else b""


def root_over(hashes: bytes | bytearray) -> bytes:
    """The root over hashes of 32 bytes each; an odd last one goes up as it is."""
    while len(hashes) > 32:
        pairs = [hashes[at : at + 64] for at in range(0, len(hashes), 64)]
        hashes = b"".join([hashlib.sha256(b"\x01" + p).digest() if p[32:] else p for p in pairs])
    return hashes or EMPTY_ROOT


def led_to(first: int, count: int, proof: list[bytes], leaf: bytes, old: bytes) -> list[bytes]:
    """The hashes over the first of `count` leaves and over all, from the last of these or `old`."""
    if first == count and (not leaf or count == 1):
        steps = [each for each in (leaf, old, *proof) if each]
        return steps * 2 if len(steps) == 1 else [b"", b""]  # too long, or too short
    half = 1 << (count - 1).bit_length() - 1
    *rest, last = proof or [b""]
    if first <= half:
        inner, outer = led_to(first, half, rest, leaf, old)
        return [inner, node(outer, last)]
    return [node(last, each) for each in led_to(first - half, count - half, rest, leaf, b"")]


def included(root: bytes, size: int, index: int, leaf: bytes, proof: list[bytes]) -> bool:
    """Whether a proof shows the leaf (RFC 6962, section 2.1.1)."""
    return 0 <= index < size and led_to(index + 1, size, proof, leaf, b"")[1] == root


def extends(old: Sized, new: Sized, proof: list[bytes]) -> bool:
    """Whether a proof shows that the new tree begins with the old (RFC 6962, section 2.1.2)."""
    if old[0] == 0:
        return old[1] == EMPTY_ROOT and not proof
    return old[0] <= new[0] and led_to(old[0], new[0], proof, b"", old[1]) == [old[1], new[1]]


def tile_path(kind: str, index: int, width: int) -> str:
    """Where tlog-tiles puts a tile."""
    groups = f"{index:0{-(-len(str(index)) // 3) * 3}}"
    parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
    name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
    return f"tile/{kind}/{name}" + ("" if width == 256 else f".p/{width}")


def check_tile(folder: Path, first: int, width: int, chains: dict[str, tuple[int, str]]) -> bytes:
    """Check the entries of one tile, and that `chains` go on in them; returns the tile."""
    name, sha, read = first // 256, hashlib.sha256, json.JSONDecoder().raw_decode
    data, at, entries = (folder / tile_path("entries", name, width)).read_bytes(), 0, []
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data) or len(entries) != width:
        raise Wrong(f"the bundle of entries from {first} on is torn")
    leaves = [sha(b"\x00" + entry).digest() for entry in entries]
    stored = b"".join(leaves)
    given = (folder / tile_path("0", name, width)).read_bytes()
    if given != stored:
        differs = (at for at in range(width) if given[at * 32 : at * 32 + 32] != leaves[at])
        raise Wrong(f"entry {first + next(differs, width)} does not fit its hash tile")
    for number, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), first):
        try:
            body, length = read(entry.decode("ascii"))
            writer, place = body["writer"], (body["n"], body["prev"])
            due = chains.get(writer, FIRST)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Wrong(f"entry {number} is not readable") from None
        if place != due or length != len(entry):
            raise Wrong(f"entry {number} is not its writer's entry {due[0]}")
        chains[writer] = due[0] + 1, leaf.hex()
    return stored


def check_log(folder: Path, key: Key, anchors: list[bytes]) -> int:
    """Check a whole folder; returns the number of entries."""
    size, root = opened_checkpoint((folder / "checkpoint").read_bytes(), key)
    due = sorted(opened_checkpoint(note, key) for note in anchors)
    if due and due[-1][0] > size:
        raise Wrong(f"an anchor has seen {due[-1][0]} entries, here are {size}")
    roots, chains, cut = bytearray(), dict[str, tuple[int, str]](), dict[int, bytes]()
    for first in range(0, size, 256):
        tile = check_tile(folder, first, min(256, size - first), chains)
        roots += root_over(tile)
        for seen in (seen for seen, _ in due if first < seen < first + 256):
            cut[seen] = root_over(tile[: seen % 256 * 32])
    for seen, seen_root in due:
        if root_over(roots[: seen // 256 * 32] + cut.get(seen, b"")) != seen_root:
            raise Wrong(f"the first {seen} entries are not those that an anchor has seen")
    if root_over(roots) != root:
        raise Wrong("the entries do not make up the root that was signed")
    level, hashes = 1, bytes(roots[: size // 256 * 32])  # of full tiles only
    while hashes:
        tiles = [hashes[at : at + 8192] for at in range(0, len(hashes), 8192)]
        for index, tile in enumerate(tiles):
            if (folder / tile_path(str(level), index, len(tile) // 32)).read_bytes() != tile:
                raise Wrong(f"a hash tile of level {level} does not fit the tiles below it")
        hashes = b"".join(root_over(tile) for tile in tiles if len(tile) == 8192)
        level += 1
    return size


def opened_proof(start: str, data: bytes, key: Key) -> tuple[re.Match[str], list[bytes], Sized]:
    """(its start, the hashes, size and root signed) of a proof file that starts like this."""
    head, _, note = data.partition(b"\n\n")
    found = re.fullmatch(f"{start}(?P<hashes>(\n[^\n]+)*)", head.decode("ascii", "replace"))
    hashes = [unbase64(line) for line in found["hashes"].split("\n")[1:]] if found else []
    if not found or any(len(each) != 32 for each in hashes):
        raise Wrong("this is not such a proof file, or it is about something else")
    return found, hashes, opened_checkpoint(note, key)


def check_proof(data: bytes, key: Key) -> bytes:
    """Check a proof file that carries its entry; returns the entry."""
    start = "c2sp.org/tlog-proof@v1\nextra (.*)\nindex (0|[1-9][0-9]{0,18})"
    found, proof, (size, root) = opened_proof(start, data, key)
    entry = unbase64(found[1])
    leaf = hashlib.sha256(b"\x00" + entry).digest()
    if not included(root, size, int(found[2]), leaf, proof):
        raise Wrong("the proof does not lead from the entry to the signed root")
    return entry


def check_growth(data: bytes, key: Key, anchor: bytes) -> str:
    """Check that a later checkpoint extends the anchor."""
    old = opened_checkpoint(anchor, key)
    _, proof, new = opened_proof(f"old {old[0]}", data, key)
    if not extends(old, new, proof):
        raise Wrong("the later checkpoint does not extend the anchor")
    return f"{new[0]} entries begin with the {old[0]} of the anchor: everything fits."


def main(arguments: list[str] | None = None) -> int:
    """Run one check as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("kind", choices=("log", "proof", "growth", "receipt"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--key", required=True)
    parser.add_argument("--anchor", type=Path, action="append", default=[])
    asked = parser.parse_args(arguments)
    if asked.kind == "growth" and len(asked.anchor) != 1:
        parser.error("growth is checked against one anchor")
    try:
        given, anchors = Path(asked.key), [path.read_bytes() for path in asked.anchor]
        key = key_from(given.read_text(errors="replace") if given.is_file() else asked.key)
        data = (asked.path / "checkpoint" if asked.kind == "log" else asked.path).read_bytes()
    except (Wrong, OSError) as problem:
        print(f"NOT CHECKED: {problem}.", file=sys.stderr)
        return 2
    checks = {
        "log": lambda: f"{check_log(asked.path, key, anchors)} entries: everything fits.",
        "proof": lambda: check_proof(data, key).decode(),
        "receipt": lambda: opened_note(data, key, "trustkeep/receipt/").rstrip("\n"),
        "growth": lambda: check_growth(data, key, anchors[0]),
    }
    try:
        print(checks[asked.kind]())
    except (Wrong, OSError) as problem:
        print(f"WRONG: {problem}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
