"""The calendar feed: RFC 5545 to the letter, and a secret address that ends."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from trustkeep.base.errors import Denied, Missing
from trustkeep.kernel.duties import actions, calendar_text, calendars
from trustkeep.kernel.duties.models import CalendarAddress, Duty
from trustkeep.kernel.duties.queries import DutyView
from trustkeep.kernel.keys.sealed_rows import SealedSet
from trustkeep.kernel.people import actions as people

DAY = timedelta(days=1)
NOW = datetime(2026, 11, 25, 23, 30, tzinfo=UTC)
ONE = UUID(int=1)


def view(**changes):
    known = {
        "id": ONE, "key": "trial:1", "kind": "trial.letter", "sentence": "Answer the letter",
        "clause": "3c", "link": "", "owner": str(ONE), "rests_on": (ONE,), "owed_at": NOW,
        "due_at": NOW,
        "state": "open", "step": "", "sequence": 0, "changed_at": NOW,
    }  # fmt: skip
    return DutyView(**{**known, **changes})


def feed(*views, zone="UTC"):
    return calendar_text.feed(views, zone=zone, host="privacy.example")


def unfolded(text):
    """By the letter of RFC 5545, 3.1, not by our own code."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    for line in text.encode().split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is torn
    return re.sub(r"\r\n[ \t]", "", text).split("\r\n")[:-1]


def properties(text):
    return dict(line.split(":", 1) for line in unfolded(text))


def test_a_duty_is_an_all_day_event_on_the_companys_day():
    said = properties(feed(view(), zone="Europe/Berlin"))

    assert "20261126" == said["DTSTART;VALUE=DATE"]
    assert "20261127" == said["DTEND;VALUE=DATE"]
    assert "20261125T233000Z" == said["DTSTAMP"]
    assert f"{ONE}@privacy.example" == said["UID"]
    assert ("0", "CONFIRMED", "2.0") == (said["SEQUENCE"], said["STATUS"], said["VERSION"])


def test_each_component_is_closed_and_required_properties_stand_once():
    lines = unfolded(feed(view(), view(id=UUID(int=2))))

    assert "BEGIN:VCALENDAR" == lines[0]
    assert "END:VCALENDAR" == lines[-1]
    events = "\n".join(lines).split("BEGIN:VEVENT")[1:]
    assert 2 == len(events)
    for event in events:
        for name in ("UID:", "DTSTAMP:", "DTSTART;", "END:VEVENT"):
            assert 1 == len(re.findall(f"^{name}", event, re.MULTILINE))
    head = "\n".join(lines).split("BEGIN:VEVENT")[0]
    assert all(1 == head.count(name) for name in ("VERSION:", "PRODID:"))


def test_an_empty_calendar_is_one():
    assert "END:VCALENDAR" == unfolded(feed())[-1]


def test_the_same_duties_give_the_same_bytes():
    assert feed(view()) == feed(view())


def test_what_was_withdrawn_is_cancelled():
    assert "CANCELLED" == properties(feed(view(state="withdrawn")))["STATUS"]


def unescaped(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found[1], found[1]), text)


@given(
    sentence=st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("\\;,:n\r\n\t "), max_size=300
    )
)
def test_whatever_stands_in_a_sentence_comes_back_and_makes_no_line_of_its_own(sentence):
    text = feed(view(sentence=sentence))

    (summary,) = [line for line in unfolded(text) if line.startswith("SUMMARY:")]
    inner = "".join(mark for mark in sentence if mark == "\n" or (mark >= " " and mark != "\x7f"))
    assert inner == unescaped(summary.removeprefix("SUMMARY:"))
    assert 1 == sum(line == "BEGIN:VEVENT" for line in unfolded(text))


@pytest.fixture
def fetch(client):
    def fetch(secret, **more):
        return client.get(f"/calendar/{secret}.ics", headers={"host": "localhost"}, **more)

    return fetch


