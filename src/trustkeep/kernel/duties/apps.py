"""The Django application of the duties."""

from django.apps import AppConfig


class DutiesConfig(AppConfig):
    """Duties: sealed rows; letters about them are sent once."""

    name = "trustkeep.kernel.duties"
    label = "duties"

    def ready(self) -> None:
        """Put reminders, digests and the passing on of duties on the schedule."""
        from trustkeep.kernel.duties import jobs

        jobs.schedule()
