"""Departments: renamed, headed by somebody active, one below the other."""

from datetime import timedelta

import pytest
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, Missing, Unacceptable
from trustkeep.kernel.people import actions, directory, queries


@pytest.fixture
def shop(staffed):
    """The Shop below Sales, headed by Ben, who is in it."""
    shop = actions.make_department(
        staffed.hanna, name="Shop", head=staffed.ben.id, parent=staffed.sales
    )
    actions.move_member(staffed.hanna, member=staffed.ben.id, department=shop)
    return shop


def test_the_head_of_a_department_answers_to_the_head_above(staffed, shop):
    assert staffed.emil.id == queries.head_of(staffed.ben.id)
    assert {staffed.ben.id, staffed.cleo.id} == queries.team_of(staffed.emil.id)


def test_a_department_stands_below_none_again(staffed, shop):
    actions.place_department(staffed.hanna, department=shop, parent=None)

    assert queries.head_of(staffed.ben.id) is None
    assert [None, None] == [each.unit.parent for each in directory.departments(staffed.hanna)]


def test_a_department_does_not_stand_below_itself(staffed, shop):
    for parent in (shop, staffed.sales):
        with pytest.raises(Conflict, match="below itself"):
            actions.place_department(staffed.hanna, department=staffed.sales, parent=parent)


def test_a_department_is_renamed_and_no_two_have_one_name(staffed, shop):
    actions.rename_department(staffed.hanna, department=shop, name="Store")

    assert ["Sales", "Store"] == [each.unit.name for each in directory.departments(staffed.hanna)]
    with pytest.raises(Conflict, match="of that name"):
        actions.rename_department(staffed.hanna, department=shop, name="Sales")


def test_another_head_is_named_and_the_entry_names_both(staffed):
    actions.change_head(staffed.hanna, department=staffed.sales, head=staffed.cleo.id)

    assert staffed.cleo.id == queries.head_of(staffed.ben.id)
    assert "people.head.changed" in logged()


def test_a_head_is_an_active_person(staffed):
    account = actions.create_service_account(
        staffed.ana, name="shop", responsible=staffed.ana.id,
        expires_at=world.now() + timedelta(days=1),
    )  # fmt: skip
    actions.deactivate(staffed.ana, member=staffed.cleo.id)

    for head in (staffed.cleo.id, account):
        with pytest.raises(Unacceptable, match="must be active"):
            actions.change_head(staffed.hanna, department=staffed.sales, head=head)


def test_neither_a_move_nor_a_new_head_makes_the_lines_go_round(staffed):
    actions.name_manager(staffed.hanna, member=staffed.emil.id, manager=staffed.dora.id)

    with pytest.raises(Conflict, match="answer to themselves"):
        actions.move_member(staffed.hanna, member=staffed.dora.id, department=staffed.sales)
    actions.name_manager(staffed.hanna, member=staffed.cleo.id, manager=staffed.ben.id)
    with pytest.raises(Conflict, match="answer to themselves"):
        actions.change_head(staffed.hanna, department=staffed.sales, head=staffed.cleo.id)

    assert staffed.emil.id == queries.head_of(staffed.ben.id)


@pytest.mark.parametrize("who", ["ben", "emil", "dora"])
def test_departments_are_kept_by_hr_and_administrators_alone(staffed, who):
    with pytest.raises(Denied):
        actions.rename_department(staffed.people[who], department=staffed.sales, name="X")


def test_what_is_not_there_is_said(staffed):
    for act in (
        lambda: actions.rename_department(staffed.hanna, department=staffed.ben.id, name="X"),
        lambda: actions.place_department(
            staffed.hanna, department=staffed.sales, parent=staffed.ben.id
        ),
        lambda: actions.add_member(
            staffed.hanna, name="Eve", email="eve@shop.example", department=staffed.ben.id
        ),
    ):
        with pytest.raises(Missing, match="no such department"):
            act()


def test_a_head_sees_the_departments_of_the_team(staffed, shop):
    actions.make_department(staffed.hanna, name="Law", head=staffed.dora.id)

    seen = directory.departments(staffed.emil)

    assert [("Sales", 2, True), ("Shop", 1, True)] == [
        (each.unit.name, each.people, each.has_head) for each in seen
    ]


def test_whoever_answers_to_somebody_stands_below_them(staffed, shop):
    found = directory.team(staffed.hanna, head=staffed.emil.id)

    assert [("Emil", 0), ("Ben", 1), ("Cleo", 1)] == [
        (each.person.name, each.depth) for each in found
    ]
    everybody = directory.team(staffed.hanna)
    assert {"Ana", "Dora", "Hanna", "Emil"} == {
        each.person.name for each in everybody if each.depth == 0
    }


def test_conflicts_and_data_access_are_listed(staffed):
    found = {each.person.name: each for each in directory.concerns(staffed.dora)}

    assert {"Ben", "Cleo"} == set(found)
    assert ("read_customer", "search_customers", "write_customer") == found[
        "Ben"
    ].person.data_access
