"""The Django application of this part."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Customers as staff see them."""

    name = "trustkeep.rooms.customers"
    label = "customers"
