"""Which customer a request for approval is about."""

from django.db import models


class ErasureRequest(models.Model):
    """An erasure that was asked for.

    It needs no seal: the approval is bound to the digest of exactly this customer, so a row that
    was changed from outside fits no approval.
    """

    approval = models.UUIDField(primary_key=True)
    customer = models.UUIDField(db_index=True)
    requested_at = models.DateTimeField()
