"""Grants: what may be masked, and for whom a head answers."""

import pytest

from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.masks import Mask
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.models import Grant
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis


@pytest.mark.parametrize(
    ("fields", "masked"), [(["*"], ["phnoe"]), (["*"], ["birth_date"]), (["city"], ["phone"])]
)
def test_only_what_is_granted_is_masked(company, fields, masked):
    before = Grant.objects.count()
    with pytest.raises(Unacceptable, match=f"does not hold {masked[0]}"):
        access.give_grant(
            company.dora, grantee=company.emil.id, purpose="support", fields=fields, masked=masked
        )

    assert before == Grant.objects.count()


def test_the_very_same_grant_is_given_once(company):
    asked = {"grantee": company.emil.id, "purpose": "support", "fields": ["phone"]}
    access.give_grant(company.dora, **asked)
    with pytest.raises(Conflict, match="stands already"):
        access.give_grant(company.dora, **asked)
    access.give_grant(company.dora, **asked, bulk=True)

    assert 2 == len(queries.grants_of(company.emil.id))


def test_a_mask_that_another_grant_undoes_is_told(company):
    grant = access.give_grant(
        company.dora, grantee=company.ben.id, purpose="support", masked=["phone", "email"]
    )

    assert ["email", "phone"] == queries.unmasked_beside(grant)


@pytest.fixture
def team(company):
    """Emil heads a department in which Ben is and Cleo is not."""
    department = people.make_department(company.ana, name="Support", head=company.emil.id)
    people.move_member(company.ana, member=company.ben.id, department=department)
    return company


def test_a_head_grants_to_the_own_team(team):
    grant = access.give_grant(team.emil, grantee=team.ben.id, purpose="shipping")

    assert grant in queries.grants_of(team.ben.id)


@pytest.mark.parametrize("to", ["cleo", Role.SUPPORT_AGENT, Role.STAFF])
def test_a_head_grants_to_nobody_beyond_it(team, to):
    grantee = grantee_of(to) if isinstance(to, Role) else getattr(team, to).id
    with pytest.raises(Denied) as refused:
        access.give_grant(team.emil, grantee=grantee, purpose="shipping")

    assert ("not_your_team",) == refused.value.reasons
    assert () == queries.grants_of(grantee)


@pytest.mark.parametrize("to", ["cleo", Role.SUPPORT_AGENT])
def test_a_head_ends_the_grants_of_nobody_beyond_it(team, to):
    grantee = grantee_of(to) if isinstance(to, Role) else getattr(team, to).id
    grant = access.give_grant(team.dora, grantee=grantee, purpose="shipping")

    with pytest.raises(Denied) as refused:
        access.revoke_grant(team.emil, grant=grant.id)

    assert ("not_your_team",) == refused.value.reasons
    assert (grant,) == queries.grants_of(grantee)
    (own,) = queries.grants_of(team.ben.id)
    access.revoke_grant(team.emil, grant=own.id)
    assert () == queries.grants_of(team.ben.id)


def test_a_head_sees_what_the_own_team_may_read_and_nobody_else(team, calls):
    assert 1 == len(queries.grants_shown(team.emil, team.ben.id))
    with pytest.raises(Missing):
        queries.grants_shown(team.emil, team.cleo.id)

    assert 404 == calls("emil")("GET", f"/grants/members/{team.cleo.id}")[0]
    assert 200 == calls("emil")("GET", f"/grants/roles/{Role.DATA_STEWARD}")[0]
    assert 200 == calls("dora")("GET", f"/grants/members/{team.cleo.id}")[0]


def test_the_dpo_grants_to_whole_roles(team):
    grantee = grantee_of(Role.PRIVACY_ANALYST)

    access.give_grant(team.dora, grantee=grantee, purpose="shipping")
    assert 1 == len(queries.grants_of(grantee))


def test_what_the_purpose_masks_no_grant_undoes(company):
    purposes.declare_purpose(
        company.dora, key="support", label="Answer", fields=["phone", "email"],
        legal_bases={"eu": LegalBasis.CONTRACT}, masks={"phone": Mask.LAST_FOUR},
    )  # fmt: skip
    grant = access.give_grant(
        company.dora, grantee=company.ben.id, purpose="support", masked=["phone", "email"]
    )

    assert ["email"] == queries.unmasked_beside(grant)
