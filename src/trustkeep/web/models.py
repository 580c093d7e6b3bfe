"""What the doors keep for themselves."""

from django.db import models


class IdempotentRequest(models.Model):
    """A request of the API that is done once however often it is sent.

    Key and request as SHA-256; no answer with a customer's value is ever kept.  `status` is none
    while it is worked on.
    """

    actor = models.UUIDField()
    key = models.CharField(max_length=64)
    request = models.CharField(max_length=64)
    status = models.SmallIntegerField(null=True)
    answer = models.TextField(null=True)  # noqa: DJ001 - none is kept
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_key_per_actor", fields=["actor", "key"]),
        ]
