"""Behind the doors: what is of one's own, and what is of others.  SOP 3b, 4.3a, 4.3b."""

from contextlib import suppress

import pytest
from tests import doors

from trustkeep.base.errors import Missing
from trustkeep.kernel.people import actions as people
from trustkeep.rooms.access import actions as access

# Reviewed: what a head comes to with the own team, and with anybody else.
OF_A_HEAD = {
    "GET /people/{member}": ("done", "missing"),
    "people show": ("done", "missing"),
    "GET /people/{member}/clearances": ("done", "missing"),
    "people clearances": ("done", "missing"),
    "GET /departments/{department}": ("done", "missing"),
    "GET /grants/members/{member}": ("done", "missing"),
    "access grants": ("done", "missing"),
    "POST /grants": ("done", "denied"),
    "access grant": ("done", "denied"),  # for another purpose: the very same is given once
    "DELETE /grants/{grant}": ("done", "denied"),
    "access revoke": ("done", "denied"),
}
# And whoever works here with their own, and with another's.
OF_ANYBODY = {
    "POST /tokens": ("done", "denied"),
    "people token": ("done", "denied"),
    "DELETE /people/{member}/tokens/{token}": ("done", "denied"),
    "people revoke": ("done", "denied"),
}


@pytest.fixture
def scopes(staffed):
    """For each of the two scopes, what fits it for Emil, a head, and for Ben, whom he leads."""
    shop = staffed.company
    own, other = (
        people.make_department(shop.ana, name=name, head=head.id)
        for name, head in (("Own", shop.emil), ("Other", shop.dora))
    )
    people.move_member(shop.ana, member=shop.ben.id, department=own)
    people.move_member(shop.ana, member=shop.cleo.id, department=other)

    def fits(member, department):
        grant = access.give_grant(shop.dora, grantee=member.id, purpose="former")
        return {"member": member.id, "department": department, "grant": grant.id}

    return lambda: (fits(shop.ben, own), fits(shop.cleo, other))


def outcomes(staffed, scopes, name, door):
    """What somebody comes to at a door, in the own scope and in another."""
    secret = staffed.company.secrets[name]
    purpose = {"purpose": "shipping"} if door == "access grant" else {}
    return tuple(
        doors.EVERY[door].knock(secret, staffed.fitting(door, secret) | fits | purpose).code
        for fits in scopes
    )  # fmt: skip


def test_a_head_answers_for_the_own_team_and_for_nobody_else(staffed, scopes):
    for door, wanted in OF_A_HEAD.items():
        both = scopes()
        assert (door, wanted) == (door, outcomes(staffed, both, "emil", door))
        for each in both:
            with suppress(Missing):
                access.revoke_grant(staffed.company.dora, grant=each["grant"])


def test_nobody_acts_on_what_is_anothers(staffed, scopes):
    both = scopes()
    for door, wanted in OF_ANYBODY.items():
        assert (door, wanted) == (door, outcomes(staffed, both, "ben", door))
