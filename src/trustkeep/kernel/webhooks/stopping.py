"""A webhook that gets nothing any more, and whose duty it is that it does again."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

from trustkeep.base import world
from trustkeep.base.actor import Actor
from trustkeep.kernel.duties import kinds
from trustkeep.kernel.duties.actions import owe
from trustkeep.kernel.keys import sealed_sets
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.webhooks.events import WebhookEvent
from trustkeep.kernel.webhooks.models import Webhook
from trustkeep.kernel.webhooks.rules import Reason

STOPPED = kinds.kind(
    "webhooks.webhook.stopped", "Have the webhook {webhook} go on, or remove it: it gets nothing"
)
GIVEN = timedelta(days=3)


def stop(actor: Actor, webhook: UUID, reason: Reason) -> bool:
    """Send it nothing more, and have the DPO owe a decision unless somebody asked for this."""
    with transaction.atomic(durable=True):
        with sealed_sets.change(Webhook, None, actor) as hooks:
            row = next((each for each in hooks.rows if each.id == webhook), None)
            if row is None or row.stopped:
                return False
            row.stopped = reason
            hooks.replace(row)
        details = {"webhook": str(webhook), "reason": str(reason)}
        log.append(WebhookEvent.STOPPED, actor, details=details)
        if reason is not Reason.ASKED:
            owe(
                actor, to=Role.DPO, what=STOPPED.code, about={"webhook": str(webhook)},
                due=world.now() + GIVEN, clause="8b", key=key_of(webhook),
            )  # fmt: skip
    return True


def key_of(webhook: UUID) -> str:
    """The key of the duty about a stopped webhook."""
    return f"webhook:{webhook}"
