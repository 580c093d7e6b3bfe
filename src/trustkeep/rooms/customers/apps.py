"""The Django application of this room."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers: no tables of its own, work by the clock, and checks of clauses."""

    name = "trustkeep.rooms.customers"
    label = "customers"

    def ready(self) -> None:
        """Register its checks, and put its work on the schedule."""
        from trustkeep.rooms.customers import clauses, jobs  # noqa: F401 - checks register

        jobs.schedule()
