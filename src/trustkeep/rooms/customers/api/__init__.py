"""Customers over the API."""

from trustkeep.rooms.customers.api import erasing, finding, importing, merging, reading

DOORS = (reading.door, finding.door, importing.door, erasing.door, merging.door)
