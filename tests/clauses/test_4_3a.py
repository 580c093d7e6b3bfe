"""4.3a: only authorised people have access, on a need-to-know basis."""

from datetime import timedelta

import pytest
from django.db import transaction

from trustkeep.base import world
from trustkeep.kernel.ledger import history, log
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.permissions import Role
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import evidence_of_reading, queries, rights_then, rules
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

pytestmark = pytest.mark.clause("4.3a")


def read(company, customer):
    return access.read_fields(
        company.ben, customer=customer, fields=["phone"], purpose="support", case="helpdesk:1"
    )


def defects():
    done = evidence_of_reading.judged(world.now() - timedelta(days=1))
    return [each.what for each in done.defects]


def planted(actor, customer, purpose, event=AccessEvent.PERMITTED, **details):
    """A use as a faulty decision would have let it through."""
    about = {"element": "phone"} if event is AccessEvent.SEARCHED else {"fields": ["phone"]}
    with transaction.atomic(durable=True):
        log.append(
            event, actor, customer=None if event is AccessEvent.SEARCHED else customer,
            purpose=purpose, details=about | details,
        )  # fmt: skip


@pytest.fixture
def rightly(company, dan):
    """What the entry of a rightful use by Ben names."""
    return {
        "grants": [str(queries.grants_of(company.ben.id)[0].id)],
        "case": str(queries.case_by_reference("helpdesk", "1").id),
        "token": str(company.ben.token),
    }


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


USES = [AccessEvent.PERMITTED, AccessEvent.CHANGE_PERMITTED, AccessEvent.SEARCHED]


@pytest.mark.parametrize("event", USES)
def test_a_use_with_all_that_it_needs_holds(company, dan, rightly, event):
    planted(company.ben, dan, "support", event, **rightly)

    assert [] == defects()


@pytest.mark.parametrize("event", USES)
@pytest.mark.parametrize(
    ("without", "what"),
    [({"grants": []}, "no_grant"), ({"case": None}, "no_case"), ({}, "no_purpose")],
)
def test_a_planted_use_that_lacks_something_is_found(company, dan, rightly, event, without, what):
    details = {name: value for name, value in {**rightly, **without}.items() if value}
    planted(company.ben, dan, "support" if without else "curiosity", event, **details)

    assert [what] == defects()


