"""What a check found is owed by whoever answers for the part, until it holds again."""

from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.kernel.clauses import actions, answered, checks, owing, queries, runner, sop
from trustkeep.kernel.clauses.models import CheckResult
from trustkeep.kernel.clauses.rules import Finding, Status
from trustkeep.kernel.duties import queries as duties
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)
PART = "4.3c.verified"


class Later(world.RealWorld):
    def now(self):
        return super().now() + 2 * DAY


def found(status):
    return Finding(status, "1", "A sentence.", looked_at=1)


@pytest.fixture
def watched(company, monkeypatch):
    """One check of 4.3c.verified, whose owner is the DPO; says what it finds, and runs it."""
    monkeypatch.setattr(checks, "CHECKS", registered := {})
    monkeypatch.setattr(runner, "CHECKS", registered)
    monkeypatch.setattr(queries, "CHECKS", registered)
    now = {}

    def look():
        if isinstance(now["finds"], Exception):
            raise now["finds"]
        return now["finds"]

    checks.check(PART, every=DAY)(look)

    def run(finds):
        now["finds"] = found(finds) if isinstance(finds, Status) else finds
        runner.run_all()

    return run


def owed():
    return list(Duty.objects.order_by("owed_at").values_list("state", flat=True))


def test_every_part_has_an_owner_who_is_a_role():
    owners = {part.id: Role(sop.owner_of(part.id)) for c in sop.clauses() for part in c.parts}

    assert Role.FACILITIES is owners["4.5b.shredded"]
    assert Role.STAFF not in owners.values()  # what everybody owes, nobody does


@pytest.mark.parametrize(
    ("finds", "days"),
    [(Status.NEEDS_ATTENTION, 7), (Status.BROKEN, 1), (ZeroDivisionError(), 1)],
)
def test_what_does_not_hold_is_owed_by_the_owner_of_the_part(watched, company, finds, days):
    watched(finds)
    watched(finds)

    (duty,) = duties.mine(company.dora)
    assert "4.3c" == duty.clause
    assert "Make this hold again: The log is whole and verifies" == duty.sentence
    assert days - 1 == (duty.due_at - world.now()).days
    assert ["open"] == owed()


def test_it_is_settled_when_it_holds_again_and_owed_anew_when_it_does_not(watched, company):
    for finds in (Status.NEEDS_ATTENTION, Status.HOLDS, Status.HOLDS, Status.BROKEN):
        watched(finds)

    assert ["settled", "open"] == owed()


def test_a_part_that_breaks_meanwhile_is_owed_sooner(watched, company):
    watched(Status.NEEDS_ATTENTION)
    watched(Status.BROKEN)
    watched(Status.NEEDS_ATTENTION)

    (duty,) = duties.mine(company.dora)
    assert duty.due_at - world.now() < DAY


def test_what_shows_nothing_any_more_withdraws_and_does_not_settle(watched):
    watched(Status.NEEDS_ATTENTION)
    watched(Status.NOT_YET_WATCHED)

    assert ["withdrawn"] == owed()


def test_a_part_that_does_not_apply_is_owed_by_nobody(watched, company):
    watched(Status.BROKEN)
    actions.exempt(company.dora, part=PART, reason="why", expires_at=world.now() + DAY)
    watched(Status.BROKEN)

    assert ["withdrawn"] == owed()


def test_a_result_is_kept_even_where_its_duty_was_changed_from_outside(watched):
    watched(Status.BROKEN)
    Duty.objects.update(clause="1")

    watched(Status.HOLDS)

    assert "holds" == CheckResult.objects.latest("at").status


def test_what_is_overdue_or_rests_on_nobody_is_seen(watched, company):
    assert Status.HOLDS is answered.duties_are_met_in_time().status
    watched(Status.BROKEN)
    assert Status.HOLDS is answered.duties_are_met_in_time().status

    with world.another(Later()):
        finding = answered.duties_are_met_in_time()
    assert (Status.NEEDS_ATTENTION, "0 of 1") == (finding.status, finding.figure)
    assert {"duty", "kind", "due"} == finding.rows[0].keys()


def test_its_name_is_the_one_that_is_left_out():
    assert answered.NAME in checks.CHECKS
    assert owing.key_of(answered.NAME) == f"check:{answered.NAME}"
