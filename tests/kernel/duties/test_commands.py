"""`trustkeep duties`: what each verb answers, and whom it refuses."""

import json
from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.base.errors import Denied, Missing, Unacceptable
from trustkeep.config.management.commands.duties import Command
from trustkeep.kernel.duties.models import Absence, CalendarAddress
from trustkeep.web.command import rendered


@pytest.fixture
def typed(team, monkeypatch):
    def typed(who, *words, as_json=True):
        monkeypatch.setenv("TRUSTKEEP_TOKEN", team.secrets[who])
        command = Command()
        command._called_from_command_line = True
        options = command.create_parser("trustkeep", "duties").parse_args(list(map(str, words)))
        said = rendered(command.perform(vars(options)), as_json=as_json)
        return json.loads(said) if as_json else said

    return typed


def test_a_list_of_ones_own_and_of_everybody(team, owe, typed):
    duty = owe(team.ben.id)

    (mine,) = typed("ben", "list")
    assert (str(duty), "Answer the letter l-1") == (mine["id"], mine["duty"])
    assert [str(team.ben.id)] == mine["rests_on"]
    assert [] == typed("dora", "list")
    assert [mine] == typed("dora", "list", "--all") == typed("emil", "list", "--all")
    assert "Ben" in typed("emil", "list", "--all", as_json=False)
    with pytest.raises(Denied):
        typed("ben", "list", "--all")


def test_one_duty_is_shown_and_handed_over(team, owe, typed):
    duty = owe(team.ben.id)

    assert "trial.letter" == typed("ben", "show", duty)["kind"]
    typed("emil", "hand-over", duty, team.cleo.id)

    assert [] == typed("ben", "list")
    assert [str(duty)] == [each["id"] for each in typed("cleo", "list")]
    with pytest.raises(Missing):
        typed("ben", "show", duty)


def test_an_absence_counts_from_the_first_to_the_last_day(team, typed):
    first = world.today("UTC") + timedelta(days=1)
    last = first + timedelta(days=2)

    (away,) = typed(
        "ben", "absence", "--from", first, "--until", last, "--deputy", team.cleo.id
    )  # fmt: skip

    assert f"{first}T00:00:00Z" == away["begins"]
    assert f"{last + timedelta(days=1)}T00:00:00Z" == away["ends"]
    assert [away] == typed("ben", "absence")
    assert [] == typed("ben", "absence", "--end", away["id"])
    assert not Absence.objects.exists()


def test_half_an_absence_is_a_wrong_use(team, typed):
    with pytest.raises(Unacceptable, match="--deputy"):
        typed("ben", "absence", "--from", "2026-12-01")


def test_an_address_is_shown_once_renewed_and_ended(team, typed):
    assert {"has_address": False} == typed("ben", "calendar")
    said = typed("ben", "calendar", "renew", as_json=False)
    assert "http://localhost:8000/calendar/" in said
    assert {"has_address": True} == typed("ben", "calendar")
    assert typed("ben", "calendar", "renew") != typed("ben", "calendar", "renew")
    assert {"has_address": False} == typed("ben", "calendar", "end")
    assert not CalendarAddress.objects.exists()
    with pytest.raises(Missing):
        typed("ben", "calendar", "end")


def test_the_rhythm_of_the_digest_is_chosen(team, typed):
    assert {"rhythm": "daily"} == typed("ben", "digest")
    assert {"rhythm": "weekly"} == typed("ben", "digest", "weekly")
    assert {"rhythm": "weekly"} == typed("ben", "digest")
