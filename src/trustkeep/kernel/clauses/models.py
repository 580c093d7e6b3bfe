"""Results of checks, and parts that do not apply."""

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.keys.sealed_rows import SealedRow


class CheckResult(models.Model):
    """What a check found at a moment; never changed, so that a past day can be shown."""

    check_name = models.CharField(max_length=160)
    part = models.CharField(max_length=80)
    at = models.DateTimeField()
    every = models.DurationField()
    status = models.CharField(max_length=20)
    figure = models.CharField(max_length=80)
    sentence = models.TextField()
    rows = models.JSONField(default=list)
    link = models.CharField(max_length=200, default="", blank=True)
    looked_at = models.IntegerField(null=True)

    class Meta:
        indexes = [models.Index(name="latest_result_of_a_check", fields=["check_name", "-at"])]

    def __str__(self) -> str:
        return f"{self.check_name} at {self.at:%FT%TZ}"


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
