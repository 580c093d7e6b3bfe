"""The Django application of the ledger."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger's tables."""

    name = "trustkeep.kernel.ledger"
    label = "ledger"
