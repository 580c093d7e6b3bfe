"""The living SOP: no light is green unless something was looked at, lately, and it held."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command

from trustkeep.base import world
from trustkeep.base.actor import Actor, ActorKind
from trustkeep.base.errors import Denied, Misconfigured, Unacceptable
from trustkeep.kernel.clauses import actions, checks, queries, rendering, rules, runner, sop
from trustkeep.kernel.clauses.rules import Finding, PartState, Result, Status

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GREEN = Finding(Status.HOLDS, "5 of 5", "All five hold.", looked_at=5)
CLAUSES = [
    "1", "2a", "2b", "3a", "3b", "3c", "4.1a", "4.1b",
    "4.2a", "4.2b", "4.2c", "4.3a", "4.3b", "4.3c", "4.4a", "4.4b",
    "4.4c", "4.5a", "4.5b", "5a", "5b", "6a", "6b", "6c",
    "7a", "7b", "7c", "8a", "8b", "9", "10a", "10b",
    "front",
]  # fmt: skip


def test_every_clause_of_the_sop_is_here_in_its_order():
    assert CLAUSES == [clause.id for clause in sop.clauses()]


def test_every_part_is_named_after_its_clause_and_only_once():
    parts = [(clause.id, part.id) for clause in sop.clauses() for part in clause.parts]

    assert [] == [part for clause, part in parts if not re.fullmatch(f"{clause}\\.[a-z-]+", part)]
    assert len(parts) == len(sop.part_ids())
    assert all(clause.parts for clause in sop.clauses())


def result(status=Status.HOLDS, *, at=NOW, name="a"):
    return Result(name, "4.2a.sealed", at, HOUR, Finding(status, "1", "A sentence.", looked_at=1))


def state(*results, expected=("a",), now=NOW):
    return rules.part_state("4.2a.sealed", results, expected=expected, now=now).status


def test_a_part_without_a_check_is_not_yet_watched():
    assert Status.NOT_YET_WATCHED == state(expected=())


def test_a_part_holds_when_each_of_its_checks_does():
    assert Status.HOLDS == state(result())
    assert Status.NOT_YET_WATCHED == state(result(), expected=("a", "b"))
    assert Status.BROKEN == state(result(), result(Status.BROKEN, name="b"), expected=("a", "b"))


def test_a_result_older_than_three_intervals_is_not_green():
    assert Status.HOLDS == state(result(), now=NOW + 3 * HOUR)
    assert Status.NEEDS_ATTENTION == state(result(), now=NOW + 3 * HOUR + timedelta(seconds=1))


@pytest.mark.parametrize("looked_at", [0, None])
def test_looking_at_nothing_is_not_green(looked_at):
    nothing = Finding(Status.HOLDS, "0 of 0", "None wrong.", looked_at=looked_at)

    assert Status.NOT_YET_WATCHED == rules.counted(nothing, expects_rows=True).status
    assert Status.HOLDS == rules.counted(nothing, expects_rows=False).status


@pytest.mark.parametrize("other", [Status.BROKEN, Status.NEEDS_ATTENTION, Status.NOT_YET_WATCHED])
def test_a_clause_shows_its_worst_part(other):
    parts = [PartState("x.a", Status.HOLDS, "1", "."), PartState("x.b", other, "2", ".")]

    assert other == rules.clause_state("x", parts).status


def test_a_check_of_an_unknown_part_cannot_be_registered():
    with pytest.raises(Misconfigured):
        checks.check("4.2a.nonsense", every=HOUR)


@pytest.fixture
def watched(installation, monkeypatch):
    """Registers one check of 4.3c.verified; what it finds can be changed."""
    monkeypatch.setattr(checks, "CHECKS", registered := {})
    monkeypatch.setattr(runner, "CHECKS", registered)
    monkeypatch.setattr(queries, "CHECKS", registered)
    found = {"now": GREEN}

    def look():
        if isinstance(found["now"], Exception):
            raise found["now"]
        return found["now"]

    checks.check("4.3c.verified", every=HOUR)(look)
    return found


def part(part_id="4.3c.verified", on=None):
    return next(
        each for clause in queries.state(on) for each in clause.parts if each.part == part_id
    )


def test_a_check_that_ran_lights_its_part_and_not_yet_its_clause(watched):
    assert Status.NOT_YET_WATCHED == part().status

    runner.run_due()

    assert Status.HOLDS == part().status
    clause = next(each for each in queries.state() if each.clause == "4.3c")
    assert (Status.NOT_YET_WATCHED, "1 of 4") == (clause.status, clause.figure)


def test_a_check_that_raises_is_broken_and_repeats_no_value(watched):
    watched["now"] = ValueError("ada@example.org")

    runner.run_due()

    assert Status.BROKEN == part().status
    assert "ada@example.org" not in str(part())
    assert "incident" in part().sentence


def test_only_due_checks_run(watched):
    assert 1 == len(runner.run_due())
    assert 0 == len(runner.run_due())
    with world.another(At(HOUR)):
        assert 1 == len(runner.run_due())


def test_the_state_of_a_past_moment_can_be_asked(watched):
    runner.run_due()
    between = world.now()
    watched["now"] = Finding(Status.BROKEN, "4 of 5", "One is wrong.", looked_at=5)
    runner.run_all()

    assert Status.BROKEN == part().status
    assert Status.HOLDS == part(on=between).status


def test_a_part_that_does_not_apply_says_why_and_only_for_a_while(watched):
    dpo = Actor(ActorKind.STAFF, world.new_id(), permissions=frozenset({"decide_applicability"}))
    ends = world.now() + HOUR

    actions.exempt(dpo, part="4.2b.places", reason="No premises.", expires_at=ends)

    assert (Status.DOES_NOT_APPLY, "No premises.") == (
        part("4.2b.places").status,
        part("4.2b.places").sentence,
    )
    with world.another(At(HOUR)):
        assert Status.NOT_YET_WATCHED == part("4.2b.places").status
    with pytest.raises(Unacceptable):
        actions.exempt(dpo, part="4.2b.places", reason="No.", expires_at=ends + 400 * 24 * HOUR)
    with pytest.raises(Denied):
        actions.end_exemption(Actor(ActorKind.HOST, name="0"), part="4.2b.places")


class At(world.RealWorld):
    def __init__(self, later):
        self.later = later

    def now(self):
        return super().now() + self.later


def test_the_terminal_says_it_with_shape_and_word_and_without_colour(watched):
    runner.run_due()

    text = rendering.as_text(queries.state(), colour=False, width=100)

    assert "\x1b" not in text
    assert "●" in text
    assert all(f"\n{clause} " in f"\n{text}" for clause in CLAUSES)
    assert 1 == len(
        {line.index("○") for line in text.splitlines() if line[:1].isalnum() and "○" in line}
    )


def test_the_command_answers_in_json(watched, capsys):
    call_command("sop", "status", "--json")

    assert '"not_yet_watched": 33' in capsys.readouterr().out
