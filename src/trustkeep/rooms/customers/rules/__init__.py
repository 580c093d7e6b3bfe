"""What a file says of customers: which rows are taken, and what its columns probably mean."""

from trustkeep.rooms.customers.rules.rows import (
    REMEDIES,
    SEPARATORS,
    Encoding,
    Mapped,
    RefusedRow,
    RowRefusal,
    TakenRow,
    refusal_of,
    row_of,
    separator_in,
)

__all__ = [
    "REMEDIES",
    "SEPARATORS",
    "Encoding",
    "Mapped",
    "RefusedRow",
    "RowRefusal",
    "TakenRow",
    "refusal_of",
    "row_of",
    "separator_in",
]
