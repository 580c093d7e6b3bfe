"""What this room does: import customers, change one, and erase one with two people."""

from trustkeep.rooms.customers.actions.changing import change_customer
from trustkeep.rooms.customers.actions.erasing import (
    approve_erasure,
    erase,
    request_erasure,
    sweep_erasures,
)
from trustkeep.rooms.customers.actions.finishing import ErasureOutcome, finish_erasures
from trustkeep.rooms.customers.actions.importing import import_customers
from trustkeep.rooms.customers.actions.mapping import mapping_from
from trustkeep.rooms.customers.actions.rows import Imported

__all__ = [
    "ErasureOutcome",
    "Imported",
    "approve_erasure",
    "change_customer",
    "erase",
    "finish_erasures",
    "import_customers",
    "mapping_from",
    "request_erasure",
    "sweep_erasures",
]
