"""Customers over the API."""

from trustkeep.rooms.customers.api import erasing, merging, reading

DOORS = (reading.door, erasing.door, merging.door)
