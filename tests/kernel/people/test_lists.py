"""Lists of people brought in and taken out: shown first, done row by row, done once."""

import csv
import io
import json
from datetime import timedelta

import pytest
from tests.installation import logged

from trustkeep.base import points, world
from trustkeep.base.errors import Denied
from trustkeep.kernel.keys import register
from trustkeep.kernel.people import actions, queries
from trustkeep.kernel.people.actions.exporting import Form
from trustkeep.kernel.people.employment import Employed, Reason
from trustkeep.kernel.people.models import Member
from trustkeep.kernel.people.permissions import Role

DAY = timedelta(days=1)


def brought_in(actor, content, **options):
    plan = actions.plan_import(actor, content=content.encode(), **options)
    return actions.carry_out_import(actor, plan=plan)


def verdicts(plan):
    return [str(each.verdict) for each in plan.rows]


def of(email):
    return queries.person_of(email)


@pytest.fixture
def joiners(staffed):
    """A head, who is made by the last row, and two below; one of them a vendor's."""
    ends_on = (world.now() + 90 * DAY).date()
    return (
        "Name,E-Mail,Employment,Sponsor,Contract,Last day,Reports to,Department,Roles\n"
        f"Vera,v@x.example,vendor,nora@x.example,MSA-7,{ends_on},nora@x.example,Sales,\n"
        "Otto,o@x.example,,,,,nora@x.example,sales,staff\n"
        "Nora,nora@x.example,employee,,,,,,staff it\n"
    )


def test_a_plan_does_nothing(staffed, joiners):
    before = logged()

    plan = actions.plan_import(staffed.ana, content=joiners.encode())

    assert ["create", "create", "create"] == verdicts(plan)
    assert (before, None) == (logged(), of("v@x.example"))


def test_a_list_is_carried_out_and_brought_in_once_more_changes_nothing(staffed, joiners):
    done = brought_in(staffed.ana, joiners)

    nora, vera, otto = map(of, ("nora@x.example", "v@x.example", "o@x.example"))
    stated = queries.employment_of(vera)
    assert (Employed.VENDOR, nora, "MSA-7") == (stated.kind, stated.sponsor, stated.contract)
    assert nora == queries.head_of(vera) == queries.head_of(otto)
    assert {Role.STAFF, Role.IT} == queries.roles_of(nora)
    assert {vera, otto} <= queries.team_of(staffed.emil.id)
    assert {"create": 3, "change": 0, "unchanged": 0, "deactivate": 0, "refused": 0} == done.tally
    assert "people.list.imported" == logged()[-1]
    assert ["unchanged"] * 3 == verdicts(brought_in(staffed.ana, joiners))


def test_what_was_taken_out_and_is_brought_in_changes_nothing(staffed, vera, joiners):
    brought_in(staffed.ana, joiners)
    actions.deactivate(staffed.ana, member=staffed.cleo.id)

    content = actions.export_people(staffed.hanna, form=Form.CSV)

    assert {"unchanged"} == set(
        verdicts(actions.plan_import(staffed.hanna, content=content.encode()))
    )
    assert "people.list.exported" == logged()[-1]


def test_json_has_the_same_rows_and_a_head_takes_out_the_team(staffed):
    rows = list(csv.DictReader(io.StringIO(actions.export_people(staffed.hanna, form=Form.CSV))))
    team = json.loads(actions.export_people(staffed.emil, form=Form.JSON))

    assert rows == json.loads(actions.export_people(staffed.hanna, form=Form.JSON))
    assert ["Ben", "Cleo", "Emil"] == sorted(each["name"] for each in team)
    with pytest.raises(Denied):
        actions.export_people(staffed.ben, form=Form.CSV)


@pytest.mark.parametrize("who", ["ben", "emil", "dora"])
def test_lists_are_brought_in_by_hr_and_administrators_alone(staffed, who):
    with pytest.raises(Denied):
        actions.plan_import(staffed.people[who], content=b"email\nx@x.example\n")


def test_an_administrator_hands_on_no_data_access_by_a_list(staffed):
    content = (
        "email,name,roles\ncleo@shop.example,Cleo,\neve@x.example,Eve,support_agent\n"
        "emil@shop.example,Emil,department_head staff\n"
    )

    done = brought_in(staffed.ana, content)

    assert ["refused", "refused", "change"] == verdicts(done)
    assert {Role.DATA_STEWARD} == queries.roles_of(staffed.cleo.id)
    assert of("eve@x.example") is None
    assert {Role.DEPARTMENT_HEAD, Role.STAFF} == queries.roles_of(staffed.emil.id)


