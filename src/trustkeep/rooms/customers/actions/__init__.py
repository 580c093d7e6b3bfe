"""What this room does: import and export customers, change one, and erase one with two people."""

from trustkeep.rooms.customers.actions.changing import change_customer
from trustkeep.rooms.customers.actions.erasing import (
    approve_erasure,
    erase,
    request_erasure,
    sweep_erasures,
)
from trustkeep.rooms.customers.actions.exporting import (
    Export,
    Exported,
    begin_export,
    export_customers,
)
from trustkeep.rooms.customers.actions.finishing import ErasureOutcome, finish_erasures
from trustkeep.rooms.customers.actions.importing import import_customers
from trustkeep.rooms.customers.actions.mapping import mapping_from
from trustkeep.rooms.customers.actions.rows import Imported

__all__ = [
    "ErasureOutcome",
    "Export",
    "Exported",
    "Imported",
    "approve_erasure",
    "begin_export",
    "change_customer",
    "erase",
    "export_customers",
    "finish_erasures",
    "import_customers",
    "mapping_from",
    "request_erasure",
    "sweep_erasures",
]
