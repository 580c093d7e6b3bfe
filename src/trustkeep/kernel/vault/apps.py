"""The Django application of the vault."""

from django.apps import AppConfig


class VaultConfig(AppConfig):
    """Customers as sealed values."""

    name = "trustkeep.kernel.vault"
    label = "vault"
