"""The organisation: one spelling of what it says, one entry for each change of it."""

import json
from dataclasses import replace
from threading import Barrier, Thread

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from tests.installation import logged

from trustkeep.base.errors import Denied, Tampered, Unacceptable
from trustkeep.config.management.commands.organisation import Command
from trustkeep.kernel.ledger.models import Entry
from trustkeep.kernel.people import actions, organisation, queries
from trustkeep.kernel.people.organisation import COUNTRIES, Stated
from trustkeep.web.command import rendered

SHOP = {"name": "Shop GmbH", "country": "de", "languages": ["de", "PT-br"], "host_imaged": False}
STATED = Stated("Shop GmbH", "DE", ("de", "pt-BR"), host_imaged=False)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (["EN"], ("en",)),
        (["de ", " en", "de"], ("de", "en")),
        (["ZH-hant-tw", "es-419"], ("zh-Hant-TW", "es-419")),
    ],
)
def test_a_language_has_one_spelling_and_stands_once(said, kept):
    assert kept == organisation.spoken(said)


@pytest.mark.parametrize("said", [[], [""], ["german"], ["e"], ["de_DE"], ["de-"]])
def test_what_is_no_language_is_refused(said):
    with pytest.raises(Unacceptable, match="BCP 47"):
        organisation.spoken(said)


@given(
    st.lists(
        st.from_regex(r"[a-zA-Z]{2,3}(-[a-zA-Z]{2})?", fullmatch=True), min_size=1, max_size=20
    )
)
def test_what_is_kept_of_languages_is_kept_as_it_is(said):
    assert organisation.spoken(said) == organisation.spoken(organisation.spoken(said))


@pytest.mark.parametrize("said", ["", "D", "DEU", "UK", "XX", "Germany", "D\u0395"])
def test_what_is_no_country_is_refused(said):
    with pytest.raises(Unacceptable, match="ISO 3166"):
        organisation.seated(said)


def test_there_are_as_many_countries_as_iso_assigned():
    assert 249 == len(COUNTRIES)
    assert {"DE"} == {organisation.seated(each) for each in ("DE", "de", " De ")}


@pytest.mark.parametrize("said", ["", " ", "a\nb", "a\x1b[2J", "x" * 201])
def test_a_name_is_one_line(said):
    with pytest.raises(Unacceptable, match="one line"):
        organisation.named(said)


def test_what_is_stated_stands_and_each_change_is_an_entry_without_the_name(company):
    assert queries.organisation() is None
    assert STATED == actions.state_organisation(company.ana, **SHOP)
    changed = actions.state_organisation(company.ana, host_imaged=True)
    actions.state_organisation(company.ana, name=" Shop GmbH ")

    assert changed == queries.organisation()
    assert changed.host_imaged
    entries = Entry.objects.filter(event="people.organisation.stated").order_by("counter")
    told = [json.loads(entry.body)["details"] for entry in entries]
    assert [["name", "country", "languages", "host_imaged"], ["host_imaged"]] == [
        each["columns"] for each in told
    ]
    assert "Shop" not in json.dumps(told)


def test_the_first_statement_is_whole(company):
    with pytest.raises(Unacceptable) as refused:
        actions.state_organisation(company.ana, name="Shop", country="DE")

    assert {"languages", "host_imaged"} == set(refused.value.fields)
    assert queries.organisation() is None
    assert "people.organisation.stated" not in logged()


@pytest.mark.parametrize("name", ["ben", "cleo", "dora", "emil"])
def test_only_an_administrator_states_it(company, name):
    with pytest.raises(Denied, match="manage_organisation"):
        actions.state_organisation(company.people[name], **SHOP)

    assert queries.organisation() is None


def test_two_at_once_change_one_thing_each_and_both_stand(company):
    actions.state_organisation(company.ana, **SHOP)
    start = Barrier(2)

    def change(**said):
        start.wait()
        try:
            actions.state_organisation(company.ana, **said)
        finally:
            connection.close()

    both = [Thread(target=change, kwargs=said) for said in ({"name": "One"}, {"country": "FR"})]
    for each in both:
        each.start()
    for each in both:
        each.join()

    assert replace(STATED, name="One", country="FR") == queries.organisation()


def test_what_sql_says_of_it_counts_nothing(company, another_connection):
    actions.state_organisation(company.ana, **SHOP)
    with another_connection() as other:
        other.execute("UPDATE people_organisation SET host_imaged = true")

    with pytest.raises(Tampered, match=r"people\.organisation"):
        queries.organisation()


@pytest.fixture
def typed(company, monkeypatch):
    def typed(who, *words):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", company.secrets[who])
        command = Command()
        command._called_from_command_line = True
        options = command.create_parser("trustkeep", "organisation").parse_args(words)
        return json.loads(rendered(command.perform(vars(options)), as_json=True))

    return typed


def test_the_command_sets_and_everybody_is_shown(typed):
    words = ("--name", "Shop", "--country", "DE", "--languages", "de,en", "--imaged", "no")
    told = typed("ana", "set", *words)

    assert told == typed("ben", "show")
    assert ("Shop", "DE", ["de", "en"], False) == (
        told["name"], told["country"], told["languages"], told["host_imaged"],
    )  # fmt: skip
    assert {"TRUSTKEEP_TIME_ZONE", "TRUSTKEEP_PUBLIC_URL", "EMAIL_URL"} == {
        each["variable"] for each in told["settings"]
    }
    with pytest.raises(Denied):
        typed("ben", "set", "--name", "Ben's")
