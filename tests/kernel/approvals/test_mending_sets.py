"""A damaged set has a way back: two people discard it, and what it allowed is given again."""

from datetime import timedelta

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base import world
from trustkeep.base.errors import Conflict, Denied, NotSignedIn, Tampered
from trustkeep.kernel.approvals import mending_sets
from trustkeep.kernel.approvals.models import WayOut
from trustkeep.kernel.keys import looking, sealed_sets
from trustkeep.kernel.keys.events import KeyEvent
from trustkeep.kernel.keys.models import SealedSet
from trustkeep.kernel.ledger import history, sequencer
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import queries, tokens
from trustkeep.kernel.people.clearing import Reason
from trustkeep.kernel.people.models import Clearance, RoleAssignment, Token
from trustkeep.kernel.people.permissions import Permission, Role
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Grant

KIND = Grant.set_kind


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def owner_of(model):
    return SealedSet.objects.get(kind=model.set_kind).owner


def begun_anew(company, kind, owner):
    approval = mending_sets.request(company.dora, kind=kind, owner=owner)
    return mending_sets.approve(company.emil, approval=approval, kind=kind, owner=owner)


def read(company, customer):
    return access.read_fields(
        company.ben, customer=customer, fields=["name"], purpose="support", case="helpdesk:1"
    ).opened_values


