"""Kept results of checks by raw SQL: what was changed or taken away never shows as holding."""

from datetime import timedelta

import pytest
from django.db import connection
from tests.kernel.clauses.test_clauses import GREEN, At, part, watched

from trustkeep.base import world
from trustkeep.kernel.clauses import kept, runner
from trustkeep.kernel.clauses.rules import ALTERED, Finding, Status
from trustkeep.kernel.keys import looking
from trustkeep.kernel.ledger import sequencer

__all__ = ["watched"]

RED = Finding(Status.BROKEN, "4 of 5", "One is wrong.", looked_at=5)
TABLE = "clauses_checkresult"
COPIED = "check_name, part, every, status, figure, sentence, rows, link, looked_at, seal"


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.fixture
def story(watched):
    """Holds, holds, broken, broken: and the moment before it broke."""
    runner.run_all()
    runner.run_all()
    before = world.now()
    watched["now"] = RED
    runner.run_all()
    runner.run_all()
    sequencer.run_once()
    assert Status.BROKEN == part().status
    return before


@pytest.mark.parametrize(
    "edit",
    [
        f"UPDATE {TABLE} SET status = 'holds', sentence = 'All five hold.'",
        f"UPDATE {TABLE} SET status = 'holds' WHERE number = 4",
        f"UPDATE {TABLE} SET sentence = 'All is well.' WHERE number = 4",
        f"UPDATE {TABLE} SET at = at + interval '1 day' WHERE number > 2",
        f"UPDATE {TABLE} SET check_name = 'another' WHERE number > 2",
        f"UPDATE {TABLE} SET rows = '[{{\"a\": 1}}]' WHERE number = 4",
        f"DELETE FROM {TABLE} WHERE number > 2",
        f"DELETE FROM {TABLE} WHERE number > 1",
        f"DELETE FROM {TABLE}",
        f"INSERT INTO {TABLE} ({COPIED}, number, at) SELECT {COPIED}, 5, now() FROM {TABLE}"
        " WHERE number = 2",
        f"WITH gone AS (DELETE FROM {TABLE} WHERE number > 2)"
        f" INSERT INTO {TABLE} ({COPIED}, number, at) SELECT {COPIED}, 5, now() FROM {TABLE}"
        " WHERE number = 2",
    ],
)
def test_no_edit_makes_a_broken_part_hold(story, edit):
    sql(edit)

    assert (Status.NEEDS_ATTENTION, ALTERED.sentence) == (part().status, part().sentence)
    assert {"results"} == {each["part"] for each in looking.look().findings}


@pytest.mark.parametrize(
    "edit",
    [
        f"UPDATE {TABLE} SET at = at - interval '1 day' WHERE number = 4",
        f"UPDATE {TABLE} SET figure = '9 of 9' WHERE number = 2",
        f"DELETE FROM {TABLE} WHERE number = 2",
        f"DELETE FROM {TABLE} WHERE number <= 2",
    ],
)
def test_no_edit_changes_what_a_past_moment_shows(story, edit):
    assert Status.HOLDS == part(on=story).status

    sql(edit)

    assert (Status.NEEDS_ATTENTION, ALTERED.sentence) == (
        part(on=story).status,
        part(on=story).sentence,
    )


def test_taking_away_what_came_since_a_past_moment_does_not_hide_in_it(story, watched):
    """Newest results away, and the past ones shown as the present: both are seen."""
    broken_at = world.now()
    watched["now"] = GREEN
    runner.run_all()
    sql(f"DELETE FROM {TABLE} WHERE number IN (3, 4)")

    assert Status.NEEDS_ATTENTION == part(on=broken_at).status
    assert Status.HOLDS == part().status  # the newest result is whole, and says what is so now
    assert [("results", "Results were taken away from outside.")] == [
        (each["part"], each["sentence"]) for each in looking.look().findings
    ]


def test_the_next_run_goes_on_after_results_were_taken_away(story, watched):
    sql(f"DELETE FROM {TABLE} WHERE number > 2")
    watched["now"] = GREEN

    assert 1 == len(runner.run_due())

    assert Status.HOLDS == part().status
    assert Status.NEEDS_ATTENTION == part(on=story).status


def test_an_untouched_story_agrees(story):
    done = looking.look()

    assert ([], 4) == (done.findings, done.looked_at["results"])
    with world.another(At(timedelta(days=30))):
        assert Status.BROKEN == part().status


@pytest.mark.parametrize(
    ("planted", "edit"),
    [
        ("_is_genuine", f"UPDATE {TABLE} SET sentence = 'All is well.' WHERE number = 4"),
        ("_is_borne_out", f"UPDATE {TABLE} SET status = 'holds' WHERE number = 4"),
        ("_follows", f"DELETE FROM {TABLE} WHERE number > 2"),
    ],
)
def test_the_harness_sees_a_look_that_believes(story, monkeypatch, planted, edit):
    """Planted: seals, statuses or numbers are not compared; each is what finds its edit."""
    monkeypatch.setattr(kept, planted, lambda *_: True)
    sql(edit)

    assert ALTERED.sentence != part().sentence
