"""What is asked about webhooks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from trustkeep.base.actor import Actor
from trustkeep.base.errors import Missing
from trustkeep.base.events import Event
from trustkeep.kernel.keys import register, sealed_sets
from trustkeep.kernel.people import queries as people
from trustkeep.kernel.people.authority import require
from trustkeep.kernel.people.permissions import Permission, permissions_of
from trustkeep.kernel.webhooks.models import Delivery, Webhook
from trustkeep.kernel.webhooks.rules import Reason

_P = Permission.MANAGE_WEBHOOKS


@dataclass(frozen=True, slots=True)
class WebhookView:
    """A webhook as it is shown; `stopped` is why it gets nothing, or empty."""

    id: UUID
    label: str
    url: str
    events: tuple[str, ...]
    owner: UUID
    stopped: str
    overlap_until: datetime | None
    added_at: datetime
    waiting: int
    given_up: int


def every(actor: Actor) -> list[WebhookView]:
    """All webhooks, the oldest first."""
    require(actor, _P)
    counted = {
        row["webhook_id"]: (row["waiting"], row["given_up"])
        for row in Delivery.objects.values("webhook_id").annotate(
            waiting=Count("pk", filter=Q(state=Delivery.State.WAITING)),
            given_up=Count("pk", filter=Q(state=Delivery.State.GIVEN_UP)),
        )
    }
    rows = sorted(sealed_sets.rows(Webhook), key=lambda row: row.added_at)
    return [_view(row, *counted.get(row.id, (0, 0))) for row in rows]


def shown(actor: Actor, webhook: UUID) -> WebhookView:
    """One of them.

    Raises:
        Missing: there is none of that id.
    """
    found = [view for view in every(actor) if view.id == webhook]
    if not found:
        raise missing()
    return found[0]


def deliveries(
    actor: Actor, webhook: UUID, *, state: str | None = None, limit: int = 100
) -> list[Delivery]:
    """The newest messages of one webhook.

    Raises:
        Missing: there is no such webhook.
    """
    shown(actor, webhook)
    rows = Delivery.objects.filter(webhook_id=webhook).order_by("-made_at", "pk")
    return list((rows.filter(state=state) if state else rows)[:limit])


def stopped_because(row: Webhook) -> str:
    """Why this webhook gets nothing now; empty: it does."""
    if row.stopped:
        return row.stopped
    if not people.is_active(row.owner_id):
        return Reason.OWNER_LEFT
    roles = people.roles_of(row.owner_id)
    counts = [role for role in roles if role not in register.facts(row.owner_id).roles_removed]
    return "" if _P in permissions_of(counts) else Reason.OWNER_LEFT


def event_names() -> Iterable[str]:
    """Every event that anything installed may write."""
    return sorted(
        each.value
        for kind in Event.__subclasses__()
        if kind.__module__.startswith("trustkeep.")
        for each in kind
    )


def missing() -> Missing:
    """The error for an id that is none."""
    return Missing("There is no such webhook: `trustkeep webhooks list` shows them.")


def _view(row: Webhook, waiting: int, given_up: int) -> WebhookView:
    return WebhookView(
        row.id, row.label, row.url, tuple(row.events), row.owner_id, stopped_because(row),
        row.overlap_until, row.added_at, waiting, given_up,
    )  # fmt: skip
