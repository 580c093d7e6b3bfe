"""Recompute the ledger from its entries and compare it with everything that was stored of it."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import UUID

from django.db import connection

from trustkeep.base.errors import Tampered
from trustkeep.crypto import tiles
from trustkeep.crypto.merkle import HASH_BYTES, RangeHash, leaf_hash
from trustkeep.crypto.tiles import WIDTH, Tile
from trustkeep.kernel.ledger import (
    checkpoints,
    ports,
    positions,
    snapshots,
    tile_store,
    witness,
)
from trustkeep.kernel.ledger.checkpoints import Published
from trustkeep.kernel.ledger.entry import NO_ENTRY, EntryRef, follows, moment
from trustkeep.kernel.ledger.events import LedgerEvent
from trustkeep.kernel.ledger.positions import Place, Stored

MOST_DEFECTS = 1_000

_STRAY = """
SELECT e.writer, e.counter FROM ledger_entry e LEFT JOIN ledger_writer w ON w.id = e.writer
WHERE w.id IS NULL OR (w.closed AND e.counter > w.positioned)
  OR (e.counter <= w.positioned AND NOT EXISTS (
    SELECT 1 FROM ledger_span s WHERE s.writer = e.writer
    AND s.counter <= e.counter AND e.counter < s.counter + s.length))
ORDER BY 1, 2 LIMIT %s"""

# By the index of actors; `witness` writes them.
_VANISHED = """
SELECT body, tag FROM ledger_entry WHERE actor = %s AND event = %s ORDER BY at LIMIT %s"""

# Both sides, so that a writer's row that is gone shows too.
_WRITERS = """
SELECT coalesce(w.id, s.writer), w.positioned, w.head, coalesce(s.last, 0) FROM ledger_writer w
FULL JOIN (
  SELECT writer, max(counter + length - 1) AS last FROM ledger_span GROUP BY writer) s
ON s.writer = w.id"""

# Answered from the primary key alone.
_GAPS = """
SELECT w.id, w.positioned, coalesce(e.count, 0) FROM ledger_writer w LEFT JOIN (
  SELECT writer, count(*) AS count, max(counter) AS last FROM ledger_entry GROUP BY writer) e
ON e.writer = w.id WHERE coalesce(e.count, 0) < greatest(w.positioned, coalesce(e.last, 0))
ORDER BY w.id LIMIT %s"""


@dataclass(frozen=True, slots=True)
class Defect:
    """Something that does not fit, and where: a position, or a writer and counter, or neither."""

    what: str
    position: int | None = None
    ref: EntryRef | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the ledger was verified, to go on from."""

    size: int
    root: bytes


@dataclass(slots=True)
class Report:
    """What a verification found; `mark` is set only where nothing was wrong."""

    size: int
    checked: int = 0
    defects: list[Defect] = field(default_factory=list)
    mark: Mark | None = None


def verify_whole(since: Mark | None = None) -> Report:
    """Verify every entry, position, tile and checkpoint, from a mark on or from the beginning.

    At most 1,000 defects are named.  Flat memory, apart from one hash for each writer.  What goes
    on meanwhile is left for the next time: everything is read in one snapshot.
    """
    # Before the snapshot: a checkpoint is stored first, and handed to the anchors then.
    held = list(checkpoints.held())
    with snapshots.one_snapshot():
        return _verified(since, held)


def _verified(since: Mark | None, held: list[tuple[str, Published]]) -> Report:
    size, start = checkpoints.size(), since.size if since else 0
    report = Report(size)
    if since is not None and not _begins_with(since, size):
        report.defects.append(Defect(f"the first {start} entries are not those verified before"))
        start = 0
    for defect in (*_missing(held), *_all_defects(report, start)):
        report.defects.append(defect)
        if len(report.defects) >= MOST_DEFECTS:
            return report
    if not report.defects:
        report.mark = Mark(size, _reader()(0, size))
    return report


def _all_defects(report: Report, start: int) -> Iterator[Defect]:
    yield from _entries(report, start)
    yield from _checkpoints(report.size, start)
    if start:  # whatever was verified before must still be there, also where it is not read again
        yield from _gaps()
    yield from _vanished()
    with connection.cursor() as cursor:
        cursor.execute(_STRAY, (MOST_DEFECTS,))
        for writer, counter in cursor.fetchall():
            yield Defect("an entry stands outside the ledger", ref=EntryRef(writer, counter))


def _entries(report: Report, start: int) -> Iterator[Defect]:
    key, heads, at = ports.current().keys.tag_key(), dict[UUID, bytes](), start
    try:
        edge = tile_store.edge(start)
    except ValueError as problem:
        yield Defect(str(problem))
        return
    leaves: list[bytes] = []
    for place in positions.in_order(start, report.size):
        head = heads.get(place.ref.writer)
        before = _head_before(place.ref) if head is None else head
        yield from _of_entry(place, before, key)
        leaf = leaf_hash(place.entry.body) if place.entry else _stored_leaf(place.position)
        heads[place.ref.writer] = leaf
        leaves.append(leaf)
        if len(leaves) == 16 * WIDTH:
            edge, grown = tiles.grow(at, edge, leaves)
            yield from _tiles(grown)
            at, leaves = at + len(leaves), []
        report.checked += 1
    yield from _tiles(tiles.grow(at, edge, leaves)[1])
    if at + len(leaves) != report.size:
        yield Defect("no entry has this position", position=at + len(leaves))
    yield from _writers(heads)


