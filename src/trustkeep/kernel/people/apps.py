"""The Django application of the people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People: every policy row is sealed."""

    name = "trustkeep.kernel.people"
    label = "people"

    def ready(self) -> None:
        """Say what is compared with the register, and put the mending on the schedule."""
        from trustkeep.kernel.keys import state
        from trustkeep.kernel.people import jobs
        from trustkeep.kernel.people import state as own

        state.register(own.PEOPLE, own.compare_people)
        jobs.schedule()
