"""What a message says: made anew at each try, from an entry that is ours and still chosen."""

import json
from functools import cache
from typing import TYPE_CHECKING

from trustkeep.base.events import Detail, Event
from trustkeep.kernel.ledger import positions
from trustkeep.kernel.webhooks import rules
from trustkeep.kernel.webhooks.following import is_genuine
from trustkeep.kernel.webhooks.models import Delivery, Webhook

if TYPE_CHECKING:
    from trustkeep.base.canonical import Value

PING = "webhooks.ping"


def body_of(row: Delivery, hook: Webhook) -> bytes | None:
    """The body of a message; None where there is nothing to say to this webhook.

    A delivery is no sealed row: neither its event nor its position counts for more than the entry
    itself, and what the webhook chose.
    """
    if row.position is None:
        return rules.body_of(PING, row.made_at, {"webhook": str(row.webhook_id)})
    entry = positions.entry_at(row.position)
    if entry is None or not is_genuine(entry) or row.position < hook.from_position:
        return None
    said = json.loads(entry.body)
    if not rules.wants(hook.events, said["event"]):
        return None
    sealed = _sealed_details().get(said["event"], frozenset())
    details = {name: what for name, what in said["details"].items() if name not in sealed}
    data: dict[str, Value] = {
        "position": row.position,
        "actor": said["actor"],
        "customer": said.get("customer"),
        "purpose": said.get("purpose"),
        "details": details,
    }
    return rules.body_of(said["event"], entry.at, data)


@cache
def _sealed_details() -> dict[str, frozenset[str]]:
    """By event, what only a key opens: of no use to a receiver, and none of its business."""
    return {
        event.value: frozenset(
            name for name, kind in event.details.items() if kind is Detail.SEALED
        )
        for group in Event.__subclasses__()
        for event in group
    }
