"""From deliveries to receivers: claimed, made, signed, handed over, tried again."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import actor as actors
from trustkeep.base import world
from trustkeep.base.errors import TrustkeepError
from trustkeep.base.events import Detail, Event
from trustkeep.kernel.jobs.outbound import http
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import positions
from trustkeep.kernel.webhooks import queries, rules, secrets, stopping
from trustkeep.kernel.webhooks.models import Delivery, Webhook
from trustkeep.kernel.webhooks.rules import Reason

PING = "webhooks.ping"
SENDER = actors.job("webhooks")
OF_ONE = 4  # claimed together for one receiver: a slow one keeps the others for one answer at most
_THREADS = 16
_CLAIMED = timedelta(minutes=5)
_ONE_TURN = timedelta(seconds=60)
_KEPT = timedelta(days=30)
GONE = 410


@dataclass(frozen=True, slots=True)
class _Message:
    delivery: Delivery
    url: str
    body: bytes
    headers: dict[str, str]


def send_due() -> None:
    """Send what is due, for a minute at most."""
    until = world.now() + _ONE_TURN
    with ThreadPoolExecutor(_THREADS) as pool:
        while world.now() < until:
            hooks = {row.id: row for row in sealed_sets.rows(Webhook)}
            claimed = _claim(hooks, world.now())
            if not claimed:
                return
            messages = [
                made
                for row in claimed
                if (made := _message(row, hooks[row.webhook_id])) is not None
            ]
            for message, answer in zip(messages, pool.map(_handed_over, messages), strict=True):
                _note(message.delivery, answer)


def forget_old() -> None:
    """Forget messages that ended a month ago."""
    Delivery.objects.filter(ended_at__lt=world.now() - _KEPT).delete()


def _claim(hooks: Mapping[UUID, Webhook], now: datetime) -> list[Delivery]:
    """Some that are due for each webhook; nobody else sends them meanwhile."""
    with transaction.atomic(durable=True):
        due = Delivery.objects.filter(state=Delivery.State.WAITING, next_at__lte=now)
        taken = [
            row
            for hook in hooks
            for row in due.filter(webhook_id=hook)
            .order_by("next_at")
            .select_for_update(skip_locked=True)[:OF_ONE]
        ]
        for row in taken:
            row.tries, row.next_at = row.tries + 1, now + _CLAIMED
        Delivery.objects.bulk_update(taken, ["tries", "next_at"])
    return taken


def _message(row: Delivery, hook: Webhook) -> _Message | None:
    """What is handed over; None where nothing may be sent, or there is nothing to say any more."""
    body = _body(row)
    if queries.stopped_because(hook) or body is None:
        _end(row, Delivery.State.GIVEN_UP)
        return None
    now = world.now()
    keys = secrets.signing(hook, now)
    return _Message(row, hook.url, body, rules.headers(f"msg_{row.id.hex}", now, body, keys))


def _body(row: Delivery) -> bytes | None:
    if row.position is None:
        return rules.body_of(row.event, row.made_at, {"webhook": str(row.webhook_id)})
    entry = positions.entry_at(row.position)
    if entry is None:  # pruned since
        return None
    said = json.loads(entry.body)
    sealed = _sealed_details().get(entry.event, frozenset())
    data = {
        "position": row.position,
        "actor": said["actor"],
        "customer": said.get("customer"),
        "purpose": said.get("purpose"),
        "details": {name: what for name, what in said["details"].items() if name not in sealed},
    }
    return rules.body_of(entry.event, entry.at, data)


def _sealed_details() -> dict[str, frozenset[str]]:
    """By event, what only a key opens: of no use to a receiver, and none of its business."""
    return {
        event.value: frozenset(
            name for name, kind in event.details.items() if kind is Detail.SEALED
        )
        for group in Event.__subclasses__()
        for event in group
    }


def _handed_over(message: _Message) -> http.Answer | None:
    """What was answered; None: nothing, or nothing may be sent there.  No database in here."""
    try:
        return http.post(message.url, message.body, message.headers)
    except TrustkeepError:
        return None


def _note(row: Delivery, answer: http.Answer | None) -> None:
    row.answered = answer.status if answer else None
    if answer and 200 <= answer.status < 300:
        _end(row, Delivery.State.DELIVERED)
        return
    if answer and answer.status == GONE:
        _end(row, Delivery.State.GIVEN_UP)
        stopping.stop(SENDER, row.webhook_id, Reason.GONE)
        return
    asked = answer.retry_after_s if answer else None
    chance = world.random_bytes(1)[0] / 255
    wait = rules.next_wait(row.tries, chance, asked_s=asked)
    if wait is None:
        _end(row, Delivery.State.GIVEN_UP)
        if not _anything_delivered_since(row):
            stopping.stop(SENDER, row.webhook_id, Reason.FAILING)
        return
    row.next_at = world.now() + wait
    row.save(update_fields=["next_at", "answered"])


def _anything_delivered_since(row: Delivery) -> bool:
    """Whether the receiver took any message after this one was made."""
    taken = Delivery.objects.filter(webhook_id=row.webhook_id, state=Delivery.State.DELIVERED)
    return taken.filter(ended_at__gte=row.made_at).exists()


def _end(row: Delivery, state: Delivery.State) -> None:
    row.state, row.ended_at = state, world.now()
    row.save(update_fields=["state", "ended_at", "answered"])
