"""What the ledger says happened last, from entries that are certainly ours."""

import hmac
import json
from collections.abc import Mapping, Sequence
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


def _first(
    statement: str, asked: Sequence[Any], details: Mapping[str, str]
) -> dict[str, Any] | None:
    key = ports.current().keys.tag_key()
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        for body, tag in cursor:
            if hmac.compare_digest(hmac.digest(key, bytes(body), "sha256"), bytes(tag)):
                found: dict[str, Any] = json.loads(bytes(body))
                if details.items() <= found["details"].items():
                    return found
    return None
