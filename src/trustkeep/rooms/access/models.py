"""Grants and cases: sealed, so that neither comes into being by SQL."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.keys.sealed_rows import SealedRow
from trustkeep.rooms.access.rules import GrantTerms


class Grant(SealedRow):
    """One person or role may read some fields for one purpose, for a while."""

    set_kind = "access.grant"
    set_owner = "grantee"
    sealed_columns = (
        "grantee", "purpose", "fields", "masked", "starts_at", "ends_at", "bulk", "given_by",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True)
    grantee = models.UUIDField()  # a person, a service account, or a role's fixed id
    purpose = models.CharField(max_length=60)
    fields = ArrayField(models.CharField(max_length=60))
    masked = ArrayField(models.CharField(max_length=60), default=list)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    bulk = models.BooleanField(default=False)
    given_by = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["grantee"])]
        constraints = [
            models.CheckConstraint(
                name="grant_ends_after_start",
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(name="grant_not_to_self", condition=~Q(grantee=F("given_by"))),
        ]

    def terms(self) -> GrantTerms:
        """This grant as the decision sees it."""
        return GrantTerms(
            self.id,
            self.purpose,
            frozenset(self.fields),
            frozenset(self.masked),
            self.starts_at,
            self.ends_at,
            self.bulk,
        )


class Case(SealedRow):
    """A matter of another system (a call, an order) that names customers.

    The other system's reference is kept as a keyed hash only.  One that was closed stays so; where
    the other system opens the matter again, there is another case of the reference.
    """

    set_kind = "access.case"
    set_owner = "id"
    sealed_columns = (
        "system", "reference_hash", "customers", "opened_by", "opened_at", "closed_at",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True)
    system = models.CharField(max_length=60)
    reference_hash = models.BinaryField(max_length=32)
    customers = ArrayField(models.UUIDField())
    opened_by = models.UUIDField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["system", "reference_hash"])]
        constraints = [
            models.UniqueConstraint(
                name="one_open_case_per_reference",
                fields=["system", "reference_hash"],
                condition=Q(closed_at=None),
            ),
            models.CheckConstraint(
                name="case_closed_after_opened",
                condition=Q(closed_at=None) | Q(closed_at__gte=F("opened_at")),
            ),
        ]
