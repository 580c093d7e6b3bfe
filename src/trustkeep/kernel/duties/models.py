"""Duties, absences, calendar addresses, rhythms of digests: sealed rows.  Notices: plain."""

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.duties.rules import Owner, Rhythm, State, Step
from trustkeep.kernel.keys.sealed_rows import SealedRow
from trustkeep.kernel.people.permissions import Role


class Duty(SealedRow):
    """One thing that somebody owes; `next_at` is when its next step is to be taken."""

    set_kind = "duties.duty"
    set_owner = "id"
    sealed_columns = (
        "key", "kind", "about", "clause", "link", "person_id", "role", "owed_at", "due_at",
        "state", "closed_at", "step", "next_at", "sequence", "changed_at",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    key = models.CharField(max_length=240)
    kind = models.CharField(max_length=80)
    about = models.JSONField(default=dict)
    clause = models.CharField(max_length=10)
    link = models.CharField(max_length=200, blank=True)
    person_id = models.UUIDField(null=True)
    role = models.CharField(max_length=40, blank=True)
    owed_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=State.OPEN)
    closed_at = models.DateTimeField(null=True)
    step = models.CharField(max_length=12, blank=True)
    next_at = models.DateTimeField(null=True)
    sequence = models.IntegerField(default=0)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="open_duty_once_per_key", fields=["key"], condition=Q(state=State.OPEN)
            ),
            models.CheckConstraint(
                name="duty_owed_by_a_person_or_a_role",
                condition=Q(person_id=None, role__gt="") | Q(person_id__isnull=False, role=""),
            ),
            models.CheckConstraint(
                name="duty_closed_unless_open",
                condition=Q(state=State.OPEN, closed_at=None)
                | (~Q(state=State.OPEN) & Q(closed_at__isnull=False)),
            ),
        ]
        indexes = [
            models.Index(
                name="duties_by_next_step", fields=["next_at"], condition=Q(state=State.OPEN)
            ),
        ]

    @property
    def owner_now(self) -> Owner:
        """Who owes it."""
        return self.person_id or Role(self.role)

    @property
    def taken(self) -> Step | None:
        """The last step that was taken."""
        return Step(self.step) if self.step else None


class Absence(SealedRow):
    """From when until when somebody is away, and who stands in; the end is exclusive."""

    set_kind = "duties.absence"
    set_owner = "person_id"
    sealed_columns = ("person_id", "deputy_id", "begins_at", "ends_at", "declared_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    deputy_id = models.UUIDField()
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="absence_ends_after_it_begins", condition=Q(ends_at__gt=F("begins_at"))
            ),
            models.CheckConstraint(
                name="nobody_is_their_own_deputy", condition=~Q(deputy_id=F("person_id"))
            ),
        ]


class CalendarAddress(SealedRow):
    """The secret address of somebody's calendar feed; only its SHA-256 is kept."""

    set_kind = "duties.calendar"
    set_owner = "person_id"
    sealed_columns = ("person_id", "digest", "made_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField(unique=True)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()


class DigestRhythm(SealedRow):
    """How often somebody wants the digest; daily where there is no row."""

    set_kind = "duties.rhythm"
    set_owner = "person_id"
    sealed_columns = ("person_id", "rhythm")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField(unique=True)
    rhythm = models.CharField(max_length=12, default=Rhythm.DAILY)


class Notice(models.Model):
    """One letter to one person for one occasion, so that none is sent twice.

    `waiting` becomes `sending` in a commit of its own before the letter is handed over: what a
    crash leaves there may have been sent, and is never sent again.
    """

    class State(models.TextChoices):
        """Stored: never rename one."""

        WAITING = "waiting"
        SENDING = "sending"
        SENT = "sent"
        LAPSED = "lapsed"

    person_id = models.UUIDField()
    occasion = models.CharField(max_length=80)
    duty_id = models.UUIDField(null=True)  # None: a digest
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    made_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_notice_per_occasion", fields=["person_id", "occasion"]
            ),
        ]

    def __str__(self) -> str:
        return f"notice {self.pk}"
