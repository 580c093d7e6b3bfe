"""The vault's tables: nothing in them can be read without a key that is kept elsewhere."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.functional import cached_property

from trustkeep.kernel.keys.sealed_rows import SealedRow
from trustkeep.kernel.vault.rules import IndexKind, SensitivityClass, State


class Customer(models.Model):
    """A customer's header: life cycle, and what its sealed values must look like.

    `version` counts every writing and equals the newest ledger entry's; `classes` are 41 bytes for
    each class: number, version, digest of the blob; or, of one that was merged, the 16 bytes of the
    customer whose record has its values now.
    """

    id = models.UUIDField(primary_key=True)
    state = models.SmallIntegerField()
    version = models.BigIntegerField()
    key_version = models.IntegerField()
    classes = models.BinaryField()
    seal = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # Few; each erasure looks for those that an earlier one left behind.
            models.Index(
                fields=["state", "id"],
                condition=models.Q(state__gt=State.ACTIVE),
                name="customer_not_active",
            ),
            # Whose values went into a record: asked at each erasure.
            models.Index(
                fields=["classes"], condition=models.Q(state=State.MERGED), name="customer_merged"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="customer_state_known", condition=models.Q(state__in=list(State))
            ),
            models.CheckConstraint(
                name="customer_version_from_1", condition=models.Q(version__gte=1)
            ),
        ]


class SealedValues(models.Model):
    """One sensitivity class of one customer, sealed."""

    pk = models.CompositePrimaryKey("customer_id", "number")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, db_index=False)
    number = models.SmallIntegerField(choices=[(one.value, one.code) for one in SensitivityClass])
    version = models.BigIntegerField()
    blob = models.BinaryField()


class Said(models.Model):
    """What sources last said of a customer, and people here: digests under the customer's key.

    A row for each customer, sealed with the policy key (`said.py`).
    """

    customer = models.UUIDField(primary_key=True)
    digests = models.BinaryField()


class Element(SealedRow):
    """A data element: one kind of value that may be kept about a customer.

    An element that no live purpose needs is refused at the door.
    """

    set_kind = "vault.element"
    set_owner = None
    sealed_columns = ("label", "number", "index", "kinds")

    key = models.CharField(primary_key=True, max_length=60)
    label = models.CharField(max_length=120)
    number = models.SmallIntegerField()  # the sensitivity class
    index = models.CharField(max_length=12, default=IndexKind.NONE)
    kinds = ArrayField(models.CharField(max_length=60), default=list)  # taxonomy keys

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="element_class_known",
                condition=models.Q(number__in=list(SensitivityClass)),
            ),
            models.CheckConstraint(
                name="element_index_known", condition=models.Q(index__in=list(IndexKind))
            ),
        ]

    @cached_property
    def sensitivity(self) -> SensitivityClass:
        """The class that values of this element are sealed in."""
        return SensitivityClass(self.number)


class IndexGeneration(models.Model):
    """The generation of the look-up index, in the log of the database.

    The unlogged sentinel holds the same generation; PostgreSQL empties unlogged tables after a
    crash, so unequal means that the index must be rebuilt before it may be asked.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    generation = models.BigIntegerField()
    keyed_at = models.DateTimeField()  # when this generation's key began to be used
    rebuilding_at = models.SmallIntegerField(null=True)  # per cent; None: whole

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_index_generation", condition=models.Q(id=1)),
        ]
