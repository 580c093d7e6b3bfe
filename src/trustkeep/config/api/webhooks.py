"""Webhooks over the API: who hears of what happens.  SOP 8b."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

from trustkeep.kernel.people.permissions import Permission
from trustkeep.kernel.webhooks import actions, queries
from trustkeep.kernel.webhooks.models import Delivery
from trustkeep.kernel.webhooks.queries import WebhookView
from trustkeep.web.api.door import ApiRequest, Door
from trustkeep.web.api.schemas import Asked

door = Door("webhooks")

_Label = Annotated[str, Field(min_length=1, max_length=80)]
_Url = Annotated[str, Field(min_length=1, max_length=500)]
_Pattern = Annotated[str, Field(min_length=1, max_length=80)]
_Events = Annotated[list[_Pattern], Field(min_length=1, max_length=50)]


class WebhookAsked(Asked):
    """What goes where: events, parts of events such as `vault.*`, or `*`."""

    label: _Label
    url: _Url
    events: _Events


class WebhookChange(Asked):
    """What becomes different; unset: as it was."""

    label: _Label | None = None
    url: _Url | None = None
    events: _Events | None = None


class SecretRenewal(Asked):
    """For how many days the secret before signs as well."""

    overlap_days: Annotated[int, Field(ge=0, le=30)] = 7


class WebhookAdded(Schema):
    """A new webhook: `secret` is shown this once."""

    id: UUID
    secret: str


class SecretRenewed(Schema):
    """A new secret, shown this once."""

    secret: str


class WebhookState(Schema):
    """A webhook; `stopped` is why it gets nothing, or empty."""

    id: UUID
    label: str
    url: str
    events: list[str]
    owner: UUID
    stopped: str
    overlap_until: datetime | None
    added_at: datetime
    waiting: int
    given_up: int

    @classmethod
    def of(cls, view: WebhookView) -> "WebhookState":
        """A webhook, as it is answered."""
        return cls(
            id=view.id, label=view.label, url=view.url, events=list(view.events),
            owner=view.owner, stopped=view.stopped, overlap_until=view.overlap_until,
            added_at=view.added_at, waiting=view.waiting, given_up=view.given_up,
        )  # fmt: skip


class DeliveryState(Schema):
    """One message; `answered` is the receiver's last status, none where no answer came."""

    id: UUID
    event: str
    position: int | None
    state: str
    tries: int
    made_at: datetime
    next_at: datetime | None
    answered: int | None
    ended_at: datetime | None

    @classmethod
    def of(cls, row: Delivery) -> "DeliveryState":
        """A message, as it is answered."""
        waits = row.state == Delivery.State.WAITING
        return cls(
            id=row.id, event=row.event, position=row.position, state=row.state, tries=row.tries,
            made_at=row.made_at, next_at=row.next_at if waits else None, answered=row.answered,
            ended_at=row.ended_at,
        )  # fmt: skip


@door.get("/webhooks", Permission.MANAGE_WEBHOOKS, answers=list[WebhookState])
def list_webhooks(request: ApiRequest) -> list[WebhookState]:
    """All webhooks, the oldest first."""
    return [WebhookState.of(view) for view in queries.every(request.actor)]


@door.post("/webhooks", Permission.MANAGE_WEBHOOKS, answers=WebhookAdded, keeps=False)
def add_webhook(request: ApiRequest, asked: WebhookAsked) -> WebhookAdded:
    """Send chosen events to an address from now on; the secret is shown once."""
    made = actions.add_webhook(request.actor, label=asked.label, url=asked.url, events=asked.events)
    return WebhookAdded(id=made.id, secret=made.secret)


@door.get("/webhooks/{uuid:webhook}", Permission.MANAGE_WEBHOOKS, answers=WebhookState)
def show_webhook(request: ApiRequest, webhook: UUID) -> WebhookState:
    """One webhook."""
    return WebhookState.of(queries.shown(request.actor, webhook))


@door.patch("/webhooks/{uuid:webhook}", Permission.MANAGE_WEBHOOKS, answers=WebhookState)
def change_webhook(request: ApiRequest, webhook: UUID, asked: WebhookChange) -> WebhookState:
    """Say anew what goes where; the caller owns it from then on."""
    actions.change_webhook(
        request.actor, webhook=webhook, label=asked.label, url=asked.url, events=asked.events
    )
    return show_webhook(request, webhook)


@door.delete("/webhooks/{uuid:webhook}", Permission.MANAGE_WEBHOOKS)
def remove_webhook(request: ApiRequest, webhook: UUID) -> None:
    """End it, with everything that waits for it."""
    actions.remove_webhook(request.actor, webhook=webhook)


@door.post(
    "/webhooks/{uuid:webhook}/secret", Permission.MANAGE_WEBHOOKS, answers=SecretRenewed,
    keeps=False,
)  # fmt: skip
def renew_secret(request: ApiRequest, webhook: UUID, asked: SecretRenewal) -> SecretRenewed:
    """A new secret, shown once; the one before signs as well for some days."""
    secret = actions.renew_secret(
        request.actor, webhook=webhook, overlap=timedelta(days=asked.overlap_days)
    )
    return SecretRenewed(secret=secret)


@door.post("/webhooks/{uuid:webhook}/stop", Permission.MANAGE_WEBHOOKS, answers=None, status=204)
def stop_webhook(request: ApiRequest, webhook: UUID) -> None:
    """Send it nothing until it is resumed."""
    actions.stop_webhook(request.actor, webhook=webhook)


@door.post("/webhooks/{uuid:webhook}/resume", Permission.MANAGE_WEBHOOKS, answers=None, status=204)
def resume_webhook(request: ApiRequest, webhook: UUID) -> None:
    """Send it again what happens from now on; the caller owns it."""
    actions.resume_webhook(request.actor, webhook=webhook)


@door.post("/webhooks/{uuid:webhook}/try", Permission.MANAGE_WEBHOOKS, answers=DeliveryState)
def try_webhook(request: ApiRequest, webhook: UUID) -> DeliveryState:
    """Send it a message that says nothing."""
    return DeliveryState.of(actions.try_webhook(request.actor, webhook=webhook))


@door.get(
    "/webhooks/{uuid:webhook}/deliveries", Permission.MANAGE_WEBHOOKS,
    answers=list[DeliveryState],
)  # fmt: skip
def list_deliveries(
    request: ApiRequest, webhook: UUID, state: Delivery.State | None = None
) -> list[DeliveryState]:
    """Its newest 100 messages, all or those in one state."""
    found = queries.deliveries(request.actor, webhook, state=state)
    return [DeliveryState.of(row) for row in found]


@door.post(
    "/webhooks/{uuid:webhook}/deliveries/{uuid:delivery}/again", Permission.MANAGE_WEBHOOKS,
    answers=None, status=204,
)  # fmt: skip
def send_again(request: ApiRequest, webhook: UUID, delivery: UUID) -> None:
    """Send a message that ended once more, under its own id."""
    actions.send_again(request.actor, webhook=webhook, delivery=delivery)
