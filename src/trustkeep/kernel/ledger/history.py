"""What the ledger says happened last, from entries that are certainly ours."""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from trustkeep.base.events import Event
from trustkeep.kernel.ledger import ports

_NEWEST_FIRST = """
SELECT body, tag FROM ledger_entry
WHERE event = ANY(%s) AND position(%s in convert_from(body, 'UTF8')) > 0
ORDER BY at DESC, counter DESC"""
_ABOUT = """
SELECT body, tag FROM ledger_entry WHERE customer = %s AND event = %s
ORDER BY at DESC, counter DESC"""
_BY = "SELECT body, tag FROM ledger_entry WHERE actor = %s AND at > %s AND event = ANY(%s)"
_LAST = "SELECT body, tag FROM ledger_entry WHERE event = %s ORDER BY at DESC, counter DESC"
_OLDEST_FIRST = """
SELECT body, tag FROM ledger_entry WHERE customer = %s AND event = %s ORDER BY at, counter"""


def first_at(event: Event, customer: UUID) -> datetime | None:
    """When an event was first entered about a customer; None: never."""
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST_FIRST, (customer, event.value))
        for found in _authentic(cursor):
            return datetime.fromisoformat(found["at"])
    return None


def newest(events: Sequence[Event], **details: str) -> dict[str, Any] | None:
    """The newest authentic entry of these events with these details, parsed; `at` is in it.

    For rare questions: it reads every entry of these events.
    """
    some = next(iter(details.values()))
    asked = ([event.value for event in events], some)
    return _first(_NEWEST_FIRST, asked, details)


def newest_about(customer: UUID, event: Event) -> dict[str, Any] | None:
    """The newest authentic entry of an event about a customer, parsed."""
    return _first(_ABOUT, (customer, event.value), {})


def every_about(customer: UUID, event: Event, detail: str) -> set[str]:
    """What the authentic entries of a rare event about a customer say in one detail."""
    with connection.cursor() as cursor:
        cursor.execute(_ABOUT, (customer, event.value))
        return {found["details"][detail] for found in _authentic(cursor)}


def _first(
    statement: str, asked: Sequence[Any], details: Mapping[str, str]
) -> dict[str, Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        for found in _authentic(cursor):
            if details.items() <= found["details"].items():
                return found
    return None


def last(event: Event) -> dict[str, Any] | None:
    """The newest authentic entry of an event that is not written all the time, parsed."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, (event.value,))
        return next(_authentic(cursor), None)


def by(actor: str, events: Sequence[Event], *, since: datetime) -> Iterator[dict[str, Any]]:
    """The authentic entries of these events that an actor, by label, wrote after a moment."""
    with connection.cursor() as cursor:
        cursor.execute(_BY, (actor, since, [event.value for event in events]))
        yield from _authentic(cursor)


def _authentic(rows: Iterable[tuple[bytes, bytes]]) -> Iterator[dict[str, Any]]:
    key = ports.current().keys.tag_key()
    for body, tag in rows:
        if hmac.compare_digest(hmac.digest(key, bytes(body), "sha256"), bytes(tag)):
            yield json.loads(bytes(body))