def test_the_holder_of_the_address_reads_their_duties_and_nobody_elses(team, owe, fetch):
    owe(team.ben.id), owe(team.cleo.id, key="trial:2", letter="l-2")

    answer = fetch(actions.open_calendar(team.ben))

    assert (200, "text/calendar; charset=utf-8") == (answer.status_code, answer["Content-Type"])
    assert "private" in answer["Cache-Control"]
    text = answer.content.decode()
    assert "SUMMARY:Answer the letter l-1\r\n" in text
    assert "l-2" not in text
    assert "Ben" not in text


def ends_by(end, team):
    match end:
        case "closed":
            actions.close_calendar(team.ben)
        case "renewed":
            actions.open_calendar(team.ben)
        case "deactivated":
            people.deactivate(team.ana, member=team.ben.id)
        case "tampered":
            CalendarAddress.objects.update(person_id=team.cleo.id)


@pytest.mark.parametrize("end", ["closed", "renewed"])
def test_an_ended_address_that_is_written_back_by_sql_opens_nothing(team, fetch, end):
    secret = actions.open_calendar(team.ben)
    (row,) = CalendarAddress.objects.all()
    header = SealedSet.objects.get(kind=CalendarAddress.set_kind, owner=team.ben.id)
    ends_by(end, team)
    CalendarAddress.objects.all().delete()
    row.save(force_insert=True)
    header.save(force_update=True)

    assert 404 == fetch(secret).status_code


@pytest.mark.parametrize("end", ["closed", "renewed", "deactivated", "tampered"])
def test_an_ended_address_answers_as_one_that_never_was(team, owe, fetch, end):
    owe(team.ben.id)
    secret = actions.open_calendar(team.ben)
    ends_by(end, team)

    ended, unknown = fetch(secret), fetch("x" * len(secret))

    assert 404 == ended.status_code == unknown.status_code
    assert (ended.content, ended.headers) == (unknown.content, unknown.headers)


def test_only_a_digest_of_the_secret_is_kept(team):
    secret = actions.open_calendar(team.ben)

    (row,) = CalendarAddress.objects.values_list("digest", flat=True)
    assert secret not in row
    assert 43 == len(secret)


def test_a_leavers_address_is_taken_away_for_good(team, seen):
    secret = actions.open_calendar(team.ben)
    people.deactivate(team.ana, member=team.ben.id)

    actions.pass_on()

    assert not CalendarAddress.objects.exists()
    assert 1 == len(seen.written("duties.calendar.closed"))
    people.reactivate(team.ana, member=team.ben.id)
    with pytest.raises(Missing):
        calendars.of_secret(secret, zone="UTC", host="x")


def test_the_same_event_moves_with_the_duty_and_is_cancelled_with_it(team, owe, fetch):
    secret = actions.open_calendar(team.ben)

    def now():
        return properties(fetch(secret).content.decode())

    owe(team.ben.id, days=10)
    first = now()
    owe(team.ben.id, days=2)
    second = now()
    with transaction.atomic(durable=True):
        actions.withdraw(team.ana, key="trial:1")
    third = now()

    assert 1 == len({each["UID"] for each in (first, second, third)})
    assert first["DTSTART;VALUE=DATE"] > second["DTSTART;VALUE=DATE"]
    assert ["0", "1", "2"] == [each["SEQUENCE"] for each in (first, second, third)]
    assert ["CONFIRMED", "CONFIRMED", "CANCELLED"] == [
        each["STATUS"] for each in (first, second, third)
    ]


def test_nothing_but_reading_is_answered(team, client):
    secret = actions.open_calendar(team.ben)

    answer = client.post(f"/calendar/{secret}.ics", headers={"host": "localhost"})

    assert 405 == answer.status_code
    assert not Duty.objects.exists()


def test_nobody_without_the_permission_has_an_address(team):
    from dataclasses import replace

    with pytest.raises(Denied):
        actions.open_calendar(replace(team.ben, permissions=frozenset()))
