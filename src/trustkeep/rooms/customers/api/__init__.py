"""Customers over the API."""

from trustkeep.rooms.customers.api import erasing, finding, merging, reading

DOORS = (reading.door, finding.door, erasing.door, merging.door)
