"""The organisation over the API."""

SHOP = {"name": "Shop GmbH", "country": "de", "languages": ["de"], "host_imaged": False}
PATH = "/organisation"


def test_it_is_stated_shown_and_changed_only_by_whoever_saw_it(calls):
    assert 404 == calls("ben")("GET", PATH)[0]
    made = calls("ana").raw("PATCH", PATH, SHOP)
    seen = calls("ben").raw("GET", PATH)

    assert (200, {**SHOP, "country": "DE"}) == (
        made.status_code, {name: seen.json()[name] for name in SHOP},
    )  # fmt: skip
    tag = {"If-Match": seen["ETag"]}
    changed = calls("ana").raw("PATCH", PATH, {"name": "Shop SE"}, **tag)
    assert (200, "Shop SE") == (changed.status_code, changed.json()["name"])
    late, told = calls("ana")("PATCH", PATH, {"name": "Shop AG"}, **tag)
    assert (412, "changed") == (late, told["code"])
    assert "Shop SE" == calls("ben")("GET", PATH)[1]["name"]


def test_settings_of_the_host_are_shown_and_not_taken(calls):
    calls("ana")("PATCH", PATH, SHOP)

    told = calls("ben")("GET", PATH)[1]
    assert {"time_zone": "UTC", "mail_from": None}.items() <= told.items()
    assert 422 == calls("ana")("PATCH", PATH, {"time_zone": "Europe/Berlin"})[0]


def test_what_is_no_country_or_not_allowed_is_refused(calls):
    assert 422 == calls("ana")("PATCH", PATH, {**SHOP, "country": "XX"})[0]
    assert 422 == calls("ana")("PATCH", PATH, {"name": "Shop"})[0]
    assert 403 == calls("dora")("PATCH", PATH, SHOP)[0]
    assert 404 == calls("ana")("GET", PATH)[0]
