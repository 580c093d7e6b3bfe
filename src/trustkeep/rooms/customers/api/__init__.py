"""Customers over the API."""

from trustkeep.rooms.customers.api import erasing, reading

DOORS = (reading.door, erasing.door)
