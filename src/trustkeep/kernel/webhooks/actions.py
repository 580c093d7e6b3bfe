"""Adding, changing, trying and ending webhooks: the privacy office's, for they hear the ledger."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from uuid import UUID

from trustkeep.base import text, world
from trustkeep.base.actor import Actor
from trustkeep.base.errors import Conflict, Missing, Unacceptable
from trustkeep.kernel.duties.actions import settle
from trustkeep.kernel.jobs.outbound import http
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import checkpoints, log
from trustkeep.kernel.people.authority import acting
from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.webhooks import queries, rules, secrets, stopping
from trustkeep.kernel.webhooks.events import WebhookEvent
from trustkeep.kernel.webhooks.messages import PING
from trustkeep.kernel.webhooks.models import Delivery, Followed, Webhook
from trustkeep.kernel.webhooks.rules import Reason

MOST_WEBHOOKS = 50
MOST_OF_LABEL = 80
LONGEST_OVERLAP = timedelta(days=30)
_P = Permission.MANAGE_WEBHOOKS


@dataclass(frozen=True, slots=True)
class AddedWebhook:
    """A webhook and its secret, which is shown once."""

    id: UUID
    secret: str = field(repr=False)


def add_webhook(actor: Actor, *, label: str, url: str, events: Sequence[str]) -> AddedWebhook:
    """Send chosen events to an address from now on; nothing of what happened before.

    Raises:
        Unacceptable: the label, the address or a choice of events.
        Conflict: there are as many as there may be.
    """
    _check(label, url, events)
    row = Webhook(
        id=world.new_id(), label=label.strip(), url=url, events=sorted(set(events)),
        owner_id=actor.id, added_at=world.now(), from_position=0,
    )  # fmt: skip
    with acting(actor, _P), sealed_sets.change(Webhook, None, actor) as hooks:
        if len(hooks.rows) >= MOST_WEBHOOKS:
            raise Conflict(f"There are {MOST_WEBHOOKS} webhooks already: remove one first.")
        row.from_position = checkpoints.size()
        hooks.add(row)
        Followed(webhook_id=row.id, position=row.from_position).save(force_insert=True)
        log.append(WebhookEvent.ADDED, actor, details=_what(row))
    return AddedWebhook(row.id, rules.shown_secret(secrets.secret(row.id, row.generation)))


def change_webhook(
    actor: Actor,
    *,
    webhook: UUID,
    label: str | None = None,
    url: str | None = None,
    events: Sequence[str] | None = None,
) -> None:
    """Say anew what goes where; whoever does so owns it from then on.

    Raises:
        Missing: there is none of that id.
        Unacceptable: as `add_webhook`.
    """

    def change(row: Webhook) -> None:
        row.label = row.label if label is None else label.strip()
        row.url = row.url if url is None else url
        row.events = row.events if events is None else sorted(set(events))
        row.owner_id = actor.id
        _check(row.label, row.url, row.events)
        log.append(WebhookEvent.CHANGED, actor, details=_what(row))

    _changed(actor, webhook, change)


def renew_secret(actor: Actor, *, webhook: UUID, overlap: timedelta) -> str:
    """A new secret, shown once; the one before signs as well until the overlap is over.

    Raises:
        Missing: there is none of that id.
        Unacceptable: the overlap is longer than 30 days.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise Unacceptable("Two secrets count together for 30 days at most.")

    def change(row: Webhook) -> None:
        row.generation, row.overlap_until = row.generation + 1, world.now() + overlap
        until = row.overlap_until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        details = {"webhook": str(row.id), "overlap_until": until}
        log.append(WebhookEvent.SECRET_RENEWED, actor, details=details)

    row = _changed(actor, webhook, change)
    return rules.shown_secret(secrets.secret(row.id, row.generation))


def stop_webhook(actor: Actor, *, webhook: UUID) -> None:
    """Send it nothing until it is resumed; what happens meanwhile is never sent.

    Raises:
        Missing: there is none of that id.
        Conflict: it is stopped already.
    """

    def change(row: Webhook) -> None:
        _refuse_stopped(row.stopped)
        row.stopped = Reason.ASKED
        details = {"webhook": str(row.id), "reason": str(Reason.ASKED)}
        log.append(WebhookEvent.STOPPED, actor, details=details)

    _changed(actor, webhook, change)


