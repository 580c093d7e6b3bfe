"""The Django application of this part."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Cases, grants and the decision."""

    name = "trustkeep.rooms.access"
    label = "access"
