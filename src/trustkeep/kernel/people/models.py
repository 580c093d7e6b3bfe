"""Members, departments, roles, clearances and tokens, each a sealed row."""

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.keys.sealed_rows import SealedRow


class Kind(models.TextChoices):
    """Of what kind a member is.  Stored: never rename one."""

    STAFF = "staff"
    SERVICE = "service"


class Department(SealedRow):
    """A department; its head answers for the team."""

    set_kind = "people.department"
    set_owner = None
    sealed_columns = ("name", "head_id")

    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=120, unique=True)
    head_id = models.UUIDField(null=True)


class Member(SealedRow):
    """A member of staff, or a service account with the person who answers for it."""

    set_kind = "people.member"
    set_owner = "id"
    sealed_columns = (
        "kind", "name", "email", "department_id", "responsible_id", "active", "created_at",
        "expires_at",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=200)
    email = models.CharField(max_length=254, null=True, unique=True)  # noqa: DJ001 - unique
    department_id = models.UUIDField(null=True)
    responsible_id = models.UUIDField(null=True)  # service accounts only
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="service_account_has_an_owner_and_an_end",
                condition=Q(kind=Kind.STAFF, email__isnull=False)
                | Q(kind=Kind.SERVICE, responsible_id__isnull=False, expires_at__isnull=False),
            ),
        ]


class RoleAssignment(SealedRow):
    """A role that somebody holds, and who gave it."""

    set_kind = "people.role"
    set_owner = "person_id"
    sealed_columns = ("person_id", "role", "given_by", "given_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    role = models.CharField(max_length=40)
    given_by = models.UUIDField()
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="role_once_per_person", fields=["person_id", "role"]),
            models.CheckConstraint(
                name="role_not_to_oneself",
                condition=~Q(person_id=F("given_by")),
            ),
        ]


class Clearance(SealedRow):
    """A fact about somebody that a lower room may need: trained, signed, checked."""

    set_kind = "people.clearance"
    set_owner = "person_id"
    sealed_columns = ("person_id", "clearance", "given_by", "given_at", "expires_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    clearance = models.CharField(max_length=80)
    given_by = models.UUIDField()
    given_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="clearance_once_per_person", fields=["person_id", "clearance"]
            ),
        ]


class Token(SealedRow):
    """A credential; only the SHA-256 of its 256 random bits is kept."""

    set_kind = "people.token"
    set_owner = "person_id"
    sealed_columns = ("person_id", "digest", "label", "issued_by", "created_at", "expires_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    digest = models.CharField(max_length=64, unique=True)
    label = models.CharField(max_length=80)
    issued_by = models.UUIDField()
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
