"""Webhooks: one sealed set.  How far each has followed, and its deliveries: plain."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from trustkeep.kernel.keys.sealed_rows import SealedRow
from trustkeep.kernel.webhooks.rules import Reason


class Webhook(SealedRow):
    """Where chosen events go.  Its secret is derived, from `generation`: none is stored.

    Until `overlap_until` the secret of the generation before signs as well.
    """

    set_kind = "webhooks.webhook"
    set_owner = None
    sealed_columns = (
        "label", "url", "events", "owner_id", "generation", "overlap_until", "stopped", "added_at",
        "from_position",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    label = models.CharField(max_length=80)
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=80))
    owner_id = models.UUIDField()
    generation = models.IntegerField(default=1)
    overlap_until = models.DateTimeField(null=True)
    stopped = models.CharField(max_length=12, blank=True)  # why it gets nothing; empty: it does
    added_at = models.DateTimeField()
    from_position = models.BigIntegerField()  # of the ledger: nothing before it is ever told

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="webhook_stopped_for_a_known_reason",
                condition=Q(stopped__in=["", *Reason]),
            ),
        ]


class Followed(models.Model):
    """Before which position of the ledger everything was looked at for a webhook."""

    webhook_id = models.UUIDField(primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"followed to {self.position}"


class Delivery(models.Model):
    """One message to one webhook; its body is made from the entry whenever it is sent.

    While it is being sent, `next_at` is when it counts as not sent, should the sender die: the
    receiver may then get it twice, under the same id.
    """

    class State(models.TextChoices):
        """Stored: never rename one."""

        WAITING = "waiting"
        DELIVERED = "delivered"
        GIVEN_UP = "given_up"

    id = models.UUIDField(primary_key=True, editable=False)
    webhook_id = models.UUIDField()
    position = models.BigIntegerField(null=True)  # None: a message that only tries the way
    event = models.CharField(max_length=80)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    tries = models.IntegerField(default=0)
    made_at = models.DateTimeField()
    next_at = models.DateTimeField()
    answered = models.IntegerField(null=True)  # the last status; None: no answer came
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="webhook_told_once_per_entry", fields=["webhook_id", "position"]
            ),
        ]
        indexes = [
            models.Index(
                name="webhooks_due", fields=["webhook_id", "next_at"], condition=Q(state="waiting")
            ),
            models.Index(name="webhooks_ended", fields=["ended_at"]),
            models.Index(name="webhooks_of_one", fields=["webhook_id", "-made_at"]),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"
