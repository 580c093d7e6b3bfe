"""Values that SQL can write and Python cannot hold: found and named, and in nobody's way."""

from contextlib import contextmanager

import pytest
from django.apps import apps
from django.db import DataError, IntegrityError, connection, models, transaction

from trustkeep.kernel.clauses import queries as clauses
from trustkeep.kernel.clauses import runner
from trustkeep.kernel.duties import queries as duties
from trustkeep.kernel.keys import looking, sealed_rows, set_state, state
from trustkeep.kernel.people import directory
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.customers import actions as customers

MOMENTS = ("infinity", "-infinity", "4000-01-01 00:00+00 BC", "294276-12-31 23:59:59+00")
DOCUMENTS = ("[]", "null", '"text"', "1.5", '{"a": {"b": [1.5, null]}}', "1e400")


ODD = {models.DateTimeField: ("timestamptz", MOMENTS), models.JSONField: ("jsonb", DOCUMENTS)}
SEALED = {
    model: [field for field in model._meta.concrete_fields if isinstance(field, tuple(ODD))]
    for model in apps.get_models()
    if issubclass(model, sealed_rows.SealedRow)
}


@contextmanager
def planted(model, field, value):
    """The value over the column of every row; how many, as far as the table's own rules let."""
    kind = ODD[type(field)][0]
    table, column, pk = model._meta.db_table, field.column, model._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE kept AS SELECT {pk} AS kept_id, {column} AS held FROM {table}"
        )
        try:
            with transaction.atomic():
                cursor.execute(f"UPDATE {table} SET {column} = %s::{kind}", [value])
                count = cursor.rowcount
        except (IntegrityError, DataError):
            count = 0
        yield count
        cursor.execute(f"UPDATE {table} SET {column} = held FROM kept WHERE {pk} = kept_id")
        cursor.execute("DROP TABLE kept")


@pytest.fixture
def full(company, dan):
    """One of as many kinds of row as can be."""
    customers.request_erasure(company.cleo, customer=dan)
    runner.run_all()
    return company


@pytest.mark.parametrize(
    "model", [each for each in SEALED if SEALED[each]], ids=lambda m: m.__name__
)
def test_it_is_named_and_everything_else_goes_on(full, dan, model):
    for field in SEALED[model]:
        for value in ODD[type(field)][1]:
            with planted(model, field, value) as count:
                named = {each.place.partition(" ")[0] for each in state.verified().listed}
                assert (model.set_kind in named) == bool(count), (field.name, value)
                assert bool(set_state.damaged(model.set_kind)) == bool(count), (field.name, value)
                duties.mine(full.dora)
    table, column = model._meta.db_table, SEALED[model][0].column
    kind, (value, *_) = ODD[type(SEALED[model][0])]
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = %s::{kind}", [value])
    looking.look()
    runner.run_all()
    assert clauses.state()
    if model.set_kind.startswith(("duties.", "clauses.", "approvals.")):
        directory.visible_to(full.ana)
        access.read_fields(
            full.ben, customer=dan, fields=["name"], purpose="support", case="helpdesk:1"
        )


def test_a_duty_of_a_role_that_is_none_stops_nobody(full):
    before = duties.mine(full.dora)
    (one, *_) = before
    with connection.cursor() as cursor:
        cursor.execute("UPDATE duties_duty SET role = 'wizard' WHERE id = %s", [one.id])

    assert {each.id for each in before} - {one.id} == {each.id for each in duties.mine(full.dora)}
    assert any(str(one.id) in each.place for each in state.verified().listed)


def test_a_comparison_that_cannot_go_on_is_itself_a_finding(full, monkeypatch):
    def broken(_):
        raise OverflowError

    monkeypatch.setitem(state._comparisons, "sealed_sets", broken)
    report = state.verified()

    assert [("sealed_sets", "OverflowError")] == [(one.part, one.place) for one in report.listed]
    assert report.looked_at["customers"] == 1
