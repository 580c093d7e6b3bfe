"""The Django application of the keys."""

from django.apps import AppConfig


class KeysConfig(AppConfig):
    """Keys: sealed sets live in the data database, keys themselves do not."""

    name = "trustkeep.kernel.keys"
    label = "keys"
