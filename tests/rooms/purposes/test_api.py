"""Purposes and data elements over the API."""

PURPOSE = {"label": "Deliver orders", "fields": ["name", "city"], "legal_bases": {"eu": "contract"}}


def keys(calls):
    return {one["key"]: one for one in calls("ben")("GET", "/purposes")[1]}


def test_a_purpose_is_declared_listed_and_retired(calls):
    status, told = calls("dora")("PUT", "/purposes/delivery", PURPOSE)

    assert (200, "delivery", None) == (status, told["key"], told["retired_at"])
    assert told == keys(calls)["delivery"]
    assert 204 == calls("dora")("DELETE", "/purposes/delivery")[0]
    assert keys(calls)["delivery"]["retired_at"]


def test_declaring_the_same_again_changes_nothing(calls):
    first = calls("dora")("PUT", "/purposes/delivery", PURPOSE)

    assert first == calls("dora")("PUT", "/purposes/delivery", PURPOSE)


def test_a_field_that_was_never_declared_is_refused(calls):
    status, _ = calls("dora")("PUT", "/purposes/delivery", {**PURPOSE, "fields": ["shoe_size"]})

    assert 422 == status
    assert "delivery" not in keys(calls)


def test_an_element_is_declared_and_keeps_its_class(calls):
    element = {"key": "shoe_size", "label": "Shoe size", "sensitivity": "identity"}
    too_long = {**element, "label": "x" * 121}
    assert 422 == calls("dora")("POST", "/elements", [too_long])[0]
    status, told = calls("dora")("POST", "/elements", [element, element])
    assert (422, True) == (status, "twice: shoe_size" in told["detail"])
    status, _ = calls("dora")("POST", "/elements", [element])
    again, _ = calls("dora")("POST", "/elements", [{**element, "sensitivity": "special"}])

    assert (201, 422) == (status, again)
    (kept,) = [one for one in calls("ben")("GET", "/elements")[1] if one["key"] == "shoe_size"]
    assert ("identity", "none") == (kept["sensitivity"], kept["look_up"])


def test_a_head_declares_nothing(calls):
    assert 403 == calls("emil")("PUT", "/purposes/delivery", PURPOSE)[0]


def test_masks_and_roles_come_back_as_they_were_declared(calls):
    asked = {**PURPOSE, "masks": {"name": "initials"}, "roles": ["data_steward"]}
    status, told = calls("dora")("PUT", "/purposes/delivery", asked)

    assert (200, {"name": "initials"}, ["data_steward"]) == (status, told["masks"], told["roles"])
    assert told == keys(calls)["delivery"]


def test_masks_and_roles_that_cannot_be_are_refused(calls):
    for wrong in (
        {"masks": {"name": "last_five"}}, {"masks": {"name": "domain"}}, {"roles": ["boss"]},
        {"masks": {"phone": "hint"}}, {"legal_bases": {"eu": "treatment"}},
    ):  # fmt: skip
        assert 422 == calls("dora")("PUT", "/purposes/delivery", {**PURPOSE, **wrong})[0]
    assert "delivery" not in keys(calls)
