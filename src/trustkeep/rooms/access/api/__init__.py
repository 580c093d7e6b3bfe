"""Access over the API: cases and grants."""

from trustkeep.rooms.access.api import cases, grants

DOORS = (cases.door, grants.door)
