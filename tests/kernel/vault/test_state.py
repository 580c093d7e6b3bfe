"""Whatever is changed by raw SQL is found when state and ledger are compared (S7)."""

import random

import pytest
from django.db import connection, transaction
from tests.installation import logged

from trustkeep.base.errors import Tampered
from trustkeep.kernel.keys import (
    looking,
    reference_lists,
    references,
    register,
    service,
    state,
)  # fmt: skip
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.vault import known, writing
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access import queries


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def snapshot(table, where):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE {where}")
        names = ", ".join(f'"{column.name}"' for column in cursor.description)
        return table, names, cursor.fetchall()


def write_back(kept):
    for table, names, rows in kept:
        marks = ", ".join(["%s"] * len(rows[0]))
        for row in rows:
            sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", *row)


def findings():
    return [(each["part"], each["sentence"]) for each in looking.look().findings]


def test_an_untouched_installation_agrees_with_its_ledger(company, dan):
    sequencer.run_once()

    done = looking.look()

    assert [] == done.findings
    assert 1 == done.looked_at["customers"]
    assert done.looked_at["sealed_sets"] >= 15
    assert done.looked_at["ledger"] == done.ledger_size > 20
    looking.look()
    parts = {
        "sealed_sets", "register", "references", "customers", "index", "people", "ledger", "looks",
    }  # fmt: skip
    assert parts == set(looking.newest().looked_at)


@pytest.mark.parametrize(
    ("edit", "part"),
    [
        ("INSERT INTO access_grant (id, grantee, purpose, fields, masked, starts_at, bulk,"
         " given_by, seal) SELECT gen_random_uuid(), grantee, 'shipping', fields, masked,"
         " starts_at, bulk, given_by, seal FROM access_grant", "sealed_sets"),
        ("UPDATE access_grant SET purpose = 'shipping'", "sealed_sets"),
        ("DELETE FROM access_grant", "sealed_sets"),
        ("UPDATE access_grant SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1)", "sealed_sets"),
        ("UPDATE keys_sealedset SET version = version + 1 WHERE kind = 'access.grant'",
         "sealed_sets"),
        ("UPDATE keys_sealedset SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1)"
         " WHERE kind = 'people.role'", "sealed_sets"),
        ("WITH gone AS (DELETE FROM access_grant) DELETE FROM keys_sealedset"
         " WHERE kind = 'access.grant'", "sealed_sets"),
        ("DELETE FROM keys_sealedset WHERE kind = 'access.grant'", "sealed_sets"),
        ("UPDATE people_member SET active = false WHERE name = 'Ben'", "people"),
        ("UPDATE vault_customer SET state = 3", "customers"),
        ("UPDATE vault_customer SET version = version + 1", "customers"),
        ("UPDATE vault_customer SET seal = set_byte(seal, 3, get_byte(seal, 3) # 1)", "customers"),
        ("DELETE FROM vault_sealedvalues WHERE number = 2", "customers"),
        ("UPDATE vault_sealedvalues SET version = 9", "customers"),
        ("UPDATE vault_sealedvalues SET blob = set_byte(blob, 90, get_byte(blob, 90) # 1)",
         "customers"),
        ("WITH gone AS (DELETE FROM vault_sealedvalues) DELETE FROM vault_customer", "customers"),
        ("UPDATE vault_said SET digests = set_byte(digests, 9, get_byte(digests, 9) # 1)",
         "customers"),
        ("UPDATE vault_said SET digests = 'Dan, +48 601 000 001'", "customers"),
        ("UPDATE vault_said SET digests = ''", "customers"),
        ("UPDATE vault_said SET customer = gen_random_uuid()", "customers"),
        ("DELETE FROM vault_token", "index"),
        ("DELETE FROM vault_token WHERE ctid = (SELECT min(ctid) FROM vault_token)", "index"),
        ("UPDATE vault_token SET token = set_byte(token, 3, get_byte(token, 3) # 1)", "index"),
        ("INSERT INTO vault_token SELECT '\\x00', customer FROM vault_token LIMIT 1", "index"),
        ("INSERT INTO vault_token SELECT token, gen_random_uuid() FROM vault_token", "index"),
        ("DELETE FROM vault_mark", "index"),
        ("DELETE FROM ledger_entry WHERE counter = 5", "ledger"),
        ("UPDATE ledger_entry SET event = 'x' WHERE counter = 5", "ledger"),
    ],
)  # fmt: skip
def test_what_was_edited_by_sql_is_found(company, dan, edit, part):
    sequencer.run_once()
    sql(edit)

    assert part in {found for found, _ in findings()}


def test_an_older_set_with_its_older_header_is_found(company):
    mine = f"owner = '{company.ben.id}' AND kind = 'access.grant'"
    kept = [
        snapshot("access_grant", f"grantee = '{company.ben.id}'"),
        snapshot("keys_sealedset", mine),
    ]
    access.revoke_grant(company.dora, grant=queries.grants_of(company.ben.id)[0].id)
    sql(f"DELETE FROM keys_sealedset WHERE {mine}")

    write_back(kept)

    assert ("sealed_sets", "The set is at version 1; the ledger's newest is 2.") in findings()


