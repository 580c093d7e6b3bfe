"""How the register is bound together: facts chained per bucket, heads under one keyed mark.

Format: `docs/formats/key-tree.md`.
"""

import hashlib
import hmac
import json
import sqlite3

from trustkeep.base.errors import Tampered
from trustkeep.crypto.encoding import joined, u16, u64
from trustkeep.crypto.keytree import BUCKETS
from trustkeep.kernel.keys import store
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.kernel.keys.standing import Fact, Standing

ROOT = "register-root"
MARK_BYTES = 40
EMPTY = bytes(32)  # the head of a bucket without facts
_LABEL = b"trustkeep/register/v1"


def held_mark(slot: FileSlot) -> bytes | None:
    """The mark that a slot holds, if there is one.

    Raises:
        Tampered: it is not what was stored: a mark that counts too little would hide a write-back.
    """
    stored = slot.held(ROOT)
    if stored is None:
        return None
    mark, digest = stored[:MARK_BYTES], stored[MARK_BYTES:]
    if hashlib.sha256(mark).digest() != digest:
        raise Tampered(
            f"The mark of the register in the {slot.name} slot {slot.folder} was changed: move the "
            "folder away and fill the slot anew with `trustkeep keys slots --restore --kit FILE`."
        )
    return mark


def hold_mark(slot: FileSlot, mark: bytes) -> None:
    """Have a slot hold a mark; durable when this returns."""
    slot.hold(ROOT, mark + hashlib.sha256(mark).digest())


def empty_mark(secret: bytes) -> bytes:
    """The mark of an empty register, for a new installation."""
    return mark_of(secret, 0, [EMPTY] * BUCKETS)


def verified_count(
    keys: KeyService, rows: sqlite3.Connection, secret: bytes, heads: list[bytes]
) -> int:
    """How many facts there are, if the heads are those of the mark and the slot knows no later one.

    Raises:
        Tampered: heads or mark were changed, or written back.
    """
    mark = store.meta(rows, ROOT) or b""
    count = count_of(mark)
    if count < 0 or not hmac.compare_digest(mark, mark_of(secret, count, heads)):
        raise _changed()
    anchored = held_mark(keys.primary)
    if anchored is None or count_of(anchored) > count or keys.seen.verified.count > count:
        raise Tampered(
            "The register of holds, withdrawals and erasures is older than its anchor: somebody "
            "wrote an earlier key store back. Nothing is read until the current one is restored."
        )
    if count_of(anchored) == count and anchored != mark:
        raise _changed()
    return count


def bucket_standings(
    rows: sqlite3.Connection, secret: bytes, bucket: int, head: bytes
) -> dict[bytes, Standing]:
    """The standing of each subject of one bucket, all facts under its head.

    Raises:
        Tampered: the facts are not those of the head.
    """
    standings: dict[bytes, Standing] = {}
    reached = EMPTY
    stored = rows.execute(
        "SELECT bucket, n, subject, fact, at, details, head FROM register"
        " WHERE bucket = ? ORDER BY n",
        (bucket,),
    )
    for count, row in enumerate(stored, 1):
        reached = next_head(secret, reached, row[:6])
        if row[1] != count or not hmac.compare_digest(reached, row[6]):
            raise _changed(bucket)
        details = json.loads(row[5])
        standings.setdefault(row[2], Standing()).take(Fact(row[3]), details)
    if not hmac.compare_digest(reached, head):
        raise _changed(bucket)
    return standings


def next_head(secret: bytes, head: bytes, row: tuple[int, int, bytes, str, str, bytes]) -> bytes:
    """The head of a bucket after one more fact."""
    bucket, n, subject, fact, at, details = row
    return hmac.digest(
        secret,
        joined(_LABEL, head, u16(bucket), u64(n), subject, fact.encode(), at.encode(), details),
        "sha256",
    )


def heads_of(rows: sqlite3.Connection) -> list[bytes]:
    """The head of every bucket."""
    heads = [EMPTY] * BUCKETS
    for bucket, head in rows.execute("SELECT bucket, head FROM bucket WHERE entries > 0"):
        heads[bucket] = head
    return heads


def mark_of(secret: bytes, count: int, heads: list[bytes]) -> bytes:
    """The keyed mark over all heads: the number of facts, and a keyed hash."""
    number = u64(count)
    return number + hmac.digest(secret, joined(_LABEL, number, b"".join(heads)), "sha256")


def count_of(mark: bytes | None) -> int:
    """How many facts a mark stands for; -1 where it is no mark."""
    return int.from_bytes(mark[:8], "big") if mark and len(mark) == MARK_BYTES else -1


def _changed(bucket: int | None = None) -> Tampered:
    where, who = "", "nothing"
    if bucket is not None:
        where = f" in bucket {bucket}"
        who = "nothing of the customers and people of that bucket (a 4,096th of all)"
    return Tampered(
        f"The register of holds, withdrawals and erasures was changed from outside{where}: {who} "
        "is read until the key store is restored from its newest backup."
    )
