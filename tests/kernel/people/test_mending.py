"""What a crash or a hand leaves between the data and the register."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from tests.installation import logged

from trustkeep.base import actor as actors
from trustkeep.base import points
from trustkeep.base.errors import Conflict
from trustkeep.kernel.keys import register, sealed_sets, service, state
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import queries
from trustkeep.kernel.people import state as people_state
from trustkeep.kernel.people.actions import mending
from trustkeep.kernel.people.models import Member, Token
from trustkeep.kernel.people.permissions import Role


class Crashed(Exception):  # noqa: N818 - the process is gone
    pass


def crash_at_the_register(monkeypatch):
    def crash(*_, **__):
        raise Crashed

    monkeypatch.setattr(register, "enter", crash)


def crash_after_the_register(name):
    if name == "register.anchored":
        raise Crashed


def test_emptied_tables_do_not_make_an_installation_new(company):
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE people_member, people_roleassignment CASCADE")

    with pytest.raises(Conflict):
        people.found(actors.host(0), name="Eve", email="eve@shop.example")


def test_a_crash_right_after_the_founding_is_mended(installation, monkeypatch):
    with monkeypatch.context() as patched:
        crash_at_the_register(patched)
        with pytest.raises(Crashed):
            people.found(actors.host(0), name="Ana", email="ana@shop.example")

    mending.mend()

    assert register.facts(service.current().install).founded


def compared():
    report = state.Report()
    people_state.compare_people(report)
    return [each.sentence for each in report.listed]


def token_of(person):
    return str(Token.objects.get(person_id=person).pk)


@pytest.mark.parametrize(
    ("fact", "details", "sentence"),
    [
        (register.Fact.DEACTIVATED, lambda _: {}, "The register says deactivated"),
        (register.Fact.ROLE_REMOVED, lambda _: {"role": "support_agent"}, "A role stands here"),
        (register.Fact.TOKEN_REVOKED, lambda ben: {"token": token_of(ben)}, "A token stands here"),
    ],
)
def test_a_row_that_the_register_forbids_is_found_and_then_mended(
    company, monkeypatch, fact, details, sentence
):
    register.enter(fact, company.ben.id, details=details(company.ben.id))
    assert [] == compared()  # a crash may have left it just now

    monkeypatch.setattr(people_state, "GRACE", timedelta(0))
    (found,) = compared()
    assert found.startswith(sentence)

    assert 1 == mending.mend()
    assert [] == compared()
    assert 0 == mending.mend()


def test_a_deactivation_cut_short_is_carried_out(company):
    with points.listening(crash_after_the_register), pytest.raises(Crashed):
        people.deactivate(company.dora, member=company.ben.id)
    assert queries.member(company.ben.id).active

    assert 1 == mending.mend()

    assert not queries.member(company.ben.id).active
    assert register.facts(company.ben.id).deactivated
    assert 1 == logged().count("people.member.deactivated")
    assert 0 == mending.mend()


def test_a_reactivation_cut_short_is_carried_out(company, monkeypatch):
    people.deactivate(company.dora, member=company.ben.id)
    with monkeypatch.context() as patched:
        crash_at_the_register(patched)
        with pytest.raises(Crashed):
            people.reactivate(company.ana, member=company.ben.id)

    assert 1 == mending.mend()

    assert queries.is_active(company.ben.id)


def test_a_row_written_back_by_hand_ends_deactivated(company):
    people.deactivate(company.dora, member=company.ben.id)
    people.reactivate(company.ana, member=company.ben.id)
    tables = ("people_member", "keys_sealedset")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"CREATE TEMP TABLE old_{table} AS SELECT * FROM {table}")
    people.deactivate(company.dora, member=company.ben.id)
    with transaction.atomic(), connection.cursor() as cursor:
        for table, key in zip(tables, ("id", "owner"), strict=True):
            cursor.execute(f"DELETE FROM {table} WHERE {key} = %s", [company.ben.id])
            cursor.execute(
                f"INSERT INTO {table} SELECT * FROM old_{table} WHERE {key} = %s",
                [company.ben.id],
            )
    assert sealed_sets.rows(Member, company.ben.id)[0].active

    mending.mend()

    assert not queries.is_active(company.ben.id)
    assert not queries.member(company.ben.id).active


def test_a_role_given_again_before_a_crash_counts_and_one_removed_does_not(company, monkeypatch):
    people.remove_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)
    with monkeypatch.context() as patched:
        crash_at_the_register(patched)
        with pytest.raises(Crashed):
            people.assign_role(company.dora, member=company.ben.id, role=Role.SUPPORT_AGENT)
    with points.listening(crash_after_the_register), pytest.raises(Crashed):
        people.remove_role(company.dora, member=company.cleo.id, role=Role.DATA_STEWARD)

    assert 2 == mending.mend()

    assert {Role.SUPPORT_AGENT} == queries.roles_of(company.ben.id)
    assert frozenset() == queries.roles_of(company.cleo.id)
    assert set() == register.facts(company.ben.id).roles_removed
