"""A command without a permission cannot be made, and nobody acts without being known."""

import json
from enum import StrEnum
from io import StringIO

import pytest
from django.core.management import call_command

from trustkeep.base.errors import Conflict, Denied, NotSignedIn, Rebuilding, Unacceptable
from trustkeep.web.command import HOST, Answer, NounCommand, rendered, verb
from trustkeep.web.plain_text import as_text
from trustkeep.web.problems import problem_of


class Permission(StrEnum):
    LOOK = "look"


def number(parser):
    parser.add_argument("number", type=int)


class Example(NounCommand):
    help = "An example"

    @verb("host-only", permission=HOST, help="what the host may do", arguments=number)
    def host_only(self, actor, *, number):
        return Answer({"actor": actor.kind, "number": number, "permissions": []})

    @verb("look", permission=Permission.LOOK, help="what a token is needed for")
    def look(self, actor):
        return Answer({"actor": actor.label})


def run(*words):
    out = StringIO()
    call_command(Example(stdout=out), *words)
    return out.getvalue()


def test_a_verb_without_a_permission_cannot_be_declared():
    with pytest.raises(TypeError):

        class NoPermission(NounCommand):
            @verb("look", help="no permission named")
            def look(self, actor):
                return Answer({})


@pytest.mark.parametrize("permission", [None, "", "look", object()])
def test_a_verb_with_something_that_is_no_permission_cannot_be_declared(permission):
    with pytest.raises(TypeError, match="no permission"):
        verb("look", permission=permission, help="")


def test_a_public_method_that_is_no_verb_cannot_be_declared():
    with pytest.raises(TypeError, match="not declared with @verb"):

        class Undeclared(NounCommand):
            def look(self, actor):
                return Answer({})


def test_a_noun_of_several_classes_has_the_verbs_of_each_its_own_first():
    class Whole(Example):
        @verb("leave", permission=Permission.LOOK, help="its own")
        def leave(self, actor):
            return Answer({})

    assert ["leave", "host-only", "look"] == list(Whole.verbs)
    assert Permission.LOOK is Whole.verbs["look"].permission
    assert ["host-only", "look"] == list(Example.verbs)


def test_a_host_verb_is_run_as_the_host_who_has_no_permission():
    answer = json.loads(run("host-only", "7", "--json"))

    assert {"actor": "host", "number": 7, "permissions": []} == answer


@pytest.mark.parametrize("token", [None, "", " \n"])
def test_a_verb_of_a_person_needs_a_token(monkeypatch, token):
    monkeypatch.delenv("TRUSTKEEP_TOKEN", raising=False)
    monkeypatch.delenv("TRUSTKEEP_TOKEN_FILE", raising=False)
    if token is not None:
        monkeypatch.setenv("TRUSTKEEP_TOKEN", token)

    with pytest.raises(NotSignedIn, match="TRUSTKEEP_TOKEN_FILE"):
        run("look")


def test_an_answer_without_words_of_its_own_is_aligned():
    assert "name  ana\nof    4" == as_text({"name": "ana", "of": 4})
    assert "id  is_open\n1   yes\n22  -" == as_text(
        [{"id": 1, "is_open": True}, {"id": 22, "is_open": None}]
    )
    assert "nothing" == as_text([])


def test_a_value_cannot_draw_on_the_terminal():
    assert "name  a?[31mb" == as_text({"name": "a\x1b[31mb"})


def test_the_answer_in_json_is_the_data():
    assert {"a": "ż"} == json.loads(rendered(Answer({"a": "ż"}, "words"), as_json=True))


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Denied("No.", ["no_grant"]), {"code": "denied", "status": 403, "reasons": ["no_grant"]}),
        (Unacceptable("No.", {"file": "is empty"}), {"code": "unacceptable", "status": 422,
                                                     "fields": {"file": "is empty"}}),
        (Rebuilding("Wait.", 40), {"code": "index_rebuilding", "status": 503, "percent": 40}),
        (Conflict("A hold stands in the way."), {"code": "conflict", "status": 409}),
        (OSError(28, "No space left"), {"code": "no_space", "status": 503}),
        (PermissionError(13, "canary"), {"code": "not_permitted", "status": 503}),
    ],
)  # fmt: skip
def test_every_failure_has_a_code_a_status_and_a_sentence(failure, told):
    document = problem_of(failure).as_json()

    assert told.items() <= document.items()
    assert document["detail"].endswith(".")
    assert "canary" not in document["detail"]


def test_an_unforeseen_failure_repeats_nothing_of_itself():
    problem = problem_of(ValueError("canary"))

    assert (1, "unforeseen") == (problem.exit_code, problem.code)
    assert "canary" not in json.dumps(problem.as_json())
    assert problem.extra["incident"] in problem.sentence