def resume_webhook(actor: Actor, *, webhook: UUID) -> None:
    """Send it again what happens from now on; whoever does so owns it.

    Raises:
        Missing: there is none of that id.
    """

    def change(row: Webhook) -> None:
        row.stopped, row.owner_id = "", actor.id
        row.from_position = checkpoints.size()
        followed = {"position": row.from_position}
        Followed.objects.update_or_create(webhook_id=row.id, defaults=followed)
        log.append(WebhookEvent.RESUMED, actor, details={"webhook": str(row.id)})
        settle(actor, key=stopping.key_of(row.id))

    _changed(actor, webhook, change)


def remove_webhook(actor: Actor, *, webhook: UUID) -> None:
    """End it, with everything that waits for it.

    Raises:
        Missing: there is none of that id.
    """
    with acting(actor, _P), sealed_sets.change(Webhook, None, actor) as hooks:
        hooks.remove(_found(hooks, webhook))
        Followed.objects.filter(webhook_id=webhook).delete()
        Delivery.objects.filter(webhook_id=webhook).delete()
        log.append(WebhookEvent.REMOVED, actor, details={"webhook": str(webhook)})
        settle(actor, key=stopping.key_of(webhook))


def try_webhook(actor: Actor, *, webhook: UUID) -> Delivery:
    """Send it a message that says nothing.

    Raises:
        Missing: there is none of that id.
        Conflict: it is stopped.
    """
    with acting(actor, _P):
        view = queries.shown(actor, webhook)
        _refuse_stopped(view.stopped)
        now = world.now()
        made = Delivery(id=world.new_id(), webhook_id=webhook, event=PING, made_at=now, next_at=now)
        made.save(force_insert=True)
    return made


def send_again(actor: Actor, *, webhook: UUID, delivery: UUID) -> None:
    """Send a message that ended once more, under its own id.

    Raises:
        Missing: there is none of that id.
        Conflict: the webhook is stopped, or the message waits anyway.
    """
    with acting(actor, _P):
        _refuse_stopped(queries.shown(actor, webhook).stopped)
        rows = Delivery.objects.select_for_update().filter(pk=delivery, webhook_id=webhook)
        row = rows.first()
        if row is None:
            raise Missing("There is no such message: `trustkeep webhooks deliveries` shows them.")
        if row.state == Delivery.State.WAITING:
            raise Conflict("This message is waiting to be sent anyway.")
        row.state, row.tries, row.next_at = Delivery.State.WAITING, 0, world.now()
        row.ended_at = None
        row.save(update_fields=["state", "tries", "next_at", "ended_at"])


def _changed(actor: Actor, webhook: UUID, change: Callable[[Webhook], None]) -> Webhook:
    with acting(actor, _P), sealed_sets.change(Webhook, None, actor) as hooks:
        row = _found(hooks, webhook)
        change(row)
        hooks.replace(row)
    return row


def _found(hooks: sealed_sets.SetChange[Webhook], webhook: UUID) -> Webhook:
    row = next((each for each in hooks.rows if each.id == webhook), None)
    if row is None:
        raise queries.missing()
    return row


def _check(label: str, url: str, events: Sequence[str]) -> None:
    if not text.is_line(label, MOST_OF_LABEL):
        raise Unacceptable(f"A label is one line of at most {MOST_OF_LABEL} characters.")
    http.check(url)
    known = list(queries.event_names())
    wrong = [each for each in events if not rules.is_pattern(each, known)]
    if wrong or not 1 <= len(events) <= rules.MOST_PATTERNS:
        raise Unacceptable(
            f"A webhook gets 1 to {rules.MOST_PATTERNS} kinds of event, each an event, a part of "
            "events such as vault.*, or *: docs/reference/events.md lists them."
        )


def _refuse_stopped(stopped: str) -> None:
    if stopped:
        raise Conflict("This webhook is stopped: resume it first.")


def _what(row: Webhook) -> dict[str, str]:
    return {
        "webhook": str(row.id),
        "receiver": rules.digest_of([row.url]),
        "events": rules.digest_of(row.events),
    }
