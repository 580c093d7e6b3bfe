"""Employment, ends and reporting lines, as HR states them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from tests.installation import logged, own_token

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, NotSignedIn, Unacceptable
from trustkeep.kernel.keys import state
from trustkeep.kernel.people import actions, directory, queries, tokens
from trustkeep.kernel.people.actions import ending
from trustkeep.kernel.people.employment import Employed, Reason, Statement
from trustkeep.kernel.people.permissions import Permission, Role

DAY = timedelta(days=1)


def signed_in(staffed, member):
    handed = actions.issue_token(staffed.ana, member=member, label="first", lasts=300 * DAY)
    secret = own_token(handed.secret)
    return secret, tokens.actor_for(secret)


def test_whoever_was_added_before_there_was_employment_is_an_employee(staffed):
    assert Statement() == queries.employment_of(staffed.ben.id)


def test_after_the_last_day_nothing_is_allowed(staffed, vera, at):
    secret, _ = signed_in(staffed, vera)

    with at(31 * DAY), pytest.raises(NotSignedIn):
        tokens.actor_for(secret)


def test_an_end_that_is_over_holds_even_if_the_rows_are_written_back(staffed, vera, at):
    secret, _ = signed_in(staffed, vera)
    header = "kind = 'people.member' AND owner = %s"
    row = sql("SELECT active, seal FROM people_member WHERE id = %s", vera)[0]
    above = sql(f"SELECT version, digest, seal FROM keys_sealedset WHERE {header}", vera)[0]
    with at(31 * DAY):
        assert 1 == ending.carry_out_ends()
        assert 0 == ending.carry_out_ends()
    assert 1 == logged().count("people.member.deactivated")

    run("UPDATE people_member SET active = %s, seal = %s WHERE id = %s", *row, vera)
    run(
        f"UPDATE keys_sealedset SET version = %s, digest = %s, seal = %s WHERE {header}",
        *above,
        vera,
    )
    tokens.forget()

    with pytest.raises(NotSignedIn):  # today, long before the end that stands there
        tokens.actor_for(secret)


def test_an_end_moves_back_only_with_a_reason(staffed, vera):
    later = replace(queries.employment_of(vera), ends_at=world.now() + 60 * DAY)

    with pytest.raises(Unacceptable, match="needs a reason"):
        actions.state_employment(staffed.hanna, member=vera, stated=later)
    actions.extend_end(
        staffed.hanna, member=vera, ends_at=later.ends_at, reason=Reason.CONTRACT_EXTENDED
    )

    assert later == queries.employment_of(vera)
    assert "people.end.extended" in logged()


def test_an_end_comes_closer_without_one(staffed, vera):
    sooner = replace(queries.employment_of(vera), ends_at=world.now() + 3 * DAY)

    actions.state_employment(staffed.hanna, member=vera, stated=sooner)

    assert sooner == queries.employment_of(vera)
    assert "people.end.extended" not in logged()


def test_an_extension_ends_later(staffed, vera):
    with pytest.raises(Unacceptable, match="choose a later day"):
        actions.extend_end(
            staffed.hanna, member=vera, ends_at=world.now() + DAY, reason=Reason.PROJECT_GOES_ON
        )


def test_whose_time_is_over_is_extended_before_they_are_reactivated(staffed, vera, at):
    with at(31 * DAY):
        ending.carry_out_ends()
        with pytest.raises(Conflict, match="extend it first"):
            actions.reactivate(staffed.ana, member=vera)
        ends_at = world.now() + 30 * DAY
        actions.extend_end(
            staffed.hanna, member=vera, ends_at=ends_at, reason=Reason.CONTRACT_EXTENDED
        )
        assert not queries.is_active(vera)

        actions.reactivate(staffed.ana, member=vera)

        assert queries.is_active(vera)


def test_one_who_is_taken_on_loses_the_end(staffed, vera):
    actions.state_employment(staffed.hanna, member=vera, stated=Statement(), reason=Reason.TAKEN_ON)

    assert Statement() == queries.employment_of(vera)


@pytest.mark.parametrize("who", ["ben", "emil", "dora"])
def test_employment_is_stated_by_hr_and_administrators_alone(staffed, vera, who):
    with pytest.raises(Denied):
        actions.state_employment(staffed.people[who], member=vera, stated=Statement())


def test_hr_gives_no_role(staffed, vera):
    with pytest.raises(Denied):
        actions.assign_role(staffed.hanna, member=vera, role=Role.STAFF)


def test_nobody_states_their_own(staffed):
    stated = Statement(ends_at=world.now() + DAY)

    for act in (
        lambda: actions.state_employment(staffed.hanna, member=staffed.hanna.id, stated=stated),
        lambda: actions.name_manager(
            staffed.hanna, member=staffed.hanna.id, manager=staffed.ben.id
        ),
    ):
        with pytest.raises(Denied) as refused:
            act()
        assert ("to_self",) == refused.value.reasons


@pytest.mark.parametrize("kind", [Employed.VENDOR, Employed.CONTRACTOR])
def test_a_sponsor_is_an_active_employee(staffed, vera, kind):
    stated = Statement(kind, vera, "MSA-8", world.now() + DAY)

    with pytest.raises(Unacceptable, match="active employee"):
        actions.state_employment(staffed.hanna, member=staffed.ben.id, stated=stated)


def test_a_statement_that_stands_already_is_not_entered_again(staffed, vera):
    before = logged()

    actions.state_employment(staffed.hanna, member=vera, stated=queries.employment_of(vera))

    assert before == logged()


def test_no_name_address_or_contract_is_in_the_ledger(staffed, vera):
    (bodies,) = sql("SELECT string_agg(encode(body, 'escape'), ' ') FROM ledger_entry")[0]

    assert [] == [word for word in ("Vera", "vendor.example", "MSA-7", "Sales") if word in bodies]


def test_a_statement_that_sql_changed_counts_for_nothing_and_is_found(staffed, vera):
    run("UPDATE people_employment SET manager_id = %s WHERE person_id = %s", staffed.ben.id, vera)

    assert vera not in queries.team_of(staffed.ben.id)
    report = state.verified()
    assert [f"people.employment {vera}"] == [each.place for each in report.listed]


def test_a_manager_comes_before_the_head_and_both_see_the_member(staffed):
    actions.name_manager(staffed.hanna, member=staffed.ben.id, manager=staffed.cleo.id)

    assert staffed.cleo.id == queries.head_of(staffed.ben.id)
    assert frozenset({staffed.ben.id}) == queries.team_of(staffed.cleo.id)
    assert frozenset({staffed.ben.id, staffed.cleo.id}) == queries.team_of(staffed.emil.id)


def test_lines_do_not_go_round(staffed):
    actions.name_manager(staffed.hanna, member=staffed.ben.id, manager=staffed.cleo.id)

    with pytest.raises(Conflict, match="answer to themselves"):
        actions.name_manager(staffed.hanna, member=staffed.emil.id, manager=staffed.ben.id)

    assert queries.head_of(staffed.emil.id) is None


def test_a_manager_is_another_active_person(staffed, account):
    actions.deactivate(staffed.ana, member=staffed.cleo.id)

    for manager in (staffed.cleo.id, account, staffed.ben.id):
        with pytest.raises(Unacceptable, match="another, active person"):
            actions.name_manager(staffed.hanna, member=staffed.ben.id, manager=manager)


def test_a_head_sees_the_team_and_hr_everybody(staffed, vera):
    seen = {each.name for each in directory.visible_to(staffed.emil).people}

    assert {"Ben", "Cleo", "Emil"} == seen
    assert {"Vera", "Ana", "Dora"} < {
        each.name for each in directory.visible_to(staffed.hanna).people
    }
    with pytest.raises(Denied):
        directory.visible_to(staffed.ben)


def test_a_role_that_was_removed_shows_nobody_any_more(staffed):
    actions.remove_role(staffed.ana, member=staffed.hanna.id, role=Role.HR)

    with pytest.raises(Denied):
        directory.visible_to(staffed.hanna)


def test_a_name_and_an_address_are_corrected(staffed):
    actions.correct_member(staffed.hanna, member=staffed.ben.id, email=" Ben.B@Shop.example")

    assert "ben.b@shop.example" == queries.member(staffed.ben.id).email
    with pytest.raises(Conflict, match="Another member"):
        actions.correct_member(staffed.hanna, member=staffed.cleo.id, email="ben.b@shop.example")
    assert Permission.MANAGE_PEOPLE not in staffed.hanna.permissions


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()


def run(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
