"""What holds for every operation: known callers, permissions, problems, nothing repeated."""

import json
import re
from collections import Counter

import pytest
from django.test import Client
from ninja import Schema

from trustkeep.config.api.gathered import DOORS, api
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people.permissions import Permission
from trustkeep.web.api.door import Door

READING = {"reference": "C-1", "fields": ["phone"], "purpose": "support", "case": "helpdesk:1"}


def events():
    return list(Entry.objects.order_by("counter").values_list("event", flat=True))


def test_an_operation_without_a_permission_cannot_be_made():
    with pytest.raises(TypeError, match="names no permission"):
        Door("trial").get("/things", None, answers=None)(lambda _: None)


def test_an_operation_without_a_sentence_cannot_be_made():
    with pytest.raises(TypeError, match="no docstring"):
        Door("trial").get("/things", Permission.VIEW_SOP, answers=None)(lambda _: None)


def test_every_operation_of_the_description_was_declared_by_a_door():
    declared = {
        (each.method.lower(), each.path.replace("uuid:", ""), str(each.permission))
        for door in DOORS
        for each in door.operations
    }
    described = {
        (method, path.removeprefix("/api/v1"), operation["x-permission"])
        for path, operations in api.get_openapi_schema(path_prefix="api/v1/")["paths"].items()
        for method, operation in operations.items()
    }

    assert declared == described


def test_no_two_operations_or_bodies_of_the_description_have_one_name():
    """The second would be described in the place of the first."""
    described = api.get_openapi_schema(path_prefix="api/v1/")
    ids = [each["operationId"] for one in described["paths"].values() for each in one.values()]
    names = [each.__name__ for each in _below(Schema) if each.__module__.startswith("trustkeep.")]

    assert [] == [name for name, count in Counter([*ids, *names]).items() if count > 1]


def _below(schema):
    for each in schema.__subclasses__():
        yield each
        yield from _below(each)


@pytest.mark.parametrize("header", [None, "Bearer tk_wrong", "Basic dXNlcjpwYXNz", "Bearer"])
def test_whoever_is_not_known_gets_nothing(company, header):
    headers = {"Authorization": header} if header else {}
    response = Client(headers=headers).get("/api/v1/clauses")

    assert 401 == response.status_code
    assert "application/problem+json" == response["Content-Type"]
    assert "Bearer" == response["WWW-Authenticate"]
    assert "not_signed_in" == response.json()["code"]


def test_a_flood_of_wrong_tokens_is_no_flood_of_entries(company, monkeypatch):
    monkeypatch.setattr("trustkeep.web.api.signed_in._noted_at", [])
    for _ in range(5):
        Client(headers={"Authorization": "Bearer tk_wrong"}).get("/api/v1/clauses")

    assert 1 == events().count("people.token.refused")


def test_who_lacks_the_permission_is_refused_and_in_the_ledger(calls):
    status, told = calls("emil")("POST", "/readings", READING)

    assert (403, "denied", ["no_permission"]) == (status, told["code"], told["reasons"])
    assert "people.attempt.refused" == events()[-1]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"\xff\xfe", 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"reference": NaN}', 400, "malformed"),
        (b'{"reference": "a\\u0000b"}', 400, "malformed"),
        (b'{"reference": "\\ud800"}', 400, "malformed"),
        (b'{"reference": 1e400}', 422, "unacceptable"),
        (b'{"a":' * 30 + b"1" + b"}" * 30, 400, "malformed"),
        (b"[]", 422, "unacceptable"),
        (json.dumps({**READING, "more": 1}).encode(), 422, "unacceptable"),
        (json.dumps({**READING, "customer": str(Permission)}).encode(), 422, "unacceptable"),
        (b'"' + b"x" * 3_000_000 + b'"', 413, "too_large"),
    ],
)
def test_what_cannot_be_taken_is_told_and_not_repeated(calls, body, status, code):
    response = calls("ben").raw("POST", "/readings", body)

    assert (status, code) == (response.status_code, response.json()["code"])
    assert "application/problem+json" == response["Content-Type"]


def test_a_wrong_value_is_not_repeated(calls):
    status, told = calls("ben")("POST", "/readings", {**READING, "fields": "canary@example.com"})

    assert 422 == status
    assert "canary" not in json.dumps(told)
    assert ["body.asked.fields"] == list(told["fields"])


def test_other_content_is_told(calls):
    response = calls("ben").raw("POST", "/readings", "a=b", content_type="text/plain")

    assert (415, "wrong_type") == (response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("PUT", "/clauses", 405),
        ("GET", "/clauses%00", 400),
        ("GET", "/clauses?on=%00", 400),
        ("GET", "/clauses?on=yesterday", 422),
    ],
)
def test_what_is_no_operation_is_a_problem_too(calls, method, path, status):
    response = calls("ben").raw(method, path)

    assert status == response.status_code
    assert "application/problem+json" == response["Content-Type"]
    assert status == response.json()["status"]


def test_no_answer_is_kept_by_anybody(calls):
    for response in (
        calls("ben").raw("GET", "/clauses"),
        calls("ben").raw("POST", "/readings", READING),
        calls(None).raw("GET", "/clauses"),
    ):
        assert "no-store" == response["Cache-Control"]
        assert "nosniff" == response["X-Content-Type-Options"]


def test_what_fails_unforeseen_is_an_incident_without_its_words(calls, monkeypatch):
    def failing(*_, **__):
        raise RuntimeError("canary@example.com")

    monkeypatch.setattr("trustkeep.rooms.access.actions.read_fields", failing)
    response = calls("ben").raw("POST", "/readings", READING)

    assert (500, "unforeseen") == (response.status_code, response.json()["code"])
    assert b"canary" not in response.content


def test_the_description_is_there_for_who_is_known(calls):
    assert 200 == calls("ben").raw("GET", "/openapi.json").status_code


def test_a_word_that_is_not_asked_for_is_refused_and_not_repeated(calls):
    for path in ("/ledger/entries?by=staff:1", "/team?of=x", "/purposes?dan@example.com=1"):
        status, told = calls("dora")("GET", path)
        assert (422, "unacceptable") == (status, told["code"])
        assert "dan@" not in str(told)
    assert 200 == calls("dora")("GET", "/ledger/entries?limit=1&event=people.*")[0]


@pytest.mark.parametrize(
    "path",
    [
        "/people?name=Eva", "/people?active=true", "/people?member=x", "/tokens?member=x",
        "/ledger/entries?items=x", "/cases?next=abc", "/people?return=1", "/people?request=1",
        "/purposes/support?key=support",
    ],
)  # fmt: skip
def test_a_word_of_the_answer_is_no_filter(calls, path):
    status, told = calls("dora")("GET", path)

    assert (422, ["query"]) == (status, [*told["fields"]])
    assert 200 == calls("dora")("GET", path.partition("?")[0])[0]


def test_the_words_of_a_query_are_those_of_the_description():
    paths = api.get_openapi_schema(path_prefix="")["paths"]
    for door in DOORS:
        for one in door.operations:
            plain = re.sub(r"{[a-z]+:", "{", one.path)
            asked = paths[plain][one.method.lower()].get("parameters", ())
            assert {each["name"] for each in asked if each["in"] == "query"} == one.words
