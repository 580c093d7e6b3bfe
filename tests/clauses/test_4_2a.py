"""4.2a: customer data is stored encrypted and under access control."""

from datetime import timedelta

import pytest
from django.db import connection
from tests.installation import logged

from trustkeep.base import world
from trustkeep.kernel.clauses import queries
from trustkeep.kernel.clauses.rules import Status
from trustkeep.kernel.keys import kit, media, sealed_meta, service
from trustkeep.kernel.vault import sampling

pytestmark = pytest.mark.clause("4.2a")


def test_sealed_values_that_open_hold(company, dan, light, looked):
    looked()

    assert {"values_open": "holds", "state_agrees": "holds"} == light("4.2a.sealed")
    assert {"columns_are_sealed": "holds"} == light("4.2a.columns")


def test_an_empty_vault_shows_nothing(company, light):
    assert "not_yet_watched" == light("4.2a.sealed")["values_open"]
    assert {"columns_are_sealed": "not_yet_watched"} == light("4.2a.columns")


def test_each_run_says_in_one_entry_how_many_values_it_opened(company, dan, light):
    light("4.2a.sealed")

    assert 1 == logged().count("vault.sample.opened")
    assert 2 == sampling.open_samples(100).opened


def test_a_planted_plain_value_turns_it_red(company, dan, light, looked, sql):
    sql("UPDATE vault_sealedvalues SET blob = convert_to('{\"name\":\"Dan\"}', 'UTF8')")
    looked()

    assert {"columns_are_sealed": "broken"} == light("4.2a.columns")
    assert {"values_open": "broken", "state_agrees": "broken"} == light("4.2a.sealed")
    assert "vault.value.opening_failed" in logged(dan)


def test_a_planted_column_turns_it_red(company, dan, light, sql):
    sql("ALTER TABLE vault_customer ADD COLUMN name text")
    try:
        assert {"columns_are_sealed": "broken"} == light("4.2a.columns")
    finally:
        sql("ALTER TABLE vault_customer DROP COLUMN name")


PLANTED_TEXT = {
    "vault_customer.classes": "classes = convert_to('Eva Example', 'UTF8')",
    "vault_customer.seal": "seal = convert_to('Eva Example', 'UTF8')",
    "vault_token.token": "token = convert_to('Eva Example', 'UTF8')",
    "vault_mark.mark": "mark = convert_to('Eva Example', 'UTF8')",
    "vault_element.key": "key = 'Eva Example'",
    "vault_element.seal": "seal = convert_to('Eva Example', 'UTF8')",
}


@pytest.mark.parametrize("column", PLANTED_TEXT)
def test_plain_text_in_any_other_column_turns_it_red(company, dan, light, sql, column):
    table, _, _ = column.partition(".")
    sql(f"UPDATE {table} SET {PLANTED_TEXT[column]} WHERE ctid = (SELECT min(ctid) FROM {table})")

    assert {"columns_are_sealed": "broken"} == light("4.2a.columns")
    (found,) = queries.latest_results(world.now())["4.2a.columns"]
    assert column in found.finding.sentence


def test_every_column_that_could_hold_text_has_a_form(company, sql):
    """A column of bytes, text or documents that a migration adds must be given its form."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema ="
            " 'public' AND table_name LIKE 'vault\\_%%' AND (data_type IN ('bytea', 'jsonb',"
            " 'ARRAY') OR data_type LIKE '%%char%%' OR data_type = 'text')",
            (),
        )
        could = set(cursor.fetchall())
    # The blob has a query of its own; labels and kinds are what the company declares, sealed.
    elsewhere = {("vault_sealedvalues", "blob")}
    declared = {("vault_element", name) for name in ("label", "kinds", "index")}

    assert could - elsewhere - declared == set(sampling._FORMS)


def test_a_planted_value_of_another_customer_turns_it_red(company, dan, light, looked, sql):
    eva = company.customer("C-2", name="Eva", city="Sopot", birth_date="1990-01-01")
    sql(
        "UPDATE vault_sealedvalues a SET blob = b.blob FROM vault_sealedvalues b"
        " WHERE a.customer_id = %s AND b.customer_id = %s AND a.number = b.number",
        dan, eva,
    )  # fmt: skip
    looked()

    assert {"values_open": "broken", "state_agrees": "broken"} == light("4.2a.sealed")
    assert {"columns_are_sealed": "holds"} == light("4.2a.columns")


def test_a_missing_slot_turns_it_red(company, light):
    places = service.current().places
    places.recovery.rename(places.recovery.with_name("away"))

    assert {"slots_answer": "broken"} == light("4.2a.slots")


def test_a_slot_without_the_present_secret_turns_it_red(company, light):
    service.current().recovery.destroy(service.current().epoch())

    assert {"slots_answer": "broken"} == light("4.2a.slots")


def test_a_slot_that_is_further_on_than_the_store_turns_it_red(company, light):
    recovery = service.current().recovery
    recovery.prepare(9, bytes(32))
    assert {"slots_answer": "needs_attention"} == light("4.2a.slots")  # a change may be under way

    recovery.activate(9)

    assert {"slots_answer": "broken"} == light("4.2a.slots")


def test_a_recovery_slot_beside_the_keys_needs_attention(company, light):
    assert media.seen().apart is False
    assert {"slots_answer": "needs_attention"} == light("4.2a.slots")


def test_an_unproven_kit_turns_it_red_a_proven_one_green(company, light, proven_kit):
    assert {"kit_is_proven": "broken"} == light("4.2a.kit")

    proven_kit()

    assert {"kit_is_proven": "holds"} == light("4.2a.kit")


def test_a_kit_proven_long_ago_needs_attention(company, light, proven_kit):
    proven_kit()
    keys = service.current()
    with keys.store.writing() as rows:
        long_ago = (world.now() - timedelta(days=91)).isoformat()
        sealed_meta.put(rows, keys, kit.PROVEN_AT, long_ago.encode())

    assert {"kit_is_proven": "needs_attention"} == light("4.2a.kit")


def test_the_clause_is_never_green_while_parts_are_not_watched(
    company, dan, light, looked, proven_kit
):
    looked()
    proven_kit()
    for part in ("4.2a.sealed", "4.2a.columns", "4.2a.kit"):
        light(part)

    (clause,) = [each for each in queries.state() if each.clause == "4.2a"]
    states = {part.part: part.status for part in clause.parts}
    assert Status.NOT_YET_WATCHED == states["4.2a.access-control"] == states["4.2a.other-systems"]
    assert Status.HOLDS == states["4.2a.sealed"] == states["4.2a.kit"]
    assert Status.HOLDS is not clause.status
