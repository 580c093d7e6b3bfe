"""Results of checks, and parts that do not apply."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.keys.sealed_rows import SEAL_BYTES, SealedRow, seal_of


class CheckResult(models.Model):
    """What a check found at a moment; never changed, so that a past day can be shown.

    `number` counts the results of one check from 1, without a gap.
    """

    check_name = models.CharField(max_length=160)
    number = models.BigIntegerField()
    part = models.CharField(max_length=80)
    at = models.DateTimeField()
    every = models.DurationField()
    status = models.CharField(max_length=20)
    figure = models.CharField(max_length=80)
    sentence = models.TextField()
    rows = models.JSONField(default=list)
    link = models.CharField(max_length=200, default="", blank=True)
    looked_at = models.IntegerField(null=True)
    seal = models.BinaryField(max_length=SEAL_BYTES)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="result_numbered_once", fields=["check_name", "number"]),
        ]
        indexes = [models.Index(name="results_by_time", fields=["at"])]

    def __str__(self) -> str:
        return f"{self.check_name} at {self.at:%FT%TZ}"

    def expected_seal(self, key: bytes) -> bytes:
        """The seal that these columns must carry."""
        columns = {name: getattr(self, name) for name in _SEALED}
        every = self.every // timedelta(microseconds=1)
        return seal_of("clauses.result", {"every": every, **columns}, key)


_SEALED = (
    "check_name", "number", "part", "at", "status", "figure", "sentence", "rows", "link",
    "looked_at",
)  # fmt: skip


class Exemption(SealedRow):
    """A part that does not apply here: why, by whose decision, and until when."""

    set_kind = "clauses.exemption"
    set_owner = None
    sealed_columns = ("part", "reason", "given_by", "given_at", "expires_at")

    id = models.UUIDField(primary_key=True)
    part = models.CharField(max_length=80, unique=True)
    reason = models.TextField()
    given_by = models.UUIDField()
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="exemption_ends_after_it_begins",
                condition=Q(expires_at__gt=F("given_at")),
            ),
        ]
