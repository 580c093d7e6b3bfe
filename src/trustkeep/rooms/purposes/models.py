"""The declarations: one row a purpose, in one sealed set."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from trustkeep.kernel.keys.sealed_rows import SealedRow
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.rooms.purposes.rules import CaseRule, LegalBasis, PurposeTerms


class Purpose(SealedRow):
    """Why some fields may be used: no purpose, no field; no purpose, no reading."""

    set_kind = "purposes.purpose"
    set_owner = None
    sealed_columns = (
        "label", "fields", "legal_bases", "case_rule", "clearances", "notice", "keep_days",
        "retired_at", "roles", "masks",
    )  # fmt: skip
    sealed_when_set = {"roles": [], "masks": {}}

    key = models.CharField(primary_key=True, max_length=60)
    label = models.CharField(max_length=200)
    fields = ArrayField(models.CharField(max_length=60))
    legal_bases = models.JSONField()  # jurisdiction -> basis
    case_rule = models.CharField(max_length=8, default=CaseRule.NONE)
    clearances = ArrayField(models.CharField(max_length=60), default=list)
    roles = ArrayField(models.CharField(max_length=40), default=list)  # none: every role
    masks = models.JSONField(default=dict)  # field -> mask; any other field is shown whole
    notice = models.TextField(default="")  # what customers are told
    keep_days = models.IntegerField(null=True)  # None: not decided yet
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="purpose_case_rule_known", condition=models.Q(case_rule__in=list(CaseRule))
            ),
            models.CheckConstraint(
                name="purpose_keep_days_positive",
                condition=models.Q(keep_days=None) | models.Q(keep_days__gt=0),
            ),
        ]

    def terms(self) -> PurposeTerms:
        """This purpose as the decision sees it."""
        return PurposeTerms(
            key=self.key,
            fields=frozenset(self.fields),
            legal_bases={where: LegalBasis(basis) for where, basis in self.legal_bases.items()},
            case_rule=CaseRule(self.case_rule),
            clearances=frozenset(self.clearances),
            roles=frozenset(map(Role, self.roles)),
            masks={field: Mask(mask) for field, mask in self.masks.items()},
            retired_at=self.retired_at,
        )
