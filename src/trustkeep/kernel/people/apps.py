"""The Django application of the people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People: every policy row is sealed."""

    name = "trustkeep.kernel.people"
    label = "people"

    def ready(self) -> None:
        """Put the mending of what a crash interrupted on the schedule."""
        from trustkeep.kernel.people import jobs

        jobs.schedule()
