"""Links to cases: made by a business application, followed by an agent, learnt from by nobody."""

import base64
from datetime import timedelta

import pytest
from tests.rooms.customers.merging import keep_records

from trustkeep.base import world
from trustkeep.base.actor import NOBODY
from trustkeep.base.errors import Conflict, Denied, Unacceptable
from trustkeep.kernel.keys import tickets
from trustkeep.kernel.ledger import history
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.combining import Choice
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import links, queries
from trustkeep.rooms.access.events import AccessEvent
from trustkeep.rooms.access.links import CaseTicket
from trustkeep.rooms.access.models import Case
from trustkeep.rooms.customers import actions as customers

HOUR = timedelta(hours=1)
CASE = {"system": "shop", "reference": "order of Eva Example"}


class Later(world.RealWorld):
    def now(self):
        return super().now() + HOUR


@pytest.fixture
def code(company, dan):
    return access.link_case(company.cleo, **CASE, customers=[dan], lasts=HOUR).code


def read(shop, customer, case):
    return access.read_fields(
        shop, customer=customer, fields=["phone"], purpose="support", case=str(case)
    )


def test_whoever_follows_a_link_has_the_case_and_reads_for_it_by_its_id(company, dan, code):
    assert 1 == Case.objects.count()  # that of the fixture: nothing was opened by making a link
    case = access.open_linked(company.ben, code=code)

    assert ([dan], company.ben.id) == (case.customers, case.opened_by)
    assert {"phone": "+48 601 000 001"} == read(company.ben, dan, case.id).opened_values
    access.close_own_case(company.ben, case=case.id)
    with pytest.raises(Denied) as refused:
        read(company.ben, dan, case.id)
    assert ("case_closed",) == refused.value.reasons


@pytest.mark.parametrize("case", [NOBODY, "nothing", "", f"uuid:{NOBODY}"])
def test_no_other_id_is_a_case(company, dan, case):
    with pytest.raises(Denied) as refused:
        read(company.ben, dan, case)
    assert ("no_case",) == refused.value.reasons


def test_the_ledger_says_who_made_the_link_by_which_a_case_was_opened(company, code):
    case = access.open_linked(company.ben, code=code)
    access.open_linked(company.cleo, code=code)

    made, opened, taken_up = (
        history.last(event)["details"]
        for event in (AccessEvent.CASE_LINKED, AccessEvent.CASE_OPENED, AccessEvent.CASE_TAKEN_UP)
    )
    assert {"case": str(case.id), "link": made["link"]} == taken_up
    assert {"link": made["link"], "maker": str(company.cleo.id)}.items() <= opened.items()


def test_followed_twice_it_is_the_same_case_as_long_as_that_is_open(company, dan):
    both = [dan, company.customer("C-2", name="Ida")]
    for named in (both, both[::-1]):
        asked = {**CASE, "reference": f"beginning with {named[0]}"}
        link = {"customers": named, "lasts": HOUR}
        code = access.link_case(company.cleo, **asked, **link).code
        case = access.open_linked(company.ben, code=code)
        assert case.id == access.open_linked(company.cleo, code=code).id

        access.close_case(company.ben, **asked)
        with pytest.raises(Conflict, match="closed"):
            access.open_linked(company.ben, code=code)
        later = access.link_case(company.cleo, **asked, **link).code  # the matter is open again
        assert case.id != access.open_linked(company.ben, code=later).id


def test_a_case_about_others_is_not_taken_up(company, code):
    access.open_case(company.ben, **CASE, customers=[company.customer("C-2", name="Ida")])

    with pytest.raises(Conflict):
        access.open_linked(company.ben, code=code)


def test_of_customers_who_became_one_the_case_is_taken_up(company):
    keep_records(company)
    one, other = (company.customer(each, name="Ida") for each in ("C-2", "C-3"))
    code = access.link_case(company.cleo, **CASE, customers=[other], lasts=HOUR).code
    case = access.open_linked(company.ben, code=code)
    customers.merge(company.cleo, survivor=one, other=other, purpose="records", choice=Choice())

    assert case.id == access.open_linked(company.ben, code=code).id


def test_a_case_stands_although_one_of_its_customers_was_erased(company, dan):
    other = company.customer("C-2", name="Ida")
    code = access.link_case(company.cleo, **CASE, customers=[dan, other], lasts=HOUR).code
    case = access.open_linked(company.ben, code=code)
    approval = customers.request_erasure(company.cleo, customer=other)
    customers.approve_erasure(company.emil, approval=approval, customer=other)

    assert case.id == access.open_linked(company.ben, code=code).id
    later = access.link_case(
        company.cleo, system="shop", reference="another", customers=[dan], lasts=HOUR
    )
    assert later.code
    with pytest.raises(Unacceptable, match="known here"):
        access.link_case(company.cleo, **CASE, customers=[other], lasts=HOUR)


