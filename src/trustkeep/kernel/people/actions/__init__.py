"""What can be done about people: one function per verb, the actor first."""

from trustkeep.kernel.people.actions.credentials import (
    end_clearance,
    give_clearance,
    issue_token,
    revoke_token,
)
from trustkeep.kernel.people.actions.founding import found
from trustkeep.kernel.people.actions.members import (
    add_member,
    create_service_account,
    deactivate,
    make_department,
    move_member,
    reactivate,
)
from trustkeep.kernel.people.actions.roles import assign_role, remove_role

__all__ = [
    "add_member", "assign_role", "create_service_account", "deactivate", "end_clearance", "found",
    "give_clearance", "issue_token", "make_department", "move_member", "reactivate",
    "remove_role", "revoke_token",
]  # fmt: skip
