import json
from datetime import timedelta
from uuid import UUID

import pytest
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Denied, Missing, Unacceptable
from trustkeep.kernel.keys import register
from trustkeep.kernel.keys.standing import Fact
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault import known
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import remedies
from trustkeep.rooms.access.grantees import grantee_of
from trustkeep.rooms.access.rules import Refusal


def test_support_reads_a_phone_number_for_an_open_case(company, dan):
    opened = access.read_fields(
        company.ben, customer=dan, fields=["phone", "name"], purpose="support", case="helpdesk:1"
    )

    assert {"phone": "+48 601 000 001", "name": "Dan Müller"} == opened.opened_values
    assert "access.read.permitted" == logged(dan)[-1]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"purpose": "shipping"}, Refusal.NO_GRANT),
        ({"purpose": "nothing"}, Refusal.NO_PURPOSE),
        ({"fields": ["birth_date"]}, Refusal.FIELD_NOT_NEEDED),
        ({"fields": ["shoe_size"]}, Refusal.UNKNOWN_FIELD),
        ({"case": None}, Refusal.NO_CASE),
        ({"case": "helpdesk:2"}, Refusal.NO_CASE),
    ],
)
def test_what_is_missing_refuses_and_is_in_the_ledger(company, dan, asked, reason):
    wanted = {"fields": ["phone"], "purpose": "support", "case": "helpdesk:1", **asked}

    with pytest.raises(Denied) as refusal:
        access.read_fields(company.ben, customer=dan, **wanted)

    assert reason in refusal.value.reasons
    assert "access.read.refused" == logged(dan)[-1]


def test_a_closed_case_opens_nothing(company, dan):
    access.close_case(company.ben, system="helpdesk", reference="1")

    with pytest.raises(Denied) as refusal:
        access.read_fields(
            company.ben, customer=dan, fields=["phone"], purpose="support", case="helpdesk:1"
        )

    assert (Refusal.CASE_CLOSED,) == refusal.value.reasons


def test_what_was_restricted_a_moment_ago_is_not_read(company, dan):
    register.enter(Fact.RESTRICTED, dan)

    with pytest.raises(Denied) as refusal:
        access.read_fields(
            company.ben, customer=dan, fields=["phone"], purpose="support", case="helpdesk:1"
        )

    assert (Refusal.PROCESSING_RESTRICTED,) == refusal.value.reasons


def test_who_was_deactivated_a_moment_ago_reads_nothing(company, dan):
    people.deactivate(company.ana, member=company.ben.id)

    with pytest.raises(Denied):
        access.read_fields(
            company.ben, customer=dan, fields=["phone"], purpose="support", case="helpdesk:1"
        )


def test_bulk_reading_needs_a_grant_of_its_own(company, dan):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping")

    with pytest.raises(Denied) as refusal:
        access.read_many(company.cleo, customers=[dan], fields=["name"], purpose="shipping")
    assert (Refusal.NO_BULK_GRANT,) == refusal.value.reasons

    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    (opened,) = access.read_many(company.cleo, customers=[dan], fields=["name"], purpose="shipping")
    assert {"name": "Dan Müller"} == opened.opened_values


def test_of_many_a_refusal_names_those_whom_it_is_about(company, dan):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", bulk=True)
    ida = company.customer("C-2", name="Ida")
    register.enter(Fact.RESTRICTED, ida)
    asked = {"fields": ["name"], "purpose": "shipping"}

    with pytest.raises(Denied, match=f"It is about {ida}: leave them out"):
        access.read_many(company.cleo, customers=[dan, ida], **asked)
    with pytest.raises(Denied, match="and 2 more"):
        access.read_many(company.cleo, customers=[dan, *nobodies(12)], **asked)
    with pytest.raises(Denied) as refused:
        access.read_many(company.ben, customers=[dan], **asked)
    assert "It is about" not in refused.value.sentence


def nobodies(count):
    return [world.new_id() for _ in range(count)]


def test_a_mask_leaves_enough_to_recognise_the_value(company, dan):
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="shipping", masked=["name"])

    opened = access.read_fields(
        company.cleo, customer=dan, fields=["name", "city"], purpose="shipping"
    )

    assert {"name": "D•••er", "city": "Gdańsk"} == opened.opened_values


def test_a_customer_is_found_by_an_exact_value_however_it_is_written(company, dan):
    for element, value in (("email", " DAN@example.COM"), ("phone", "0048 601-000-001")):
        found = access.find_customers(
            company.ben, element=element, value=value, purpose="support", case="helpdesk:1"
        )

        assert [dan] == found.customers
        entry = newest("access.search.made")
        assert {"element": element, "hits": 1, "found": [str(dan)]}.items() <= entry.items()
        assert "case" in entry


