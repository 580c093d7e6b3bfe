"""Requests for approval, links to confirmers, and the way out; each a sealed row."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.approvals.rules import Asked, State, Way
from trustkeep.kernel.keys.sealed_rows import SealedRow

_LASTS = timedelta(hours=72)


class ApprovalRequest(SealedRow):
    """One act that one person asked for and another may agree to."""

    set_kind = "approvals.request"
    set_owner = "id"
    sealed_columns = (
        "verb", "digest", "requester_id", "requester_token", "approver_id", "approver_token",
        "beneficiary_id", "way", "state", "created_at", "expires_at", "decided_at",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    verb = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    requester_id = models.UUIDField()
    requester_token = models.UUIDField(null=True)
    approver_id = models.UUIDField(null=True)
    approver_token = models.UUIDField(null=True)
    beneficiary_id = models.UUIDField(null=True)
    way = models.CharField(max_length=12)
    state = models.CharField(max_length=12, default=State.OPEN)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="approver_is_not_requester",
                condition=Q(approver_id=None) | ~Q(approver_id=F("requester_id")),
            ),
            models.CheckConstraint(
                name="approver_does_not_benefit",
                condition=Q(approver_id=None)
                | Q(beneficiary_id=None)
                | ~Q(approver_id=F("beneficiary_id")),
            ),
            models.CheckConstraint(
                name="approver_shows_another_credential",
                condition=Q(approver_token=None)
                | Q(requester_token=None)
                | ~Q(approver_token=F("requester_token")),
            ),
            models.CheckConstraint(
                name="approved_by_somebody",
                condition=~Q(way=Way.TWO_PEOPLE, state__in=[State.APPROVED, State.TAKEN])
                | Q(approver_id__isnull=False),
            ),
            models.CheckConstraint(
                name="request_ends_within_72_hours",
                condition=Q(expires_at__lte=F("created_at") + _LASTS)
                | Q(way=Way.DELAY, expires_at__lte=F("created_at") + 2 * _LASTS),
            ),
        ]

    @property
    def asked(self) -> Asked:
        """The request as the rules know it."""
        return Asked(
            self.requester_id, self.requester_token, self.beneficiary_id, self.digest,
            Way(self.way), State(self.state), self.created_at, self.expires_at,
        )  # fmt: skip


class ConfirmationLink(SealedRow):
    """A one-time secret that was mailed to the outside confirmer; only its SHA-256 is kept."""

    set_kind = "approvals.link"
    set_owner = "request_id"
    sealed_columns = ("request_id", "digest", "sent_at")

    id = models.UUIDField(primary_key=True, editable=False)
    request_id = models.UUIDField()
    digest = models.CharField(max_length=64, unique=True)
    sent_at = models.DateTimeField()


class WayOut(SealedRow):
    """What stands for the second person in a company that has none; chosen at set-up."""

    set_kind = "approvals.way"
    set_owner = None
    sealed_columns = ("way", "confirmer_name", "confirmer_email", "chosen_by", "chosen_at")

    id = models.UUIDField(primary_key=True, editable=False)
    way = models.CharField(max_length=12)
    confirmer_name = models.CharField(max_length=200, blank=True)
    confirmer_email = models.CharField(max_length=254, blank=True)
    chosen_by = models.UUIDField()
    chosen_at = models.DateTimeField()
