"""What the ledger says happened last, from entries that are certainly ours."""

import hmac
import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from trustkeep.base.events import Event
from trustkeep.kernel.ledger import ports

_NEWEST_FIRST = """
SELECT body, tag FROM ledger_entry
WHERE event = ANY(%s) AND position(%s in convert_from(body, 'UTF8')) > 0
ORDER BY at DESC, counter DESC"""


def newest(events: Sequence[Event], **details: str) -> dict[str, Any] | None:
    """The newest authentic entry of these events with these details, parsed; `at` is in it.

    For rare questions: it reads every entry of these events.
    """
    key = ports.current().keys.tag_key()
    some = next(iter(details.values()))
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST_FIRST, ([event.value for event in events], some))
        for body, tag in cursor:
            if hmac.compare_digest(hmac.digest(key, bytes(body), "sha256"), bytes(tag)):
                found: dict[str, Any] = json.loads(bytes(body))
                if details.items() <= found["details"].items():
                    return found
    return None
