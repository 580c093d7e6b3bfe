"""The register of what must hold at once: sealed facts per customer or person, only appended.

A hold, an erasure, a withdrawal or a deactivation counts from the moment it stands here, whatever
the data database says.  Facts are chained per bucket, the buckets' heads stand under one keyed
root, and the slot keeps the newest root: a fact that is inserted, changed or removed by SQL, or a
register that is written back, is noticed at the next look, and nothing is read then: of the bucket
that was changed, or of anybody where heads or root were.
Format: `docs/formats/key-tree.md`.
"""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from trustkeep.base import canonical, points, world
from trustkeep.base.errors import Missing, Tampered
from trustkeep.crypto.encoding import joined, u16, u64
from trustkeep.crypto.keytree import BUCKETS, bucket_of
from trustkeep.kernel.keys import service, store
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.slots import FileSlot
from trustkeep.kernel.keys.standing import Fact, Standing

__all__ = [
    "Fact",
    "Standing",
    "anchor",
    "append",
    "empty_mark",
    "enter",
    "facts",
    "held_mark",
    "hold_mark",
    "since",
    "standing_in",
    "standings_in",
    "verify",
]

ROOT = "register-root"
MARK_BYTES = 40
EMPTY = bytes(32)  # the head of a bucket without facts
_LABEL = b"trustkeep/register/v1"


def facts(subject: UUID) -> Standing:
    """What stands about a customer or person now.

    Raises:
        Tampered: what the register says of this bucket is not what was written.
    """
    keys = service.current()
    with keys.store.reading() as rows:
        return standing_in(keys, rows, subject)


def since(fact: Fact, subject: UUID, **details: str) -> datetime:
    """When a fact with these details was last entered about a subject.

    Raises:
        Missing: nothing of the kind stands there.
        Tampered: as `facts`.
    """
    keys = service.current()
    with keys.store.reading() as rows:
        standing_in(keys, rows, subject)
        for at, stored in rows.execute(
            "SELECT at, details FROM register WHERE bucket = ? AND subject = ? AND fact = ?"
            " ORDER BY n DESC", (bucket_of(subject), subject.bytes, fact.value)
        ):  # fmt: skip
            if details.items() <= json.loads(stored).items():
                return datetime.fromisoformat(at)
    raise Missing(f"Nothing of the kind {fact} stands in the register about {subject}.")


def enter(fact: Fact, subject: UUID, *, details: Mapping[str, str] | None = None) -> None:
    """Let a fact stand from now on; durable when this returns.

    What restricts is entered before the data transaction commits, what loosens after it.
    """
    keys = service.current()
    with keys.store.writing() as rows:
        append(keys, rows, fact, subject, details or {})
    points.reached("register.entered")
    anchor(keys)


def anchor(keys: KeyService) -> None:
    """Have the slot hold the newest mark; also mends what a crash left behind."""
    # Under the writers' lock, so that of two who enter at once the later mark stays.
    with keys.store.writing() as rows:
        mark = store.meta(rows, ROOT) or b""
        if _count(held_mark(keys.primary)) < _count(mark):
            hold_mark(keys.primary, mark)
    points.reached("register.anchored")


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


