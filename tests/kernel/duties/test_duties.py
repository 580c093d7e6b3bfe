"""Owed once, settled by what completes it, borne by who is there, never by who left."""

import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Misconfigured, Missing, Tampered, Unacceptable
from trustkeep.kernel.duties import actions, jobs, queries
from trustkeep.kernel.duties.actions import stepping
from trustkeep.kernel.duties.models import Duty, Notice
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.keys import set_state
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people.permissions import Permission, Role

DAY = timedelta(days=1)


def bearers(duty):
    return queries.view_of(queries.duty(duty), RosterNow(world.now())).rests_on


def test_what_is_owed_is_listed_in_words_and_stands_in_the_ledger(team, owe, seen):
    duty = owe(team.ben.id)

    (view,) = queries.mine(team.ben)
    assert (duty, "Answer the letter l-1", (team.ben.id,)) == (
        view.id,
        view.sentence,
        view.rests_on,
    )
    (entry,) = seen.written("duties.duty.owed")
    assert {"duty", "kind", "person", "clause", "due", "key"} == entry.keys()
    assert "trial:1" not in str(entry)
    assert () == queries.mine(team.cleo)


def test_owed_again_it_stays_one_and_only_an_earlier_end_moves_it(team, owe, seen):
    duty = owe(team.ben.id, days=10)

    assert duty == owe(team.ben.id, days=20) == owe(team.cleo.id, days=5)

    (row,) = Duty.objects.all()
    assert timedelta(days=5) > row.due_at - world.now() > timedelta(days=4)
    assert team.ben.id == row.person_id
    assert 1 == len(seen.written("duties.due.moved")) == len(seen.written("duties.duty.owed"))


def test_two_who_owe_the_same_at_once_make_one(team, owe):
    ready, ids = threading.Barrier(4), []

    def owing():
        try:
            ready.wait(10)
            ids.append(owe(Role.IT))
        finally:
            connection.close()

    threads = [threading.Thread(target=owing) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)

    assert (4, 1, 1) == (len(ids), len(set(ids)), Duty.objects.count())


def test_the_database_too_holds_one_open_duty_for_each_key(team, owe):
    row = Duty.objects.get(pk=owe(team.ben.id))
    row.pk = world.new_id()

    with pytest.raises(IntegrityError, match="open_duty_once_per_key"):
        row.save(force_insert=True)


def test_what_completes_the_thing_settles_it_and_it_can_be_owed_anew(team, owe, settle, at, seen):
    duty = owe(team.ben.id, days=1)
    with at(2 * DAY):
        assert settle()
        assert not settle()
    assert [{"duty": str(duty), "kind": "trial.letter", "late": True}] == seen.written(
        "duties.duty.settled"
    )
    assert () == queries.mine(team.ben)

    assert duty != owe(team.ben.id)
    assert 2 == Duty.objects.count()


def test_owing_vanishes_with_the_transaction_that_it_belongs_to(team, owe):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        actions.owe(
            team.ana, to=team.ben.id, what="trial.letter", about={"letter": "x"},
            due=world.now() + DAY, clause="3c", key="trial:gone",
        )  # fmt: skip
        _ = 1 / 0

    assert not Duty.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": {"letter": "Dan Müller"}}, {"about": {}}, {"about": {"letter": "x", "who": "y"}},
        {"key": "Trial 1"}, {"link": "https://evil.example"}, {"link": "//evil.example"},
        {"clause": "none"},
    ],
)  # fmt: skip
def test_nothing_but_identifiers_becomes_a_duty(team, wrong):
    good = {"about": {"letter": "x"}, "key": "k", "clause": "3c"}

    with pytest.raises(Unacceptable) as refused, transaction.atomic():
        actions.owe(
            team.ana, to=team.ben.id, what="trial.letter", due=world.now(), **{**good, **wrong}
        )

    assert "Müller" not in refused.value.sentence


def test_a_kind_that_nobody_registered_is_owed_by_nobody(team):
    with pytest.raises(Misconfigured), transaction.atomic():
        actions.owe(
            team.ana, to=team.ben.id, what="trial.none", due=world.now(), clause="3c", key="k"
        )


