"""Webhooks over the API and on the command line."""

from trustkeep.kernel.webhooks import jobs


def test_the_life_of_a_webhook(calls, receiver):
    dora = calls("dora")
    asked = {"label": "crm", "url": receiver.url, "events": ["vault.*"]}
    status, made = dora("POST", "/webhooks", asked)
    assert 201 == status
    assert made["secret"].startswith("whsec_")
    path = f"/webhooks/{made['id']}"

    assert "secret" not in dora("GET", path)[1]
    assert ["vault.*"] == dora("GET", "/webhooks")[1][0]["events"]
    assert ["*"] == dora("PATCH", path, {"events": ["*"]})[1]["events"]
    assert made["secret"] != dora("POST", f"{path}/secret", {"overlap_days": 1})[1]["secret"]
    status, message = dora("POST", f"{path}/try")
    assert (201, "waiting") == (status, message["state"])
    jobs.pass_on()
    (one,) = dora("GET", f"{path}/deliveries?state=delivered")[1]
    assert (message["id"], 204) == (one["id"], one["answered"])
    assert 204 == dora("POST", f"{path}/deliveries/{one['id']}/again")[0]
    assert 204 == dora("POST", f"{path}/stop")[0]
    assert "asked" == dora("GET", path)[1]["stopped"]
    assert 204 == dora("POST", f"{path}/resume")[0]
    assert 204 == dora("DELETE", path)[0]
    assert 404 == dora("GET", path)[0]


def test_an_address_that_is_none_is_told(calls):
    asked = {"label": "crm", "url": "http://user:pw@h", "events": ["*"]}
    status, problem = calls("dora")("POST", "/webhooks", asked)

    assert (422, "unacceptable") == (status, problem["code"])
    assert "pw" not in problem["detail"]
    assert 403 == calls("ben")("GET", "/webhooks")[0]
