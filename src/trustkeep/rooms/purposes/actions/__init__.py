"""What this room does: declare, retire, and begin with a set that ships with Trustkeep."""

from trustkeep.rooms.purposes.actions.declaring import (
    declare_elements,
    declare_purpose,
    retire_purpose,
)
from trustkeep.rooms.purposes.actions.starting import Accepted, accept_starter

__all__ = ["Accepted", "accept_starter", "declare_elements", "declare_purpose", "retire_purpose"]
