"""The Django application of this part."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Which customer a request for erasure is about."""

    name = "trustkeep.rooms.customers"
    label = "customers"
