"""What can be done about people: one function per verb, the actor first."""

from trustkeep.kernel.people.actions.clearing import end_clearance, give_clearance
from trustkeep.kernel.people.actions.credentials import issue_token, revoke_token
from trustkeep.kernel.people.actions.departments import (
    change_head,
    make_department,
    place_department,
    rename_department,
)
from trustkeep.kernel.people.actions.employment import extend_end, name_manager, state_employment
from trustkeep.kernel.people.actions.exporting import export_people
from trustkeep.kernel.people.actions.founding import found
from trustkeep.kernel.people.actions.importing import carry_out_import, plan_import
from trustkeep.kernel.people.actions.members import (
    add_member,
    correct_member,
    deactivate,
    move_member,
    reactivate,
)
from trustkeep.kernel.people.actions.roles import assign_role, remove_role
from trustkeep.kernel.people.actions.rotating import rotate_token
from trustkeep.kernel.people.actions.services import (
    create_service_account,
    hand_over_account,
    renew_account,
)
from trustkeep.kernel.people.actions.stating_organisation import state_organisation

__all__ = [
    "add_member", "assign_role", "carry_out_import", "change_head", "correct_member",
    "create_service_account", "deactivate", "end_clearance", "export_people", "extend_end",
    "found", "give_clearance", "hand_over_account", "issue_token", "make_department",
    "move_member", "name_manager", "place_department", "plan_import", "reactivate", "remove_role",
    "rename_department", "renew_account", "revoke_token", "rotate_token", "state_employment",
    "state_organisation",
]  # fmt: skip
