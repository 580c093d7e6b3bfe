"""What the people write in the ledger.  Stored names never change."""

from trustkeep.base.events import Detail, Event

_WHO = {"member": Detail.ID}


class PeopleEvent(Event):
    """Joining, moving, leaving, and what somebody may do; people by random id only."""

    FOUNDED = "people.installation.founded", _WHO
    MEMBER_ADDED = "people.member.added", {**_WHO, "kind": Detail.CODE}
    MEMBER_MOVED = "people.member.moved", {**_WHO, "department": Detail.ID}
    MEMBER_DEACTIVATED = "people.member.deactivated", _WHO
    MEMBER_REACTIVATED = "people.member.reactivated", _WHO
    DEPARTMENT_MADE = "people.department.made", {"department": Detail.ID, "head": Detail.ID}
    ATTEMPT_REFUSED = "people.attempt.refused", {"permission": Detail.CODE}
    TOKEN_REFUSED = "people.token.refused"
    ROLE_ASSIGNED = "people.role.assigned", {**_WHO, "role": Detail.CODE}
    ROLE_ANNOUNCED = "people.role.announced", {**_WHO, "role": Detail.CODE}
    ROLE_REMOVED = "people.role.removed", {**_WHO, "role": Detail.CODE}
    TOKEN_ISSUED = (
        "people.token.issued",
        {**_WHO, "token": Detail.ID, "expires": Detail.MOMENT},
    )
    TOKEN_REVOKED = "people.token.revoked", {**_WHO, "token": Detail.ID}
    CLEARANCE_GIVEN = (
        "people.clearance.given",
        {**_WHO, "clearance": Detail.CODE, "expires": Detail.MOMENT},
    )
    CLEARANCE_ENDED = "people.clearance.ended", {**_WHO, "clearance": Detail.CODE}
