"""What needs doing about the people: owed while it is so, closed when it is not."""

from datetime import timedelta

import pytest

from trustkeep.base import world
from trustkeep.kernel.duties import jobs, queries, staffing
from trustkeep.kernel.duties.models import Duty
from trustkeep.kernel.duties.roster import RosterNow
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import queries as known
from trustkeep.kernel.people.actions import ending
from trustkeep.kernel.people.employment import Employed, Reason, Statement
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)


@pytest.fixture
def staffed(team):
    """The team, with Hanna as HR."""
    team.hire("hanna", Role.HR, by=team.ana)
    return team


@pytest.fixture
def vera(staffed):
    stated = Statement(Employed.VENDOR, staffed.ben.id, "MSA-7", world.now() + 30 * DAY)
    return people.add_member(staffed.hanna, name="Vera", email="vera@vendor.example", stated=stated)


@pytest.fixture
def account(staffed):
    return people.create_service_account(
        staffed.ana, name="shop", responsible=staffed.cleo.id, expires_at=world.now() + 90 * DAY
    )


def owed():
    """The open duties about people: kind and who owes."""
    staffing.follow()
    roster = RosterNow(world.now())
    return sorted((each.kind, each.owner) for each in queries.all_open(roster))


def states():
    return list(Duty.objects.order_by("owed_at").values_list("state", flat=True))


def test_fourteen_days_before_an_end_sponsor_and_hr_decide(staffed, vera, at):
    assert [] == owed()

    with at(17 * DAY):
        expected = sorted([("people.end.near", "hr"), ("people.end.near", str(staffed.ben.id))])
        assert expected == owed() == owed()
        (mine,) = queries.mine(staffed.ben)
        assert str(vera) in mine.sentence
        assert known.member(vera).expires_at == mine.due_at


def test_an_extension_settles_it(staffed, vera, at):
    with at(17 * DAY):
        owed()
        people.extend_end(
            staffed.hanna, member=vera, ends_at=world.now() + 60 * DAY,
            reason=Reason.CONTRACT_EXTENDED,
        )  # fmt: skip

        assert [] == owed()
    assert ["settled", "settled"] == states()


def test_an_end_that_was_let_come_withdraws_it(staffed, vera, at):
    with at(17 * DAY):
        owed()
    with at(31 * DAY):
        ending.carry_out_ends()

        assert [] == owed()
    assert ["withdrawn", "withdrawn"] == states()


def test_a_sponsor_who_left_is_replaced(staffed, vera):
    people.deactivate(staffed.ana, member=staffed.ben.id)

    assert [("people.sponsor.gone", "hr")] == owed()
    stated = Statement(Employed.VENDOR, staffed.cleo.id, "MSA-7", known.member(vera).expires_at)
    people.state_employment(staffed.hanna, member=vera, stated=stated)
    assert [] == owed()


@pytest.mark.parametrize("how", ["deactivated", "moved"])
def test_a_department_whose_head_is_gone_gets_another(staffed, seen, how):
    law = people.make_department(staffed.hanna, name="Law", head=staffed.dora.id)
    (sales,) = (each.id for each in known.departments() if each.name == "Sales")
    if how == "deactivated":
        people.deactivate(staffed.ana, member=staffed.emil.id)
        assert seen.jobs_waiting(jobs.STAFFING)
    else:
        people.move_member(staffed.hanna, member=staffed.emil.id, department=law)

    assert [("people.department.headless", "hr")] == owed()
    people.change_head(staffed.hanna, department=sales, head=staffed.cleo.id)
    assert [] == owed()
    assert ["settled"] == states()


def test_without_hr_the_administrators_owe_it(staffed):
    people.deactivate(staffed.ana, member=staffed.hanna.id)
    people.deactivate(staffed.ana, member=staffed.emil.id)

    assert [("people.department.headless", "administrator")] == owed()


def test_the_owner_decides_about_an_account_before_its_end(staffed, account, at):
    with at(77 * DAY):
        assert [("people.account.ends", str(staffed.cleo.id))] == owed()
        people.renew_account(
            staffed.ana, account=account, expires_at=world.now() + 90 * DAY,
            reason=Reason.PROJECT_GOES_ON,
        )  # fmt: skip
        assert [] == owed()


def test_an_account_whose_owner_left_is_owed_by_the_owners_head_until_it_ends(staffed, account, at):
    people.deactivate(staffed.ana, member=staffed.cleo.id)

    assert [("people.account.alone", str(staffed.emil.id))] == owed()
    (mine,) = queries.mine(staffed.emil)
    assert timedelta(0) <= world.now() + 14 * DAY - mine.due_at < timedelta(minutes=1)
    with at(15 * DAY):
        ending.carry_out_ends()
        assert [] == owed()
    assert ["withdrawn"] == states()


def test_an_account_with_another_owner_is_settled(staffed, account):
    people.deactivate(staffed.ana, member=staffed.cleo.id)
    owed()

    people.hand_over_account(staffed.ana, account=account, responsible=staffed.emil.id)

    assert [] == owed()
    assert ["settled"] == states()


def test_a_manager_stands_between_a_member_and_the_head(staffed, owe):
    people.name_manager(staffed.hanna, member=staffed.ben.id, manager=staffed.cleo.id)
    duty = owe(staffed.ben.id)

    assert staffed.cleo.id == RosterNow(world.now()).standing(staffed.ben.id).head
    for above in (staffed.cleo, staffed.emil):  # whoever stands above sees it
        assert [duty] == [each.id for each in queries.everybodys(above)]
