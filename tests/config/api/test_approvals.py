"""Approvals over the API: what waits, for whom, and what a second person says."""

import pytest

from trustkeep.kernel.approvals import actions
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.rooms.customers import actions as customers


@pytest.fixture
def asked(company, dan):
    """Cleo asks that Dan be erased; the approval's id."""
    return str(customers.request_erasure(company.cleo, customer=dan))


def test_who_asked_and_who_may_agree_see_what_waits(calls, company, asked):
    (for_emil,) = calls("emil")("GET", "/approvals")[1]
    (for_cleo,) = calls("cleo")("GET", "/approvals/mine")[1]

    assert for_emil == for_cleo
    assert {
        "id": asked, "act": "erase a customer for good", "state": "open", "way": "two_people",
        "asked_by": str(company.cleo.id), "beneficiary": None,
    }.items() <= for_emil.items()  # fmt: skip
    assert [] == calls("dora")("GET", "/approvals/mine")[1]
    assert 403 == calls("cleo")("GET", "/approvals")[0]


def test_somebody_else_agrees_to_exactly_what_was_asked(calls, asked):
    path, emil = f"/approvals/{asked}/agreement", calls("emil")
    (row,) = emil("GET", "/approvals")[1]

    status, told = emil("POST", path, {"digest": "0" * 64})
    assert (403, ["other_parameters"]) == (status, told["reasons"])
    assert 422 == emil("POST", path, {"digest": "whatever"})[0]
    assert 403 == calls("cleo")("POST", path, {"digest": None})[0]
    assert 204 == emil("POST", path, {"digest": row["digest"]})[0]
    assert ["approved"] == [one["state"] for one in calls("cleo")("GET", "/approvals/mine")[1]]
    assert 201 == calls("cleo")("POST", f"/erasures/{asked}/execution", {"reference": "C-1"})[0]


def test_a_request_is_refused_or_taken_back(calls, company, asked):
    assert 204 == calls("emil")("POST", f"/approvals/{asked}/refusal")[0]
    assert [] == calls("emil")("GET", "/approvals")[1]
    assert 409 == calls("emil")("POST", f"/approvals/{asked}/refusal")[0]

    own = actions.request(company.cleo, verb="keys.destroy", parameters={"customers": ["a"]})
    assert 403 == calls("dora")("DELETE", f"/approvals/{own.id}")[0]
    assert 204 == calls("cleo")("DELETE", f"/approvals/{own.id}")[0]
    assert [] == calls("cleo")("GET", "/approvals/mine")[1]


def test_there_is_no_such_request(calls, company):
    assert (
        404 == calls("emil")("POST", f"/approvals/{company.ben.id}/agreement", {"digest": None})[0]
    )


def test_a_request_that_sql_changed_takes_no_other_from_anybody(calls, company, asked):
    other = customers.request_erasure(company.cleo, customer=company.customer("C-2", name="Ida"))
    ApprovalRequest.objects.filter(id=asked).update(verb="keys.set.begin_anew")

    assert [str(other)] == [one["id"] for one in calls("emil")("GET", "/approvals")[1]]
