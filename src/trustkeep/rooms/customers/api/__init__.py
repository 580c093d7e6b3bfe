"""Customers over the API."""

from trustkeep.rooms.customers.api import erasing, finding, reading

DOORS = (reading.door, finding.door, erasing.door)
