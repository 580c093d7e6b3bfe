"""The organisation, its members, departments, employment, roles, tokens: each a sealed row.

Employment and the place of a department are sets of their own, so that rows which were sealed
before there were any stay as they are.  When somebody's time is over stands in `Member` alone,
where every sign-in looks anyway.
"""

from types import MappingProxyType

from django.db import models
from django.db.models import F, Q

from trustkeep.kernel.keys.sealed_rows import INSTALLATION, SealedRow
from trustkeep.kernel.people.employment import MOST_OF_CONTRACT, Employed


class Kind(models.TextChoices):
    """Of what kind a member is.  Stored: never rename one."""

    STAFF = "staff"
    SERVICE = "service"


class Organisation(SealedRow):
    """What the company says of itself; one row at most."""

    set_kind = "people.organisation"
    set_owner = None
    sealed_columns = ("name", "country", "languages", "host_imaged", "stated_by", "stated_at")

    id = models.UUIDField(primary_key=True, editable=False, default=INSTALLATION)
    name = models.CharField(max_length=200)
    country = models.CharField(max_length=2)
    languages = models.JSONField()
    host_imaged = models.BooleanField()
    stated_by = models.UUIDField()
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(name="one_organisation", condition=Q(id=INSTALLATION)),
        ]


class Department(SealedRow):
    """A department; its head answers for the team."""

    set_kind = "people.department"
    set_owner = None
    sealed_columns = ("name", "head_id")

    id = models.UUIDField(primary_key=True, editable=False)
    name = models.CharField(max_length=120, unique=True)
    head_id = models.UUIDField(null=True)


class DepartmentPlace(SealedRow):
    """Below which other department one stands; one without a row stands below none."""

    set_kind = "people.department_place"
    set_owner = None
    sealed_columns = ("department_id", "parent_id")

    id = models.UUIDField(primary_key=True, editable=False)
    department_id = models.UUIDField(unique=True)
    parent_id = models.UUIDField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="department_not_below_itself", condition=~Q(department_id=F("parent_id"))
            ),
        ]


class Member(SealedRow):
    """A member of staff, or a service account with the person who answers for it.

    `expires_at` is the end of a service account, or of the time of a contractor, of vendor
    personnel, of an employee for a term; None: no end.  From then on nothing is allowed.
    """

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


class Employment(SealedRow):
    """How somebody belongs to the company, and whom they answer to; without a row: an employee."""

    set_kind = "people.employment"
    set_owner = "person_id"
    sealed_columns = (
        "person_id", "kind", "manager_id", "sponsor_id", "contract", "stated_by", "stated_at",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField(unique=True)
    kind = models.CharField(max_length=12, default=Employed.EMPLOYEE)
    manager_id = models.UUIDField(null=True)  # None: the head of the department
    sponsor_id = models.UUIDField(null=True)
    contract = models.CharField(max_length=MOST_OF_CONTRACT, blank=True)
    stated_by = models.UUIDField()
    stated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="vendor_personnel_has_sponsor_and_contract",
                condition=~Q(kind=Employed.VENDOR) | Q(sponsor_id__isnull=False, contract__gt=""),
            ),
            models.CheckConstraint(
                name="nobody_manages_themselves",
                condition=Q(manager_id=None) | ~Q(manager_id=F("person_id")),
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
    """A fact about somebody that a lower room may need: trained, signed, checked; and why so."""

    set_kind = "people.clearance"
    set_owner = "person_id"
    sealed_columns = ("person_id", "clearance", "reason", "given_by", "given_at", "expires_at")
    sealed_when_set = MappingProxyType({"reason": ""})

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    clearance = models.CharField(max_length=80)
    reason = models.CharField(max_length=24, default="")  # empty: given before it was asked
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


class Rotation(SealedRow):
    """A token that gave way to another and goes on only until `ends_at`."""

    set_kind = "people.rotation"
    set_owner = "person_id"
    sealed_columns = ("person_id", "before_id", "token_id", "rotated_at", "ends_at")

    id = models.UUIDField(primary_key=True, editable=False)
    person_id = models.UUIDField()
    before_id = models.UUIDField(unique=True)
    token_id = models.UUIDField()
    rotated_at = models.DateTimeField()
    ends_at = models.DateTimeField()


class TokenUse(models.Model):
    """When a token was last shown, to the hour.  Not sealed: a hint for tidying up, no proof."""

    token_id = models.UUIDField(primary_key=True)
    used_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"use of token {self.token_id}"
