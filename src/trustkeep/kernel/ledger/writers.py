"""The writers the sequencer looks at: those whose process lives, or whose entries wait."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from trustkeep.kernel.ledger.entry import NO_ENTRY

_WAITING = """
SELECT w.id, w.positioned, w.head FROM ledger_writer w CROSS JOIN LATERAL (
  SELECT at FROM ledger_entry
  WHERE writer = w.id AND counter > w.positioned ORDER BY counter LIMIT 1) e
WHERE NOT w.closed ORDER BY e.at, w.id"""

# Bounded on both sides: with LIMIT and young statistics the server sorts all that waits, each time.
_NEXT = """
SELECT counter, body, tag FROM ledger_entry
WHERE writer=%s AND counter>%s AND counter<=%s ORDER BY counter"""

# A backend of another role shows no start: then its process id alone keeps the writer open.
_GONE = """
SELECT w.id FROM ledger_writer w WHERE NOT w.closed AND NOT EXISTS (
  SELECT 1 FROM pg_stat_activity a WHERE a.pid = w.process
  AND (a.backend_start IS NULL OR w.process_started_at IS NULL
       OR a.backend_start = w.process_started_at))"""

_CLOSE = """
UPDATE ledger_writer w SET closed = true WHERE w.id = ANY(%s) AND NOT EXISTS (
  SELECT 1 FROM ledger_entry e WHERE e.writer = w.id AND e.counter > w.positioned)"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A writer with entries that have no position yet."""

    id: UUID
    positioned: int
    head: bytes


def waiting() -> list[Waiting]:
    """The open writers with entries to position, the longest waiting first."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return [
            Waiting(writer, positioned, NO_ENTRY if head is None else bytes(head))
            for writer, positioned, head in cursor.fetchall()
        ]


def next_entries(writer: Waiting, limit: int) -> list[tuple[int, bytes, bytes]]:
    """(counter, body, tag) of a writer's next entries, in order."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, (writer.id, writer.positioned, writer.positioned + limit))
        return [(counter, bytes(body), bytes(tag)) for counter, body, tag in cursor.fetchall()]


def close_gone() -> int:
    """Close the writers whose process is gone and whose entries all have positions."""
    with connection.cursor() as cursor:
        # Two statements: what a process wrote before it went is in the second one's snapshot.
        cursor.execute(_GONE)
        gone = [writer for (writer,) in cursor.fetchall()]
        if not gone:
            return 0
        cursor.execute(_CLOSE, (gone,))
        return int(cursor.rowcount)