def append(
    keys: KeyService,
    rows: sqlite3.Connection,
    fact: Fact,
    subject: UUID,
    details: Mapping[str, str],
) -> None:
    """Append a fact inside a transaction of the store; `anchor` follows the commit."""
    secret = keys.ring.at(rows).named_key(rows, "register")
    heads = _heads(rows)
    count = _verified_count(keys, rows, secret, heads)
    bucket = bucket_of(subject)
    entries, head = rows.execute(
        "SELECT entries, head FROM bucket WHERE bucket = ?", (bucket,)
    ).fetchone()
    row = (
        bucket, entries + 1, subject.bytes, fact.value, world.now().isoformat(),
        canonical.encode(dict(details)),
    )  # fmt: skip
    after = _next_head(secret, head, row)
    rows.execute("INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, after))
    rows.execute(
        "UPDATE bucket SET entries = ?, head = ?, generation = generation + 1 WHERE bucket = ?",
        (entries + 1, after, bucket),
    )
    heads[bucket] = after
    store.set_meta(rows, ROOT, _mark(secret, count + 1, heads))


def standing_in(keys: KeyService, rows: sqlite3.Connection, subject: UUID) -> Standing:
    """The standing of one subject, inside a transaction of the store."""
    return standings_in(keys, rows, (subject,))[subject]


def standings_in(
    keys: KeyService, rows: sqlite3.Connection, subjects: Iterable[UUID]
) -> dict[UUID, Standing]:
    """The standings of many subjects, inside a transaction of the store.

    As long as the root is the one that was verified, so are all heads: a bucket is read only when
    its head is not the one it was last read under.
    """
    _check_root(keys, rows)
    seen = keys.seen
    standings: dict[UUID, Standing] = {}
    for subject in subjects:
        bucket = bucket_of(subject)
        head = seen.heads[bucket]
        if head == EMPTY:
            standings[subject] = Standing()
            continue
        known = seen.buckets.get(bucket)
        if known is None or known[0] != head:
            secret = keys.ring.at(rows).named_key(rows, "register")
            known = (head, _bucket_standings(rows, secret, bucket, head))
            seen.buckets[bucket] = known
        standings[subject] = known[1].get(subject.bytes) or Standing()
    return standings


def verify(keys: KeyService) -> int:
    """Check every fact of the register; returns how many there are.

    Raises:
        Tampered: naming the bucket that does not fit.
    """
    with keys.store.reading() as rows:
        secret = keys.ring.at(rows).named_key(rows, "register")
        _verified_count(keys, rows, secret, _heads(rows))
        total = 0
        for bucket, entries, head in rows.execute("SELECT bucket, entries, head FROM bucket"):
            _bucket_standings(rows, secret, bucket, head)
            total += entries
        (stored,) = rows.execute("SELECT count(*) FROM register").fetchone()
    if stored != total:
        raise Tampered(
            "Facts that belong to no bucket were put into the register from outside: they count "
            "for nothing; restore the key store from its newest backup."
        )
    return total


def _check_root(keys: KeyService, rows: sqlite3.Connection) -> None:
    mark = store.meta(rows, ROOT) or b""
    if mark != keys.seen.mark or _count(held_mark(keys.primary)) > keys.seen.count:
        secret = keys.ring.at(rows).named_key(rows, "register")
        heads = _heads(rows)
        keys.seen.count = _verified_count(keys, rows, secret, heads)
        keys.seen.mark, keys.seen.heads = mark, heads


def _verified_count(
    keys: KeyService, rows: sqlite3.Connection, secret: bytes, heads: list[bytes]
) -> int:
    mark = store.meta(rows, ROOT) or b""
    count = _count(mark)
    if count < 0 or not hmac.compare_digest(mark, _mark(secret, count, heads)):
        raise _changed()
    anchored = held_mark(keys.primary)
    if anchored is None or _count(anchored) > count or keys.seen.count > count:
        raise Tampered(
            "The register of holds, withdrawals and erasures is older than its anchor: somebody "
            "wrote an earlier key store back. Nothing is read until the current one is restored."
        )
    if _count(anchored) == count and anchored != mark:
        raise _changed()
    return count


def _bucket_standings(
    rows: sqlite3.Connection, secret: bytes, bucket: int, head: bytes
) -> dict[bytes, Standing]:
    standings: dict[bytes, Standing] = {}
    reached = EMPTY
    stored = rows.execute(
        "SELECT bucket, n, subject, fact, at, details, head FROM register"
        " WHERE bucket = ? ORDER BY n",
        (bucket,),
    )
    for count, row in enumerate(stored, 1):
        reached = _next_head(secret, reached, row[:6])
        if row[1] != count or not hmac.compare_digest(reached, row[6]):
            raise _changed(bucket)
        details = json.loads(row[5])
        standings.setdefault(row[2], Standing()).take(Fact(row[3]), details)
    if not hmac.compare_digest(reached, head):
        raise _changed(bucket)
    return standings


def _next_head(secret: bytes, head: bytes, row: tuple[int, int, bytes, str, str, bytes]) -> bytes:
    bucket, n, subject, fact, at, details = row
    return hmac.digest(
        secret,
        joined(_LABEL, head, u16(bucket), u64(n), subject, fact.encode(), at.encode(), details),
        "sha256",
    )


def empty_mark(secret: bytes) -> bytes:
    """The mark of an empty register, for a new installation."""
    return _mark(secret, 0, [EMPTY] * BUCKETS)


def _heads(rows: sqlite3.Connection) -> list[bytes]:
    heads = [EMPTY] * BUCKETS
    for bucket, head in rows.execute("SELECT bucket, head FROM bucket WHERE entries > 0"):
        heads[bucket] = head
    return heads


def _mark(secret: bytes, count: int, heads: list[bytes]) -> bytes:
    number = u64(count)
    return number + hmac.digest(secret, joined(_LABEL, number, b"".join(heads)), "sha256")


def _count(mark: bytes | None) -> int:
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
