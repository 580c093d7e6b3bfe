"""One bit anywhere, and it is noticed: on reading, or by verification.

A failure names its seed: `FLIPS=<seed> pytest tests/security/test_bit_flips.py` repeats it.
"""

import os
import random
import time

import pytest
from django.db import connection

from trustkeep.base.errors import Tampered
from trustkeep.crypto import keytree, sealed
from trustkeep.kernel.keys import sealed_sets, service, unwrap
from trustkeep.kernel.keys.standing import Seen
from trustkeep.kernel.ledger import sequencer
from trustkeep.kernel.ledger.verification import verify_whole
from trustkeep.kernel.people.models import RoleAssignment
from trustkeep.kernel.vault.models import Element
from trustkeep.kernel.vault.rules import SensitivityClass
from trustkeep.rooms.access import actions as access
from trustkeep.rooms.access.models import Case, Grant
from trustkeep.rooms.purposes.models import Purpose

POLICY = (Case, Element, Grant, Purpose, RoleAssignment)


@pytest.fixture
def chance():
    chance = random.Random()
    chance.begun = int(os.environ.get("FLIPS") or time.time())
    chance.seed(chance.begun)
    return chance


@pytest.fixture
def flips(tier):
    return tier.pick(test=40, ci=200, long=1000)


@pytest.fixture
def every_flip_is_noticed(chance, flips):
    """Flips random bits of what `get` gives, one at a time, and puts back what was there."""

    def check(get, put, noticed, *, share=1):
        before = get()
        for _ in range(max(2, flips // share)):
            bit = chance.randrange(len(before) * 8)
            put(flipped(before, bit))
            assert noticed(), f"bit {bit}; repeat with FLIPS={chance.begun}"
            put(before)

    return check


def flipped(data, bit):
    data = bytearray(data)
    data[bit // 8] ^= 1 << bit % 8
    return bytes(data)


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else None


def read(company, customer):
    sealed_sets._derived.clear()  # as a process that has just started
    return access.read_fields(
        company.ben, customer=customer, fields=["name"], purpose="support", case="helpdesk:1"
    ).opened_values


def is_noticed(company, customer):
    try:
        read(company, customer)
    except Tampered:
        return True
    return False


def test_a_ciphertext(company, dan, every_flip_is_noticed):
    where = "FROM vault_sealedvalues WHERE customer_id = %s AND number = 1"
    every_flip_is_noticed(lambda: bytes(sql(f"SELECT blob {where}", dan)[0][0]),
        lambda blob: sql(
            "UPDATE vault_sealedvalues SET blob = %s WHERE customer_id = %s AND number = 1",
            blob, dan,
        ),
        lambda: is_noticed(company, dan),
    )  # fmt: skip
    assert {"name": "Dan Müller"} == read(company, dan)


def test_a_ciphertext_even_if_its_digest_were_changed_too(company, dan, chance, flips):
    """The seal of the values themselves, without the header's help."""
    (row,) = sql("SELECT version, blob FROM vault_sealedvalues WHERE customer_id=%s AND number=1",
                 dan)  # fmt: skip
    keys, blob = service.current(), bytes(row[1])
    key = keys.customer_key(dan)
    place = sealed.Place(keys.install, dan, SensitivityClass.IDENTITY.kind, key.version, row[0])
    for _ in range(flips * 5):
        with pytest.raises(sealed.Unopenable):
            sealed.open_sealed(key.key, place, flipped(blob, chance.randrange(len(blob) * 8)))


@pytest.mark.parametrize("column", ["classes", "seal"])
def test_a_customers_header(company, dan, every_flip_is_noticed, column):
    every_flip_is_noticed(
        lambda: bytes(sql(f"SELECT {column} FROM vault_customer WHERE id = %s", dan)[0][0]),
        lambda data: sql(f"UPDATE vault_customer SET {column} = %s WHERE id = %s", data, dan),
        lambda: is_noticed(company, dan),
        share=2,
    )


@pytest.mark.parametrize("column", ["state", "version", "key_version"])
def test_a_number_of_a_customers_header(company, dan, column):
    sql(f"UPDATE vault_customer SET {column} = {column} + 1 WHERE id = %s", dan)

    assert is_noticed(company, dan)


def test_a_wrapped_customer_key(company, dan, every_flip_is_noticed):
    keys = service.current()

    def get():
        with keys.store.reading() as rows:
            return rows.execute(
                "SELECT wrapped FROM customer_key WHERE customer = ?", (dan.bytes,)
            ).fetchone()[0]

    def put(wrapped):
        with keys.store.writing() as rows:
            rows.execute(
                "UPDATE customer_key SET wrapped = ? WHERE customer = ?", (wrapped, dan.bytes)
            )

    every_flip_is_noticed(get, put, lambda: is_noticed(company, dan), share=2)


@pytest.mark.parametrize("name", [unwrap.TABLE, "key/policy", "key/register"])
def test_a_key_further_up_the_tree(company, dan, every_flip_is_noticed, name):
    keys = service.current()
    width = keytree.WRAPPED_BYTES
    start = keytree.bucket_of(dan) * width if name == unwrap.TABLE else 0

    def get():
        with keys.store.reading() as rows:
            whole = rows.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
        get.whole = whole
        return whole[start : start + width]

    def put(part):
        # As a process that has just started: one that runs on goes by what it has verified.
        keys.ring.drop()
        keys.seen = Seen()
        with keys.store.writing() as rows:
            value = get.whole[:start] + part + get.whole[start + width :]
            rows.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))

    every_flip_is_noticed(get, put, lambda: is_noticed(company, dan), share=4)


@pytest.mark.parametrize("column", ["digest", "seal"])
@pytest.mark.parametrize("model", POLICY)
def test_the_header_of_a_policy_set(company, dan, every_flip_is_noticed, model, column):
    the_id, *_ = sql("SELECT id FROM keys_sealedset WHERE kind = %s LIMIT 1", model.set_kind)[0]
    every_flip_is_noticed(
        lambda: bytes(sql(f"SELECT {column} FROM keys_sealedset WHERE id = %s", the_id)[0][0]),
        lambda data: sql(f"UPDATE keys_sealedset SET {column} = %s WHERE id = %s", data, the_id),
        lambda: is_reported(model),
        share=20,
    )


@pytest.mark.parametrize("model", POLICY)
def test_the_seal_of_a_policy_row(company, dan, every_flip_is_noticed, model):
    table, pk = model._meta.db_table, model._meta.pk.column
    row = model.objects.first().pk
    every_flip_is_noticed(
        lambda: bytes(sql(f"SELECT seal FROM {table} WHERE {pk} = %s", row)[0][0]),
        lambda data: sql(f"UPDATE {table} SET seal = %s WHERE {pk} = %s", data, row),
        lambda: is_reported(model),
        share=20,
    )


def is_reported(model):
    try:
        list(sealed_sets.verified_kinds([model]))
    except Tampered:
        return True
    return False


@pytest.mark.parametrize("column", ["body", "tag"])
def test_a_ledger_entry(company, dan, chance, flips, every_flip_is_noticed, column):
    sequencer.run_once()
    entries = sql("SELECT writer, counter FROM ledger_entry")
    where = "WHERE writer = %s AND counter = %s"
    for _ in range(max(2, flips // 10)):
        place = chance.choice(entries)
        every_flip_is_noticed(
            lambda place=place: bytes(
                sql(f"SELECT {column} FROM ledger_entry {where}", *place)[0][0]
            ),
            lambda data, place=place: sql(
                f"UPDATE ledger_entry SET {column} = %s {where}", data, *place
            ),
            lambda: verify_whole().defects != [],
            share=1000,
        )
    assert [] == verify_whole().defects


def test_a_value_does_not_open_for_another_customer_class_or_version(company, dan):
    eva = company.customer("C-2", name="Eva", birth_date="1990-01-01")
    keys = service.current()
    (row,) = sql("SELECT version, blob FROM vault_sealedvalues WHERE customer_id=%s AND number=1",
                 dan)  # fmt: skip
    blob, mine, hers = bytes(row[1]), keys.customer_key(dan), keys.customer_key(eva)
    kind = SensitivityClass.IDENTITY.kind
    right = sealed.Place(keys.install, dan, kind, 1, 1)
    assert sealed.open_sealed(mine.key, right, blob)
    for key, place in (
        (hers.key, sealed.Place(keys.install, eva, kind, 1, 1)),
        (mine.key, sealed.Place(keys.install, eva, kind, 1, 1)),
        (mine.key, sealed.Place(keys.install, dan, SensitivityClass.SENSITIVE.kind, 1, 1)),
        (mine.key, sealed.Place(keys.install, dan, kind, 2, 1)),
        (mine.key, sealed.Place(keys.install, dan, kind, 1, 2)),
    ):
        with pytest.raises(sealed.Unopenable):
            sealed.open_sealed(key, place, blob)

    sql("UPDATE vault_sealedvalues SET blob = %s WHERE customer_id = %s AND number = 1", blob, eva)
    access.open_case(company.ben, system="helpdesk", reference="2", customers=[eva])
    with pytest.raises(Tampered):
        access.read_fields(
            company.ben, customer=eva, fields=["name"], purpose="support", case="helpdesk:2"
        )


def test_a_key_does_not_unwrap_for_another_customer(company, dan):
    eva = company.customer("C-2", name="Eva")
    keys = service.current()
    with keys.store.writing() as rows:
        rows.execute(
            "UPDATE customer_key SET wrapped = (SELECT wrapped FROM customer_key"
            " WHERE customer = ?) WHERE customer = ?",
            (eva.bytes, dan.bytes),
        )

    assert is_noticed(company, dan)


def test_the_harness_sees_a_header_that_is_not_checked(company, dan, monkeypatch):
    """Planted: a comparison of seals that always agrees."""
    from trustkeep.kernel.vault import headers

    class Agreeing:
        compare_digest = staticmethod(lambda *_: True)

    monkeypatch.setattr(headers, "hmac", Agreeing)
    sql("UPDATE vault_customer SET version = version + 1 WHERE id = %s", dan)

    assert not is_noticed(company, dan)
