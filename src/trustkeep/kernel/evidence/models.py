"""Receipts as they were signed."""

from django.db import models


class Receipt(models.Model):
    """One signed receipt; never changed."""

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=40)
    customer = models.UUIDField(null=True, db_index=True)
    note = models.BinaryField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_receipt_per_kind", fields=["kind", "customer"]),
        ]
