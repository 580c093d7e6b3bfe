"""Signed checkpoints: publish one that extends every one known, and read them back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.db import connection

from trustkeep.base import points, world
from trustkeep.base.errors import RollbackSuspected, Tampered, TrustkeepError
from trustkeep.crypto import merkle, notes
from trustkeep.crypto.merkle import RangeHash
from trustkeep.crypto.notes import BadNote, Checkpoint
from trustkeep.kernel.ledger import ports, tile_store
from trustkeep.kernel.ledger.ports import AnchorSink

Answer = TypeVar("Answer")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """A signed checkpoint: the note's bytes, and what they say once verified."""

    note: bytes
    checkpoint: Checkpoint


def size() -> int:
    """How many entries have a position."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM ledger_head")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def newest(at_most: int | None = None) -> Published | None:
    """The newest published checkpoint, verified with our own key.

    Raises:
        Tampered: its signature does not verify, or it is of another log.
    """
    bound = 2**62 if at_most is None else at_most
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT note FROM ledger_checkpoint WHERE size<=%s ORDER BY size DESC LIMIT 1", (bound,)
        )
        row = cursor.fetchone()
    return opened(bytes(row[0])) if row else None


def opened(note: bytes) -> Published:
    """A note as our own checkpoint.

    Raises:
        Tampered: it is malformed, not signed by our key, or of another log.
    """
    wiring = ports.current()
    try:
        known = [wiring.verifier_key()]
        return Published(note, notes.opened_checkpoint(note, known, wiring.origin))
    except BadNote as problem:
        raise Tampered(
            f"A checkpoint cannot be accepted ({problem}): compare it with one held elsewhere."
        ) from None


def refuse_if_not_extended(held: Checkpoint, now: Checkpoint, hashed: RangeHash, by: str) -> None:
    """Refuse a tree that does not extend a checkpoint somebody holds.

    Raises:
        RollbackSuspected: the tree is shorter, or its beginning differs.
    """
    what_to_do = "stop, keep this database, and restore the newest backup (docs/operate)"
    if now.size < held.size:
        raise RollbackSuspected(
            f"rollback suspected: {by} holds a ledger of {held.size} entries, here are only "
            f"{now.size}; {what_to_do}."
        )
    try:
        proof = merkle.consistency_proof(hashed, held.size, now.size)
        same = hashed(0, held.size) == held.root
    except ValueError:
        same, proof = False, []
    if not same or not merkle.extends(held.root, held.size, now.root, now.size, proof):
        raise RollbackSuspected(
            f"rollback suspected: the ledger is not the one of which {by} holds the first "
            f"{held.size} entries; {what_to_do}."
        )


def publish() -> Published | None:
    """Sign the committed tree, if it has grown, and hand the checkpoint to every anchor.

    Raises:
        RollbackSuspected: the tree does not extend what was signed or what an anchor holds;
            nothing was signed.
        Tampered: the tiles do not reach as far as the tree, or a kept checkpoint was changed.
    """
    committed, last = size(), newest()
    if committed == (last.checkpoint.size if last else 0):
        return None
    wiring, hashed = ports.current(), tile_store.range_hash()
    try:
        found = Checkpoint(wiring.origin, committed, hashed(0, committed))
    except ValueError as problem:
        raise Tampered(f"The ledger's tiles were changed ({problem}): restore a backup.") from None
    if last is not None:
        refuse_if_not_extended(last.checkpoint, found, hashed, "the last signed checkpoint")
    for name, each in held():
        refuse_if_not_extended(each.checkpoint, found, hashed, name)
    note = notes.sign(found.text, wiring.verifier_key(), wiring.keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_checkpoint(size,note,signed_at) VALUES(%s,%s,%s)",
            (committed, note, world.now()),
        )
    points.reached("ledger.checkpoint.signed")
    hand_over(Published(note, found))
    return Published(note, found)


def hand_over(published: Published) -> None:
    """Give a checkpoint to every anchor; one that cannot take it now gets the next."""
    for anchor in ports.current().anchors:
        _asked(anchor, lambda sink: sink.hold(published.note, published.checkpoint.size))


def held() -> Iterator[tuple[str, Published]]:
    """What the anchors that answer hold; one that is away is compared when it is back."""
    for anchor in ports.current().anchors:
        note = _asked(anchor, lambda sink: sink.newest())
        if note is not None:
            yield anchor.name, opened(note)


def _asked(anchor: AnchorSink, ask: Callable[[AnchorSink], Answer]) -> Answer | None:
    try:
        return ask(anchor)
    except (TrustkeepError, OSError) as problem:  # an anchor may be another machine
        _log.warning("ledger.anchor.unreachable", anchor=anchor.name, kind=type(problem).__name__)
        return None
