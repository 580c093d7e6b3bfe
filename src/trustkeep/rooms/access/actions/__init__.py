"""What this room does: read, change, bring up to date, grant, and keep cases."""

from trustkeep.rooms.access.actions.bringing import BroughtMany, bring_many, require_bringing
from trustkeep.rooms.access.actions.cases import close_case, close_own_case, open_case
from trustkeep.rooms.access.actions.changing import change_fields
from trustkeep.rooms.access.actions.duplicates import Alike, Duplicates, Pair, find_duplicates
from trustkeep.rooms.access.actions.grants import give_grant, revoke_grant
from trustkeep.rooms.access.actions.linking import CaseLink, link_case, open_linked
from trustkeep.rooms.access.actions.looking import Sought, Value
from trustkeep.rooms.access.actions.merging import merge_customers
from trustkeep.rooms.access.actions.proposed import give_proposed
from trustkeep.rooms.access.actions.reading import (
    Opened,
    ReadEach,
    read_each,
    read_fields,
    read_many,
    require_bulk_reading,
)
from trustkeep.rooms.access.actions.searching import (
    Card,
    Found,
    Named,
    find_customers,
    search_customers,
)
from trustkeep.rooms.access.rules import Refusal

__all__ = [
    "Alike",
    "BroughtMany",
    "Card",
    "CaseLink",
    "Duplicates",
    "Found",
    "Named",
    "Opened",
    "Pair",
    "ReadEach",
    "Refusal",
    "Sought",
    "Value",
    "bring_many",
    "change_fields",
    "close_case",
    "close_own_case",
    "find_customers",
    "find_duplicates",
    "give_grant",
    "give_proposed",
    "link_case",
    "merge_customers",
    "open_case",
    "open_linked",
    "read_each",
    "read_fields",
    "read_many",
    "require_bringing",
    "require_bulk_reading",
    "revoke_grant",
    "search_customers",
]
