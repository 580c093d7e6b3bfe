"""What the people write in the ledger.  Stored names never change.

Joiner: `MEMBER_ADDED`; mover: `MEMBER_MOVED`, `MANAGER_NAMED`, `EMPLOYMENT_STATED`; leaver:
`MEMBER_DEACTIVATED`, for whatever reason.  Rooms react to these.
"""

from trustkeep.base.events import Detail, Event

_WHO = {"member": Detail.ID}
_DEPARTMENT = {"department": Detail.ID}
_TALLY = dict.fromkeys(("created", "changed", "unchanged", "refused", "deactivated"), Detail.COUNT)


class PeopleEvent(Event):
    """Joining, moving, leaving, and what somebody may do; people by random id only."""

    FOUNDED = "people.installation.founded", _WHO
    ORGANISATION_STATED = (
        "people.organisation.stated",
        {"columns": Detail.CODES, "country": Detail.CODE, "imaged": Detail.FLAG},
    )
    MEMBER_ADDED = "people.member.added", {**_WHO, "kind": Detail.CODE}
    MEMBER_CORRECTED = "people.member.corrected", {**_WHO, "columns": Detail.CODES}
    MEMBER_MOVED = "people.member.moved", {**_WHO, "department": Detail.ID}
    # `because` where it was no person who ended it: `end_reached`, `no_owner`.
    MEMBER_DEACTIVATED = "people.member.deactivated", {**_WHO, "because": Detail.CODE}
    MEMBER_REACTIVATED = "people.member.reactivated", _WHO
    MANAGER_NAMED = "people.manager.named", {**_WHO, "manager": Detail.ID}  # none: the head
    EMPLOYMENT_STATED = (
        "people.employment.stated",
        {**_WHO, "kind": Detail.CODE, "sponsor": Detail.ID, "ends": Detail.MOMENT},
    )
    END_EXTENDED = (
        "people.end.extended",
        {**_WHO, "before": Detail.MOMENT, "ends": Detail.MOMENT, "reason": Detail.CODE},
    )
    DEPARTMENT_MADE = "people.department.made", {**_DEPARTMENT, "head": Detail.ID}
    DEPARTMENT_RENAMED = "people.department.renamed", _DEPARTMENT
    DEPARTMENT_PLACED = "people.department.placed", {**_DEPARTMENT, "parent": Detail.ID}
    HEAD_CHANGED = (
        "people.head.changed",
        {**_DEPARTMENT, "head": Detail.ID, "before": Detail.ID},
    )
    ATTEMPT_REFUSED = "people.attempt.refused", {"permission": Detail.CODE}
    TOKEN_REFUSED = "people.token.refused"
    ROLE_ASSIGNED = "people.role.assigned", {**_WHO, "role": Detail.CODE}
    ROLE_ANNOUNCED = "people.role.announced", {**_WHO, "role": Detail.CODE}
    ROLE_REMOVED = "people.role.removed", {**_WHO, "role": Detail.CODE}
    TOKEN_ISSUED = (
        "people.token.issued",
        {**_WHO, "token": Detail.ID, "expires": Detail.MOMENT},
    )
    TOKEN_ROTATED = (
        "people.token.rotated",
        {**_WHO, "token": Detail.ID, "before": Detail.ID, "until": Detail.MOMENT},
    )
    TOKEN_REVOKED = "people.token.revoked", {**_WHO, "token": Detail.ID}
    ACCOUNT_HANDED_OVER = (
        "people.account.handed_over",
        {**_WHO, "responsible": Detail.ID, "before": Detail.ID},
    )
    ACCOUNT_RENEWED = "people.account.renewed", {**_WHO, "ends": Detail.MOMENT}
    LIST_EXPORTED = "people.list.exported", {"count": Detail.COUNT, "digest": Detail.DIGEST}
    LIST_IMPORTED = "people.list.imported", {**_TALLY, "digest": Detail.DIGEST}
    CLEARANCE_GIVEN = (
        "people.clearance.given",
        {**_WHO, "clearance": Detail.CODE, "reason": Detail.CODE, "expires": Detail.MOMENT},
    )
    CLEARANCE_ENDED = "people.clearance.ended", {**_WHO, "clearance": Detail.CODE}
