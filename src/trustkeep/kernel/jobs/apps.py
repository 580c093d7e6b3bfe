"""The Django application of the jobs."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Jobs: the queue lives in the data database, so a job commits with what caused it."""

    name = "trustkeep.kernel.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Give the queue its one task, and the schedule what keeps it in order."""
        from trustkeep.kernel.jobs import forgetting, queue, recovery

        queue.bind()
        recovery.schedule()
        forgetting.schedule()
