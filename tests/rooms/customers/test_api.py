"""Customers over the API: each operation does what its command does."""

import pytest

from trustkeep.kernel.ledger.models import Entry
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.purposes import actions as purposes
from trustkeep.rooms.purposes.rules import LegalBasis

ABOUT = {"purpose": "support", "case": "helpdesk:1"}
BY_REFERENCE = {"reference": "C-1", **ABOUT}


def test_a_reading_answers_the_values_and_its_entry(calls, dan):
    status, told = calls("ben")("POST", "/readings", {**BY_REFERENCE, "fields": ["phone", "city"]})

    assert 200 == status
    assert {"phone": "+48 601 000 001", "city": "Gdańsk"} == told["values"]
    assert (str(dan), []) == (told["customer"], told["masked"])
    writer, counter = told["entry"].split(":")
    assert "access.read.permitted" == Entry.objects.get(writer=writer, counter=counter).event


def test_a_refusal_names_every_reason(calls):
    asked = {"reference": "C-1", "fields": ["birth_date"], "purpose": "support"}
    status, told = calls("ben")("POST", "/readings", asked)

    assert (403, "denied") == (status, told["code"])
    assert {"field_not_needed", "no_case"} == set(told["reasons"])


def test_nobody_learns_whether_a_reference_means_somebody(calls):
    asked = {"fields": ["phone"], "purpose": "newsletter"}
    known = calls("ben")("POST", "/readings", {**asked, "reference": "C-1"})
    unknown = calls("ben")("POST", "/readings", {**asked, "reference": "C-999"})

    assert known == unknown


def test_a_search_finds_by_the_value_and_answers_ids(calls, dan):
    asked = {"element": "email", "value": "DAN@example.com", **ABOUT}

    found = {"customers": [str(dan)], "more": False}
    assert (200, found) == calls("ben")("POST", "/searches", asked)


def test_a_change_is_read_afterwards(calls, dan):
    changes = {"changes": {"city": "Łódź"}}
    status, told = calls("ben")("PATCH", "/customers", {**BY_REFERENCE, **changes})

    assert (200, {"changed": ["city"]}) == (status, told)
    _, read = calls("ben")("POST", "/readings", {**BY_REFERENCE, "fields": ["city"]})
    assert {"city": "Łódź"} == read["values"]


def test_two_people_erase_and_the_receipt_is_shown_again(calls, dan):
    _, asked = calls("cleo")("POST", "/erasures", {"customer": str(dan)})
    path = f"/erasures/{asked['approval']}"
    own = calls("cleo")("POST", f"{path}/agreement", {"customer": str(dan)})
    status, told = calls("emil")("POST", f"{path}/agreement", {"customer": str(dan)})

    assert 403 == own[0]
    assert (201, []) == (status, told["pending"])
    assert told["receipt"] == calls("dora")("GET", f"{path}/receipt")[1]["receipt"]
    refused = calls("ben")("POST", "/readings", {**BY_REFERENCE, "fields": ["city"]})
    assert (403, ["case_names_another"]) == (refused[0], refused[1]["reasons"])


@pytest.mark.parametrize("whom", [{}, {"reference": "C-1", "customer": "00" * 16}])
def test_one_customer_is_named_in_one_way(calls, whom):
    status, told = calls("cleo")("POST", "/erasures", whom)

    assert (422, "unacceptable") == (status, told["code"])


def test_pairs_are_proposed_told_apart_and_merged(calls, company, dan):
    again = company.customer("C-2", name="D. Müller", email="dan@example.com", phone="+48 7")
    company.customer("C-3", name="Eva", phone="+48 7")
    purposes.declare_purpose(
        company.dora, key="records", label="Keep records right",
        fields=["name", "email", "phone", "city", "birth_date"],
        legal_bases={"eu": LegalBasis.CONTRACT},
    )  # fmt: skip
    access.give_grant(company.dora, grantee=company.cleo.id, purpose="records", bulk=True)
    cleo, asked = calls("cleo"), {"purpose": "records"}

    status, found = cleo("POST", "/duplicates/searches", asked)
    assert (200, [["email"], ["phone"]]) == (
        status,
        sorted(each["same"] for each in found["pairs"]),
    )
    assert found["whole"]
    two_people = next(each for each in found["pairs"] if each["same"] == ["phone"])
    pair = {name: two_people[name] for name in ("one", "other")}
    assert (201, pair) == cleo("POST", "/duplicates/apart", pair)
    by_email = {**asked, "elements": ["email"]}
    assert 1 == len(cleo("POST", "/duplicates/searches", by_email)[1]["pairs"])

    both = {**asked, "survivor": str(dan), "other": str(again)}
    differs = dict.fromkeys(("email", "name", "phone"), "other_source")
    status, told = cleo("POST", "/merges", both)
    assert (409, "undecided", differs) == (status, told["code"], told["fields"])
    chosen = {**both, "take": ["phone"], "keep_rest": True}
    assert (201, {"taken": ["phone"]}) == cleo("POST", "/merges", chosen)
    by_id = {"customer": str(again), "fields": ["phone"], **ABOUT}
    assert {"phone": "+48 7"} == calls("ben")("POST", "/readings", by_id)[1]["values"]
    told = calls("dora")("GET", f"/ledger/entries?customer={dan}")[1]["items"]
    assert {str(dan), str(again)} == {each["entry"]["customer"] for each in told}
    assert 403 == calls("ben")("POST", "/merges", both)[0]
