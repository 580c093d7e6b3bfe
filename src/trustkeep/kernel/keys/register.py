"""The register of what must hold at once: sealed facts per customer or person, only appended.

A hold, an erasure, a withdrawal or a deactivation counts from the moment it stands here, whatever
the data database says.  Facts are chained per bucket, the buckets' heads stand under one keyed
root, and the slot keeps the newest root: a fact that is inserted, changed or removed by SQL, or a
register that is written back, is noticed at the next look, and nothing is read then: of the bucket
that was changed, or of anybody where heads or root were.
Format: `docs/formats/key-tree.md`.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from trustkeep.base import canonical, points, world
from trustkeep.base.errors import Missing, Tampered
from trustkeep.crypto.keytree import bucket_of
from trustkeep.kernel.keys import register_chain as chain
from trustkeep.kernel.keys import service, store
from trustkeep.kernel.keys.register_chain import EMPTY, ROOT
from trustkeep.kernel.keys.service import KeyService
from trustkeep.kernel.keys.standing import Bucket, Fact, Seen, Standing, Verified

__all__ = [
    "Fact", "Standing", "anchor", "append", "enter", "facts", "since", "standing_in",
    "standings", "standings_in", "verify",
]  # fmt: skip


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
        if chain.count_of(chain.held_mark(keys.primary)) < chain.count_of(mark):
            chain.hold_mark(keys.primary, mark)
    points.reached("register.anchored")


def append(
    keys: KeyService,
    rows: sqlite3.Connection,
    fact: Fact,
    subject: UUID,
    details: Mapping[str, str],
) -> None:
    """Append a fact inside a transaction of the store; `anchor` follows the commit."""
    secret = keys.ring.at(rows).named_key(rows, "register")
    heads = chain.heads_of(rows)
    count = chain.verified_count(keys, rows, secret, heads)
    bucket = bucket_of(subject)
    entries, head = rows.execute(
        "SELECT entries, head FROM bucket WHERE bucket = ?", (bucket,)
    ).fetchone()
    row = (
        bucket, entries + 1, subject.bytes, fact.value, world.now().isoformat(),
        canonical.encode(dict(details)),
    )  # fmt: skip
    after = chain.next_head(secret, head, row)
    rows.execute("INSERT INTO register VALUES (?, ?, ?, ?, ?, ?, ?)", (*row, after))
    rows.execute(
        "UPDATE bucket SET entries = ?, head = ?, generation = generation + 1 WHERE bucket = ?",
        (entries + 1, after, bucket),
    )
    heads[bucket] = after
    store.set_meta(rows, ROOT, chain.mark_of(secret, count + 1, heads))


def standing_in(keys: KeyService, rows: sqlite3.Connection, subject: UUID) -> Standing:
    """The standing of one subject, inside a transaction of the store."""
    return standings_in(keys, rows, (subject,))[subject]


def standings(keys: KeyService, subjects: Sequence[UUID]) -> dict[UUID, Standing]:
    """The standings of many subjects as they are now.

    As long as mark and slot are those that were verified, what was read under them is the answer,
    and one statement says so.

    Raises:
        Tampered: what the register says is not what was written.
    """
    seen = keys.seen
    found = keys.store.one(store.VALUE, (ROOT,))
    verified = seen.verified
    if found is not None and found[0] == verified.mark and not _slot_knows_more(keys, verified):
        known = _known(seen, verified.heads, subjects)
        if known is not None:
            return known
    with keys.store.reading() as rows:
        return standings_in(keys, rows, subjects)


def standings_in(
    keys: KeyService, rows: sqlite3.Connection, subjects: Iterable[UUID]
) -> dict[UUID, Standing]:
    """The standings of many subjects, inside a transaction of the store.

    As long as the root is the one that was verified, so are all heads: a bucket is read only when
    its head is not the one it was last read under.
    """
    heads = _verified(keys, rows).heads
    found: dict[UUID, Standing] = {}
    nothing = Standing()  # one for all of whom nothing is said: with most it is so
    for subject in subjects:
        bucket = bucket_of(subject)
        head = heads[bucket]
        known = keys.seen.buckets.get(bucket)
        if head != EMPTY and (known is None or known[0] != head):
            secret = keys.ring.at(rows).named_key(rows, "register")
            known = head, chain.bucket_standings(rows, secret, bucket, head)
            keys.seen.buckets[bucket] = known
        found[subject] = _of(known, head, subject, nothing)
    return found


def _known(
    seen: Seen, heads: Sequence[bytes], subjects: Iterable[UUID]
) -> dict[UUID, Standing] | None:
    """The standings under these heads, if each bucket was read under its head already."""
    found: dict[UUID, Standing] = {}
    nothing = Standing()
    for subject in subjects:
        bucket = bucket_of(subject)
        head = heads[bucket]
        known = seen.buckets.get(bucket)
        if head != EMPTY and (known is None or known[0] != head):
            return None
        found[subject] = _of(known, head, subject, nothing)
    return found


def _of(known: Bucket | None, head: bytes, subject: UUID, nothing: Standing) -> Standing:
    if known is None or head == EMPTY:
        return nothing
    return known[1].get(subject.bytes) or nothing


def verify(keys: KeyService) -> int:
    """Check every fact of the register; returns how many there are.

    Raises:
        Tampered: naming the bucket that does not fit.
    """
    with keys.store.reading() as rows:
        secret = keys.ring.at(rows).named_key(rows, "register")
        chain.verified_count(keys, rows, secret, chain.heads_of(rows))
        total = 0
        for bucket, entries, head in rows.execute("SELECT bucket, entries, head FROM bucket"):
            chain.bucket_standings(rows, secret, bucket, head)
            total += entries
        (stored,) = rows.execute("SELECT count(*) FROM register").fetchone()
    if stored != total:
        raise Tampered(
            "Facts that belong to no bucket were put into the register from outside: they count "
            "for nothing; restore the key store from its newest backup."
        )
    return total


def _verified(keys: KeyService, rows: sqlite3.Connection) -> Verified:
    """What stands under the present mark; verified anew where the mark is another."""
    mark, verified = store.meta(rows, ROOT) or b"", keys.seen.verified
    if mark != verified.mark or _slot_knows_more(keys, verified):
        secret = keys.ring.at(rows).named_key(rows, "register")
        heads = chain.heads_of(rows)
        verified = Verified(chain.verified_count(keys, rows, secret, heads), mark, heads)
        keys.seen.verified = verified
    return verified


def _slot_knows_more(keys: KeyService, verified: Verified) -> bool:
    return chain.count_of(chain.held_mark(keys.primary)) > verified.count
