"""4.3a: only authorised people have access, on a need-to-know basis."""

from datetime import timedelta

import pytest
from django.db import transaction

from trustkeep.base import world
from trustkeep.kernel.ledger import log
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import evidence_of_reading, queries
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.rules import grantee_of

pytestmark = pytest.mark.clause("4.3a")


def read(company, customer):
    return access.read_fields(
        company.ben, customer=customer, fields=["phone"], purpose="support", case="helpdesk:1"
    )


def defects():
    done = evidence_of_reading.judged(world.now() - timedelta(days=1))
    return [each.what for each in done.defects]


def planted(actor, customer, purpose, **details):
    """A reading as a faulty decision would have let it through."""
    with transaction.atomic(durable=True):
        log.append(
            AccessEvent.PERMITTED, actor, customer=customer, purpose=purpose,
            details={"fields": ["phone"], **details},
        )  # fmt: skip


def test_a_reading_with_grant_purpose_and_case_holds(company, dan, light):
    read(company, dan)

    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_without_a_reading_nothing_is_shown(company, dan, light):
    assert {"every_read_was_granted": "not_yet_watched"} == light("4.3a.granted")


def test_it_still_holds_after_the_grant_was_revoked_and_the_case_closed(company, dan, light):
    read(company, dan)
    access.revoke_grant(company.dora, grant=queries.grants_of(company.ben.id)[0].id)
    access.close_case(company.ben, system="helpdesk", reference="1")

    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_a_planted_reading_without_a_grant_turns_it_red(company, dan, light):
    read(company, dan)
    planted(company.ben, dan, "support")

    assert ["no_grant"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


def test_a_planted_reading_with_the_grant_of_somebody_else_is_found(company, dan):
    grant = queries.grants_of(company.ben.id)[0]
    planted(company.cleo, dan, "support", grants=[str(grant.id)])

    assert ["no_grant"] == defects()


def test_a_planted_reading_after_the_grant_was_revoked_is_found(company, dan):
    grant = queries.grants_of(company.ben.id)[0]
    access.revoke_grant(company.dora, grant=grant.id)
    planted(company.ben, dan, "support", grants=[str(grant.id)])

    assert ["no_grant"] == defects()


@pytest.fixture
def granted_to_agents(company, dan):
    """Support agents may read for support, whoever they are; Ben's own grant is gone."""
    access.revoke_grant(company.dora, grant=queries.grants_of(company.ben.id)[0].id)
    agents = grantee_of(Role.SUPPORT_AGENT)
    access.give_grant(company.dora, grantee=agents, purpose="support")
    return {
        "grants": [str(queries.grants_of(agents)[0].id)],
        "case": str(queries.case_by_reference("helpdesk", "1").id),
    }


def test_a_reading_by_a_role_holds_while_the_role_was_held(company, dan, light, granted_to_agents):
    read(company, dan)
    people.remove_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)
    people.assign_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)
    read(company, dan)

    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_a_planted_reading_by_somebody_who_never_held_the_role_turns_it_red(
    company, dan, light, granted_to_agents
):
    read(company, dan)
    planted(company.emil, dan, "support", **granted_to_agents)

    assert ["no_grant"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


def test_a_planted_reading_after_the_role_was_removed_is_found(company, dan, granted_to_agents):
    people.remove_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)
    planted(company.ben, dan, "support", **granted_to_agents)

    assert ["no_grant"] == defects()


def test_a_planted_reading_before_the_role_was_given_is_found(company, dan, granted_to_agents):
    planted(company.emil, dan, "support", **granted_to_agents)
    people.assign_role(company.dora, member=company.emil.id, role=Role.SUPPORT_AGENT)

    assert ["no_grant"] == defects()


def test_a_planted_reading_without_its_case_is_found(company, dan):
    grant = queries.grants_of(company.ben.id)[0]
    planted(company.ben, dan, "support", grants=[str(grant.id)])

    assert ["no_case"] == defects()


def test_a_planted_reading_of_somebody_the_case_does_not_name_is_found(company, dan):
    eva = company.customer("C-2", name="Eva")
    case = queries.case_by_reference("helpdesk", "1")
    grant = queries.grants_of(company.ben.id)[0]
    planted(company.ben, eva, "support", grants=[str(grant.id)], case=str(case.id))

    assert ["case_names_another"] == defects()


def test_a_planted_reading_without_a_purpose_is_found(company, dan):
    planted(company.ben, dan, "curiosity")

    assert ["no_purpose"] == defects()
