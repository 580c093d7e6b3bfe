"""Statements about some customers read some rows of the key store, however many there are."""

import sqlite3

from trustkeep.base import world
from trustkeep.kernel.keys import service, store


def plans_of(act):
    """How SQLite carries out each statement of an act."""
    seen = []
    with service.current().store.reading() as rows:
        rows.set_trace_callback(seen.append)
        try:
            act(rows)
        finally:
            rows.set_trace_callback(None)
        return [
            detail
            for statement in seen
            if "customer_key" in statement
            for *_, detail in rows.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]


def test_the_keys_of_many_are_looked_up_and_not_looked_for(company, dan):
    found = []
    plans = plans_of(
        lambda rows: found.extend(store.wrapped_keys(rows, [dan, world.new_id(), world.new_id()]))
    )

    assert [dan] == [customer for customer, *_ in found]
    assert any("SEARCH customer_key USING PRIMARY KEY" in one for one in plans)
    assert not any("SCAN customer_key" in one for one in plans)


def test_the_harness_sees_a_table_that_is_read_whole(company, dan, monkeypatch):
    pairs = "SELECT customer, version, wrapped FROM customer_key WHERE (bucket, customer) IN"
    monkeypatch.setattr(store, "_KEYS_OF", f"{pairs} (VALUES %s)")

    wanted = [dan, world.new_id(), world.new_id()]
    plans = plans_of(lambda rows: list(store.wrapped_keys(rows, wanted)))
    assert any("SCAN customer_key" in one for one in plans), (sqlite3.sqlite_version, plans)
