"""Cases and grants over the API."""

import pytest

from trustkeep.base.actor import NOBODY
from trustkeep.rooms.access.models import Case, Grant
from trustkeep.web.api import paging

CASE = {"system": "shop", "reference": "order-17"}
READING = {"reference": "C-1", "fields": ["phone"], "purpose": "support", "case": "shop:order-17"}


def test_a_case_opens_the_way_and_its_closure_ends_it(calls):
    status, _ = calls("ben")("POST", "/cases", {**CASE, "references": ["C-1"]})
    read, _ = calls("ben")("POST", "/readings", READING)
    closed, _ = calls("ben")("POST", "/cases/closure", CASE)
    after, told = calls("ben")("POST", "/readings", READING)

    assert (201, 200, 204) == (status, read, closed)
    assert (403, ["case_closed"]) == (after, told["reasons"])


def test_a_case_that_names_nobody_is_not_opened(calls):
    assert 422 == calls("ben")("POST", "/cases", CASE)[0]
    assert 0 == Case.objects.filter(system="shop").count()


def test_a_second_case_of_a_reference_is_the_one_that_is_open_or_a_conflict(calls, company):
    asked = {**CASE, "references": ["C-1"]}
    _, first = calls("ben")("POST", "/cases", asked)
    assert (201, first) == calls("cleo")("POST", "/cases", asked)

    company.customer("C-2", name="Ida")
    assert 409 == calls("ben")("POST", "/cases", {**CASE, "references": ["C-2"]})[0]


def test_a_matter_that_is_open_again_has_another_case(calls):
    asked = {**CASE, "references": ["C-1"]}
    _, first = calls("ben")("POST", "/cases", asked)
    calls("ben")("POST", "/cases/closure", CASE)
    assert 403 == calls("ben")("POST", "/readings", READING)[0]

    status, second = calls("ben")("POST", "/cases", asked)
    assert (201, True) == (status, first != second)
    assert 200 == calls("ben")("POST", "/readings", READING)[0]
    assert 403 == calls("ben")("POST", "/readings", {**READING, **first})[0]
    assert 200 == calls("ben")("POST", "/readings", {**READING, **second})[0]


def test_open_cases_are_listed_in_parts_and_closed_by_their_id(calls, company):
    ben = calls("ben")
    made = [
        ben("POST", "/cases", {**CASE, "reference": f"order-{at}", "references": ["C-1"]})[1][
            "case"
        ]
        for at in range(3)
    ]
    _, first = ben("GET", "/cases?limit=2")
    _, rest = ben("GET", f"/cases?limit=2&after={first['next']}")
    assert made[::-1] == [one["case"] for one in first["items"] + rest["items"]][:3]
    assert {"system": "shop", "opened_by": str(company.ben.id)}.items() <= first["items"][0].items()

    assert 204 == ben("POST", f"/cases/{made[0]}/closure")[0]
    assert made[0] not in {one["case"] for one in ben("GET", "/cases")[1]["items"]}