def test_damaged_departments_and_absences_take_nobodys_duties_away(team, owe):
    duty = owe(team.ben.id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE people_department SET head_id = NULL")

    assert (team.ben.id,) == bearers(duty)


def test_a_role_without_a_holder_is_borne_by_the_dpo(team, owe):
    assert (team.dora.id,) == bearers(owe(Role.FACILITIES))
    assert (team.ines.id,) == bearers(owe(Role.IT, key="trial:2"))


def test_a_leavers_duties_rest_on_the_head_at_once_and_pass_on_for_good(team, owe, seen):
    duty = owe(team.ben.id)

    people.deactivate(team.ana, member=team.ben.id)
    assert (team.emil.id,) == bearers(duty)  # before any job has run
    assert 1 == seen.jobs_waiting(jobs.PASS_ON)
    actions.pass_on()
    actions.pass_on()

    assert team.emil.id == seen.row(duty).person_id
    (entry,) = seen.written("duties.duty.passed_on")
    assert (str(team.ben.id), str(team.emil.id)) == (entry["leaver"], entry["person"])
    people.reactivate(team.ana, member=team.ben.id)
    assert (team.emil.id,) == bearers(duty)


def test_what_a_head_owed_who_left_passes_to_the_dpo(team, owe, seen):
    duty = owe(team.emil.id)

    people.deactivate(team.ana, member=team.emil.id)
    actions.pass_on()

    assert ("dpo", (team.dora.id,)) == (seen.row(duty).role, bearers(duty))


def test_during_an_absence_it_rests_on_the_deputy(team, owe, at):
    duty = owe(team.ben.id)
    actions.declare_absence(
        team.ben, begins=world.now() + DAY, ends=world.now() + 3 * DAY, deputy=team.cleo.id
    )

    assert (team.ben.id,) == bearers(duty)
    with at(2 * DAY):
        assert (team.cleo.id,) == bearers(duty)
    with at(4 * DAY):
        assert (team.ben.id,) == bearers(duty)


def test_an_absence_ends_early_and_two_do_not_overlap(team, owe):
    duty, now = owe(team.ben.id), world.now()
    away = actions.declare_absence(team.ben, begins=now, ends=now + DAY, deputy=team.cleo.id)

    with pytest.raises(Conflict):
        actions.declare_absence(team.ben, begins=now, ends=now + 2 * DAY, deputy=team.cleo.id)
    assert (team.cleo.id,) == bearers(duty)
    actions.end_absence(team.ben, absence=away)
    assert (team.ben.id,) == bearers(duty)
    with pytest.raises(Missing):
        actions.end_absence(team.ben, absence=away)


def test_a_deputy_is_somebody_else_and_active(team):
    now = world.now()
    people.deactivate(team.ana, member=team.cleo.id)

    for deputy in (team.ben.id, team.cleo.id, world.new_id()):
        with pytest.raises(Unacceptable):
            actions.declare_absence(team.ben, begins=now, ends=now + DAY, deputy=deputy)


@pytest.mark.parametrize("by", ["ben", "emil"])
def test_its_bearer_or_their_head_hands_it_over(team, owe, seen, by):
    duty = owe(team.ben.id)

    actions.hand_over(team.people[by], duty=duty, to=team.cleo.id)

    assert (team.cleo.id,) == bearers(duty)
    (entry,) = seen.written("duties.duty.handed_over")
    assert (str(team.ben.id), str(team.cleo.id)) == (entry["person"], entry["to"])


def test_nobody_else_hands_it_over_and_nobody_who_left_takes_it(team, owe, settle):
    duty = owe(team.ben.id)

    with pytest.raises(Missing):
        actions.hand_over(team.cleo, duty=duty, to=team.cleo.id)  # not hers to see
    with pytest.raises(Denied, match="by their head"):
        actions.hand_over(team.dora, duty=duty, to=team.dora.id)  # she sees all
    people.deactivate(team.ana, member=team.cleo.id)
    with pytest.raises(Unacceptable):
        actions.hand_over(team.ben, duty=duty, to=team.cleo.id)
    settle()
    with pytest.raises(Conflict):
        actions.hand_over(team.ana, duty=duty, to=team.ines.id)


def test_everybody_sees_what_they_may_and_no_more(team, owe):
    mine, role = owe(team.ben.id), owe(Role.IT, key="trial:2")

    def all_of(who):
        return {each.id for each in queries.everybodys(team.people[who])}

    assert {mine, role} == all_of("dora") == all_of("ana")
    assert {mine} == all_of("emil")
    with pytest.raises(Denied):
        queries.everybodys(team.ben)
    for who in ("emil", "dora", "ana", "ben"):
        assert mine == queries.shown(team.people[who], mine).id
    for who in ("cleo", "ines"):
        with pytest.raises(Missing):
            queries.shown(team.people[who], mine)
    assert Permission.OWN_DUTIES in team.cleo.permissions


def test_each_step_is_taken_once_by_however_many_workers(team, owe, at, seen):
    duty = owe(team.ben.id, days=10)

    def taken():
        return [each["step"] for each in seen.written("duties.step.taken")]

    for later, expected in ((7, []), (8, ["remind"]), (10, ["due"]), (12, ["head"]), (15, ["dpo"])):
        before = taken()
        with at(later * DAY + timedelta(seconds=5)):
            stepping.take_steps()
            stepping.take_steps()
        assert expected == taken()[len(before) :], later
    told = [each["told"] for each in seen.written("duties.step.taken")]
    ben, emil, dora = ([str(team.people[each].id)] for each in ("ben", "emil", "dora"))
    assert [ben, ben, emil, dora] == told
    assert seen.row(duty).next_at is None


def test_steps_that_were_missed_are_taken_together(team, owe, at, seen, office):
    duty = owe(team.ben.id, days=10)

    with at(30 * DAY):
        assert 1 == stepping.take_steps()
        assert 0 == stepping.take_steps()
    told = set(Notice.objects.values_list("person_id", "occasion"))

    assert {
        (team.ben.id, f"step:{duty}:due"),  # one letter, not also the reminder
        (team.emil.id, f"step:{duty}:head"),
        (team.dora.id, f"step:{duty}:dpo"),
    } == told
    assert ["remind", "due", "head", "dpo"] == [
        each["step"] for each in seen.written("duties.step.taken")
    ]


def test_two_workers_at_once_take_each_step_once(team, owe, at, seen):
    for number in range(3):
        owe(team.ben.id, key=f"trial:{number}", days=4)
    ready, failures = threading.Barrier(3), []

    def work():
        try:
            ready.wait(10)
            stepping.take_steps()
        except Exception as failure:
            failures.append(failure)
        finally:
            connection.close()

    with at(3 * DAY + timedelta(seconds=5)):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(30)

    assert [] == failures
    assert 3 * ["remind"] == [each["step"] for each in seen.written("duties.step.taken")]


def test_one_duty_that_sql_changed_stops_no_other(team, owe, at, seen):
    owe(team.ben.id, days=1), owe(team.ben.id, key="trial:2", days=1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE duties_duty SET clause = '1' WHERE key = 'trial:1'")

    with at(DAY):
        assert 1 == stepping.take_steps()


@pytest.mark.parametrize(
    "tamper",
    [
        "UPDATE duties_duty SET due_at = due_at + interval '1 year'",
        "UPDATE duties_duty SET state = 'settled', closed_at = now()",
        "DELETE FROM duties_duty",
    ],
)
def test_a_duty_that_sql_changed_does_not_count_and_is_found(team, owe, tamper):
    duty = owe(team.ben.id)
    assert [] == set_state.damaged("duties.duty")

    with connection.cursor() as cursor:
        cursor.execute(tamper)

    assert () == queries.mine(team.ben)
    with pytest.raises(Tampered):
        queries.duty(duty)
    assert [f"duties.duty {duty}"] == [each.place for each in set_state.damaged("duties.duty")]
