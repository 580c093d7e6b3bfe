"""What this room does: read, change, grant, and keep cases."""

from trustkeep.rooms.access.actions.cases import close_case, open_case
from trustkeep.rooms.access.actions.changing import change_fields
from trustkeep.rooms.access.actions.grants import give_grant, revoke_grant
from trustkeep.rooms.access.actions.reading import Opened, read_fields, read_many
from trustkeep.rooms.access.actions.searching import find_customers

__all__ = [
    "Opened",
    "change_fields",
    "close_case",
    "find_customers",
    "give_grant",
    "open_case",
    "read_fields",
    "read_many",
    "revoke_grant",
]
