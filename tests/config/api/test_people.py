"""People, departments and tokens over the API."""

import pytest

from trustkeep.web.models import IdempotentRequest

NEW = {"name": "Vera", "email": "vera@shop.example"}


def member(calls, who, whose):
    return calls(who)("GET", f"/people/{whose}")[1]


def test_a_member_joins_gets_a_role_and_leaves(calls, company):
    status, vera = calls("ana")("POST", "/people", NEW)
    path = f"/people/{vera['id']}"
    given, told = calls("ana")("PUT", f"{path}/roles/auditor")
    ended, _ = calls("ana")("POST", f"{path}/deactivation")

    assert (201, 200, 204) == (status, given, ended)
    assert (["auditor"], "employee", True) == (told["roles"], told["employment"], told["active"])
    assert not member(calls, "ana", vera["id"])["active"]
    assert 204 == calls("ana")("DELETE", f"{path}/deactivation")[0]
    assert member(calls, "ana", vera["id"])["active"]


def test_vendor_personnel_has_a_sponsor_a_contract_and_a_last_day(calls, company):
    refused, _ = calls("ana")("POST", "/people", {**NEW, "kind": "vendor"})
    stated = {
        "kind": "vendor", "sponsor": str(company.emil.id), "contract": "MSA-7",
        "ends_on": "2031-03-31",
    }  # fmt: skip
    status, vera = calls("ana")("POST", "/people", {**NEW, **stated})

    assert 422 == refused
    told = {name: vera["employment" if name == "kind" else name] for name in stated}
    assert (201, stated) == (status, told)


def test_an_administrator_hands_on_no_role_with_data_access(calls, company):
    status, told = calls("ana")("PUT", f"/people/{company.emil.id}/roles/data_steward")

    assert (403, "denied") == (status, told["code"])


def test_a_head_sees_the_own_team_only(calls, company):
    made = calls("ana")("POST", "/departments", {"name": "Support", "head": str(company.emil.id)})
    department = made[1]["department"]
    calls("ana")("PUT", f"/people/{company.ben.id}/department", {"department": department})

    seen = {one["id"] for one in calls("emil")("GET", "/people")[1]}
    team = {one["member"] for one in calls("emil")("GET", "/team")[1]}
    assert {str(company.ben.id), str(company.emil.id)} == seen
    assert str(company.ben.id) in team
    assert 404 == calls("emil")("GET", f"/people/{company.cleo.id}")[0]
    (told,) = calls("ana")("GET", "/departments")[1]
    assert ("Support", 1, True) == (told["name"], told["people"], told["has_head"])


def test_a_token_is_shown_once_and_never_kept(calls, company):
    key = {"Idempotency-Key": "one"}
    status, made = calls("ben")("POST", "/tokens", {"label": "desk"}, **key)
    again = calls("ben").raw("POST", "/tokens", {"label": "desk"}, **key)

    assert 201 == status
    assert (409, "shown_once") == (again.status_code, again.json()["code"])
    assert made["token"] not in "".join(row.answer or "" for row in IdempotentRequest.objects.all())
    labels = [one["label"] for one in calls("ben")("GET", "/tokens")[1]]
    assert 1 == labels.count("desk")
    path = f"/people/{company.ben.id}/tokens/{made['id']}"
    assert 204 == calls("ben")("DELETE", path)[0]


@pytest.mark.parametrize("name", ["ben", "cleo", "emil"])
def test_nobody_else_sees_everybodys_tokens(calls, name):
    assert 403 == calls(name)("GET", "/tokens?everybodys=true")[0]


def test_an_account_of_a_program_has_an_owner_and_another(calls, company):
    asked = {"name": "order desk", "responsible": str(company.emil.id), "days": 30}
    status, made = calls("ana")("POST", "/accounts", asked)
    path = f"/accounts/{made['account']}"

    assert 201 == status
    owner = {"responsible": str(company.cleo.id)}
    assert 200 == calls("ana")("PUT", f"{path}/responsible", owner)[0]
    assert 422 == calls("ana")("PUT", f"{path}/end", {"days": 60})[0]
    assert 200 == calls("ana")("PUT", f"{path}/end", {"days": 60, "reason": "project_goes_on"})[0]
    assert str(company.cleo.id) == member(calls, "ana", made["account"])["responsible"]
