"""The Django application of this part."""

from django.apps import AppConfig


class PurposesConfig(AppConfig):
    """Purposes."""

    name = "trustkeep.rooms.purposes"
    label = "purposes"
