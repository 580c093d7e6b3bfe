"""Tags of what was shown: nothing is sent twice, and nobody writes over what they did not see."""

import threading

import pytest
from django.db import connection
from tests.installation import logged

PURPOSE = {"label": "Deliver", "fields": ["name", "city"], "legal_bases": {"eu": "contract"}}


@pytest.fixture
def dora(calls):
    caller = calls("dora")
    assert 200 == caller("PUT", "/purposes/delivery", PURPOSE)[0]
    return caller


def test_what_the_caller_has_already_is_not_sent_again(dora):
    first = dora.raw("GET", "/purposes")
    tag = first["ETag"]
    for said in (tag, f"W/{tag}", f'"other", {tag}'):
        again = dora.raw("GET", "/purposes", **{"If-None-Match": said})
        assert (304, b"", tag) == (again.status_code, again.content, again["ETag"])
        assert "no-store" == again["Cache-Control"]
    dora("PUT", "/purposes/delivery", {**PURPOSE, "label": "Bring"})

    changed = dora.raw("GET", "/purposes", **{"If-None-Match": tag})
    assert (200, True) == (changed.status_code, changed["ETag"] != tag)


def test_who_was_quicker_wins(dora):
    seen = dora.raw("GET", "/purposes/delivery")["ETag"]
    first = dora.raw("PUT", "/purposes/delivery", {**PURPOSE, "label": "1"}, **{"If-Match": seen})
    second = dora.raw("PUT", "/purposes/delivery", {**PURPOSE, "label": "2"}, **{"If-Match": seen})

    assert (200, 412) == (first.status_code, second.status_code)
    assert "changed" == second.json()["code"]
    assert "1" == dora("GET", "/purposes/delivery")[1]["label"]
    again = {"If-Match": dora.raw("GET", "/purposes/delivery")["ETag"]}
    assert 204 == dora.raw("DELETE", "/purposes/delivery", **again).status_code


def test_of_many_who_saw_the_same_one_writes(dora, calls):
    seen = {"If-Match": dora.raw("GET", "/purposes/delivery")["ETag"]}
    line, codes = threading.Barrier(6), []

    def write(number):
        try:
            line.wait(20)
            asked = {**PURPOSE, "label": str(number)}
            codes.append(calls("dora").raw("PUT", "/purposes/delivery", asked, **seen).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [200, *[412] * 5] == sorted(codes)


def test_a_part_has_the_version_of_the_whole(calls, company):
    ana = calls("ana")
    path = f"/people/{company.ben.id}"
    seen = {"If-Match": ana.raw("GET", path)["ETag"]}
    to = {"manager": str(company.emil.id)}
    assert 200 == ana.raw("PUT", f"{path}/manager", to, **seen).status_code
    assert 412 == ana.raw("PUT", f"{path}/manager", to, **seen).status_code


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [('"x"', 412, "changed"), ("*", 200, None), ("x", 412, "changed"), ("", 412, "changed")],
)
def test_a_tag_that_is_none_matches_nothing(dora, said, status, code):
    answered = dora.raw("PUT", "/purposes/delivery", PURPOSE, **{"If-Match": said})

    assert (status, code) == (answered.status_code, answered.json().get("code"))


def test_what_is_not_there_matches_nothing_and_is_not_made(dora):
    answered = dora.raw("PUT", "/purposes/other", PURPOSE, **{"If-Match": "*"})

    assert 412 == answered.status_code
    assert 404 == dora("GET", "/purposes/other")[0]


def test_what_has_no_version_says_so(dora, calls, company):
    grant = calls("dora")("GET", f"/grants/members/{company.ben.id}")[1][0]["grant"]
    answered = dora.raw("DELETE", f"/grants/{grant}", **{"If-Match": "*"})

    assert (422, "unacceptable") == (answered.status_code, answered.json()["code"])
    assert "access.grant.revoked" not in logged()


def test_a_thing_and_its_parts_are_changed_one_at_a_time(calls, company):
    path, ana = f"/people/{company.ben.id}", calls("ana")
    seen, line, codes = {"If-Match": ana.raw("GET", path)["ETag"]}, threading.Barrier(2), []
    ways = [
        ("PUT", f"{path}/manager", {"manager": str(company.emil.id)}),
        ("PATCH", path, {"name": "Benedikt"}),
    ]

    def write(way):
        try:
            line.wait(20)
            codes.append(calls("ana").raw(*way, **seen).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(way,)) for way in ways]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert [200, 412] == sorted(codes)
