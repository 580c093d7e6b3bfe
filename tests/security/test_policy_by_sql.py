"""Policy rows changed by raw SQL: nothing takes effect, and everything is reported.

Each kind of row is inserted, changed, deleted and written back in an older version, header and all.
"""

import threading
import time

import pytest
from django.db import connection

from trustkeep.base import world
from trustkeep.base.errors import Denied, Tampered, TrustkeepError
from trustkeep.kernel.approvals.models import ApprovalRequest
from trustkeep.kernel.keys import looking, sealed_sets, state
from trustkeep.kernel.keys.sealed_rows import SealedSet
from trustkeep.kernel.people import actions as people
from trustkeep.kernel.people import tokens
from trustkeep.kernel.people.models import Member, RoleAssignment, Token
from trustkeep.kernel.people.permissions import Role
from trustkeep.kernel.vault.models import Element
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Case, Grant
from trustkeep.rooms.customers import actions as customers
from trustkeep.rooms.purposes.models import Purpose

KINDS = {
    Grant: "purpose = 'shipping'",
    RoleAssignment: "role = 'auditor'",
    Purpose: "fields = '{birth_date}'",
    Element: "label = 'Changed'",
    ApprovalRequest: "state = 'approved', approver_id = gen_random_uuid()",
    Token: "person_id = gen_random_uuid()",
    Case: "closed_at = opened_at",
    Member: "name = 'Somebody'",
}


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture
def approval(company, dan):
    """One of each kind is there."""
    return customers.request_erasure(company.cleo, customer=dan)


def reported(model):
    """Whether verification of the state names these sets: they do not fit, or are older."""
    return any(model.set_kind in one.place for one in state.verified().listed)


@pytest.mark.parametrize("model", KINDS)
def test_nothing_is_reported_of_what_was_properly_written(approval, model):
    assert model.objects.exists()
    assert not reported(model)


@pytest.mark.parametrize("model", KINDS)
def test_a_changed_row_is_reported(approval, model):
    table, pk = model._meta.db_table, model._meta.pk.column
    row = model.objects.first().pk
    sql(f"UPDATE {table} SET {KINDS[model]} WHERE {pk} = %s", row)

    assert reported(model)


@pytest.mark.parametrize("model", KINDS)
def test_a_deleted_row_is_reported(approval, model):
    table, pk = model._meta.db_table, model._meta.pk.column
    sql(f"DELETE FROM {table} WHERE {pk} = %s", model.objects.first().pk)

    assert reported(model)


@pytest.mark.parametrize("model", KINDS)
def test_a_deleted_set_is_reported_too(approval, model):
    """Row and header together: as if it had never been."""
    table = model._meta.db_table
    sql(f"DELETE FROM {table}")
    sql("DELETE FROM keys_sealedset WHERE kind = %s", model.set_kind)

    assert reported(model)


@pytest.mark.parametrize("model", KINDS)
def test_an_inserted_row_is_reported(approval, model):
    row = model.objects.first()
    row.pk = world.new_id() if model is not Element and model is not Purpose else "inserted"
    for unique in ("email", "digest", "reference_hash"):
        if hasattr(row, unique) and model is not ApprovalRequest:
            setattr(row, unique, b"x" if unique == "reference_hash" else str(row.pk))
    if model is RoleAssignment:
        row.role = Role.AUDITOR
    row.save(force_insert=True)

    assert reported(model)


def test_a_grant_written_back_is_reported_although_it_fits(company, dan):
    (grant,) = sealed_sets.rows(Grant, company.ben.id)
    header = SealedSet.objects.get(kind=Grant.set_kind, owner=company.ben.id)
    access.revoke_grant(company.dora, grant=grant.id)
    assert not reported(Grant)

    grant.save(force_insert=True)
    header.save(force_update=True)

    assert (grant,) == sealed_sets.rows(Grant, company.ben.id)
    assert reported(Grant)


