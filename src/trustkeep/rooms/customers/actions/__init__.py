"""What this room does: import and export customers, change, merge, and erase with two people."""

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
from trustkeep.rooms.customers.actions.gate import last_erasure
from trustkeep.rooms.customers.actions.guessing import Guess, guess_mapping, write_mapping
from trustkeep.rooms.customers.actions.importing import import_customers, import_rows
from trustkeep.rooms.customers.actions.mapping import Shown, mapping_from
from trustkeep.rooms.customers.actions.merging import merge
from trustkeep.rooms.customers.actions.pairing import find_duplicates, tell_apart
from trustkeep.rooms.customers.actions.rows import Given, Imported

__all__ = [
    "ErasureOutcome",
    "Export",
    "Exported",
    "Given",
    "Guess",
    "Imported",
    "Shown",
    "approve_erasure",
    "begin_export",
    "change_customer",
    "erase",
    "export_customers",
    "find_duplicates",
    "finish_erasures",
    "guess_mapping",
    "import_customers",
    "import_rows",
    "last_erasure",
    "mapping_from",
    "merge",
    "request_erasure",
    "sweep_erasures",
    "tell_apart",
    "write_mapping",
]
