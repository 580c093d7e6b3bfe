"""What this room does: import customers, and erase one with two people."""

from trustkeep.rooms.customers.actions.erasing import (
    approve_erasure,
    request_erasure,
    sweep_erasures,
)
from trustkeep.rooms.customers.actions.importing import Imported, import_customers

__all__ = [
    "Imported",
    "approve_erasure",
    "import_customers",
    "request_erasure",
    "sweep_erasures",
]