def _writers(heads: dict[UUID, bytes]) -> Iterator[Defect]:
    """What the sequencer goes on from, against the positions and the leaves just read."""
    for writer, positioned, head, last in snapshots.streamed(_WRITERS):
        ref = EntryRef(writer, last)
        if positioned is None:
            yield Defect("its writer is not known", ref=ref)
        elif positioned != last:
            yield Defect(f"its writer says that {positioned} have a position", ref=ref)
        elif (head is None) != (last == 0) or (head and heads.get(writer, head) != bytes(head)):
            yield Defect("its writer names another leaf", ref=ref)


def _of_entry(place: Place, before: bytes, key: bytes) -> Iterator[Defect]:
    entry = place.entry
    if entry is None:
        yield Defect("the entry is missing", place.position, place.ref)
        return
    if not hmac.compare_digest(hmac.digest(key, entry.body, "sha256"), entry.tag):
        yield Defect("the tag is wrong: changed, or not ours", place.position, place.ref)
    elif not follows(entry.body, place.ref, before):
        yield Defect("it does not follow the one before it", place.position, place.ref)
    if not _columns_fit(entry):
        yield Defect("the columns differ from the body", place.position, place.ref)


def _columns_fit(entry: Stored) -> bool:
    try:
        body = json.loads(entry.body)
        return bool(
            body["event"] == entry.event
            and body["actor"] == entry.actor
            and body["at"] == moment(entry.at)
            and body.get("customer") == (str(entry.customer) if entry.customer else None)
            and body.get("purpose") == entry.purpose
            and body["details"].get("state") == entry.state_version
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _tiles(grown: list[Tile]) -> Iterator[Defect]:
    for tile in grown:
        stored = tile_store.read(tile.level, tile.index)
        if stored[: len(tile.hashes)] == tile.hashes:
            continue
        wrong = next(
            at
            for at in range(0, len(tile.hashes), HASH_BYTES)
            if stored[at : at + HASH_BYTES] != tile.hashes[at : at + HASH_BYTES]
        )
        place = tile.index * WIDTH + wrong // HASH_BYTES
        yield Defect(
            f"tile {tile.level}/{tile.index} differs from the entries",
            place if tile.level == 0 else None,
        )


def _checkpoints(size: int, start: int) -> Iterator[Defect]:
    hashed, last = _reader(), -1
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM ledger_checkpoint WHERE size>=%s ORDER BY size", (start,))
        sizes = [found for (found,) in cursor.fetchall()]
    for each in sizes:
        last = each
        try:
            published = checkpoints.newest(at_most=each)
            if published is None or published.checkpoint.size != each:
                yield Defect(f"the checkpoint of {each} entries says another size")
            elif each > size or hashed(0, each) != published.checkpoint.root:
                yield Defect(f"the checkpoint of {each} entries does not fit the ledger")
        except (Tampered, ValueError) as problem:
            yield Defect(f"the checkpoint of {each} entries: {problem}")
    if last > size:
        yield Defect(f"{last - size} entries that were signed are not there")


def _missing(held: list[tuple[str, Published]]) -> Iterator[Defect]:
    with connection.cursor() as cursor:
        for name, each in held:
            cursor.execute(
                "SELECT note FROM ledger_checkpoint WHERE size=%s", (each.checkpoint.size,)
            )
            row = cursor.fetchone()
            if row is None or bytes(row[0]) != each.note:
                yield Defect(f"the checkpoint that the {name} holds is not here")


def _gaps() -> Iterator[Defect]:
    with connection.cursor() as cursor:
        cursor.execute(_GAPS, (MOST_DEFECTS,))
        for writer, positioned, count in cursor.fetchall():
            yield Defect(f"{count} of its entries are there, {positioned} have a position",
                         ref=EntryRef(writer, positioned))  # fmt: skip


def _vanished() -> Iterator[Defect]:
    """What processes wrote and missed afterwards.  It does not come back, so this stays red."""
    event, key = LedgerEvent.ENTRY_VANISHED.value, ports.current().keys.tag_key()
    with connection.cursor() as cursor:
        cursor.execute(_VANISHED, (witness.WITNESS.label, event, MOST_DEFECTS))
        for body, tag in cursor.fetchall():
            if hmac.compare_digest(hmac.digest(key, bytes(body), "sha256"), bytes(tag)):
                told = json.loads(bytes(body))["details"]
                ref = EntryRef(UUID(told["writer"]), told["count"])
                yield Defect("it was removed before it had a position", ref=ref)


def _begins_with(since: Mark, size: int) -> bool:
    try:
        return since.size <= size and _reader()(0, since.size) == since.root
    except ValueError:
        return False


def _head_before(ref: EntryRef) -> bytes:
    position = positions.of(EntryRef(ref.writer, ref.counter - 1)) if ref.counter > 1 else None
    return NO_ENTRY if position is None else _stored_leaf(position)


def _stored_leaf(position: int) -> bytes:
    at = position % WIDTH * HASH_BYTES
    return tile_store.read(0, position // WIDTH)[at : at + HASH_BYTES]


def _reader() -> RangeHash:
    return tiles.range_hash(lru_cache(maxsize=64)(tile_store.read))
