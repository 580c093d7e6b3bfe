"""Cases and grants over the API."""

from trustkeep.rooms.access.models import Case, Grant

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


def test_a_second_case_of_a_reference_is_a_conflict(calls):
    asked = {**CASE, "references": ["C-1"]}
    calls("ben")("POST", "/cases", asked)

    assert 409 == calls("ben")("POST", "/cases", asked)[0]


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
    assert (201, ["email", "name"]) == (status, sorted(told["kept"]))
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
