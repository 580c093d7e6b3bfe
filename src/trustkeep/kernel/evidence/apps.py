"""The Django application of this part."""

from django.apps import AppConfig


class EvidenceConfig(AppConfig):
    """Receipts."""

    name = "trustkeep.kernel.evidence"
    label = "evidence"
