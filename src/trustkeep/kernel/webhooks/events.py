"""What the webhooks write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event

_HOOK = {"webhook": Detail.ID}
_WHAT = {"receiver": Detail.DIGEST, "events": Detail.DIGEST}  # SHA-256 of the address, the choice


class WebhookEvent(Event):
    """The life of a webhook; its address stands in no entry."""

    ADDED = "webhooks.webhook.added", {**_HOOK, **_WHAT}
    CHANGED = "webhooks.webhook.changed", {**_HOOK, **_WHAT}
    SECRET_RENEWED = "webhooks.secret.renewed", {**_HOOK, "overlap_until": Detail.MOMENT}
    RESUMED = "webhooks.webhook.resumed", _HOOK
    STOPPED = "webhooks.webhook.stopped", {**_HOOK, "reason": Detail.CODE}
    REMOVED = "webhooks.webhook.removed", _HOOK