def test_an_older_record_with_its_older_header_is_found(company, dan):
    kept = [snapshot("vault_customer", "true"), snapshot("vault_sealedvalues", "true")]
    with transaction.atomic(durable=True):
        writing.write_fields(company.cleo, dan, {"city": "Sopot"})
    sql("DELETE FROM vault_sealedvalues")
    sql("DELETE FROM vault_customer")

    write_back(kept)

    assert ("customers", "The record is at version 1; the ledger's newest is 2.") in findings()


def test_a_register_that_was_edited_is_found(company, dan):
    keys = service.current()
    with keys.store.writing() as rows:
        rows.execute("UPDATE bucket SET entries = 1 WHERE bucket = 7")

    assert "register" in {part for part, _ in findings()}


def test_references_that_were_exchanged_are_found_and_lead_to_nobody(company, dan):
    company.customer("C-2", name="Eva")
    hashed = references.hashes(service.current(), ["C-1", "C-2"])
    one, other = (reference_lists.bucket_of(digest) for digest in hashed)
    with service.current().store.writing() as rows:
        lists = dict(rows.execute("SELECT place, list FROM reference_list"))
        rows.executemany(
            "UPDATE reference_list SET list = ? WHERE place = ?",
            [(lists[other], one), (lists[one], other)],
        )

    with pytest.raises(Tampered):
        known.customer_of("C-1")
    assert "references" in {part for part, _ in findings()}


def test_an_active_customer_whose_key_is_gone_is_found(company, dan):
    company.customer("C-2", name="Eva")
    with service.current().store.writing() as rows:
        rows.execute("DELETE FROM customer_key WHERE customer = ?", (dan.bytes,))

    done = looking.look()

    said = {each["place"]: each["sentence"] for each in done.findings}
    assert {f"customer {dan}", "key store"} == set(said)  # its reference went with it
    assert "key is gone" in said[f"customer {dan}"]


def test_an_erasure_that_begins_during_the_comparison_is_no_finding(company, dan):
    with service.current().store.writing() as rows:
        rows.execute("DELETE FROM customer_key WHERE customer = ?", (dan.bytes,))
    register.enter(register.Fact.ERASING, dan)

    assert "customers" not in {part for part, _ in findings()}


def test_a_finding_is_in_the_ledger_once_and_its_end_too(company, dan):
    sql("UPDATE vault_customer SET version = version + 1")
    looking.look()
    looking.look()
    sql("UPDATE vault_customer SET version = version - 1")
    looking.look()

    said = [event for event in logged() if event.startswith("keys.state")]
    assert ["keys.state.disagrees", "keys.state.agrees"] == said


def test_what_was_verified_before_is_not_read_again_but_must_still_be_there(
    company, dan, monkeypatch
):
    sequencer.run_once()
    looking.look()
    monkeypatch.setattr(looking, "WHOLE_MS", 0)
    second = looking.look()
    assert (False, 0, 0) == (second.whole, second.looked_at["ledger"], second.count)

    sql("DELETE FROM ledger_entry WHERE counter = 5")

    assert {"ledger"} == {part for part, _ in findings()}


EDITABLE = {
    "access_grant": ("purpose", "'shipping'"),
    "people_roleassignment": ("role", "'dpo'"),
    "people_token": ("digest", "md5(random()::text)"),
    "people_member": ("department_id", "gen_random_uuid()"),
    "purposes_purpose": ("case_rule", "'none'"),
    "vault_element": ('"index"', "'exact'"),
    "access_case": ("system", "'other'"),
    "vault_customer": ("version", "version + 1"),
    "vault_sealedvalues": ("version", "version + 1"),
}


def test_random_edits_are_all_found(company, dan, tier):
    chance = random.Random(11)
    for _ in range(tier.pick(test=20, ci=150, long=1000)):
        table = chance.choice(sorted(EDITABLE))
        with transaction.atomic():
            changed = edit(chance, table, *EDITABLE[table])
            count = state.verified().count
            transaction.set_rollback(True)
        assert changed == (count > 0), table


def edit(chance, table, column, value):
    """Delete or change one row; says whether there was one."""
    one = f"(SELECT ctid FROM {table} {{}} ORDER BY random() LIMIT 1)"
    with connection.cursor() as cursor:
        if chance.random() < 0.4:
            cursor.execute(f"DELETE FROM {table} WHERE ctid = {one.format('')}")
        else:
            differs = f"WHERE {column} IS NULL OR {column}::text <> ({value})::text"
            cursor.execute(
                f"UPDATE {table} SET {column} = {value} WHERE ctid = {one.format(differs)}"
            )
        return cursor.rowcount > 0
