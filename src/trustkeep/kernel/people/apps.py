"""The Django application of the people."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People: every policy row is sealed."""

    name = "trustkeep.kernel.people"
    label = "people"
