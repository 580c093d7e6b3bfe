"""The Django application of this part."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """Cases, grants and the decision."""

    name = "trustkeep.rooms.access"
    label = "access"

    def ready(self) -> None:
        """Register its checks."""
        from trustkeep.rooms.access import clauses  # noqa: F401 - they register themselves
