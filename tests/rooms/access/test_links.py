"""Links to cases: made by a business application, followed by an agent, learnt from by nobody."""

from datetime import timedelta

import pytest
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.people import actions as people
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import links
from trustkeep.rooms.access.models import Case

HOUR = timedelta(hours=1)
CASE = {"system": "shop", "reference": "order of Eva Example"}


class Later(world.RealWorld):
    def now(self):
        return super().now() + HOUR


@pytest.fixture
def code(company, dan):
    return access.link_case(company.cleo, **CASE, customers=[dan], lasts=HOUR).code


def test_whoever_follows_a_link_has_the_case_and_may_read_for_it(company, dan, code):
    assert 1 == Case.objects.count()  # that of the fixture: nothing was opened by making a link
    case = access.open_linked(company.ben, code=code)

    assert ([dan], company.ben.id) == (case.customers, case.opened_by)
    assert ["access.case.linked", "access.case.opened"] == [
        event for event in logged() if event.startswith("access.case.")
    ][-2:]
    named = f"{CASE['system']}:{CASE['reference']}"
    access.read_fields(company.ben, customer=dan, fields=["phone"], purpose="support", case=named)


def test_followed_twice_it_is_the_same_case_as_long_as_that_is_open(company, code):
    case = access.open_linked(company.ben, code=code)
    assert case.id == access.open_linked(company.cleo, code=code).id

    access.close_case(company.ben, **CASE)
    with pytest.raises(Conflict):
        access.open_linked(company.ben, code=code)


def test_a_case_about_others_is_not_taken_up(company, code):
    access.open_case(company.ben, **CASE, customers=[company.customer("C-2", name="Ida")])

    with pytest.raises(Conflict):
        access.open_linked(company.ben, code=code)


def test_a_link_says_nothing_to_whoever_has_it(company, dan, code):
    assert "Eva" not in code
    again = access.link_case(company.cleo, **CASE, customers=[dan], lasts=HOUR).code
    assert code != again


@pytest.mark.parametrize("at", [0, 5, 50, -1])
def test_a_link_that_was_changed_is_none(company, code, at):
    swapped = "A" if code[at] != "A" else "B"
    changed = code[:at] + swapped + (code[at + 1 :] if at >= 0 else "")
    for wrong in (changed, code[:-4], code + code, "", "ü", "a", "AAAA"):
        assert links.linked_by(wrong) is None
    with pytest.raises(Unacceptable, match="good no more"):
        access.open_linked(company.ben, code=changed)


def test_after_its_time_a_link_opens_nothing(company, code):
    with world.another(Later()), pytest.raises(Unacceptable, match="good no more"):
        access.open_linked(company.ben, code=code)


def test_a_link_of_somebody_who_left_opens_nothing(company, code):
    people.deactivate(company.ana, member=company.cleo.id)

    with pytest.raises(Denied) as refused:
        access.open_linked(company.ben, code=code)
    assert ("maker_inactive",) == refused.value.reasons


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "Eva Example"}, "short code"),
        ({"customers": [NOBODY]}, "known here"),
        ({"customers": []}, "known here"),
        ({"lasts": timedelta(0)}, "at most a week"),
        ({"lasts": timedelta(days=8)}, "at most a week"),
    ],
)
def test_a_link_is_made_of_what_a_case_may_be(company, dan, changed, said):
    with pytest.raises(Unacceptable, match=said):
        access.link_case(company.cleo, **{**CASE, "customers": [dan], "lasts": HOUR, **changed})


def test_over_the_api_a_link_is_an_address_with_its_secret_where_no_log_has_it(calls):
    asked = {**CASE, "references": ["C-1"], "hours": 1}
    status, made = calls("cleo")("POST", "/cases/links", asked)
    opened, told = calls("ben")("POST", "/cases/linked", {"code": made["code"]})

    assert (201, 201) == (status, opened)
    assert f"http://localhost:8000/cases/link#{made['code']}" == made["url"]
    assert told["case"] in {one["case"] for one in calls("ben")("GET", "/cases")[1]["items"]}
    assert 422 == calls("ben")("POST", "/cases/linked", {"code": "nothing"})[0]
    assert 422 == calls("cleo")("POST", "/cases/links", {**asked, "hours": 169})[0]
