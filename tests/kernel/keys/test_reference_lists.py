"""References beside many others: each list stays short, and none can be changed or taken away."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.keyhouse import Keyhouse

from trustkeep.base import world
from trustkeep.base.errors import Conflict, KeysChanging, Tampered
from trustkeep.kernel.keys import reference_lists, sealed_lists
from trustkeep.kernel.keys.sealed_lists import (
    CLOSED,
    ENTRY_BYTES,
    OPEN,
    Lists,
    OneList,
    bucket_and_number,
    place_of,
)

BUCKET = 0xABC
MANY = 3 * CLOSED


@pytest.fixture
def keys(tmp_path):
    house = Keyhouse(tmp_path)
    yield house.found()
    house.close()


def named(count, bucket=BUCKET):
    """Hashes of one bucket, each with its customer."""
    first = (bucket << 4).to_bytes(2, "big")
    return {first + world.random_bytes(30): world.new_id() for _ in range(count)}


@pytest.fixture
def many(keys):
    """More references in one bucket than a closed list takes, in batches of odd sizes."""
    known = named(MANY)
    left = list(known.items())
    for size in (1, OPEN, CLOSED + 3, 2, OPEN + 1, MANY):
        some, left = left[:size], left[size:]
        if some:
            add(keys, dict(some))
    return known


def add(keys, references):
    with keys.store.writing() as rows:
        reference_lists.add(rows, keys.ring.at(rows), references)


def found(keys, references):
    with keys.store.reading() as rows:
        return reference_lists.find(rows, keys.ring.at(rows), list(references))


def change(keys, statement, *values):
    with keys.store.writing() as rows:
        rows.execute(statement, values)


def stored(keys):
    with closing(sqlite3.connect(keys.places.store)) as rows:
        return dict(rows.execute("SELECT place, list FROM reference_list"))


def test_each_of_many_references_leads_to_its_customer(keys, many):
    assert many == found(keys, many)
    assert {} == found(keys, named(20))


def test_references_that_mean_nobody_yet_mean_new_customers_with_keys(keys, many):
    new = [*named(3), *named(2, BUCKET + 1)]
    some = dict(list(many.items())[:2])
    known, fresh, made = keys.customers_of([*new, *some])
    assert some == known
    assert set(new) == set(fresh)
    assert fresh == found(keys, new)
    assert made == keys.customer_keys(list(fresh.values()))
    assert 5 == len({key.key for key in made.values()})
    assert (known | fresh, {}, {}) == keys.customers_of([*new, *some])
    assert (many | fresh) == found(keys, many | fresh)


def test_while_keys_change_known_references_are_found_and_no_new_customer_is_made(keys, many):
    change(keys, "INSERT INTO meta VALUES ('transition', x'00')")
    before = stored(keys)
    with pytest.raises(KeysChanging):
        keys.customers_of([*many, *named(1)])
    assert before == stored(keys)
    assert (many, {}, {}) == keys.customers_of(list(many))


def test_one_reference_more_writes_one_list_however_many_there_are(keys, many):
    before = stored(keys)
    add(keys, named(1))
    after = stored(keys)

    written = [place for place, one in after.items() if before.get(place) != one]
    assert [place_of(BUCKET, 0)] == written


def test_a_reference_of_a_closed_list_means_nobody_else(keys, many):
    first = next(iter(many))

    with pytest.raises(Conflict):
        add(keys, {first: world.new_id(), **named(1)})

    assert many == found(keys, many)


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_list_that_was_taken_away_is_noticed(keys, many, number):
    change(keys, "DELETE FROM reference_list WHERE place = ?", place_of(BUCKET, number))

    with pytest.raises(Tampered):
        found(keys, many)


def test_lists_that_were_exchanged_are_noticed(keys, many):
    lists = stored(keys)
    for one, other in ((1, 2), (2, 1)):
        change(
            keys, "UPDATE reference_list SET list = ? WHERE place = ?",
            lists[place_of(BUCKET, one)], place_of(BUCKET, other),
        )  # fmt: skip

    with pytest.raises(Tampered):
        found(keys, many)


def test_an_erasure_leaves_every_list_as_long_as_it_was_and_no_old_one_opens(keys, many):
    neighbours = named(2 * OPEN, BUCKET + 1)
    add(keys, neighbours)
    gone = list(many)[5]
    before = stored(keys)
    with keys.store.writing() as rows:
        old = keys.ring.at(rows)
        new = reference_lists.renew(rows, old, [gone])
        lists = Lists(rows, keys.install, sealed_lists.keys(rows, old) | new)
        left = lists.entries(BUCKET)
        counts = [len(one.entries) // ENTRY_BYTES for one in lists.of(BUCKET)]
        beside = lists.entries(BUCKET + 1)
    after = stored(keys)

    assert {place: len(one) for place, one in before.items()} == {
        place: len(one) for place, one in after.items()
    }
    group = {place for place in before if bucket_and_number(place)[0] >> 8 == BUCKET >> 8}
    assert group == {place for place in before if before[place] != after[place]}
    assert (MANY - 1, len(neighbours)) == (len(left) // 48, len(beside) // 48)
    assert gone not in left
    assert all(digest in left for digest in many if digest != gone)
    # No gap in a closed list shows from which one it was taken.
    *closed, _ = counts[1:]
    assert [CLOSED] * len(closed) == closed


def test_a_list_too_many_is_noticed(keys, many):
    change(keys, "INSERT INTO reference_list VALUES (?, ?)", place_of(BUCKET, 4), b"more")

    with pytest.raises(Tampered):
        found(keys, many)


@given(st.integers(0, 4095), st.integers(0, 2**20 - 1))
def test_each_list_has_a_place_of_its_own(bucket, number):
    assert (bucket, number) == bucket_and_number(place_of(bucket, number))


def test_lists_are_made_again_in_steps(keys, monkeypatch):
    monkeypatch.setattr(reference_lists, "AT_ONCE", 3)
    known = {digest: one for number in range(8) for digest, one in named(1, number * 500).items()}
    keys.create_customer_keys(list(known.values()), known)
    change(keys, "DELETE FROM reference_list")

    with keys.store.writing() as rows:
        reference_lists.make_again(rows, keys.ring.at(rows))

    assert known == found(keys, known)


@example([CLOSED - 15, OPEN, CLOSED])
@given(st.lists(st.integers(0, 3 * CLOSED), max_size=6))
def test_lists_grow_by_few_and_lose_nothing(sizes):
    lists, expected = [OneList(b"")], 0
    for size in sizes:
        more = b"".join((expected + n).to_bytes(ENTRY_BYTES, "big") for n in range(size))
        written = sealed_lists.grown(BUCKET, lists, more)
        # The open list, and what the last closed one and the open one held behind it.
        assert len(written.lists) <= 3 + -(-size // CLOSED)
        lists = [written.lists.get(number) or lists[number] for number in range(written.closed + 1)]
        expected += size

    entries = b"".join(one.entries for one in (*lists[1:], lists[0]))
    assert [n.to_bytes(ENTRY_BYTES, "big") for n in range(expected)] == [
        entries[at : at + ENTRY_BYTES] for at in range(0, len(entries), ENTRY_BYTES)
    ]
    assert all(len(one.entries) <= CLOSED * ENTRY_BYTES for one in lists)
    assert len(lists[0].entries) <= OPEN * ENTRY_BYTES