def newest(event):
    (body,) = Entry.objects.filter(event=event).order_by("-at", "-counter").values_list("body")[0]
    return json.loads(bytes(body))["details"]


def test_a_search_needs_an_open_case_where_a_reading_does(company, dan):
    def reasons(case):
        with pytest.raises(Denied) as refusal:
            access.find_customers(
                company.ben, element="phone", value="+48 601 000 001", purpose="support", case=case
            )
        return refusal.value.reasons

    assert (Refusal.NO_CASE,) == reasons(None) == reasons("helpdesk:unheard-of")
    access.close_case(company.ben, system="helpdesk", reference="1")
    assert (Refusal.CASE_CLOSED,) == reasons("helpdesk:1")
    assert [] == newest("access.search.refused").get("found", [])


def test_each_reason_has_its_remedy():
    assert set(Refusal) == set(remedies.REMEDIES)


def test_a_refusal_says_what_to_do(company, dan):
    with pytest.raises(Denied, match="with `--case`, or open it with `trustkeep access open-case`"):
        access.read_fields(company.ben, customer=dan, fields=["name"], purpose="support")


def test_the_entry_of_a_grant_says_whether_it_is_wide(company):
    access.give_grant(
        company.dora, grantee=company.cleo.id, purpose="shipping", fields=["name", "city"],
        masked=["name"], bulk=True,
    )  # fmt: skip

    details = newest("access.grant.given")
    assert (["name"], True) == (details["masked"], details["bulk"])


@pytest.mark.parametrize("days", [-1, 0, 3651, 10_000])
def test_a_grant_ends_within_ten_years(company, days):
    ends_at = world.now() + timedelta(days=days)
    with pytest.raises(Unacceptable, match="3650 days"):
        access.give_grant(company.dora, grantee=company.ben.id, purpose="support", ends_at=ends_at)


def test_nobody_is_looked_up_without_a_grant(company, dan):
    with pytest.raises(Denied) as refusal:
        access.find_customers(
            company.cleo, element="email", value="dan@example.com", purpose="support",
            case="helpdesk:1",
        )  # fmt: skip

    assert (Refusal.NO_GRANT,) == refusal.value.reasons
    assert "access.search.refused" == logged()[-1]


def test_a_reference_that_means_nobody_is_refused_and_in_the_ledger(company, dan):
    with pytest.raises(Denied) as refusal:
        access.read_fields(
            company.ben, customer=known.customer_or_nobody("C-999"), fields=["phone"],
            purpose="support", case="helpdesk:1",
        )  # fmt: skip

    assert Refusal.NO_CUSTOMER in refusal.value.reasons or (
        Refusal.CASE_NAMES_ANOTHER in refusal.value.reasons
    )
    assert "access.read.refused" == logged()[-1]


def test_who_may_not_read_learns_not_whether_there_is_such_a_customer(company, dan):
    answers = set()
    for customer in (dan, known.customer_or_nobody("C-999")):
        with pytest.raises(Denied) as refusal:
            access.read_fields(company.cleo, customer=customer, fields=["phone"], purpose="support")
        answers.add(str(refusal.value))

    assert 1 == len(answers)


def test_who_has_no_permission_to_read_is_refused_and_in_the_ledger(company, dan):
    with pytest.raises(Denied) as refusal:
        access.read_fields(company.ana, customer=dan, fields=["phone"], purpose="support")

    assert Refusal.NO_PERMISSION in refusal.value.reasons
    assert "access.read.refused" == logged(dan)[-1]


def test_nobody_grants_to_themselves_nor_to_a_role_of_their_own(company, dan):
    company.hire("hugo", Role.DEPARTMENT_HEAD, by=company.ana)
    people.assign_role(company.dora, member=company.hugo.id, role=Role.SUPPORT_AGENT)

    for grantee in (company.hugo.id, grantee_of(Role.SUPPORT_AGENT)):
        with pytest.raises(Denied) as refusal:
            access.give_grant(company.hugo, grantee=grantee, purpose="support")
        assert ("self_grant",) == refusal.value.reasons


def test_a_grant_goes_to_a_member_or_a_role_and_ends_in_the_future(company):
    with pytest.raises(Missing):
        access.give_grant(company.dora, grantee=UUID(int=7), purpose="support")
    with pytest.raises(Unacceptable, match="in the future"):
        access.give_grant(
            company.dora, grantee=company.ben.id, purpose="support",
            ends_at=world.now() - timedelta(days=1),
        )  # fmt: skip