@pytest.mark.parametrize(
    "key",
    [
        ["2026-01-01T00:00:00+23:00", "nobody"],
        ["2026-01-01T00:00:00", str(NOBODY)],
        ["0001-01-01T00:00:00+00:00", str(NOBODY)],
        ["yesterday", str(NOBODY)],
        [str(NOBODY)],
        [1, 2],
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(calls, key):
    assert 422 == calls("ben")("GET", f"/cases?after={paging.cursor(key)}")[0]
    assert 422 == calls("ben")("GET", "/cases?after=bm90aGluZw")[0]


def test_a_cursor_of_any_offset_is_a_moment(calls):
    after = paging.cursor(["2026-01-01T00:00:00+23:00", str(NOBODY)])
    assert (200, []) == (
        (answered := calls("ben")("GET", f"/cases?after={after}"))[0], answered[1]["items"],
    )  # fmt: skip


def test_a_case_that_sql_changed_hides_no_other(calls):
    ben = calls("ben")
    asked = [{**CASE, "reference": f"order-{at}", "references": ["C-1"]} for at in range(4)]
    made = [ben("POST", "/cases", each)[1]["case"] for each in asked]
    Case.objects.filter(id=made[-1]).update(system="other")

    first = ben("GET", "/cases?limit=2")[1]
    assert [made[2]] == [one["case"] for one in first["items"]]
    rest = ben("GET", f"/cases?limit=2&after={first['next']}")[1]
    assert [made[1], made[0]] == [one["case"] for one in rest["items"]]


def test_a_case_of_another_is_closed_by_its_id_by_who_reads_the_ledger_only(calls):
    _, made = calls("ben")("POST", "/cases", {**CASE, "references": ["C-1"]})
    path = f"/cases/{made['case']}/closure"
    mine = [one["case"] for one in calls("cleo")("GET", "/cases")[1]["items"]]

    assert made["case"] not in mine
    assert 404 == calls("cleo")("POST", path)[0]
    assert made["case"] in {one["case"] for one in calls("dora")("GET", "/cases")[1]["items"]}
    assert 204 == calls("dora")("POST", path)[0]


def test_a_grant_is_given_listed_and_ended(calls, company):
    asked = {"member": str(company.emil.id), "purpose": "support", "fields": ["phone"]}
    status, given = calls("dora")("POST", "/grants", asked)
    listed = calls("dora")("GET", f"/grants/members/{company.emil.id}")[1]
    ended, _ = calls("dora")("DELETE", f"/grants/{given['grant']}")

    assert (201, ["phone"], False) == (status, given["fields"], given["bulk"])
    assert [given] == listed
    assert 204 == ended
    assert [] == calls("dora")("GET", f"/grants/members/{company.emil.id}")[1]


def test_a_grant_to_a_role_is_listed_under_it(calls):
    asked = {"role": "privacy_analyst", "purpose": "support", "masked": ["phone"]}
    _, given = calls("dora")("POST", "/grants", asked)

    assert [given] == calls("dora")("GET", "/grants/roles/privacy_analyst")[1]
    assert ["*"] == given["fields"]


def test_all_grants_are_listed_with_whom_they_are_to(calls, company):
    asked = {"purpose": "support", "fields": ["phone"]}
    dora = calls("dora")
    _, to_member = dora("POST", "/grants", {**asked, "member": str(company.emil.id)})
    _, to_role = dora("POST", "/grants", {**asked, "role": "privacy_analyst"})

    status, listed = dora("GET", "/grants")
    assert 200 == status
    assert Grant.objects.count() == len(listed)
    for given, to in (
        (to_member, (str(company.emil.id), None)),
        (to_role, (None, to_role["role"])),
    ):
        (found,) = (one for one in listed if one["grant"] == given["grant"])
        assert to == (found["member"], found["role"])
        assert str(company.dora.id) == found["given_by"]


def test_a_head_sees_no_grants_of_other_teams(calls, company):
    _, outside = calls("dora")(
        "POST", "/grants", {"member": str(company.ana.id), "purpose": "support"}
    )
    calls("dora")("POST", "/grants", {"role": "privacy_analyst", "purpose": "support"})
    emils = {one["grant"] for one in calls("emil")("GET", "/grants")[1]}

    assert outside["grant"] not in emils
    assert emils  # those of roles, which are nobody's alone


def test_nobody_grants_to_themselves(calls, company):
    before = Grant.objects.count()
    status, told = calls("dora")(
        "POST", "/grants", {"member": str(company.dora.id), "purpose": "support"}
    )

    assert (403, ["self_grant"]) == (status, told["reasons"])
    assert before == Grant.objects.count()


def test_the_grants_of_a_set_are_shown_and_given_once(calls, company):
    dora, path = calls("dora"), "/starters/newsletter"
    assert 422 == dora("POST", f"{path}/grants")[0]
    status, told = dora("POST", f"{path}/acceptance")
    # The shop's own e-mail address stands; its purpose of that name is another one.
    assert 201 == status, told
    assert ["email", "name"] == sorted(told["kept"])
    assert (403, 403) == (
        calls("ben")("POST", f"{path}/acceptance")[0], calls("ben")("GET", f"{path}/grants")[0],
    )  # fmt: skip

    shown = dora("GET", f"{path}/grants")[1]
    assert {"stands": False, "members": [str(company.ben.id)], "refused": None}.items() <= next(
        one for one in shown if one["role"] == "support_agent"
    ).items()
    assert [True] * 5 == [one["stands"] for one in dora("POST", f"{path}/grants")[1]]
    assert (201, []) == dora("POST", f"{path}/grants")
    assert 404 == dora("GET", "/starters/nothing/grants")[0]


def test_the_sets_are_listed_with_their_files(calls):
    _, told = calls("ben")("GET", "/starters")

    assert ["health", "newsletter", "orders", "support"] == [one["key"] for one in told]
    assert all("[[purpose]]" in one["file"] for one in told)
