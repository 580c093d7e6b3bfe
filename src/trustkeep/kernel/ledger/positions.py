"""From positions to entries and back, and all entries in order of position."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.kernel.ledger.entry import EntryRef

_AT_ONCE = 4_000  # entries held in memory while reading all

_SPANS = """
SELECT first, length, writer, counter FROM ledger_span
WHERE first >= coalesce((SELECT max(first) FROM ledger_span WHERE first <= %s), 0)
ORDER BY first LIMIT 500"""

_ENTRIES = """
SELECT s.writer, e.counter, e.body, e.tag, e.at, e.event, e.actor, e.customer, e.purpose,
  e.state_version
FROM unnest(%s::uuid[], %s::bigint[], %s::bigint[]) WITH ORDINALITY AS s(writer, low, high, number)
JOIN ledger_entry e ON e.writer = s.writer AND e.counter >= s.low AND e.counter < s.high
ORDER BY s.number, e.counter"""


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry's row as it is stored."""

    ref: EntryRef
    body: bytes
    tag: bytes
    at: datetime
    event: str
    actor: str
    customer: UUID | None
    purpose: str | None
    state_version: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A position, whose entry it is, and that entry unless its row is not there."""

    position: int
    ref: EntryRef
    entry: Stored | None


@dataclass(frozen=True, slots=True)
class _Piece:
    first: int
    writer: UUID
    counter: int
    length: int


def of(ref: EntryRef) -> int | None:
    """The position of an entry, from 0; None while it waits for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first + %s - counter FROM ledger_span "
            "WHERE writer=%s AND counter<=%s AND counter+length>%s",
            (ref.counter, ref.writer, ref.counter, ref.counter),
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def entry_at(position: int) -> Stored | None:
    """The entry at a position; None if it has none or the row is not there."""
    return next((place.entry for place in in_order(position, position + 1)), None)


def in_order(start: int, end: int) -> Iterator[Place]:
    """Every position from `start` on, below `end`, in flat memory.

    Ends early where no span continues; what is missing there the caller sees by the position.
    """
    held: list[_Piece] = []
    for piece in _pieces(start, end):
        held.append(piece)
        if sum(each.length for each in held) >= _AT_ONCE:
            yield from _filled(held)
            held = []
    yield from _filled(held)


def _pieces(start: int, end: int) -> Iterator[_Piece]:
    at = start
    while at < end:
        with connection.cursor() as cursor:
            cursor.execute(_SPANS, (at,))
            rows = cursor.fetchall()
        before = at
        for first, length, writer, counter in rows:
            if first > at or first + length <= at:
                return
            stop = min(first + length, end)
            while at < stop:
                size = min(stop - at, _AT_ONCE)
                yield _Piece(at, writer, counter + at - first, size)
                at += size
            if at >= end:
                return
        if at == before:
            return


def _filled(pieces: list[_Piece]) -> Iterator[Place]:
    found = {(row[0], row[1]): row for row in _rows(pieces)}
    for piece in pieces:
        for step in range(piece.length):
            ref = EntryRef(piece.writer, piece.counter + step)
            row = found.get((ref.writer, ref.counter))
            stored = Stored(ref, bytes(row[2]), bytes(row[3]), *row[4:]) if row else None
            yield Place(piece.first + step, ref, stored)


def _rows(pieces: list[_Piece]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ENTRIES,
            (
                [piece.writer for piece in pieces],
                [piece.counter for piece in pieces],
                [piece.counter + piece.length for piece in pieces],
            ),
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