def test_hr_gives_and_takes_no_role_by_a_list(staffed):
    done = brought_in(staffed.hanna, "email,roles\nemil@shop.example,staff\n")

    assert ["refused"] == verdicts(done)
    assert {Role.DEPARTMENT_HEAD} == queries.roles_of(staffed.emil.id)


def test_a_plan_that_was_tampered_with_is_refused_by_the_actions(staffed):
    """Whatever a plan says, each act asks for itself."""
    plan = actions.plan_import(staffed.ana, content=b"email,roles\nemil@shop.example,staff\n")

    done = actions.carry_out_import(staffed.hanna, plan=plan)

    assert [["action"]] == [list(map(str, each.refusals)) for each in done.rows]
    assert {Role.DEPARTMENT_HEAD} == queries.roles_of(staffed.emil.id)


def test_a_role_taken_by_a_list_is_in_the_register_and_may_be_given_again(staffed):
    brought_in(staffed.ana, "email,roles\nemil@shop.example,\n")
    assert {"department_head"} == register.facts(staffed.emil.id).roles_removed

    brought_in(staffed.ana, "email,roles\nemil@shop.example,department_head\n")

    assert {Role.DEPARTMENT_HEAD} == queries.roles_of(staffed.emil.id)


def test_a_complete_list_deactivates_whoever_is_in_no_row(staffed, vera):
    kept = "\n".join(f"{each}@shop.example" for each in ("ana", "dora", "ben", "hanna", "emil"))

    done = brought_in(staffed.ana, f"email\n{kept}\n", complete=True)

    assert ["unchanged"] * 5 + ["deactivate"] * 2 == verdicts(done)
    assert [False, False] == [queries.is_active(each) for each in (staffed.cleo.id, vera)]
    assert register.facts(vera).deactivated


def test_two_who_change_places_are_both_taken(staffed):
    actions.name_manager(staffed.hanna, member=staffed.ben.id, manager=staffed.cleo.id)
    content = "email,manager\ncleo@shop.example,ben@shop.example\nben@shop.example,\n"

    done = brought_in(staffed.hanna, content)

    assert ["change", "change"] == verdicts(done)
    assert staffed.ben.id == queries.head_of(staffed.cleo.id)


def test_an_end_moves_back_with_the_reason_of_the_whole_list(staffed, vera):
    later = (world.now() + 80 * DAY).date()
    content = f"email,ends_on\nvera@vendor.example,{later}\n"

    assert ["refused"] == verdicts(brought_in(staffed.hanna, content))
    done = brought_in(staffed.hanna, content, reason=Reason.CONTRACT_EXTENDED)

    assert ["change"] == verdicts(done)
    assert "people.end.extended" in logged()


class Crashed(Exception):  # noqa: N818 - the process is gone
    pass


def test_a_list_that_was_interrupted_is_brought_in_again(staffed, joiners):
    plan = actions.plan_import(staffed.ana, content=joiners.encode())

    def crash(name):
        if name == "people.row.carried_out":
            raise Crashed

    with points.listening(crash), pytest.raises(Crashed):
        actions.carry_out_import(staffed.ana, plan=plan)
    assert 1 == Member.objects.filter(email__endswith="@x.example").count()

    again = brought_in(staffed.ana, joiners)

    assert ["create", "create", "unchanged"] == sorted(verdicts(again))
    assert ["unchanged"] * 3 == verdicts(brought_in(staffed.ana, joiners))


def test_a_row_is_done_as_a_whole_or_not_at_all(staffed):
    content = b"email,name,roles\nemil@shop.example,Emilio,\n"
    plan = actions.plan_import(staffed.ana, content=content)

    def crash(name):
        if name == "register.anchored":  # the role is gone already, and the row not yet stored
            raise Crashed

    with points.listening(crash), pytest.raises(Crashed):
        actions.carry_out_import(staffed.ana, plan=plan)
    assert "Emil" == queries.member(staffed.emil.id).name
    assert frozenset() == queries.roles_of(staffed.emil.id)

    assert ["change"] == verdicts(brought_in(staffed.ana, content.decode()))
    assert "Emilio" == queries.member(staffed.emil.id).name
