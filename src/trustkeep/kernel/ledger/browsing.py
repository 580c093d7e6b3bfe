"""Entries as people look for them: by whom, about whom, what, when; the newest first."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.kernel.ledger.entry import EntryRef

_FOUND = """
SELECT e.writer, e.counter, e.at, e.body, s.first + e.counter - s.counter
FROM ledger_entry e LEFT JOIN LATERAL (
  SELECT first, counter FROM ledger_span
  WHERE writer = e.writer AND counter <= e.counter AND e.counter < counter + length
  ORDER BY counter DESC LIMIT 1) s ON true
WHERE {wanted} ORDER BY e.at DESC, e.writer DESC, e.counter DESC LIMIT %(limit)s"""
_WANTED = {
    "customers": "e.customer = ANY(%(customers)s)",
    "actor": "e.actor = %(actor)s",
    "event": "e.event = %(event)s",
    "purpose": "e.purpose = %(purpose)s",
    "since": "e.at >= %(since)s",
    "until": "e.at < %(until)s",
    "before": "(e.at, e.writer, e.counter) < (%(at)s, %(writer)s, %(counter)s)",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An entry, parsed; `position` is None until it is given one."""

    ref: EntryRef
    at: datetime
    position: int | None
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; None: whichever.  `before` is the last one of the part before.

    `customers` are all ids of one: those who were merged have several.
    """

    customers: list[UUID] | None = None
    actor: str | None = None
    event: str | None = None
    purpose: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, EntryRef] | None = None


def entries(wanted: Wanted, limit: int) -> list[Found]:
    """The newest of the wanted entries, at most so many.

    What they say is as stored; whether it is genuine is the question of `verify` and of a proof.
    """
    values = {name: getattr(wanted, name) for name in _WANTED}
    asked = [_WANTED[name] for name, value in values.items() if value is not None]
    if wanted.before is not None:
        at, ref = wanted.before
        values |= {"at": at, "writer": ref.writer, "counter": ref.counter}
    del values["before"]
    statement = _FOUND.format(wanted=" AND ".join(asked) or "true")
    with connection.cursor() as cursor:
        cursor.execute(statement, {**values, "limit": limit})
        return [
            Found(EntryRef(writer, counter), at, position, json.loads(bytes(body)))
            for writer, counter, at, body, position in cursor.fetchall()
        ]