def test_a_link_says_nothing_to_whoever_has_it(company, dan, code):
    sealed = base64.urlsafe_b64decode(code + "=" * (-len(code) % 4))
    digest = queries.case_hash(**CASE)
    for told in (b"Eva", b"shop", str(dan).encode(), dan.bytes, digest, digest.hex().encode()):
        assert told not in sealed
    again = access.link_case(company.cleo, **CASE, customers=[dan], lasts=HOUR).code
    assert code != again


def test_not_even_with_the_keys_does_a_link_tell_what_the_other_system_calls_it(company, code):
    said = tickets.said_by("case", code)
    assert b"customers" in said
    assert b"Eva" not in said
    assert tickets.said_by("trial", code) is None


@pytest.mark.parametrize("at", [0, 5, 50, -2])
def test_a_link_that_was_changed_is_none(company, code, at):
    place = at % len(code)
    swapped = "A" if code[place] != "A" else "B"
    changed = code[:place] + swapped + code[place + 1 :]
    for wrong in (changed, code[:-4], code + code, "", "ü", "\ud800", "a", "AAAA"):
        assert links.ticket_of(wrong) is None
    with pytest.raises(Unacceptable, match="good no more"):
        access.open_linked(company.ben, code=changed)


def test_after_its_time_a_link_opens_nothing(company, code):
    with world.another(Later()), pytest.raises(Unacceptable, match="good no more"):
        access.open_linked(company.ben, code=code)


def leaves(company):
    people.deactivate(company.ana, member=company.cleo.id)


def loses_the_role(company):
    people.remove_role(company.dora, member=company.cleo.id, role=Role.DATA_STEWARD)


def loses_the_token(company):
    people.revoke_token(company.ana, member=company.cleo.id, token=company.cleo.token)


@pytest.mark.parametrize("ends", [leaves, loses_the_role, loses_the_token])
def test_a_link_is_good_no_longer_than_whoever_made_it_might_open_cases(company, code, ends):
    ends(company)

    with pytest.raises(Denied) as refused:
        access.open_linked(company.ben, code=code)
    assert ("maker_may_not",) == refused.value.reasons
    assert 1 == Case.objects.count()


def test_whoever_follows_a_link_must_be_allowed_to_open_cases(company, code):
    with pytest.raises(Denied) as refused:
        access.open_linked(company.emil, code=code)
    assert ("no_permission",) == refused.value.reasons


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"system": "Eva Example"}, "short code"),
        ({"customers": [NOBODY]}, "known here"),
        ({"customers": []}, "known here"),
        ({"customers": [NOBODY] * 1001}, "at most 1000"),
        ({"lasts": timedelta(0)}, "at most a week"),
        ({"lasts": timedelta(days=8)}, "at most a week"),
    ],
)
def test_a_link_is_made_of_what_a_case_may_be(company, dan, changed, said):
    with pytest.raises(Unacceptable, match=said):
        access.link_case(company.cleo, **{**CASE, "customers": [dan], "lasts": HOUR, **changed})


def test_over_the_api_a_link_is_made_followed_and_refused(calls):
    asked = {**CASE, "references": ["C-1"], "hours": 1}
    status, made = calls("cleo")("POST", "/cases/links", asked)
    opened, told = calls("ben")("POST", "/cases/linked", {"code": made["code"]})

    assert (201, 201) == (status, opened)
    assert told["case"] in {one["case"] for one in calls("ben")("GET", "/cases")[1]["items"]}
    reading = {"reference": "C-1", "fields": ["phone"], "purpose": "support", **told}
    assert 200 == calls("ben")("POST", "/readings", reading)[0]
    assert 422 == calls("ben")("POST", "/cases/linked", {"code": "nothing"})[0]
    assert 422 == calls("cleo")("POST", "/cases/links", {**asked, "hours": 169})[0]


def test_the_longest_link_that_is_made_is_taken(company, dan, calls):
    others = [company.customer(f"N-{at}", name="x") for at in range(3)]
    many = CaseTicket(
        NOBODY, "s" * 24, bytes(32), [dan, *others] * 250, company.cleo.id, company.cleo.token,
        world.now(), world.now() + HOUR,
    )  # fmt: skip
    code = links.code_of(many)

    assert len(code) <= links.MOST_OF_CODE
    assert 201 == calls("ben")("POST", "/cases/linked", {"code": code})[0]
