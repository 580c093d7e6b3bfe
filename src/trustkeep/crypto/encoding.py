"""One unambiguous byte string from several: each part behind its length.

Used as associated data and as input to keyed hashes, so that no two lists of parts share their
bytes.  Format: `docs/formats/sealed-blob.md`.
"""


def joined(label: bytes, *parts: bytes) -> bytes:
    """The label and every part, each behind its length as four bytes, big-endian."""
    pieces = [len(label).to_bytes(4, "big"), label]
    for part in parts:
        pieces.append(len(part).to_bytes(4, "big"))
        pieces.append(part)
    return b"".join(pieces)


def u16(number: int) -> bytes:
    """Two bytes, big-endian."""
    return number.to_bytes(2, "big")


def u32(number: int) -> bytes:
    """Four bytes, big-endian."""
    return number.to_bytes(4, "big")


def u64(number: int) -> bytes:
    """Eight bytes, big-endian."""
    return number.to_bytes(8, "big")