@pytest.mark.parametrize("event", USES)
def test_a_planted_use_by_somebody_deactivated_turns_it_red(company, dan, light, rightly, event):
    people.deactivate(company.ana, member=company.ben.id)
    planted(company.ben, dan, "support", event, **rightly)

    assert ["deactivated"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


@pytest.mark.parametrize("event", USES)
def test_a_planted_use_with_a_revoked_token_turns_it_red(company, dan, light, rightly, event):
    people.revoke_token(company.ben, member=company.ben.id, token=company.ben.token)
    planted(company.ben, dan, "support", event, **rightly)

    assert ["token_revoked"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


@pytest.mark.parametrize("event", USES)
def test_a_planted_use_after_the_role_that_brought_the_right_is_found(
    company, dan, light, rightly, event
):
    steward = company.cleo
    access.give_grant(company.dora, grantee=steward.id, purpose="support")
    rightly |= {"grants": [str(queries.grants_of(steward.id)[0].id)], "token": str(steward.token)}
    planted(steward, dan, "support", event, **rightly)
    assert [] == defects()

    people.remove_role(company.dora, member=steward.id, role=Role.DATA_STEWARD)
    planted(steward, dan, "support", event, **rightly)

    assert ["no_permission"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")


@pytest.mark.parametrize("event", USES)
def test_a_planted_use_of_a_field_the_grant_does_not_reach_is_found(company, dan, rightly, event):
    access.give_grant(company.dora, grantee=company.ben.id, purpose="support", fields=["name"])
    (narrow,) = (one for one in queries.grants_of(company.ben.id) if one.fields == ["name"])
    planted(company.ben, dan, "support", event, **(rightly | {"grants": [str(narrow.id)]}))

    assert ["field_not_granted"] == defects()


@pytest.mark.parametrize("event", USES)
def test_a_planted_use_of_a_field_the_purpose_did_not_need_then_is_found(
    company, dan, rightly, event
):
    named = {"element": "city"} if event is AccessEvent.SEARCHED else {"fields": ["city"]}
    planted(company.ben, dan, "support", event, **(rightly | named))
    assert [] == defects()
    named = {key: ["birth_date"] if key == "fields" else "birth_date" for key in named}
    planted(company.ben, dan, "support", event, **(rightly | named))

    assert ["field_not_needed"] == defects()


def test_a_planted_bulk_reading_by_a_grant_for_single_ones_is_found(company, dan, rightly):
    planted(company.ben, dan, "support", bulk=True, **rightly)

    assert ["no_bulk_grant"] == defects()


def test_a_real_bulk_reading_says_so_and_holds(company, dan, light):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    access.read_many(company.cleo, customers=[dan], fields=["name"], purpose="shipping")

    assert history.last(AccessEvent.PERMITTED)["details"]["bulk"] is True
    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def needs_training(company):
    purposes.declare_purpose(
        company.dora, key="support", label="Answer support calls", fields=["phone"],
        legal_bases={"eu": LegalBasis.CONTRACT}, clearances=["privacy-training"],
    )  # fmt: skip


@pytest.fixture
def at_once(monkeypatch):
    """No grace for a reading that had begun when its purpose changed."""
    monkeypatch.setattr(rights_then, "_GRACE", timedelta(0))


def test_a_reading_under_the_terms_of_its_time_holds(company, dan, at_once):
    read(company, dan)
    needs_training(company)

    assert [] == defects()


def test_a_planted_reading_without_the_clearance_of_its_time_is_found(
    company, dan, rightly, at_once
):
    needs_training(company)
    planted(company.ben, dan, "support", **rightly)
    assert ["no_clearance"] == defects()

    tomorrow = world.now() + timedelta(days=1)
    given = {"member": company.ben.id, "clearance": "privacy-training"}
    people.give_clearance(
        company.dora, reason=Reason.CERTIFICATE_SEEN, expires_at=tomorrow, **given
    )
    planted(company.ben, dan, "support", **rightly)
    assert ["no_clearance"] == defects()

    people.end_clearance(company.dora, **given)
    planted(company.ben, dan, "support", **rightly)
    assert ["no_clearance"] * 2 == defects()


def test_a_planted_reading_for_a_retired_purpose_is_found(company, dan, rightly, monkeypatch):
    purposes.retire_purpose(company.dora, key="support")
    planted(company.ben, dan, "support", **rightly)
    assert [] == defects(), "it may have begun before"
    monkeypatch.setattr(rights_then, "_GRACE", timedelta(0))

    assert ["no_purpose"] == defects()


def test_it_still_holds_after_the_reader_left(company, dan, light):
    read(company, dan)
    people.revoke_token(company.ben, member=company.ben.id, token=company.ben.token)
    people.deactivate(company.ana, member=company.ben.id)

    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_only_the_time_away_counts_after_a_return(company, dan, rightly):
    people.deactivate(company.ana, member=company.ben.id)
    planted(company.ben, dan, "support", **rightly)
    people.reactivate(company.ana, member=company.ben.id)
    read(company, dan)

    assert ["deactivated"] == defects()


def test_real_changes_and_searches_hold_and_are_counted(company, dan, light):
    steward = company.cleo
    access.give_grant(company.dora, grantee=steward.id, purpose="support")
    asked = {"purpose": "support", "case": "helpdesk:1"}
    access.change_fields(steward, customer=dan, changes={"city": "Sopot"}, **asked)
    access.find_customers(company.ben, element="phone", value="+48 601 000 001", **asked)

    assert 2 == evidence_of_reading.judged(world.now() - timedelta(days=1)).uses
    assert {"every_read_was_granted": "holds"} == light("4.3a.granted")


def test_a_second_value_that_was_not_granted_is_found(company, dan, rightly):
    planted(
        company.ben, dan, "support", AccessEvent.SEARCHED, element="name", beside="birth_date",
        **rightly,
    )  # fmt: skip

    assert ["field_not_needed"] == defects()


@pytest.mark.parametrize("by", ["read", "change"])
def test_a_token_that_is_never_seen_as_revoked_is_found(company, dan, monkeypatch, by):
    """Planted: the decision forgets to ask whether the token was revoked."""
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="support")
    actor = company.cleo if by == "change" else company.ben
    people.revoke_token(actor, member=actor.id, token=actor.token)
    seen = rules._by_person
    monkeypatch.setattr(rules, "_by_person", lambda facts: [
        each for each in seen(facts) if each is not rules.Refusal.TOKEN_REVOKED
    ])  # fmt: skip
    if by == "read":
        read(company, dan)
    else:
        access.change_fields(
            actor, customer=dan, changes={"city": "Sopot"}, purpose="support", case="helpdesk:1"
        )

    assert ["token_revoked"] == defects()


def test_what_happened_while_nobody_looked_is_judged_by_the_next_look(
    company, dan, light, monkeypatch
):
    read(company, dan)
    light("4.3a.granted")
    planted(company.ben, dan, "support")
    now = world.now
    monkeypatch.setattr(world, "now", lambda: now() + timedelta(days=20))

    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")
    assert {"every_read_was_granted": "not_yet_watched"} == light("4.3a.granted")


def test_a_case_that_sql_changed_is_said_of_its_own_readings_only(company, dan, light, sql):
    read(company, dan)
    access.open_case(company.ben, system="helpdesk", reference="2", customers=[dan])
    access.read_fields(
        company.ben, customer=dan, fields=["name"], purpose="support", case="helpdesk:2"
    )
    changed = queries.case_by_reference("helpdesk", "2").id
    sql("UPDATE access_case SET closed_at = opened_at WHERE id = %s", changed)

    assert ["case_changed"] == defects()
    assert {"every_read_was_granted": "broken"} == light("4.3a.granted")
