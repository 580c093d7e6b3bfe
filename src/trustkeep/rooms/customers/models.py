"""Which customer a request for approval is about, and who is not the same as whom."""

from django.db import models
from django.db.models import F, Q


class ErasureRequest(models.Model):
    """An erasure that was asked for.

    It needs no seal: the approval is bound to the digest of exactly this customer, so a row that
    was changed from outside fits no approval.
    """

    approval = models.UUIDField(primary_key=True)
    customer = models.UUIDField(db_index=True)
    requested_at = models.DateTimeField()


class Apart(models.Model):
    """Two customers whom somebody looked at and said: these are two people.

    It needs no seal: all that a row made by SQL could do is keep a pair from being proposed.
    """

    pk = models.CompositePrimaryKey("one", "other")
    one = models.UUIDField()  # the lesser id
    other = models.UUIDField()
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="apart_in_order", condition=Q(one__lt=F("other"))),
        ]