def reading(company, dan, actor):
    sealed_sets._derived.clear()
    return access.read_fields(
        actor, customer=dan, fields=["name"], purpose="support", case="helpdesk:1"
    )


def test_what_a_process_keeps_verified_ends_once_the_comparison_found_the_set_changed(
    company, dan, monkeypatch
):
    monkeypatch.setattr(looking, "WATCH_S", 0.05)
    asked = {"customer": dan, "fields": ["name"], "purpose": "support", "case": "helpdesk:1"}
    access.read_fields(company.ben, **asked)
    Grant.objects.filter(grantee=company.ben.id).update(masked=["name"])
    access.read_fields(company.ben, **asked)  # by the copy of what stood there

    looking.look()
    stop = threading.Event()
    watching = threading.Thread(target=looking.watch, args=(stop,))
    watching.start()
    give_up_at = time.monotonic() + 30
    while time.monotonic() < give_up_at:
        try:
            access.read_fields(company.ben, **asked)
        except TrustkeepError:
            break
        time.sleep(0.05)
    stop.set()
    watching.join()
    with pytest.raises(TrustkeepError):
        access.read_fields(company.ben, **asked)


def test_an_inserted_grant_opens_nothing(company, dan):
    (grant,) = sealed_sets.rows(Grant, company.ben.id)
    grant.pk, grant.grantee = world.new_id(), company.cleo.id
    grant.save(force_insert=True)

    with pytest.raises(TrustkeepError):
        reading(company, dan, company.cleo)


def test_a_role_inserted_by_sql_gives_no_permission(company, dan):
    person = company.cleo.id
    (row,) = sealed_sets.rows(RoleAssignment, person)
    row.pk, row.role = world.new_id(), Role.DPO
    row.save(force_insert=True)

    with pytest.raises((Tampered, Denied)):
        access.give_grant(
            tokens.actor_for(company.secrets["cleo"]), grantee=company.ben.id, purpose="shipping"
        )


def test_an_approval_approved_by_sql_erases_nobody(company, dan, approval):
    sql(
        "UPDATE approvals_approvalrequest SET state = 'approved', approver_id = %s WHERE id = %s",
        company.emil.id, approval,
    )  # fmt: skip

    with pytest.raises(Tampered):
        customers.approve_erasure(company.emil, approval=approval, customer=dan)


def test_a_case_opened_again_by_sql_opens_nothing(company, dan):
    access.close_case(company.ben, system="helpdesk", reference="1")
    sql("UPDATE access_case SET closed_at = NULL")

    with pytest.raises(Tampered):
        reading(company, dan, company.ben)


def test_a_revoked_token_written_back_signs_nobody_in(company):
    before = sealed_sets.rows(Token, company.ben.id)
    header = SealedSet.objects.get(kind=Token.set_kind, owner=company.ben.id)
    people.revoke_token(company.ana, member=company.ben.id, token=before[0].id)
    sql("DELETE FROM people_token WHERE person_id = %s", company.ben.id)
    for row in before:
        row.save(force_insert=True)
    header.save(force_update=True)

    with pytest.raises(TrustkeepError):
        tokens.actor_for(company.secrets["ben"])
    assert reported(Token)


def test_a_removed_role_written_back_gives_nothing(company, dan):
    before = sealed_sets.rows(RoleAssignment, company.emil.id)
    header = SealedSet.objects.get(kind=RoleAssignment.set_kind, owner=company.emil.id)
    people.remove_role(company.ana, member=company.emil.id, role=Role.DEPARTMENT_HEAD)
    before[0].save(force_insert=True)
    header.save(force_update=True)

    approval = customers.request_erasure(company.cleo, customer=dan)
    with pytest.raises(Denied):
        customers.approve_erasure(
            tokens.actor_for(company.secrets["emil"]), approval=approval, customer=dan
        )
    assert reported(RoleAssignment)