DAMAGE = [
    "UPDATE access_grant SET purpose = 'shipping'",
    "UPDATE access_grant SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1)",
    "DELETE FROM access_grant",
    "INSERT INTO access_grant (id, grantee, purpose, fields, masked, starts_at, bulk, given_by,"
    " seal) SELECT gen_random_uuid(), grantee, 'shipping', fields, masked, starts_at, bulk,"
    " given_by, seal FROM access_grant",
    "UPDATE keys_sealedset SET version = version + 1 WHERE kind = 'access.grant'",
    "UPDATE keys_sealedset SET version = 9223372036854775807 WHERE kind = 'access.grant'",
    "UPDATE keys_sealedset SET count = 9 WHERE kind = 'access.grant'",
    "DELETE FROM keys_sealedset WHERE kind = 'access.grant'",
    "WITH gone AS (DELETE FROM access_grant) DELETE FROM keys_sealedset"
    " WHERE kind = 'access.grant'",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_two_people_begin_a_damaged_set_anew_and_it_works_again(company, dan, damage):
    owner = owner_of(Grant)
    before = history.newest([KeyEvent.SET_CHANGED], owner=str(owner), kind=KIND)["details"]
    sql(damage)
    assert [f"{KIND} {owner}"] == [each.place for each in mending_sets.damaged(company.dora)]

    begun_anew(company, KIND, owner)

    assert () == sealed_sets.rows(Grant, owner)
    assert before["version"] + 1 == sealed_sets.version(Grant, owner)
    told = history.newest([KeyEvent.SET_BEGUN_ANEW], owner=str(owner))["details"]
    assert (before["digest"], before["version"] + 1) == (told["digest"], told["version"])
    with pytest.raises(Denied):
        read(company, dan)
    access.give_grant(company.dora, grantee=company.ben.id, purpose="support")
    assert {"name": "Dan Müller"} == read(company, dan)
    sequencer.run_once()
    assert [] == looking.look().findings


def test_an_older_set_that_was_written_back_whole_is_damaged_too(company, dan):
    owner = owner_of(Grant)
    for table, where in (("access_grant", "true"), ("keys_sealedset", "kind = 'access.grant'")):
        sql(f"CREATE TEMPORARY TABLE old_{table} AS SELECT * FROM {table} WHERE {where}")
    access.give_grant(company.dora, grantee=company.ben.id, purpose="shipping")
    sql("DELETE FROM access_grant")
    sql("DELETE FROM keys_sealedset WHERE kind = 'access.grant'")
    for table in ("access_grant", "keys_sealedset"):
        sql(f"INSERT INTO {table} SELECT * FROM old_{table}")

    assert 1 == begun_anew(company, KIND, owner).discarded
    assert [] == mending_sets.damaged(company.dora)


def test_a_whole_set_is_never_discarded(company, dan):
    owner = owner_of(Grant)
    with pytest.raises(Conflict):
        mending_sets.request(company.dora, kind=KIND, owner=owner)

    sql("UPDATE access_grant SET purpose = 'shipping'")
    approval = mending_sets.request(company.dora, kind=KIND, owner=owner)
    sql("UPDATE access_grant SET purpose = 'support'")

    with pytest.raises(Conflict):
        mending_sets.approve(company.emil, approval=approval, kind=KIND, owner=owner)
    assert {"name": "Dan Müller"} == read(company, dan)


def test_one_person_alone_or_another_set_is_refused(company, dan):
    owner = owner_of(Grant)
    sql("UPDATE access_grant SET purpose = 'shipping'")
    sql("UPDATE purposes_purpose SET label = 'x'")
    approval = mending_sets.request(company.dora, kind=KIND, owner=owner)

    with pytest.raises(Denied):
        mending_sets.approve(company.dora, approval=approval, kind=KIND, owner=owner)
    with pytest.raises(Denied):
        mending_sets.approve(company.emil, approval=approval, kind="purposes.purpose")
    with pytest.raises(Denied):
        mending_sets.request(company.ben, kind=KIND, owner=owner)
    assert "keys.set.begun_anew" not in logged()


def test_nobody_agrees_to_their_own_set(company):
    people.give_clearance(
        company.dora, member=company.emil.id, clearance="trained",
        reason=Reason.TRAINED_HERE, expires_at=world.now() + timedelta(days=30),
    )  # fmt: skip
    sql("UPDATE people_clearance SET clearance = 'checked'")
    approval = mending_sets.request(company.dora, kind=Clearance.set_kind, owner=company.emil.id)

    with pytest.raises(Denied):
        mending_sets.approve(
            company.emil, approval=approval, kind=Clearance.set_kind, owner=company.emil.id
        )


@pytest.mark.parametrize("damage", ["UPDATE people_roleassignment SET role = 'dpo' WHERE",
                                    "DELETE FROM people_roleassignment WHERE"])  # fmt: skip
def test_the_last_administrators_roles_can_be_given_again(company, damage):
    ana = company.ana.id
    sql(f"{damage} person_id = '{ana}'")
    with pytest.raises((Denied, Tampered)):
        people.assign_role(company.dora, member=company.ben.id, role=Role.ADMINISTRATOR)

    begun_anew(company, RoleAssignment.set_kind, ana)

    assert frozenset() == queries.roles_of(ana)
    people.assign_role(company.dora, member=ana, role=Role.ADMINISTRATOR)
    assert {Role.ADMINISTRATOR} == queries.roles_of(ana)
    with pytest.raises(Denied):  # there is one again, so the DPO names no other
        people.assign_role(company.dora, member=company.ben.id, role=Role.ADMINISTRATOR)


def test_the_dpos_roles_that_sql_took_away_are_not_given_to_another_by_one_person(company):
    sql(f"DELETE FROM people_roleassignment WHERE person_id = '{company.dora.id}'")

    with pytest.raises((Denied, Tampered)):
        people.assign_role(company.ana, member=company.ben.id, role=Role.DPO)


def test_the_last_administrator_gets_a_token_again_and_nobody_else_does(company):
    ana = company.ana.id
    sql(f"UPDATE people_token SET label = 'x' WHERE person_id = '{ana}'")
    tokens.forget()  # as a process that has just started
    with pytest.raises(Tampered):
        tokens.actor_for(company.secrets["ana"])

    handed = begun_anew(company, Token.set_kind, ana).token

    actor = tokens.actor_for(handed.secret)
    assert (ana, True) == (actor.id, actor.is_handed)
    own = people.issue_token(actor, member=ana, label="own", lasts=timedelta(days=30))
    ana = tokens.actor_for(own.secret)
    sql(f"UPDATE people_token SET label = 'x' WHERE person_id = '{company.ben.id}'")
    assert begun_anew(company, Token.set_kind, company.ben.id).token is None
    people.issue_token(ana, member=company.ben.id, label="cli", lasts=timedelta(days=30))


def test_a_damaged_way_out_does_not_bar_the_way_back(company):
    sql("INSERT INTO approvals_wayout (id, way, confirmer_name, confirmer_email, chosen_by,"
        " chosen_at, seal) VALUES (gen_random_uuid(), 'delay', '', '', gen_random_uuid(), now(),"
        " '\\x00')")  # fmt: skip
    (place,) = [each.place for each in mending_sets.damaged(company.dora)]

    kind = place.partition(" ")[0]
    assert WayOut.set_kind == kind
    assert 1 == begun_anew(company, kind, sealed_sets.INSTALLATION).discarded
    assert [] == mending_sets.damaged(company.dora)


def test_whoever_lost_all_tokens_gets_a_first_one_after_two_people_agreed(company):
    lost = company.secrets["ben"]
    issue = {"member": company.ben.id, "label": "new", "lasts": timedelta(days=1)}
    with pytest.raises(Denied, match=r"begin-anew people\.token"):
        people.issue_token(company.ana, **issue)

    assert begun_anew(company, Token.set_kind, company.ben.id).token is None

    with pytest.raises(NotSignedIn):
        tokens.actor_for(lost)
    first = people.issue_token(company.ana, **issue)
    actor = tokens.actor_for(first.secret)
    assert actor.is_handed
    with pytest.raises(Denied):  # a second one would be somebody else's
        people.issue_token(company.ana, **issue)
    own = people.issue_token(actor, member=company.ben.id, label="own", lasts=timedelta(days=1))
    assert Permission.READ_CUSTOMER in tokens.actor_for(own.secret).permissions


def test_nobody_begins_whole_tokens_anew_alone_or_their_own(company):
    approval = mending_sets.request(company.dora, kind=Token.set_kind, owner=company.emil.id)
    for by in (company.dora, company.emil):
        with pytest.raises(Denied):
            mending_sets.approve(by, approval=approval, kind=Token.set_kind, owner=company.emil.id)
    assert tokens.actor_for(company.secrets["emil"])
