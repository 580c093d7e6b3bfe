"""From the ledger to deliveries: each entry is looked at once for each webhook, by its position."""

import hmac
from collections.abc import Iterator, Mapping
from uuid import UUID

from django.db import connection, transaction

from trustkeep.base import world
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import checkpoints, ports, positions
from trustkeep.kernel.ledger.positions import Stored
from trustkeep.kernel.webhooks import queries, rules
from trustkeep.kernel.webhooks.models import Delivery, Followed, Webhook

AT_ONCE = 5_000  # entries looked at in one transaction
_TURNS = 20
_LOCK = 0x77656200  # one follower at a time


def follow() -> None:
    """Look at what got a position since the last time, up to 100,000 entries."""
    for _ in range(_TURNS):
        if not _follow_some():
            return


def _follow_some() -> bool:
    """Whether there is more to look at."""
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0]:
                return False
        reached = reached_by()
        live = [row for row in sealed_sets.rows(Webhook) if row.id in reached]
        listening = [row for row in live if not queries.stopped_because(row)]
        size = checkpoints.size()
        start = min((reached[row.id] for row in live), default=size)
        end = min(size, start + AT_ONCE)
        now = world.now()
        made = [
            Delivery(
                id=world.new_id(), webhook_id=row.id, position=position, event=entry.event,
                made_at=now, next_at=now,
            )
            for position, entry in _genuine(start, end)
            for row in listening  # what happens while one is stopped is news to nobody later
            if position >= max(reached[row.id], row.from_position)
            and rules.wants(row.events, entry.event)
        ]  # fmt: skip
        Delivery.objects.bulk_create(made, ignore_conflicts=True, batch_size=1_000)
        Followed.objects.filter(webhook_id__in=[row.id for row in live], position__lt=end).update(
            position=end
        )
    return end < size


def reached_by() -> Mapping[UUID, int]:
    """By webhook, before which position everything was looked at."""
    return dict(Followed.objects.values_list("webhook_id", "position"))


def is_genuine(entry: Stored) -> bool:
    """Whether it was written by us: what SQL put into the table is told nobody."""
    key = ports.current().keys.tag_key()
    return hmac.compare_digest(entry.tag, hmac.digest(key, entry.body, "sha256"))


def _genuine(start: int, end: int) -> Iterator[tuple[int, Stored]]:
    for place in positions.in_order(start, end):
        if place.entry and is_genuine(place.entry):
            yield place.position, place.entry
